"""The folder of a run as workers see it: a mark says that it is the same folder, and that the run goes on."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pitscape.imagery.errors import InputError
from pitscape.imagery.remote.store import DeniedError
from pitscape.inference.cluster.run_mark import marking, unseen
from pitscape.inference.manifest import MANIFEST
from pitscape.inference.parts import Parts, open_parts


@dataclass(frozen=True)
class MarkedParts(Parts):
    """The parts of a run, to which blocks are added as long as its mark is there.

    What a lost worker still does after the run has ended, or has begun anew, is not written.

    Attributes:
        mark: The file that the run has put there.
    """

    mark: Path

    def check_open(self) -> None:
        """Make sure that the run goes on.

        Raises:
            InputError: If it has ended.
        """
        if not self.mark.exists():
            raise InputError(f"{self.folder}: the run has ended, or has begun anew.")


@contextmanager
def marked(parts: Parts) -> Iterator[Path]:
    """Put a mark of a random name into the folder of a run, with its manifest as far as it is known.

    Yields:
        Its absolute path, which goes to the workers.

    Raises:
        UnwrittenError: If the disk is full.
        UnreachableError: If the store does not answer.
    """
    with marking(parts.folder, MANIFEST, json.dumps(parts.contents.manifest()).encode()) as mark:
        yield mark


def open_marked(mark: Path) -> MarkedParts:
    """The parts of a run, on a worker.

    Raises:
        InputError: If the mark is not to be seen here.
    """
    try:
        parts = open_parts(mark.parent, mark.name)
    except InputError as error:
        raise unseen(mark.parent, error.__cause__ if isinstance(error.__cause__, DeniedError) else error) from error
    return MarkedParts(parts.folder, parts.contents, mark)
