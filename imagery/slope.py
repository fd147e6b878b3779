"""Slope of the land, derived from an elevation layer window by window."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import CRS, Geod, Transformer

from pitscape.imagery.cell_area import scale_varies
from pitscape.imagery.grid import part, positions
from pitscape.imagery.layer import Layer, Pixels
from pitscape.imagery.radiometry import UNOBSERVED_STORED
from pitscape.imagery.warp import Alignment


@dataclass(frozen=True)
class SlopeLayer:
    """Slope [degrees] on the target grid of an elevation layer; each window is read with a halo of one cell."""

    elevation: Layer

    @property
    def alignment(self) -> Alignment:
        """Of the elevation's grid and the grid wanted."""
        return self.elevation.alignment

    def on(self, grid: GeoBox) -> "SlopeLayer":
        """The same on another grid."""
        return SlopeLayer(self.elevation.on(grid))

    def read(self, rows: slice, columns: slice, *, shape: tuple[int, int] | None = None) -> Pixels:
        """Slope (1, y, x) of a window, 0 where not observed, and where it was (y, x)."""
        window = part(self.elevation.alignment.target, rows, columns, shape)
        elevation = self.elevation.on(window) if shape else self.elevation
        top, left = (0, 0) if shape else (rows.start, columns.start)
        height, width = window.shape
        values, observed = elevation.read(slice(top - 1, top + height + 1), slice(left - 1, left + width + 1))
        slope = slope_degrees(values[0], observed, *cell_sides(window))
        seen = observed[1:-1, 1:-1]
        return np.where(seen, slope, np.float32(UNOBSERVED_STORED))[None], seen


def slope_degrees(
    elevation: NDArray[np.float32],
    observed: NDArray[np.bool_],
    width_m: NDArray[np.float64],
    height_m: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Slope by Horn's method (Horn 1981, Proceedings of the IEEE 69), weights 1 2 1 on both sides.

    Args:
        elevation: (y + 2, x + 2) [m], with a halo of one cell.
        observed: Where it is known; an unknown neighbour counts as level with the centre.
        width_m: Sides of the inner cells along rows [m], broadcastable to (y, x).
        height_m: The same along columns.

    Returns:
        (y, x), 0 to 90 degrees.
    """
    height, width = elevation.shape[0] - 2, elevation.shape[1] - 2
    centre = elevation[1:-1, 1:-1]

    def at(down: int, across: int) -> NDArray[np.float32]:
        here = slice(1 + down, 1 + down + height), slice(1 + across, 1 + across + width)
        return np.where(observed[here], elevation[here], centre)

    corners = {(i, j): at(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)}
    east, south = (
        sum(weight * (corners[far] - corners[near]) for weight, near, far in pairs)
        for pairs in (
            [(1, (-1, -1), (-1, 1)), (2, (0, -1), (0, 1)), (1, (1, -1), (1, 1))],
            [(1, (-1, -1), (1, -1)), (2, (-1, 0), (1, 0)), (1, (-1, 1), (1, 1))],
        )
    )
    gradient = np.hypot(east / (8 * width_m), south / (8 * height_m))
    return np.degrees(np.arctan(gradient)).astype(np.float32)


def cell_sides(grid: GeoBox) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sides of cells along rows and along columns [m], (y, 1), on any grid, turned ones too.

    They are those of a row's middle on the ellipsoid in degrees and Mercator, else those on the projection's plane.

    >>> from affine import Affine
    >>> width, height = cell_sides(GeoBox((1, 1), Affine(3, 8, 0, 4, -6, 0), "EPSG:32633"))
    >>> float(width[0, 0]), float(height[0, 0])
    (5.0, 10.0)
    """
    height, width = grid.shape
    crs = CRS.from_user_input(str(grid.crs))
    if not scale_varies(crs):
        metres, affine = crs.axis_info[0].unit_conversion_factor, grid.affine
        sides = (math.hypot(affine.a, affine.d), math.hypot(affine.b, affine.e))
        return np.full((height, 1), sides[0] * metres), np.full((height, 1), sides[1] * metres)
    geod = crs.get_geod() or Geod(ellps="WGS84")
    to_degrees = Transformer.from_crs(crs, crs.geodetic_crs or crs, always_xy=True)
    column, row = np.full(height, width / 2), np.arange(height) + 0.5

    def degrees(right: float, down: float) -> Any:  # noqa: ANN401 - pyproj has no array types
        return to_degrees.transform(*positions(grid.affine, column + right, row + down))

    across = geod.inv(*degrees(-0.5, 0), *degrees(0.5, 0))[2]
    along = geod.inv(*degrees(0, -0.5), *degrees(0, 0.5))[2]
    return np.asarray(across)[:, None], np.asarray(along)[:, None]
