"""Progress of long work, as those who wait for it are told."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Told the number of steps done, and of all steps."""
