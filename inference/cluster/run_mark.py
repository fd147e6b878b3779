"""A mark in the folder of a run: who sees it sees the same folder, and the run goes on."""

import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pitscape.imagery.errors import InputError
from pitscape.imagery.outputs import naming_full, scratch
from pitscape.imagery.remote.path import is_remote
from pitscape.imagery.remote.store import DeniedError, UnreachableError

MARK = "mark"


@contextmanager
def marking(folder: Path, name: str = MARK, content: bytes = b"") -> Iterator[Path]:
    """Put a mark of a random name into the folder of a run.

    Args:
        folder: Which workers must see.
        name: After which the mark is named: ``.NAME.01234567``, before the suffix of the name.
        content: Of the mark.

    Yields:
        Its absolute path, which goes to the workers.

    Raises:
        InputError: If the folder cannot be made or written to.
        UnwrittenError: If the disk is full.
        UnreachableError: If the store does not answer.
    """
    if is_remote(folder):
        named = folder / name
        mark = folder / f".{named.stem}.{secrets.token_hex(4)}{named.suffix}"
        try:
            mark.write_bytes(content)
            yield mark
        finally:
            with suppress(UnreachableError):  # what went wrong before is told; the next run removes it
                mark.unlink()
        return
    with scratch(folder.absolute() / name) as mark:
        with naming_full(mark):
            mark.write_bytes(content)
        yield mark


def check_mark(mark: Path) -> None:
    """Make sure, on a worker, that it sees the folder of the run, and that the run goes on.

    Raises:
        InputError: If the mark is not to be seen here.
    """
    try:
        there = mark.exists()
    except DeniedError as error:
        raise unseen(mark.parent, error) from error
    if not there:
        raise unseen(mark.parent)


def unseen(folder: Path, reason: InputError | None = None) -> InputError:
    """What a worker says of the folder of a run that it does not see; the reason is that of a store."""
    host = socket.gethostname()
    if reason and is_remote(folder):
        return InputError(f"{host} does not see the folder of this run: {reason}")
    return InputError(
        f"{folder}: {host} does not see the folder of this run; give all workers the same disk under the same path."
    )
