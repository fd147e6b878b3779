"""Squares that cover a map, as zones."""

import math

import numpy as np
import shapely
from odc.geo.geobox import GeoBox
from pyproj import CRS
from shapely.geometry import box

from pitscape.imagery.cell_area import scale_varies
from pitscape.imagery.errors import InputError
from pitscape.inference.areas.reprojection import reprojected
from pitscape.inference.areas.zones import Zone, crs_of, edge_tolerance

EQUAL_AREA = "EPSG:6933"
"""EASE-Grid 2.0 (Brodzik et al. 2012): cylindrical, so that its squares are rectangles of degrees."""

MARGIN_M = 1.0
"""To which the edges of a map are followed; squares further out than that cannot meet it."""

MOST_SQUARES = 100_000


def squares_crs(grid: GeoBox) -> CRS:
    """In which CRS squares over a map are squares: its own in metres that is no Mercator, else EPSG:6933."""
    own = crs_of(grid)
    metric = own.is_projected and {axis.unit_name for axis in own.axis_info} == {"metre"}
    return own if metric and not scale_varies(own) else CRS.from_user_input(EQUAL_AREA)


def square_zones(grid: GeoBox, side_km: float) -> list[Zone]:
    """Squares that cover a map, as zones.

    They lie on multiples of their side in ``squares_crs``. A square is named as in the grids of the
    European Environment Agency, by its lower left corner in sides: ``10kmE27N566``.

    Args:
        grid: Of the map.
        side_km: Their side [km], > 0, in the projection.

    Returns:
        The squares that meet the map, from west to east, then from south to north, in the map's CRS.

    Raises:
        InputError: If the side is not positive, there would be more than 100,000 squares, or the map is in degrees and
            reaches beyond 180.
    """
    own, crs, extent = crs_of(grid), squares_crs(grid), grid.extent.geom
    if not (0 < side_km < math.inf):
        raise InputError(f"--grid {side_km:g}: the side of the squares must be a number of km above 0.")
    if own.is_geographic and not (extent.bounds[0] >= -180 and extent.bounds[2] <= 180):
        raise InputError(f"--grid {side_km:g}: the map reaches beyond 180 degrees; bring it to a projection in metres.")
    west, south, east, north = reprojected(np.array([extent], object), own, crs, MARGIN_M)[0].bounds
    side, spans = side_km * 1000, ((west - MARGIN_M, east + MARGIN_M), (south - MARGIN_M, north + MARGIN_M))
    across, up = (range(math.floor(low / side), math.ceil(high / side)) for low, high in spans)
    if len(across) * len(up) > MOST_SQUARES:
        raise InputError(f"--grid {side_km:g}: makes {len(across) * len(up)} squares; choose a longer side.")
    places = [(i, j) for j in up for i in across]
    squares = np.array([box(i * side, j * side, (i + 1) * side, (j + 1) * side) for i, j in places], object)
    shapes = reprojected(squares, crs, own, edge_tolerance(grid))
    meets = shapely.intersects(shapes, extent) & ~shapely.touches(shapes, extent)
    named = zip(places, shapes, meets, strict=True)
    return [Zone(f"{side_km:g}kmE{i}N{j}", shape) for (i, j), shape, wanted in named if wanted]
