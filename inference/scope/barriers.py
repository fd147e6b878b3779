"""Barriers: lines and polygons that nothing crosses, on the grid of a map."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import CRS
from rasterio.features import rasterize
from shapely.geometry import box

from pitscape.imagery.errors import InputError
from pitscape.imagery.vector import read_vector


def read_barriers(path: Path, grid: GeoBox, *, source: Path) -> NDArray[np.bool_]:
    """Cells that a barrier touches.

    Args:
        path: Lines and polygons in any CRS, in the first layer of a file that GDAL reads.
        grid: Of the map.
        source: The map, for messages.

    Raises:
        InputError: If the file has no lines or polygons, no CRS, or none of them meets the map.
    """
    table = read_vector(path, first_layer=True)
    shapes = table.geometry[~table.geometry.isna() & ~table.geometry.is_empty]
    shapes = shapes[shapes.geom_type.str.contains("Line|Polygon|Ring")]
    if shapes.empty:
        raise InputError(f"{path}: holds no line or polygon; barriers are lines or polygons.")
    placed = shapes.to_crs(CRS.from_user_input(str(grid.crs)))
    here = placed[placed.intersects(box(*grid.extent.geom.bounds))]
    if here.empty:
        raise InputError(f"{path}: none of its {len(shapes)} barriers meets {source}; check both CRS.")
    burned = rasterize(here, out_shape=grid.shape, transform=grid.affine, all_touched=True, dtype="uint8")
    touched: NDArray[np.bool_] = burned > 0
    return touched
