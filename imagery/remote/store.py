"""What is asked of a place that holds remote files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pitscape.imagery.errors import InputError, PitscapeError

if TYPE_CHECKING:
    from pitscape.imagery.remote.path import RemotePath

TRIES = 5
"""Of a request that fails for a reason that may pass; pauses between them double."""

CONNECT_S, READ_S = 10, 60


class UnreachableError(PitscapeError):
    """A store that does not answer, or an answer that broke off, after all tries."""


class TakenError(PitscapeError):
    """An object that was to be put on a condition which does not hold."""


class DeniedError(InputError, PermissionError):
    """A store that refuses: credentials are lacking, or lack the right."""


@dataclass(frozen=True)
class Stored:
    """What a store tells of a file.

    Attributes:
        size: In bytes.
        etag: Changes with its content; empty where the store tells none.
        version: Of a bucket that keeps versions.
        modified: When, as the store tells it.
        in_parts: Whether parts of it can be read.
    """

    size: int
    etag: str = ""
    version: str = ""
    modified: str = ""
    in_parts: bool = True

    def identity(self) -> dict[str, Any]:
        """What stands in records in place of a SHA-256, which would need a full read.

        >>> Stored(1024, etag='"9b2c"', modified="Wed, 25 Nov 2026 13:00:00 GMT").identity()
        {'bytes': 1024, 'etag': '9b2c'}
        """
        told = {"etag": self.etag.strip('"')} if self.etag else {"modified": self.modified}
        return {"bytes": self.size, **told, **({"version": self.version} if self.version else {})}


class Store(Protocol):
    """A place that holds remote files; any thread may ask it.

    What cannot be reached raises ``UnreachableError``, what is refused ``DeniedError``, what is not there
    ``FileNotFoundError``.
    """

    def look(self, path: "RemotePath") -> Stored | None:
        """What is told of a file; None where there is none."""
        ...

    def read(self, path: "RemotePath", start: int = 0, stop: int | None = None) -> bytes:
        """The bytes ``start`` to ``stop`` (excluded) of a file; None: to its end."""
        ...

    def is_folder(self, path: "RemotePath") -> bool:
        """Whether there is something below a name."""
        ...

    def names(self, path: "RemotePath") -> list[str]:
        """Names in a folder."""
        ...

    def write(self, path: "RemotePath", content: bytes, *, if_none: bool = False, if_etag: str = "") -> str:
        """Put an object whole: always, where there is none, or in place of that of an ETag; gives its new ETag."""
        ...

    def upload(self, path: "RemotePath", file: Path) -> None:
        """Put a local file whole."""
        ...

    def delete(self, paths: Sequence["RemotePath"]) -> None:
        """Delete objects, those that are there."""
        ...

    def gdal_name(self, path: "RemotePath") -> str:
        """The name by which GDAL reads a file; GDAL is made ready for it."""
        ...
