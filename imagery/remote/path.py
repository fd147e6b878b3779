"""Remote files as paths: ``s3://bucket/key`` and ``https://host/file`` where code takes a path.

A subclass of ``Path``: names, suffixes and folders are those of a path, reading and writing go to the store. What opens files
by itself (``open``, ``os``, libraries) asks for ``os.fspath``, which a remote path answers with a line that says so.
"""

import io
import os
from collections.abc import Generator
from pathlib import Path, PosixPath, PurePath
from typing import IO, Any, Never, Self

from pitscape.imagery.errors import InputError
from pitscape.imagery.remote.store import DeniedError, Store, Stored

SCHEMES = ("s3:", "https:", "http:")
PIECE = 1 << 23
"""Bytes asked for at once where a whole file is read."""


class RemotePath(PosixPath):
    """A file or folder in an object store or on a web server; its first part is the scheme.

    Made by ``name.place``. A signed address is kept without its query, which its requests alone get.

    >>> path = RemotePath("s3://maps/2023/classes.tif")
    >>> str(path), str(path.with_suffix(".json")), path.parent.name
    ('s3://maps/2023/classes.tif', 's3://maps/2023/classes.json', '2023')
    """

    def __str__(self) -> str:
        scheme, *rest = self.parts or ("",)
        return f"{scheme}//{'/'.join(rest)}" if scheme in SCHEMES else "/".join((scheme, *rest))

    def __fspath__(self) -> Never:
        raise InputError(f"{self}: is remote, and this is read and written on the local disk alone; copy it there.")

    @property
    def store(self) -> Store:
        """Where it lies.

        Raises:
            InputError: If the extra ``cloud`` is not installed.
        """
        try:
            if self.parts[0] == "s3:":
                from pitscape.imagery.remote.object_store import object_store

                return object_store()
            from pitscape.imagery.remote.web_server import web_server

            return web_server()
        except ModuleNotFoundError as error:
            raise InputError(f"{self}: needs {error.name}; install it with pip install 'pitscape[cloud]'.") from error

    def look(self) -> Stored | None:
        """What the store tells of it; None where there is no such file.

        Raises:
            InputError: If it must not be looked at.
            UnreachableError: If the store does not answer.
        """
        return self.store.look(self)

    def exists(self, *_: object, **__: object) -> bool:
        """Whether it is a file or a folder.

        Raises:
            DeniedError: If the store does not tell.
        """
        return self.look() is not None or self.is_dir()

    def is_file(self, *_: object, **__: object) -> bool:
        """Whether it is a file that may be read; stores that list nothing refuse what is not there."""
        try:
            found = self.look()
        except DeniedError:
            return False
        return found is not None

    def is_dir(self, *_: object, **__: object) -> bool:
        """Whether there is something below it."""
        return self.store.is_folder(self)

    def iterdir(self) -> Generator[Self, None, None]:
        """What lies in it."""
        return (self / name for name in self.store.names(self))

    def read_bytes(self) -> bytes:
        """All of it.

        Raises:
            FileNotFoundError: If it is not there.
        """
        return self.store.read(self)

    def read_text(self, encoding: str | None = None, *_: object, **__: object) -> str:
        """All of it as text."""
        return self.read_bytes().decode(encoding or "utf-8")

    def open(self, mode: str = "r", *_: object, **__: object) -> IO[Any]:  # type: ignore[override]
        """Its bytes, read in pieces from any place.

        Raises:
            InputError: If it is not opened as ``"rb"``.
        """
        if mode != "rb":
            os.fspath(self)
        return io.BufferedReader(_Pieces(self), PIECE)

    def write_bytes(self, data: Any) -> int:  # noqa: ANN401 - as Path has it
        """Put an object whole."""
        self.store.write(self, bytes(data))
        return len(data)

    def unlink(self, missing_ok: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - stores do not mind
        """Delete it, if it is there."""
        self.store.delete([self])

    def mkdir(self, *_: object, **__: object) -> None:
        """Object stores need no folders."""

    def resolve(self, strict: bool = False) -> Self:  # noqa: ARG002, FBT001, FBT002 - as Path has it
        """The same without ``..``."""
        kept: list[str] = []
        for part in self.parts:
            if part != "..":
                kept.append(part)
            elif kept:
                kept.pop()
        return type(self)(*kept)

    def absolute(self) -> Self:
        """The same: it is absolute."""
        return self


class _Pieces(io.RawIOBase):
    """The bytes of a remote file."""

    def __init__(self, path: RemotePath) -> None:
        self._path, self._place, found = path, 0, path.look()
        if found is None:
            raise FileNotFoundError(str(path))
        self._size = found.size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._place = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        return self._place

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - bytes that are filled
        stop = min(self._place + len(buffer), self._size)
        if stop <= self._place:
            return 0
        found = self._path.store.read(self._path, self._place, stop)
        buffer[: len(found)] = found
        self._place += len(found)
        return len(found)


def relative_name(path: Path, folder: Path) -> str:
    """How a path is named from a folder, with ``/`` and ``..``.

    Raises:
        InputError: If one of them is remote, and the other not of the same bucket or host.

    >>> relative_name(RemotePath("s3://maps/2023/p.tif"), RemotePath("s3://maps/2024"))
    '../2023/p.tif'
    """
    if is_remote(path) == is_remote(folder) and (not is_remote(path) or path.parts[:2] == folder.parts[:2]):
        names = (str(PurePath(*each.parts)) for each in (path, folder))
        return Path(os.path.relpath(*names)).as_posix()
    raise InputError(f"{path}: lies elsewhere than {folder}; give all outputs of a run one bucket, or this machine.")


def from_folder(folder: Path, relative: str) -> Path:
    """The path that ``relative_name`` named."""
    return (folder / relative).resolve() if is_remote(folder) else folder / relative


def is_remote(path: Path) -> bool:
    """Whether a path is one of ``place`` that is not of this machine."""
    return isinstance(path, RemotePath)
