"""The undisturbed land around a mine, and the surface that it spans."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.features import geometry_mask
from scipy import ndimage
from shapely.geometry.base import BaseGeometry

from pitscape.imagery.class_map import ClassMap
from pitscape.imagery.grid import part
from pitscape.imagery.slope import cell_sides
from pitscape.inference.bands import BAND_ROWS
from pitscape.inference.outlines.elevation import Elevation
from pitscape.inference.outlines.reference_surface import Surface, fit_surface

GUARD_CELLS = 3
"""Cells beside mined and occupied land are mixed, or its rim: they are no undisturbed land."""

SURROUNDINGS = 4
"""So many times the ring's width around a mine are looked at, to see which land is enclosed."""

MOST_CELLS = 1 << 22
"""Larger windows are read at every second, third ... cell."""

OTHER, DISTURBED, UNDISTURBED = range(3)


def surface_around(
    shapes: Sequence[BaseGeometry], classes: ClassMap, elevation: Elevation, ring_m: float
) -> Surface | None:
    """Fit a surface to the undisturbed land around a mine.

    Args:
        shapes: The mine, on the projection of the map.
        classes: The map.
        elevation: On its grid.
        ring_m: Up to which distance from the mine land counts [m].

    Returns:
        The surface, in columns and rows of the map; None where there is too little land.
    """
    sides = [float(np.median(each)) for each in cell_sides(classes.grid)]
    whole = window_of(shapes, classes.grid)
    reach = [math.ceil(SURROUNDINGS * ring_m / side) + 1 for side in reversed(sides)]
    wide = [
        slice(max(s.start - by, 0), min(s.stop + by, size))
        for s, by, size in zip(whole, reach, classes.grid.shape, strict=True)
    ]
    step = math.ceil(math.sqrt(math.prod(s.stop - s.start for s in wide) / MOST_CELLS))
    size = [max((s.stop - s.start) // step, 1) for s in wide]
    rows, columns = (slice(s.start, s.start + step * n) for s, n in zip(wide, size, strict=True))
    grid = part(classes.grid, rows, columns, (size[0], size[1]))
    roles = np.concatenate(list(_roles(classes, rows, columns, step)))
    sampling = (sides[1] * step, sides[0] * step)
    outside = geometry_mask(shapes, grid.shape, grid.affine)
    near = ndimage.distance_transform_edt(outside, sampling=sampling) <= ring_m
    clear = ndimage.distance_transform_edt(outside & (roles != DISTURBED), sampling=sampling) > GUARD_CELLS * max(sides)
    clear &= _open_land(clear)
    heights, known = elevation.read(rows, columns, shape=(size[0], size[1]) if step > 1 else None)
    down, across = np.nonzero(near & clear & (roles == UNDISTURBED) & known)
    return fit_surface(
        columns.start + step * (across + 0.5),
        rows.start + step * (down + 0.5),
        heights[down, across],
        middle=((whole[1].start + whole[1].stop) / 2, (whole[0].start + whole[0].stop) / 2),
    )


def _open_land(clear: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Land that reaches the border of the window: what a mine encloses, such as restored tops of dumps, does not."""
    labels, _ = ndimage.label(clear)
    border = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    reaching = np.unique(border)
    inside: NDArray[np.bool_] = np.isin(labels, reaching[reaching > 0])
    return inside


def window_of(shapes: Sequence[BaseGeometry], grid: GeoBox) -> tuple[slice, slice]:
    """Rows and columns of a grid that hold shapes."""
    to_cells = ~grid.affine
    left, top, right, bottom = shapely.total_bounds(np.array(shapes, dtype=object))
    corners = [to_cells @ corner for corner in ((left, top), (right, top), (left, bottom), (right, bottom))]
    rows, columns = (
        slice(
            max(math.floor(min(corner[axis] for corner in corners)), 0),
            min(math.ceil(max(corner[axis] for corner in corners)), size),
        )
        for axis, size in ((1, grid.shape[0]), (0, grid.shape[1]))
    )
    return rows, columns


def _roles(classes: ClassMap, rows: slice, columns: slice, step: int) -> Iterator[NDArray[np.uint8]]:
    """Every ``step``-th cell of a window in bands: disturbed, undisturbed, or neither (water, unobserved land)."""
    table = np.full(256, OTHER, np.uint8)
    for land in classes.legend.classes:
        table[land.id] = {"vegetated": UNDISTURBED, "water": OTHER}.get(land.role, DISTURBED)
    for top in range(rows.start, rows.stop, BAND_ROWS * step):
        band = slice(top, min(top + BAND_ROWS * step, rows.stop))
        yield table[classes.read(band, columns)[step // 2 :: step, step // 2 :: step]]
