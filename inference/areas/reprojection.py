"""Outlines of polygons between coordinate reference systems: edges that follow, and areas on the ground."""

from functools import lru_cache
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from shapely.geometry.base import BaseGeometry

from pitscape.imagery.cell_area import equal_area_crs

Shapes: TypeAlias = NDArray[np.object_]
"""Geometries, shape (n,)."""

GROUND_TOLERANCE_M = 0.01
"""How far edges may lie off their course where areas are computed."""

ROUNDS = 6
"""Of looking for the length of edges; one or two are enough, but for edges that span the globe."""


TORN = 1000
"""Pieces that an edge which was cut before still needs: its ends lie on two sides of the target."""


def reprojected(shapes: Shapes, source: CRS, target: CRS, tolerance: float) -> Shapes:
    """Bring polygons to another CRS, with so many points that no edge leaves its course.

    A straight edge of the source is a curve on the target. Edges of all polygons are cut to one length, so that an
    edge which two of them share stays the same.

    Args:
        shapes: In ``source``.
        source: Their CRS.
        target: CRS wanted.
        tolerance: How far an edge may lie off its course [unit of the target], > 0.

    Returns:
        In ``target``; coordinates are infinite where it shows no such place, and in all polygons where an edge is torn,
        as at the 180th meridian.
    """
    if source == target:
        return shapes
    transformer = _transformer(source, target)

    def moved(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(transformer.transform(points[:, 0], points[:, 1]))

    for done in range(ROUNDS):
        start, end = _edges(shapes)
        ends_off = (moved(start) + moved(end)) / 2
        off = np.hypot(*(moved((start + end) / 2) - ends_off).T)
        pieces = np.ceil(np.sqrt(np.where(np.isfinite(off), off, 0) / tolerance))  # it shrinks with the square
        if not (pieces > 1).any():
            break
        if done and pieces.max() > TORN:
            torn: Shapes = shapely.transform(shapes, lambda points: np.full_like(points, np.inf))
            return torn
        long = pieces > 1
        shapes = shapely.segmentize(shapes, float((np.hypot(*(end - start).T)[long] / pieces[long]).min()))
    found: Shapes = shapely.transform(shapes, moved)
    return found


def ground_area(shape: BaseGeometry, crs: CRS) -> float:
    """The area of a polygon on the ellipsoid [m2], its edges straight in ``crs``.

    It is that on a cylindrical equal-area projection of the CRS's own ellipsoid around the whole degree next to the
    polygon's middle, so that neighbours share one: each takes 15 ms to make.
    """
    if shape.is_empty:
        return 0.0
    degrees = _transformer(crs, crs.geodetic_crs or crs)
    longitude = degrees.transform(*shapely.get_coordinates(shape.centroid)[0])[0]
    equal_area = equal_area_crs(crs, longitude=round(longitude))
    flat = reprojected(np.array([shape], object), crs, equal_area, GROUND_TOLERANCE_M)
    return float(flat[0].area)


@lru_cache(maxsize=32)
def _transformer(source: CRS, target: CRS) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)


def _edges(shapes: Shapes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Start and end (edge, xy) of all edges."""
    rings = shapely.get_rings(shapely.get_parts(shapes))
    points, ring = shapely.get_coordinates(rings, return_index=True)
    within = ring[1:] == ring[:-1]
    return points[:-1][within], points[1:][within]
