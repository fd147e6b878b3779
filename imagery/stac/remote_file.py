"""Files on web servers, read in parts; GDAL sees their bytes alone, and never an address.

It needs the extra ``stac``.
"""

import re
import threading
from collections import OrderedDict
from collections.abc import Sequence
from io import SEEK_CUR, SEEK_END, BytesIO
from typing import Any

from rasterio.abc import FileContainer

from pitscape.imagery.errors import PitscapeError
from pitscape.imagery.stac.address import clean
from pitscape.imagery.stac.web import Web

PART = 1 << 18
"""Files are read in parts of this many bytes."""
KEPT_BYTES = 1 << 27
CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


class PartCache:
    """The parts of files that were read last, of all files together; any thread may use it."""

    def __init__(self, most: int = KEPT_BYTES) -> None:
        self._most, self._held = most, 0
        self._parts: OrderedDict[tuple[int, int], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, file: int, number: int) -> bytes | None:
        """A part, None where it is not kept any more."""
        with self._lock:
            found = self._parts.get((file, number))
            if found is not None:
                self._parts.move_to_end((file, number))
            return found

    def put(self, file: int, number: int, part: bytes) -> None:
        """Keep a part, and let go of those that were not needed for longest."""
        with self._lock:
            self._held += len(part) - len(self._parts.pop((file, number), b""))
            self._parts[file, number] = part
            while self._held > self._most:
                self._held -= len(self._parts.popitem(last=False)[1])


class RemoteFile:
    """A file on a web server; any thread may read it.

    Args:
        web: Reads it.
        url: Its address.
        what: What it is, for messages.
        cache: Keeps its parts.
    """

    def __init__(self, web: Web, url: str, what: str, cache: PartCache) -> None:
        self.url, self.what = url, what
        self._web, self._cache = web, cache
        self._lock = threading.Lock()
        self._length: int | None = None
        self._tag: str | None = None

    @property
    def length(self) -> int:
        """Its bytes.

        Raises:
            PitscapeError: If the server fails.
        """
        if self._length is None:
            self.read(0, 1)
        assert self._length is not None
        return self._length

    def read(self, start: int, stop: int) -> bytes:
        """The bytes ``start`` to ``stop`` (excluded), fewer where it ends.

        Raises:
            PitscapeError: If the server fails, or the file changes meanwhile.
        """
        with self._lock:
            if self._length is not None:
                stop = min(stop, self._length)
            if start >= stop:
                return b""
            first, end = start // PART, (stop - 1) // PART + 1
            held = {number: self._cache.get(id(self), number) for number in range(first, end)}
            missing = [number for number, part in held.items() if part is None]
            if missing:
                held |= self._fetch(missing[0], missing[-1] + 1)
        whole = b"".join(part for _, part in sorted(held.items()) if part)
        return whole[start - first * PART : stop - first * PART]

    def _fetch(self, first: int, end: int) -> dict[int, bytes | None]:
        start = first * PART
        reply = self._web.part(self.url, start, end * PART, self.what)
        told = CONTENT_RANGE.fullmatch(reply.headers.get("content-range", "").strip())
        if not told or int(told[1]) != start or int(told[2]) + 1 - start != len(reply.body):
            raise PitscapeError(
                f"{self.what}: {clean(self.url)} sends other parts than asked for; check the catalogue."
            )
        length, tag = int(told[3]), reply.headers.get("etag")
        if self._length is not None and (length, tag) != (self._length, self._tag):
            raise PitscapeError(
                f"{self.what}: {clean(self.url)} changed while it was read; run the same command again."
            )
        self._length, self._tag = length, tag
        parts: dict[int, bytes | None] = {}
        for number in range(first, end):
            parts[number] = part = reply.body[(number - first) * PART : (number - first + 1) * PART]
            self._cache.put(id(self), number, part)
        return parts


class LoneFile(FileContainer):  # type: ignore[misc]
    """What GDAL sees of a file: no folder, no neighbours, no address.

    Attributes:
        name: By which GDAL opens it.
        failure: The first failure of the web, which cannot be raised through GDAL.
    """

    def __init__(self, file: RemoteFile, name: str) -> None:
        self.file, self.name = file, name
        self.failure: PitscapeError | None = None

    def bytes(self, start: int, stop: int | None) -> bytes:
        """Part of the file, to its end with None; nothing after a failure."""
        try:
            return self.file.read(start, self.file.length if stop is None else stop)
        except PitscapeError as error:
            self.failure = self.failure or error
            return b""

    def length(self) -> int:
        """The file's bytes; 0 after a failure."""
        try:
            return self.file.length
        except PitscapeError as error:
            self.failure = self.failure or error
            return 0

    def open(self, path: str, mode: str = "rb", **_: Any) -> "_Handle":  # noqa: ANN401
        """A handle of the file."""
        if path != self.name or "w" in mode or "+" in mode:
            raise FileNotFoundError(path)
        return _Handle(self)

    def isfile(self, path: str) -> bool:
        """Whether it is this file."""
        return path == self.name

    def isdir(self, path: str) -> bool:  # noqa: ARG002
        """There are no folders."""
        return False

    def ls(self, path: str) -> Sequence[str]:  # noqa: ARG002
        """There are no neighbours."""
        return []

    def mtime(self, path: str) -> int:  # noqa: ARG002
        """Files do not age."""
        return 0

    def size(self, path: str) -> int:
        """Its bytes."""
        if path != self.name:
            raise FileNotFoundError(path)
        return self.length()

    def rm(self, path: str) -> None:
        """Nothing is ever deleted."""
        raise PermissionError(path)


class _Handle(BytesIO):
    """A place in a file."""

    def __init__(self, source: LoneFile) -> None:
        super().__init__()
        self._source, self._place = source, 0

    def read(self, size: int | None = -1, /) -> bytes:
        stop = None if size is None or size < 0 else self._place + size
        found = self._source.bytes(self._place, stop)
        self._place += len(found)
        return found

    def seek(self, offset: int, whence: int = 0, /) -> int:
        base = self._source.length() if whence == SEEK_END else self._place if whence == SEEK_CUR else 0
        self._place = max(base + offset, 0)
        return self._place

    def tell(self) -> int:
        return self._place
