"""Inputs of a site with the files that belong to them: what they are read from beside themselves."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from pitscape.inference.scene_files import files_of
from pitscape.model_look import weights_of

SHAPEFILE = frozenset({".dbf", ".prj", ".shx", ".cpg"})


def files_with(path: Path) -> list[Path]:
    """An input and what belongs to it.

    That is sources of a virtual mosaic, masks and metadata of a raster, weights of a model, parts of a shapefile.

    Raises:
        InputError: If it is a virtual raster or a model that is not read.
    """
    kind = path.suffix.lower()
    if kind == ".onnx":
        return [path, *weights_of(path)]
    if kind == ".shp":
        beside = sorted(path.parent.iterdir())
        return [path, *(each for each in beside if each.stem == path.stem and each.suffix.lower() in SHAPEFILE)]
    return files_of(path)


def digest_of(path: Path, hash_of: Callable[[Path], str]) -> str:
    """The SHA-256 of an input; where files belong to it, one over the names and SHA-256s of all."""
    files = files_with(path)
    if len(files) == 1:
        return hash_of(path)
    lines = [f"{each.name} {hash_of(each)}\n" for each in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
