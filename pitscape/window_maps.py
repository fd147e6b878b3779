"""Maps of pattern and resilience from a moving window, written as one cloud-optimised GeoTIFF."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.shutil import copy as copy_raster
from rasterio.windows import Window

from pitscape.categories import Categories
from pitscape.ecology import naming, raster_on_grid
from pitscape.imagery.cog import BLOCK
from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import grid_of, row_band
from pitscape.imagery.outputs import replacing, scratch
from pitscape.resilience.windows import elasticity_maps, half_window, window_maps, window_mean

COG_LAYOUT = {"compress": "DEFLATE", "predictor": "YES", "blocksize": BLOCK, "bigtiff": "IF_SAFER", "statistics": "YES"}
UNITS = {"H": "bits", "SHEI": "", "CONTAG": "%", "ED": "m/ha", "ECO_RES": "bits", "E": ""}


def write_window_maps(
    path: Path,
    classes: Categories,
    window: float,
    *,
    ndvi: Path | None = None,
    climate: tuple[float, float] | None = None,
) -> dict[str, Any]:
    """Write H, SHEI, CONTAG and ED around each cell, ECO_RES where the classes have scores, and E where NDVI is given.

    Args:
        path: The output, one band for each metric, NaN where it is not known.
        classes: The open raster, read in bands of rows.
        window: Side of the window [m].
        ndvi: NDVI of the growing season, on any grid.
        climate: C1 and C2 as fractions, for E.

    Returns:
        What is in the file: its name, the side of the window, the bands with their units.

    Raises:
        InputError: If the window is smaller than three cells, or E is wanted of classes without scores or CRS.
    """
    scores = {each.id: each.score for each in classes.legend.classes} if classes.legend else None
    if ndvi and (scores is None or classes.dataset.crs is None):
        raise InputError(f"{classes.path}: E needs a CRS and resilience scores; name a legend with --legend.")
    names = [name for name in UNITS if (name != "ECO_RES" or scores) and (name != "E" or ndvi)]
    with replacing(path) as image, scratch(path) as plain:
        with rasterio.open(plain, "w", **_profile(classes, len(names))) as dataset:
            for number, name in enumerate(names, start=1):
                dataset.set_band_description(number, name)
                dataset.set_band_unit(number, UNITS[name])
            with naming(classes.path):
                for first, maps in _bands(classes, window, scores, ndvi, climate):
                    block = np.stack([maps[name] for name in names])
                    dataset.write(block, window=Window(0, first, block.shape[2], block.shape[1]))
        copy_raster(plain, image, driver="COG", overview_resampling="AVERAGE", **COG_LAYOUT)
    return {"file": path.name, "side_m": window, "bands": {name: UNITS[name] for name in names}}


def _bands(
    classes: Categories,
    window: float,
    scores: dict[int, float] | None,
    ndvi: Path | None,
    climate: tuple[float, float] | None,
) -> Iterator[tuple[int, dict[str, NDArray[np.float32]]]]:
    """First row and maps of each band of rows; bands are as high as the window, so that few rows are read twice."""
    half, (height, width) = half_window(window, classes.cell_size)[0], classes.shape
    step = max(BLOCK, 2 * half)
    for first in range(0, height, step):
        top, last = max(first - half, 0), min(first + step, height)
        bottom = min(last + half, height)
        ids = classes.read(slice(top, bottom), slice(0, width))
        rows = slice(first - top, last - top)
        maps = window_maps(
            ids, cell_size=classes.cell_size, window=window, nodata=classes.nodata, scores=scores, rows=rows
        )
        if scores:
            mean, (c1, c2) = None, climate or (1.0, 1.0)
            if ndvi:
                place = row_band(grid_of(classes.dataset), top, bottom)
                values = raster_on_grid(ndvi, place, Resampling.nearest)
                if np.nanmax(np.abs(values), initial=0) > 1 + 1e-6:
                    raise InputError(f"{ndvi}: holds {np.nanmax(np.abs(values)):g}; NDVI is in -1 to 1, scale it.")
                values = np.maximum(values, 0)
                values[ids == classes.nodata] = np.nan
                mean = window_mean(values, cell_size=classes.cell_size, window=window, rows=rows)
            maps |= elasticity_maps(maps, ndvi=mean, c1=c1, c2=c2)
        yield first, maps


def _profile(classes: Categories, count: int) -> dict[str, Any]:
    height, width = classes.shape
    return {
        "driver": "GTiff",
        "height": height,
        "width": width,
        "count": count,
        "dtype": "float32",
        "crs": classes.dataset.crs,
        "transform": classes.affine,
        "nodata": float("nan"),
        "tiled": True,
        "blockxsize": BLOCK,
        "blockysize": BLOCK,
        "interleave": "band",
        "compress": "DEFLATE",
        "bigtiff": "IF_SAFER",
    }
