"""Octants: the eight directions of the compass, as seen from a point."""

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import CRS, Geod, Transformer

from pitscape.imagery.cell_area import cell_areas
from pitscape.imagery.cog import BLOCK
from pitscape.imagery.grid import positions, row_band

OCTANTS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
Mask = NDArray[np.bool_]
Cell = tuple[float, float]
"""Row and column of a point, in cells from the upper left corner; centres of cells lie at halves."""


def centroid(mask: Mask, grid: GeoBox) -> Cell:
    """Mean place of some cells, each weighted by its geodesic area; at least one is needed."""
    sums = np.zeros(3)
    for start in range(0, len(mask), BLOCK):
        band = mask[start : start + BLOCK]
        rows, columns = np.nonzero(band)
        area = areas_of(band, row_band(grid, start, start + len(band)))
        sums += [area.sum(), (area * (rows + start)).sum(), (area * columns).sum()]
    return float(sums[1] / sums[0]) + 0.5, float(sums[2] / sums[0]) + 0.5


def azimuths(mask: Mask, grid: GeoBox, origin: Cell) -> NDArray[np.float64]:
    """Geodesic azimuth of some cells as seen from a point.

    Returns:
        Of each cell of the mask, row by row [degrees from north towards east], 0 to 360.
    """
    rows, columns = np.nonzero(mask)
    longitude, latitude = degrees_of(grid, np.append(rows + 0.5, origin[0]), np.append(columns + 0.5, origin[1]))
    here = np.full(len(rows), longitude[-1]), np.full(len(rows), latitude[-1])
    crs = CRS.from_user_input(str(grid.crs))
    ellipsoid: Geod = crs.get_geod() or Geod(ellps="WGS84")
    forward, _, _ = ellipsoid.inv(*here, longitude[:-1], latitude[:-1])
    return np.asarray(forward) % 360


def degrees_of(
    grid: GeoBox, rows: NDArray[np.floating], columns: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitude and latitude of points of a grid [degrees]."""
    crs = CRS.from_user_input(str(grid.crs))
    to_degrees = Transformer.from_crs(crs, crs.geodetic_crs or crs, always_xy=True)
    longitude, latitude = to_degrees.transform(*positions(grid.affine, columns, rows))
    return np.asarray(longitude), np.asarray(latitude)


def octant_of(azimuth: NDArray[np.float64]) -> NDArray[np.intp]:
    """Place in ``OCTANTS`` of each azimuth [degrees].

    >>> octant_of(np.array([0.0, 22.4, 22.6, 350.0])).tolist()
    [0, 0, 1, 0]
    """
    return np.asarray(np.floor((azimuth + 22.5) / 45) % 8, np.intp)


def areas_of(mask: Mask, grid: GeoBox) -> NDArray[np.float64]:
    """Geodesic area of some cells [m2], row by row."""
    found = [np.zeros(0)]
    for start in range(0, len(mask), BLOCK):
        rows = mask[start : start + BLOCK]
        if rows.any():
            found.append(np.broadcast_to(cell_areas(row_band(grid, start, start + len(rows))), rows.shape)[rows])
    return np.concatenate(found)


def area_of(mask: Mask, grid: GeoBox) -> float:
    """Geodesic area of some cells in all [m2], added up band of rows by band of rows."""
    total = 0.0
    for start in range(0, len(mask), BLOCK):
        rows = mask[start : start + BLOCK]
        total += float(areas_of(rows, row_band(grid, start, start + len(rows))).sum())
    return total


def sectors(grid: GeoBox, origin: Cell, sides: tuple[float, float]) -> NDArray[np.uint8]:
    """Place in ``OCTANTS`` of every cell, on the map's plane: close to the geodesic one, and quick.

    Args:
        grid: Where the cells are; rows run along parallels.
        origin: Where the observer stands.
        sides: Width and height of a cell [m].
    """
    height, width = grid.shape
    found = np.empty((height, width), np.uint8)
    east = (np.arange(width) + 0.5 - origin[1]) * sides[0] * np.sign(grid.affine.a)
    for row in range(height):
        north = (row + 0.5 - origin[0]) * sides[1] * np.sign(grid.affine.e)
        found[row] = octant_of(np.degrees(np.arctan2(east, north)))
    return found
