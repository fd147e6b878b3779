"""The cells of a raster whose centre lies in a zone."""

import math

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import geometry_mask
from rasterio.windows import Window, transform
from shapely.geometry.base import BaseGeometry


def zone_rectangle(geometry: BaseGeometry, affine: Affine, shape: tuple[int, int]) -> tuple[slice, slice] | None:
    """Rows and columns of the smallest rectangle of a raster that holds a zone, None where they do not meet.

    Args:
        geometry: The zone, in the CRS of the raster.
        affine: Of the raster.
        shape: Its rows and columns.

    >>> from shapely.geometry import box
    >>> zone_rectangle(box(5, 5, 25, 15), Affine(10, 0, 0, 0, -10, 20), (2, 2))
    (slice(0, 2, None), slice(0, 2, None))
    """
    if geometry.is_empty:
        return None
    west, south, east, north = geometry.bounds
    corners = [~affine @ corner for corner in ((west, south), (west, north), (east, south), (east, north))]
    height, width = shape
    left, right = (min(max(f(x for x, _ in corners), 0), width) for f in (min, max))
    top, bottom = (min(max(f(y for _, y in corners), 0), height) for f in (min, max))
    rows, columns = slice(math.floor(top), math.ceil(bottom)), slice(math.floor(left), math.ceil(right))
    return None if rows.start == rows.stop or columns.start == columns.stop else (rows, columns)


def inside_zone(geometry: BaseGeometry, affine: Affine, rows: slice, columns: slice) -> NDArray[np.bool_]:
    """Which cells of a rectangle of a raster have their centre in a zone, shape (rows, columns)."""
    shape = (rows.stop - rows.start, columns.stop - columns.start)
    place = transform(Window.from_slices(rows, columns), affine)
    inside: NDArray[np.bool_] = geometry_mask([geometry], shape, place, invert=True)
    return inside
