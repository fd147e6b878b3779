"""Where pixels are: GeoBoxes of rasters, compared and cut into rows."""

from typing import Any

from odc.geo.geobox import GeoBox

from pitscape.imagery.errors import InputError

ALIGNMENT_TOLERANCE = 1e-3
"""Corners of two equal grids may differ by this fraction of a pixel."""


def grid_of(dataset: Any) -> GeoBox:  # noqa: ANN401 - rasterio has no types
    """The grid of an open rasterio dataset.

    Raises:
        InputError: If the raster has no coordinate reference system.
    """
    if dataset.crs is None:
        raise InputError(f"{dataset.name}: has no coordinate reference system; assign one with gdal_edit -a_srs.")
    return GeoBox(dataset.shape, dataset.transform, dataset.crs.to_wkt())


def row_band(grid: GeoBox, start: int, stop: int) -> GeoBox:
    """The rows ``start`` to ``stop`` (excluded) of a grid, as a grid."""
    return grid[start:stop, :]


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
