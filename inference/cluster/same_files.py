"""Whether workers see the files that a run was begun with."""

import hashlib
import json
import secrets
import socket
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from threading import Lock

from pitscape.imagery.errors import InputError
from pitscape.imagery.outputs import sha256_of, stamp_of
from pitscape.imagery.remote.path import is_remote
from pitscape.inference.scene_files import files_of

PIECES = 16
PIECE_BYTES = 4096

_CHECKING = Lock()


@dataclass(frozen=True)
class SameFiles:
    """Scenes, masks and maps by what was seen of them where the run was begun.

    A whole hash costs as much as the reading of all workers together; the run takes one, for its record. A worker compares
    sizes, and bytes at places that are spread evenly: another scene is known by them, a copy with flipped bits is not. Of a
    remote file it compares what the store tells.

    Attributes:
        prints: Of each path, in order.
        run: A random name, so that another run looks again.
        whole: Whether all bytes are compared, which small files allow.
    """

    prints: tuple[tuple[Path, str], ...]
    run: str
    whole: bool = False

    @classmethod
    def of(cls, paths: Iterable[Path], *, whole: bool = False) -> "SameFiles":
        """What is seen of some scenes here, or of all bytes of some files."""
        seen = _content if whole else _print
        return cls(tuple((path, seen(path)) for path in paths), secrets.token_hex(4), whole)

    @property
    def paths(self) -> list[Path]:
        """The scenes."""
        return [path for path, _ in self.prints]

    def only(self, paths: Collection[Path]) -> "SameFiles":
        """The same of some of them."""
        return replace(self, prints=tuple(each for each in self.prints if each[0] in paths))

    def check_once(self) -> None:
        """``check`` once for each run and process."""
        with _CHECKING:
            _checked(self)

    def check(self) -> None:
        """Refuse others.

        Raises:
            InputError: Naming the first, and this machine.
        """
        for path, wanted in self.prints:
            try:
                found = (_content if self.whole else _print)(path)
            except OSError as error:
                raise InputError(
                    f"{path}: {socket.gethostname()} cannot read it ({error.strerror or error}); give all workers the same files "
                    "under the same paths."
                ) from error
            if found != wanted:
                raise InputError(
                    f"{path}: is another file on {socket.gethostname()} than where the run was begun; give all workers the "
                    "same."
                )


@lru_cache(maxsize=64)
def _checked(files: SameFiles) -> None:
    files.check()


def _content(path: Path) -> str:
    """SHA-256 of a file; of a remote one what the store tells."""
    return json.dumps(stamp_of(path)) if is_remote(path) else sha256_of(path)


def _print(scene: Path) -> str:
    """SHA-256 over names, sizes and pieces of the files of a scene."""
    digest = hashlib.sha256()
    for path in files_of(scene):
        if is_remote(path):
            digest.update(json.dumps(stamp_of(path)).encode())
            continue
        for file in sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]:
            size = file.stat().st_size
            digest.update(f"{file.name} {size}\n".encode())
            with file.open("rb") as opened:
                for number in range(PIECES):
                    opened.seek(max(size - PIECE_BYTES, 0) * number // (PIECES - 1))
                    digest.update(opened.read(PIECE_BYTES))
    return digest.hexdigest()
