"""Remote files that are needed whole on this disk, as models are."""

import os
import secrets
import shutil
import tempfile
from functools import cache
from pathlib import Path

from pitscape.imagery.errors import InputError
from pitscape.imagery.remote.path import RemotePath

MOST_BYTES = 1 << 31
"""No ONNX file is larger."""

_origins: dict[Path, Path] = {}


def local_copy(path: Path) -> Path:
    """A file on this disk: itself, or a copy of the same name that goes when the process ends.

    Raises:
        InputError: If a remote one is not there or too large.
    """
    if not isinstance(path, RemotePath):
        return path
    found = path.look()
    if found is None:
        raise InputError(f"{path}: no such file; check the name.")
    if found.size > MOST_BYTES:
        raise InputError(f"{path}: has {found.size / 1e9:.1f} GB; files that are fetched whole have 2 at most.")
    folder = Path(_folder(os.getpid()).name) / secrets.token_hex(4)
    folder.mkdir()
    copy = folder / path.name
    if found.in_parts:
        with path.open("rb") as source, copy.open("wb") as target:
            shutil.copyfileobj(source, target)
    else:
        copy.write_bytes(path.read_bytes())
    _origins[copy] = path
    return copy


def origin_of(path: Path) -> Path:
    """What ``local_copy`` has copied, for others to copy it as well; any other file itself."""
    return _origins.get(path, path)


@cache
def _folder(_process: int) -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="pitscape-")
