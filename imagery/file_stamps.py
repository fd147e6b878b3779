"""Files by what the file system or the store says of them: whether they were replaced while they were read."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pitscape.imagery.errors import PitscapeError
from pitscape.imagery.outputs import stamp_of


class FileStamps:
    """Size and time, or the ETag, of files as they are now.

    Args:
        paths: The files; one that is not there counts as it is.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._stamps = {path: _stamp(path) for path in paths}

    def of(self, path: Path) -> list[Any] | None:
        """What was said of a file; None where it was not there."""
        return self._stamps[path]

    def check(self, paths: Iterable[Path] | None = None) -> None:
        """Make sure that the same is said of all files, or of some.

        Raises:
            PitscapeError: Naming the first that was replaced.
        """
        for path in self._stamps if paths is None else paths:
            if _stamp(path) != self._stamps[path]:
                raise PitscapeError(f"{path}: was replaced while it was read; run it again.")


def _stamp(path: Path) -> list[Any] | None:
    try:
        return stamp_of(path)
    except OSError:  # who opens it says why
        return None
