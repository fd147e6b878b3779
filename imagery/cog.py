"""Cloud-optimised GeoTIFFs of bytes, written part by part."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio._err import CPLE_BaseError
from rasterio.errors import RasterioError
from rasterio.shutil import copy as copy_raster
from rasterio.windows import Window

from pitscape.imagery.errors import UnwrittenError
from pitscape.imagery.legend import UNOBSERVED
from pitscape.imagery.outputs import replacing, scratch

BLOCK = 512
DRAFT = {"compress": "ZSTD", "zstd_level": 1}
"""Of files that are read once and thrown away."""

COG_LAYOUT = {
    "compress": "DEFLATE",
    "level": 1,
    "predictor": "NO",
    "blocksize": BLOCK,
    "bigtiff": "IF_SAFER",
    "num_threads": "ALL_CPUS",
}
"""Level 1: class maps are small anyway, and a higher one takes three times as long for a fifth less. Threads do not change bytes."""

Write = Callable[[int, int, NDArray[np.uint8]], None]
"""Called with a first row, a first column and bytes (band, y, x)."""


@contextmanager
def new_cog(
    path: Path,
    grid: GeoBox,
    bands: int,
    *,
    overviews: str,
    describe: Callable[[Any], None],
    amend: Callable[[Any, Path], None] | None = None,
) -> Iterator[Write]:
    """Write a raster of bytes, 255 where there is nothing; it appears whole when the block ends well.

    Args:
        path: The output.
        grid: Where its pixels are.
        bands: Their number.
        overviews: How GDAL makes them: "MODE", or "AVERAGE" of numbers, whose statistics are then in the file.
        describe: Called with the open draft, for names, colours and tags.
        amend: Called with the whole draft, open for reading and writing, and a path beside it that may be used.

    Yields:
        A function that writes a part.

    Raises:
        UnwrittenError: If the file system is full.
    """
    with scratch(path) as draft, replacing(path) as image:
        with _naming_failure(path):
            dataset = rasterio.open(draft, "w", **_profile(grid, bands))
            describe(dataset)

        def write(row: int, column: int, values: NDArray[np.uint8]) -> None:
            with _naming_failure(path):
                dataset.write(values, window=Window(column, row, values.shape[2], values.shape[1]))

        try:
            yield write
        finally:
            with _naming_failure(path):
                dataset.close()
        with _naming_failure(path):
            if amend:
                with rasterio.open(draft, "r+") as whole, scratch(path) as beside:
                    amend(whole, beside)
            statistics = "YES" if overviews == "AVERAGE" else "NO"
            copy_raster(draft, image, driver="COG", overview_resampling=overviews, statistics=statistics, **COG_LAYOUT)
            _check_whole(image)


def _check_whole(path: Path) -> None:
    """Read all blocks of a raster: GDAL does not always tell when a disk is full."""
    with rasterio.open(path) as dataset:
        levels = [None, *range(len(dataset.overviews(1)))]
    for level in levels:
        with rasterio.open(path, **({} if level is None else {"overview_level": level})) as dataset:
            for _, window in dataset.block_windows(1):
                dataset.read(window=window)


@contextmanager
def _naming_failure(path: Path) -> Iterator[None]:
    """Answer a failed write in one line."""
    try:
        yield
    except (RasterioError, CPLE_BaseError, SystemError, OSError) as error:
        cause = " ".join(str(error.__cause__ or error).split())[:120]
        raise UnwrittenError(f"{path}: cannot be written ({cause}); is the disk full?") from error


def _profile(grid: GeoBox, bands: int) -> dict[str, Any]:
    height, width = grid.shape
    return {
        "driver": "GTiff",
        "height": height,
        "width": width,
        "count": bands,
        "dtype": "uint8",
        "crs": str(grid.crs),
        "transform": grid.affine,
        "nodata": UNOBSERVED,
        "tiled": True,
        "blockxsize": BLOCK,
        "blockysize": BLOCK,
        "bigtiff": "IF_SAFER",
        "photometric": "MINISBLACK",  # else the last of four bands would be their opacity
        "alpha": "UNSPECIFIED",
        **DRAFT,
    }
