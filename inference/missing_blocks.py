"""What is missing of a scene run that ended early, and how it goes on: told in one line, whoever did the work."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pitscape.imagery.errors import PitscapeError, UnwrittenError
from pitscape.imagery.remote.store import UnreachableError
from pitscape.inference.assembly import listed
from pitscape.inference.parts import Parts

PASSING = (UnreachableError, UnwrittenError)
"""What ends a run and may be over at the next one: a store that does not answer, a disk that is full."""


@contextmanager
def naming_missing(parts: Parts, numbers: Sequence[int]) -> Iterator[None]:
    """Where a store or the disk ends work on blocks, tell which are missing.

    Args:
        parts: To which they are added.
        numbers: Of those that are worked on.
    """
    try:
        yield
    except PASSING as error:
        left = [number for number in numbers if number not in parts.known]
        raise type(error)(
            f"{error} Blocks {listed(left)} are missing ({len(left)} of {len(parts.contents.blocks)}); the same command with "
            "--resume maps these alone."
        ) from error


@contextmanager
def naming_unjoined(parts: Parts) -> Iterator[None]:
    """Where a store or the disk ends work on the outputs, tell that no block is missing."""
    try:
        yield
    except PASSING as error:
        raise type(error)(unjoined(parts, str(error))) from error


def missing_of(parts: Parts, reason: str) -> str:
    """How many blocks of a run are missing, which, and why; a store that does not answer does not tell."""
    try:
        missing = parts.missing()
    except PitscapeError as error:
        return (
            f"{parts.folder}: blocks are missing, and which is not known ({str(error).rstrip('.')}): {reason.rstrip('.')}. Go on "
            "with --resume, which maps these alone."
        )
    return (
        f"{parts.folder}: {len(missing)} of {len(parts.contents.blocks)} blocks are missing ({listed(missing)}): "
        f"{reason.rstrip('.')}. Go on with --resume."
    )


def unjoined(parts: Parts, reason: str) -> str:
    """That all blocks of a run are there, why they were not joined, and who can do it."""
    return (
        f"{parts.folder}: all blocks are there, but they were not joined: {reason.rstrip('.')}. Go on with --resume, or join "
        f"them on this machine by pitscape merge {parts.folder}."
    )
