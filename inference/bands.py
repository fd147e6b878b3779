"""Whole rasters in bands of rows, from the top: what sums over polygons are taken of."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.windows import Window

from pitscape.imagery.cell_area import cell_areas
from pitscape.imagery.grid import row_band
from pitscape.imagery.raster import open_raster

BAND_ROWS = 256


def row_slices(height: int) -> list[slice]:
    """Rows of the bands of a raster."""
    return [slice(top, min(top + BAND_ROWS, height)) for top in range(0, height, BAND_ROWS)]


def area_bands(grid: GeoBox) -> Iterator[NDArray[np.float64]]:
    """Geodesic areas of a grid's cells [m2], (y, x)."""
    for rows in row_slices(grid.shape[0]):
        band = row_band(grid, rows.start, rows.stop)
        yield np.broadcast_to(cell_areas(band), band.shape)


def stored_shares(path: Path) -> Iterator[NDArray[np.uint8]]:
    """A map of shares as stored, (y, x): round(250 share), 255 where there is none."""
    with open_raster(path) as dataset:
        for rows in row_slices(dataset.height):
            stored: NDArray[np.uint8] = dataset.read(1, window=Window.from_slices(rows, slice(0, dataset.width)))
            yield stored
