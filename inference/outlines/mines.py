"""Mines: patches that belong together, by how near they are or by outlines of mines."""

from collections.abc import Sequence
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Geod, Transformer
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely.geometry.base import BaseGeometry

from pitscape.inference.outlines.extents import SUMS
from pitscape.inference.vector_layer import measured


def numbered_mines(table: geopandas.GeoDataFrame, merge_m: float) -> geopandas.GeoDataFrame:
    """Name mines 1, 2 ... by falling area; patches whose gap is at most ``merge_m`` [m] on the ground belong to one.

    Args:
        table: Extents.
        merge_m: See above; patches that touch at a corner have a gap of 0.

    Returns:
        The table with column ``mine``.
    """
    shapes = table.geometry
    one, other, gap = _gaps(shapes, shapes, merge_m)
    near = gap <= merge_m
    links = coo_array((np.ones(near.sum()), (one[near], other[near])), shape=(len(table), len(table)))
    count, group = connected_components(links, directed=False)
    areas = np.bincount(group, weights=table["area_km2"], minlength=count)
    place = np.empty(count, np.int64)
    place[np.argsort(-areas, kind="stable")] = np.arange(1, count + 1)
    return _with_names(table, [str(number) for number in place[group]] if len(table) else [])


def named_mines(
    table: geopandas.GeoDataFrame, names: Sequence[str], outlines: Sequence[BaseGeometry], *, merge_m: float = 0.0
) -> geopandas.GeoDataFrame:
    """Name each patch by the outline with which it shares the most land; of equal ones the first.

    Args:
        table: Extents.
        names: Of the mines.
        outlines: Polygons on the projection of the table; invalid ones are repaired.
        merge_m: A patch outside all of them goes to the nearest one, if the gap is at most this [m].

    Returns:
        The table with column ``mine``, null where a patch belongs to none.
    """
    mines = shapely.make_valid(np.array(outlines, dtype=object), method="structure", keep_collapsed=False)
    patches = table.geometry.to_numpy()
    found: list[str | None] = [None] * len(table)
    best = np.zeros(len(table))
    for patch, mine in shapely.STRtree(mines).query(patches, predicate="intersects").T:
        shared = shapely.area(shapely.intersection(patches[patch], mines[mine]))
        if shared > best[patch] or (shared == best[patch] > 0 and names.index(str(found[patch])) > mine):
            best[patch], found[patch] = shared, names[mine]
    if merge_m > 0 and len(table):
        outside = np.flatnonzero(best == 0)
        one, other, gap = _gaps(table.geometry.iloc[outside], geopandas.GeoSeries(mines, crs=table.crs), merge_m)
        for index in np.lexsort((-other, -gap)):
            if gap[index] <= merge_m:
                found[outside[one[index]]] = names[other[index]]
    return _with_names(table, found)


def dissolved(table: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """One multipolygon per mine; patches that belong to none stay rows of their own. Largest first."""
    rows = []
    for _, patches in table.groupby(_groups(table), sort=False):
        row: dict[str, Any] = patches.iloc[0].to_dict()
        row |= {name: patches[name].sum() for name in SUMS}
        known = patches["mean_confidence"].notna()
        if known.any():
            weights = (patches["area_km2"] - patches["filled_km2"])[known]  # of what was mapped
            row["mean_confidence"] = float(np.average(patches["mean_confidence"][known], weights=weights))
        row["geometry"] = shapely.MultiPolygon(list(patches.geometry))
        rows.append(row)
    if not rows:
        return table
    whole = geopandas.GeoDataFrame(rows, columns=list(table.columns), geometry="geometry", crs=table.crs)
    whole = measured(whole.drop(columns=["geometry_area_km2", "perimeter_km"]))[table.columns]
    named = _with_names(whole, [name if pd.notna(name) else None for name in whole["mine"]])
    return named.sort_values("area_km2", ascending=False, ignore_index=True, kind="stable")


def mine_groups(table: geopandas.GeoDataFrame) -> list[NDArray[np.int64]]:
    """Places of the rows of each mine; a row that belongs to none is a group of its own."""
    groups = _groups(table)
    if not len(groups):
        return []
    return np.split(np.argsort(groups, kind="stable"), np.cumsum(np.bincount(groups))[:-1])


def _groups(table: geopandas.GeoDataFrame) -> NDArray[np.int64]:
    """Number of the mine of each row, in the order of the rows."""
    keys = [("mine", name) if pd.notna(name) else ("row", number) for number, name in enumerate(table["mine"])]
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return np.array([numbers[key] for key in keys], np.int64)


def _with_names(table: geopandas.GeoDataFrame, names: Sequence[str | None]) -> geopandas.GeoDataFrame:
    return table.assign(mine=pd.Series(list(names), index=table.index, dtype=object))


def _gaps(
    these: geopandas.GeoSeries, those: geopandas.GeoSeries, most_m: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Pairs of shapes that may be at most ``most_m`` apart, and the geodesic length of their gaps [m].

    Candidates are found on a conformal plane, whose scale grows with the latitude, with its largest.
    """
    if not len(these) or not len(those):
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
    plane = _conformal(these)
    ones, others = (each.to_crs(plane).to_numpy() for each in (these, those))
    north = max(np.abs(shapely.bounds(np.concatenate([ones, others]))[:, [1, 3]]).max(), 0.0)
    scale = np.cosh(north / 6.3e6) * 1.01  # of the sphere, with room for the ellipsoid
    one, other = shapely.STRtree(others).query(ones, predicate="dwithin", distance=most_m * scale + 1e-6)
    lines = geopandas.GeoSeries(shapely.shortest_line(ones[one], others[other]), crs=plane).to_crs("EPSG:4326")
    geod = Geod(ellps="WGS84")
    return one, other, np.array([geod.geometry_length(line) for line in lines])


def _conformal(shapes: geopandas.GeoSeries) -> CRS:
    """A Mercator projection around the middle of shapes, so that the 180th meridian does not tear them.

    Nearest points of two shapes are the nearest ones on the ground as well there, whatever the shapes' projection.
    """
    west, south, east, north = shapes.total_bounds
    middle = Transformer.from_crs(shapes.crs, "EPSG:4326", always_xy=True).transform(
        (west + east) / 2, (south + north) / 2
    )
    return CRS.from_proj4(f"+proj=merc +lon_0={float(middle[0])!r} +datum=WGS84 +units=m +no_defs")
