"""Small patches of a class map, given to their neighbours: a minimum mapping unit."""

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.features import sieve as gdal_sieve
from rasterio.windows import Window

from pitscape.imagery.cog import BLOCK
from pitscape.imagery.legend import UNOBSERVED


def sieve(dataset: Any, beside: Path, *, least_cells: int) -> None:  # noqa: ANN401
    """Give patches of fewer cells to the largest of their neighbours, in place.

    Patches join over sides. Unobserved cells stay, and take nothing in: a small patch among them alone stays too.
    The map lies in files that are mapped into memory, not in memory.

    Args:
        dataset: A map of one band of bytes, open for reading and writing.
        beside: A path that may be used meanwhile.
        least_cells: Patches below this are given away.
    """
    height, width = dataset.shape
    seen_file = beside.with_suffix(".seen")
    try:
        seen, kept = (_mapped(path, (height, width)) for path in (seen_file, beside))
        for rows in _bands(height):
            ids = dataset.read(1, window=Window.from_slices(rows, slice(0, width)))
            seen[rows] = ids != UNOBSERVED
        gdal_sieve(rasterio.band(dataset, 1), min(least_cells, height * width - 1), out=kept, mask=seen, connectivity=4)
        for rows in _bands(height):
            ids = np.where(seen[rows], kept[rows], np.uint8(UNOBSERVED))
            dataset.write(ids, 1, window=Window.from_slices(rows, slice(0, width)))
        del seen, kept  # some systems do not remove files that are mapped
    finally:
        seen_file.unlink(missing_ok=True)


def _mapped(path: Path, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """A file as an array; the disk must have room for it, since writing to memory cannot fail in words."""
    with path.open("wb") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, shape[0] * shape[1])
    return np.memmap(path, np.uint8, "r+" if path.stat().st_size else "w+", shape=shape)


def _bands(height: int) -> list[slice]:
    return [slice(n * BLOCK, min((n + 1) * BLOCK, height)) for n in range(math.ceil(height / BLOCK))]
