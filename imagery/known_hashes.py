"""SHA-256 of files, read once by a process as long as the file system says that they are the same."""

from functools import lru_cache
from pathlib import Path

from pitscape.imagery.outputs import sha256_of

Stamp = tuple[str, int, int, int]
"""Name, size [bytes], time of the last change [ns] and inode of a file."""


def known_sha256(path: Path) -> str:
    """The SHA-256 of a local file or folder, as ``sha256_of`` has it.

    Raises:
        FileNotFoundError: If it is not there.
    """
    return _read(path.resolve(), stamps_of(path))


def stamps_of(path: Path) -> tuple[Stamp, ...]:
    """What the file system says of a file, or of each file in a folder."""
    files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    states = [(each, each.stat()) for each in files]
    return tuple((each.name, state.st_size, state.st_mtime_ns, state.st_ino) for each, state in states)


@lru_cache(maxsize=256)
def _read(path: Path, _stamps: tuple[Stamp, ...]) -> str:
    return sha256_of(path)
