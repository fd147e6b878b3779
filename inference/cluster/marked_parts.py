"""The folder of a run as workers see it: a mark says that it is the same folder, and that the run goes on."""

import json
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pitscape.imagery.errors import InputError
from pitscape.imagery.outputs import naming_full, scratch
from pitscape.imagery.remote.path import is_remote
from pitscape.imagery.remote.store import DeniedError, UnreachableError
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
    content = json.dumps(parts.contents.manifest()).encode()
    if is_remote(parts.folder):
        mark = parts.folder / f".manifest.{secrets.token_hex(4)}.json"
        try:
            mark.write_bytes(content)
            yield mark
        finally:
            with suppress(UnreachableError):  # what went wrong before is told; the next run removes it
                mark.unlink()
        return
    with scratch(parts.folder.absolute() / MANIFEST) as mark:
        with naming_full(mark):
            mark.write_bytes(content)
        yield mark


def open_marked(mark: Path) -> MarkedParts:
    """The parts of a run, on a worker.

    Raises:
        InputError: If the mark is not to be seen here.
    """
    try:
        parts = open_parts(mark.parent, mark.name)
    except InputError as error:
        host, folder = socket.gethostname(), mark.parent
        if is_remote(folder):
            reason = error.__cause__ if isinstance(error.__cause__, DeniedError) else error
            raise InputError(f"{host} does not see the folder of this run: {reason}") from error
        raise InputError(
            f"{folder}: {host} does not see the folder of this run; give all workers the same disk under the same path."
        ) from error
    return MarkedParts(parts.folder, parts.contents, mark)
