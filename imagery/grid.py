"""Where pixels are: GeoBoxes of rasters, compared and cut into rows."""

import math
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from odc.geo.crs import CRS
from odc.geo.geobox import GeoBox

from pitscape.imagery.errors import InputError
from pitscape.imagery.remote.name import shown

ALIGNMENT_TOLERANCE = 1e-3
"""Corners of two equal grids may differ by this fraction of a pixel."""

PLANE = CRS(
    'PROJCRS["plane of tiles without a place",BASEGEOGCRS["WGS 84",DATUM["World Geodetic System 1984",'
    'ELLIPSOID["WGS 84",6378137,298.257223563]]],CONVERSION["none",METHOD["Transverse Mercator"]],'
    'CS[Cartesian,2],AXIS["(E)",east],AXIS["(N)",north],LENGTHUNIT["metre",1]]'
)
"""Stands for a projection in metres where there is none; it is never written to a file."""


def grid_of(dataset: Any, *, gsd_m: float | None = None) -> GeoBox:  # noqa: ANN401 - rasterio has no types
    """The grid of an open rasterio dataset.

    Args:
        dataset: The raster.
        gsd_m: Side of a pixel where the raster says nothing of its place [m]; None refuses such a raster.

    Raises:
        InputError: If the raster has no coordinate reference system, or does not say where its pixels are.
    """
    if gsd_m is not None and not dataset.gcps[0] and dataset.crs is None:
        return GeoBox(dataset.shape, Affine(gsd_m, 0, 0, 0, -gsd_m, 0), PLANE)
    if dataset.gcps[0]:
        raise InputError(
            f"{shown(dataset.name)}: has ground control points and no grid; bring it to one with gdalwarp."
        )
    if dataset.crs is not None and dataset.transform == Affine.identity():
        raise InputError(
            f"{shown(dataset.name)}: does not say where its pixels are; georeference it with gdal_translate -a_ullr."
        )
    if dataset.crs is None:
        raise InputError(
            f"{shown(dataset.name)}: has no coordinate reference system; assign one with gdal_edit -a_srs, or, to train on "
            "tiles without a place, give gsd_m."
        )
    return GeoBox(dataset.shape, dataset.transform, dataset.crs.to_wkt())


def is_placed(grid: GeoBox) -> bool:
    """Whether a grid is somewhere on Earth, and not that of a tile which does not say where."""
    return str(grid.crs) != str(PLANE)


def part(grid: GeoBox, rows: slice, columns: slice, shape: tuple[int, int] | None = None) -> GeoBox:
    """A window of a grid as a grid, which may reach beyond it; with ``shape``, of larger cells.

    >>> grid = GeoBox((4, 4), Affine(10, 0, 0, 0, -10, 0), "EPSG:32633")
    >>> part(grid, slice(-1, 2), slice(0, 4)).affine.f
    10.0
    """
    height, width = rows.stop - rows.start, columns.stop - columns.start
    down, across = shape or (height, width)
    cell = Affine.translation(columns.start, rows.start) @ Affine.scale(width / across, height / down)
    return GeoBox((down, across), grid.affine @ cell, grid.crs)


def halves(window: GeoBox) -> tuple[GeoBox, GeoBox, int]:
    """A window cut across its longer side, and the axis along which its parts are joined."""
    height, width = window.shape
    if width >= height:
        return window[:, : width // 2], window[:, width // 2 :], 1
    return window[: height // 2, :], window[height // 2 :, :], 0


def is_inside(rows: slice, columns: slice, shape: tuple[int, int]) -> bool:
    """Whether a window lies within a raster of ``shape``."""
    return bool(min(rows.start, columns.start) >= 0 and rows.stop <= shape[0] and columns.stop <= shape[1])


def positions(
    affine: Affine, columns: NDArray[np.floating], rows: NDArray[np.floating]
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Where an affine transformation takes points: x and y of columns and rows, arrays of one shape."""
    return affine.a * columns + affine.b * rows + affine.c, affine.d * columns + affine.e * rows + affine.f


def check_grid(grid: GeoBox, what: str) -> None:
    """Refuse grids that are turned, or without a coordinate reference system.

    Raises:
        InputError: Naming ``what`` it is.
    """
    if grid.crs is None:
        raise InputError(f"{what}: has no coordinate reference system; give it one.")
    if grid.affine.b or grid.affine.d:
        raise InputError(f"{what}: lies on a turned grid; straighten it with gdalwarp.")


def row_band(grid: GeoBox, start: int, stop: int) -> GeoBox:
    """The rows ``start`` to ``stop`` (excluded) of a grid, as a grid."""
    return grid[start:stop, :]


def metric_cell_size(grid: GeoBox, source: Path | str) -> tuple[float, float]:
    """The sides of a cell along rows and columns, on the plane of a projection in metres; turned grids too.

    Args:
        grid: Any grid.
        source: What it is of, for the message.

    Returns:
        Width and height of a cell [m], > 0.

    Raises:
        InputError: If the grid is not in metres, or its cells are no rectangles.

    >>> from affine import Affine
    >>> metric_cell_size(GeoBox((2, 2), Affine(3, 4, 0, 4, -3, 0), "EPSG:32633"), "turned")
    (5.0, 5.0)
    """
    if grid.crs is None or not grid.crs.projected or set(grid.crs.units) != {"metre"}:
        raise InputError(f"{source}: is not on a grid in metres; reproject it, for example to UTM.")
    return cell_rectangle(grid.affine, source)


def cell_rectangle(affine: Affine, source: Path | str) -> tuple[float, float]:
    """The sides of a cell along rows and columns, in the unit of the coordinates.

    Raises:
        InputError: If cells are no rectangles.
    """
    width, height = math.hypot(affine.a, affine.d), math.hypot(affine.b, affine.e)
    if abs(affine.a * affine.b + affine.d * affine.e) > 1e-6 * width * height:
        raise InputError(f"{source}: its cells are no rectangles; bring it to a straight grid with gdalwarp.")
    return width, height


def same_grid(one: GeoBox, other: GeoBox) -> bool:
    """Whether two grids have the same shape, CRS and corners, to a thousandth of a pixel.

    >>> from affine import Affine
    >>> north_up = GeoBox((2, 2), Affine(10, 0, 0, 0, -10, 0), "EPSG:32633")
    >>> taller = GeoBox((2, 2), Affine(10, 0, 0, 0, -11, 0), "EPSG:32633")
    >>> same_grid(north_up, north_up), same_grid(north_up, taller)
    (True, False)
    """
    if one.shape != other.shape or one.crs != other.crs:
        return False
    relative = ~one.affine @ other.affine
    height, width = one.shape
    corners = [(0, 0), (width, 0), (0, height), (width, height)]
    moved = [relative @ corner for corner in corners]
    return all(
        max(abs(x - u), abs(y - v)) <= ALIGNMENT_TOLERANCE for (x, y), (u, v) in zip(moved, corners, strict=True)
    )
