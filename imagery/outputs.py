"""Files that appear whole or not at all."""

import errno
import hashlib
import json
import re
import secrets
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from pitscape.imagery.errors import InputError, UnwrittenError
from pitscape.imagery.remote.path import RemotePath
from pitscape.imagery.remote.store import DeniedError

CHUNK_BYTES = 1 << 20
FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
"""Ways in which a file system says that there is no room."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` that takes its place when the block ends well; a remote one is put there whole.

    Args:
        path: The output; its folder is made where missing. What stood there before stays until the last moment.

    Yields:
        A path in the same folder (of this machine's temporary ones where ``path`` is remote), with the same suffix, to write
        to. It is deleted when the block raises.

    Raises:
        InputError: If the folder cannot be made or written to.
        UnwrittenError: If the file system is full.
        UnreachableError: If the store does not answer.
    """
    with naming_full(path), scratch(path) as temporary:
        yield temporary
        if isinstance(path, RemotePath):
            path.store.upload(path, temporary)
        else:
            temporary.replace(path)


@contextmanager
def naming_full(path: Path) -> Iterator[None]:
    """Tell in one line that there is no room for an output.

    Raises:
        UnwrittenError: In place of what the file system says.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        where = f" in {tempfile.gettempdir()}" if isinstance(path, RemotePath) else ""
        raise UnwrittenError(
            f"{path}: cannot be written ({error.strerror}); make room{where} and run it again."
        ) from error


@contextmanager
def scratch(path: Path) -> Iterator[Path]:
    """Give a path for work beside an output, with its suffix; what is written there is deleted at the end.

    Raises:
        InputError: If the folder cannot be made or written to.
    """
    name = f".{path.stem}.{secrets.token_hex(4)}{path.suffix}"
    if isinstance(path, RemotePath):
        with tempfile.TemporaryDirectory(prefix="pitscape-") as folder:
            yield Path(folder) / name
        return
    check_writable(path)
    temporary = path.with_name(name)
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def remove_stale(path: Path) -> None:
    """Remove what runs that were killed have left of their work on an output beside it; none may be at work."""
    if isinstance(path, RemotePath):
        return  # work on these is done elsewhere
    pattern = re.compile(re.escape(f".{path.stem}.") + "[0-9a-f]{8}" + f"({re.escape(path.suffix)}|\\.seen)([.-].*)?")
    for other in path.parent.iterdir():
        if pattern.fullmatch(other.name):
            other.unlink(missing_ok=True)


def check_writable(path: Path) -> None:
    """Make the folder of an output and make sure that a file can be written there.

    Raises:
        InputError: If ``path`` is a folder, or its folder cannot be made or written to.
    """
    if path.is_dir():
        raise InputError(f"{path}: is a folder; name a file to write.")
    make_folder(path.parent)


def make_folder(folder: Path) -> Path:
    """Make a folder, with its parents, and make sure that files can be written in it.

    Raises:
        InputError: If that fails.
    """
    if isinstance(folder, RemotePath):
        _try_store(folder)
        return folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        if error.errno in FULL:
            raise UnwrittenError(f"{folder}: cannot be written to ({error.strerror}); make room.") from error
        raise InputError(f"{folder}: cannot be written to ({error.strerror}); choose another output.") from error


@cache
def _try_store(folder: RemotePath) -> None:
    """Put a small object into a remote folder, and delete it: once, as each may be paid for."""
    attempt = folder / f".pitscape.{secrets.token_hex(4)}"
    try:
        attempt.store.write(attempt, b"")
        attempt.store.delete([attempt])
    except DeniedError as error:
        raise InputError(
            f"{folder}: objects cannot be put and deleted there ({error}) Choose another output."
        ) from None


def scratch_folder(path: Path) -> Path:
    """Where work on an output lies until it is whole: beside it, or in the folder for temporary files."""
    return Path(tempfile.gettempdir()) if isinstance(path, RemotePath) else path.resolve().parent


def keep_inputs(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Make sure that no output would take the place of an input, or of another output.

    Raises:
        InputError: Naming the first that would.
    """
    read = {path.resolve() for path in inputs}
    written: set[Path] = set()
    for path in outputs:
        if path.resolve() in read:
            raise InputError(f"{path}: is an input of this run; choose another output.")
        if path.resolve() in written:
            raise InputError(f"{path}: is named for two outputs of this run; choose another.")
        written.add(path.resolve())


def write_text(path: Path, text: str) -> None:
    """Write a text file whole, in UTF-8 with line feeds on every system."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, content: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
    """Write a JSON file whole. NaN, which JSON lacks, must have become null before."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def sidecar(path: Path) -> Path:
    """The JSON that stands beside an output.

    >>> sidecar(Path("map/classes.tif")).name
    'classes.tif.json'
    """
    return path.with_name(path.name + ".json")


def stamp_of(path: Path) -> list[Any]:
    """What changes with a file's content and is told without reading it: name, size, and time or ETag.

    Raises:
        FileNotFoundError: If it is not there.
    """
    if not isinstance(path, RemotePath):
        told = path.stat()
        return [path.name, told.st_size, told.st_mtime_ns]
    found = path.look()
    if found is None:
        raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
    return [path.name, found.identity()]


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal, read in chunks; of a folder, over names and SHA-256s within it."""
    digest = hashlib.sha256()
    if path.is_dir():
        for entry in sorted(entry for entry in path.rglob("*") if entry.is_file()):
            digest.update(f"{entry.relative_to(path).as_posix()} {sha256_of(entry)}\n".encode())
        return digest.hexdigest()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
