"""Maps of a site's resilience from a moving window."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.shutil import copy as copy_raster

from pitscape.ecology import naming
from pitscape.epoch_settings import Epoch
from pitscape.ground import Ground
from pitscape.imagery.grid import metric_cell_size
from pitscape.imagery.legend import UNOBSERVED
from pitscape.imagery.outputs import replacing, scratch
from pitscape.resilience.windows import elasticity_maps, window_maps, window_mean
from pitscape.vegetation_index import IndexMap
from pitscape.window_maps import COG_LAYOUT, UNITS

BANDS = ("H", "SHEI", "ECO_RES", "E")


def write_resilience_map(
    path: Path, epoch: Epoch, ids: NDArray[np.uint8], ground: Ground, index: IndexMap | None
) -> dict[str, Any]:
    """Write H, SHEI, ECO_RES and, with NDVI and climate, E of the ecosystem types around each cell of an epoch.

    Args:
        path: The output, one band for each, NaN where it is not known.
        epoch: The epoch.
        ids: Its class map (y, x).
        ground: What the epochs share; its site file has the side of the window.
        index: NDVI, where there is a map of it.

    Returns:
        What is in the file.

    Raises:
        InputError: If the window is smaller than three cells.
    """
    window = ground.settings.window_m
    assert window is not None
    codes, size = ground.codes(ids), metric_cell_size(ground.grid, ground.source)
    scores = dict(enumerate(ground.types.score_rows()[0].tolist()))
    with naming(ground.source):
        maps = window_maps(codes, cell_size=size, window=window, nodata=UNOBSERVED, scores=scores)
        c1, c2 = ground.terms(epoch.year)
        ndvi = None
        if index is not None and not math.isnan(c1 + c2):
            greened = np.where(codes == UNOBSERVED, np.nan, np.maximum(index.values, 0))
            ndvi = window_mean(greened, cell_size=size, window=window)
        maps |= elasticity_maps(maps, ndvi=ndvi, c1=c1, c2=c2, h_exponent=ground.settings.h_exponent)
    bands: dict[str, NDArray[np.float32]] = {name: maps[name] for name in BANDS if name in maps}
    _write(path, bands, ground)
    return {"epoch": epoch.name, "file": path.name, "side_m": window, "bands": {name: UNITS[name] for name in bands}}


def _write(path: Path, bands: dict[str, NDArray[np.float32]], ground: Ground) -> None:
    height, width = ground.grid.shape
    profile = {"height": height, "width": width, "count": len(bands), "dtype": "float32", "nodata": float("nan")}
    profile |= {"crs": str(ground.grid.crs), "transform": ground.grid.affine, "compress": "DEFLATE"}
    with replacing(path) as image, scratch(path) as plain:
        with rasterio.open(plain, "w", driver="GTiff", **profile) as dataset:
            for number, (name, values) in enumerate(bands.items(), start=1):
                dataset.write(values, number)
                dataset.set_band_description(number, name)
                dataset.set_band_unit(number, UNITS[name])
        copy_raster(plain, image, driver="COG", overview_resampling="AVERAGE", **COG_LAYOUT)
