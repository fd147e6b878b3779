"""Zones: named polygons on the grid of a map."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import geopandas
import numpy as np
import shapely
from odc.geo.geobox import GeoBox
from pyproj import CRS
from shapely.geometry import MultiPolygon
from shapely.geometry.base import BaseGeometry

from pitscape.imagery.cell_area import M2_PER_KM2
from pitscape.imagery.errors import InputError
from pitscape.imagery.vector import read_vector
from pitscape.inference.areas.reprojection import Shapes, ground_area, reprojected

EDGE_TOLERANCE, EDGE_TOLERANCE_M = 1e-3, 0.1
"""How far an edge that is straight in the zones' CRS may lie off its course on the map: part of a cell, and metres."""

AXIS_M = 6378137.0
"""Of the earth: a radian along a meridian or the equator, near enough."""

LEAST_OVERLAP = 1e-2
"""Zones that share less than this part of a cell are neighbours."""


class Placed(Protocol):
    """What zones are laid over: a map, or several on one grid."""

    @property
    def path(self) -> Path:
        """Its file, for messages."""

    @property
    def grid(self) -> GeoBox:
        """Where its cells are."""


@dataclass(frozen=True)
class Zone:
    """A named piece of land, in the CRS of the map it is used with.

    Attributes:
        name: What rows of tables call it.
        geometry: Polygons; empty for a zone without land; None for all of the map.
        repaired: What was wrong with its geometry, in GEOS's words; empty where nothing was.
    """

    name: str
    geometry: BaseGeometry | None = None
    repaired: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether it has no land at all."""
        return self.geometry is not None and self.geometry.is_empty


def read_zones(path: Path, classes: Placed, *, name_column: str | None = None) -> list[Zone]:
    """Polygons of a vector file as zones of a map.

    Invalid polygons are repaired by GEOS's ``make_valid``, method "structure": what any shell encloses, without what
    any hole does. Edges are straight in the file's CRS; on the map they get so many points that they follow.

    Args:
        path: A file that GDAL reads, in any CRS.
        classes: The map; zones are brought to its CRS.
        name_column: Column with their names; "name" where there is one, else they are numbered from 1.

    Raises:
        InputError: If the file has something else than polygons, no CRS or no such column, or no zone meets the map.
    """
    table = read_vector(path)
    columns = [str(name) for name in table.columns if name != table.geometry.name]
    column = name_column or ("name" if "name" in columns else None)
    if column is not None and column not in columns:
        raise InputError(f"{path}: has no column {column!r}; it has {', '.join(columns) or 'none'}.")
    _check_polygons(path, table.geometry)
    names = _zone_names(path, table[column]) if column else [str(number + 1) for number in range(len(table))]
    given = np.array([shape if shape is not None else MultiPolygon() for shape in table.geometry], object)
    invalid = ~shapely.is_valid(given)
    reasons = np.where(invalid, shapely.is_valid_reason(given), "")
    shapes = _placed(path, _repaired(given), table.crs, classes.grid)
    zones = [Zone(*each) for each in zip(names, shapes, map(str, reasons), strict=True)]
    if not shapely.intersects(shapes, classes.grid.extent.geom).any():
        raise InputError(f"{path}: none of its {len(zones)} polygons meets {classes.path}; check both CRS.")
    return zones


def outside_km2(zone: Zone, grid: GeoBox) -> float:
    """Geodesic area [km2] of what a zone has beyond a map; 0 for all of the map."""
    if zone.geometry is None:
        return 0.0
    beyond = shapely.difference(zone.geometry, grid.extent.geom)
    return ground_area(beyond, crs_of(grid)) / M2_PER_KM2


def overlaps(zones: Sequence[Zone], grid: GeoBox) -> Iterator[tuple[str, str, float]]:
    """Pairs of zones that share land, with its area [km2]; their land counts in both.

    Args:
        zones: In the map's CRS.
        grid: Of the map; pairs that share less than a hundredth of its cell are left out.
    """
    shapes = np.array([zone.geometry if zone.geometry is not None else grid.extent.geom for zone in zones], object)
    least = LEAST_OVERLAP * abs(grid.affine.determinant)
    pairs = shapely.STRtree(shapes).query(shapes).T
    for one, other in sorted((int(i), int(j)) for i, j in pairs if i < j):
        shared = shapely.intersection(shapes[one], shapes[other])
        if shared.area > least:
            yield zones[one].name, zones[other].name, ground_area(shared, crs_of(grid)) / M2_PER_KM2


def _placed(path: Path, shapes: Shapes, crs: CRS, grid: GeoBox) -> Shapes:
    """Valid polygons in the CRS of a grid."""
    moved = reprojected(shapes, crs, crs_of(grid), edge_tolerance(grid))
    if not np.isfinite(shapely.get_coordinates(moved)).all():
        raise InputError(
            f"{path}: a polygon reaches beyond what the map's CRS can show; cut it to the map's surroundings."
        )
    return _repaired(moved)


def _repaired(shapes: Shapes) -> Shapes:
    """The same land as valid polygons."""
    return np.asarray(shapely.make_valid(shapes, method="structure", keep_collapsed=False), object)


def crs_of(grid: GeoBox) -> CRS:
    """The CRS of a grid."""
    return CRS.from_user_input(str(grid.crs))


def edge_tolerance(grid: GeoBox) -> float:
    """How far an edge may lie off its course [unit of the grid's coordinates]."""
    crs = crs_of(grid)
    unit = crs.axis_info[0].unit_conversion_factor * (AXIS_M if crs.is_geographic else 1.0)
    return min(EDGE_TOLERANCE * math.sqrt(abs(grid.affine.determinant)), EDGE_TOLERANCE_M / unit)


def _check_polygons(path: Path, shapes: geopandas.GeoSeries) -> None:
    kinds = {shape.geom_type for shape in shapes if shape is not None}
    others = sorted(kinds - {"Polygon", "MultiPolygon"})
    if not kinds - set(others):
        raise InputError(f"{path}: holds no polygon; zones are polygons.")
    if others:
        raise InputError(f"{path}: holds a {others[0]}; zones are polygons, leave others out.")


def _zone_names(path: Path, column: "geopandas.GeoSeries") -> list[str]:
    names = [str(name) for name in column]
    again = [name for number, name in enumerate(names) if name in names[:number]]
    if column.isna().any() or again:
        problem = "a zone has no name" if column.isna().any() else f"two zones are named {again[0]!r}"
        raise InputError(f"{path}: {problem} in column {column.name}; give each one its own name.")
    return names
