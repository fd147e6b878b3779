"""Class polygons of a whole map: no seams at blocks, holes kept, every cell in one polygon."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import rasterio
import shapely
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.features import shapes

from pitscape.imagery.cell_area import cell_areas
from pitscape.imagery.class_map import ClassMap, open_class_map
from pitscape.imagery.grid import positions, row_band
from pitscape.imagery.legend import UNOBSERVED
from pitscape.imagery.raster import open_raster
from pitscape.imagery.share_map import SHARE_STEPS
from pitscape.inference.extents import M2_PER_KM2, measured, write_layer

BAND_ROWS = 256
LAYER = "classes"


@dataclass(frozen=True)
class Corners:
    """The corners of polygons along cell edges.

    The sum of a raster over such a polygon is the signed sum of the raster's integral image at its corners: Green's
    theorem on the grid. So cells, areas and means of all polygons come from one pass over the rows.

    Attributes:
        polygon: Number of the polygon of each corner.
        row: Rows of cells above the corner.
        column: Columns of cells to its left.
        sign: 1 or -1.
        count: Number of polygons.
    """

    polygon: NDArray[np.int32]
    row: NDArray[np.int32]
    column: NDArray[np.int32]
    sign: NDArray[np.int8]
    count: int

    def cells(self) -> NDArray[np.int64]:
        """Cells of each polygon."""
        corner = self.sign.astype(np.int64) * self.row * self.column
        order = np.argsort(self.polygon, kind="stable")
        starts = np.searchsorted(self.polygon[order], np.arange(self.count))
        return np.add.reduceat(corner[order], starts) if self.count else np.zeros(0, np.int64)

    def sums(self, bands: Iterator[NDArray[np.float64]]) -> NDArray[np.float64]:
        """Sum of a raster over each polygon; the raster comes in bands of rows (y, x) from the top."""
        totals, order = np.zeros(self.count), np.argsort(self.row, kind="stable")
        rows = self.row[order]
        top, above = 0, np.zeros(1)
        for values in bands:
            integral = np.zeros((len(values) + 1, values.shape[1] + 1))
            np.cumsum(np.cumsum(values, axis=1), axis=0, out=integral[1:, 1:])
            integral += above
            bottom = top + len(values)
            here = order[np.searchsorted(rows, top, side="right") : np.searchsorted(rows, bottom, side="right")]
            weights = self.sign[here] * integral[self.row[here] - top, self.column[here]]
            totals += np.bincount(self.polygon[here], weights=weights, minlength=self.count)
            top, above = bottom, integral[-1]
        return totals


def class_polygons(
    path: Path, confidence: Path | None = None, *, epoch: str = "", simplify_m: float = 0.0
) -> geopandas.GeoDataFrame:
    """Polygons of all classes of a map, one per patch of edge-neighbouring cells.

    The map is read row by row; the polygons, and with them their number, are in memory.

    Args:
        path: The class map.
        confidence: A map of confidence as ``predict`` writes it, for their means.
        epoch: Written to every row.
        simplify_m: Tolerance [m]: corners that span a triangle smaller than its square go, in borders of two polygons
            for both alike (Visvalingam & Whyatt 1993, as in GEOS's coverage simplification). 0 keeps the cells' outline.

    Returns:
        class_id, class_name, epoch, cells, area_km2 (sum of the patch's geodesic cell areas, whatever was simplified),
        geometry_area_km2 (geodesic, of the polygon itself), perimeter_km (holes included), mean_confidence (empty
        without its map), geometry; in the order in which the map's rows end them.
    """
    with open_class_map(path) as classes:
        outlines, ids, corners = _traced(classes)
        table = geopandas.GeoDataFrame(
            {
                "class_id": ids,
                "class_name": np.array(classes.legend.names, dtype=object)[ids],
                "epoch": epoch,
                "cells": corners.cells(),
                "area_km2": corners.sums(_areas(classes)) / M2_PER_KM2,
            },
            geometry=_placed(outlines, classes, simplify_m),
            crs=CRS.from_user_input(str(classes.grid.crs)),
        )
    table = measured(table)
    if confidence is not None:
        table["mean_confidence"] = corners.sums(_shares(confidence)) / table["cells"]
    return table


def write_polygons(path: Path, table: geopandas.GeoDataFrame) -> None:
    """Write class polygons as layer ``classes`` of a GeoPackage, whole; equal tables give equal bytes."""
    write_layer(path, table, LAYER)


def _traced(classes: ClassMap) -> tuple[list[Any], NDArray[np.uint8], Corners]:
    """Polygons in cells (x to the right, y down), their classes, and their corners."""
    outlines: list[Any] = []
    ids: list[int] = []
    rings: list[tuple[int, NDArray[np.int32], bool]] = []
    to_cells = ~classes.grid.affine
    for geometry, value in shapes(rasterio.band(classes.dataset, 1), connectivity=4):
        if value == UNOBSERVED:
            continue
        lines = [_moved(to_cells, np.array(ring)).round().astype(np.int32) for ring in geometry["coordinates"]]
        rings += [(len(outlines), ring, hole > 0) for hole, ring in enumerate(lines)]
        outlines.append(shapely.Polygon(lines[0], lines[1:]))
        ids.append(int(value))
    return outlines, np.array(ids, np.uint8), _corners(rings, len(outlines))


def _corners(rings: list[tuple[int, NDArray[np.int32], bool]], count: int) -> Corners:
    if not rings:
        none = np.zeros(0, np.int32)
        return Corners(none, none, none, none.astype(np.int8), 0)
    signs = [_signs(ring, hole=hole) for _, ring, hole in rings]
    return Corners(
        polygon=np.repeat(np.array([number for number, _, _ in rings], np.int32), [len(s) for s in signs]),
        row=np.concatenate([ring[:-1, 1] for _, ring, _ in rings]),
        column=np.concatenate([ring[:-1, 0] for _, ring, _ in rings]),
        sign=np.concatenate(signs),
        count=count,
    )


def _signs(ring: NDArray[np.int32], *, hole: bool) -> NDArray[np.int8]:
    """With which sign the corners of a ring count: 1 where an upright edge ends, -1 where one begins, around a patch."""
    step = np.diff(ring, axis=0)
    upright = (step[:, 0] == 0).astype(np.int8)
    sign = np.roll(upright, 1) - upright
    area = (ring[:-1, 0].astype(np.int64) * step[:, 1]).sum()
    return sign if (area > 0) != hole else -sign


def _areas(classes: ClassMap) -> Iterator[NDArray[np.float64]]:
    height, width = classes.grid.shape
    for top in range(0, height, BAND_ROWS):
        rows = row_band(classes.grid, top, min(top + BAND_ROWS, height))
        yield np.broadcast_to(cell_areas(rows), (rows.shape[0], width))


def _shares(path: Path) -> Iterator[NDArray[np.float64]]:
    """A map of shares in bands of rows, 0 where there is none."""
    with open_raster(path) as dataset:
        for top in range(0, dataset.height, BAND_ROWS):
            rows = slice(top, min(top + BAND_ROWS, dataset.height))
            stored = dataset.read(1, window=rasterio.windows.Window.from_slices(rows, slice(0, dataset.width)))
            yield np.where(stored == UNOBSERVED, 0.0, stored / SHARE_STEPS)


def _placed(outlines: list[Any], classes: ClassMap, simplify_m: float) -> NDArray[np.object_]:
    """Polygons in cells brought to the map's coordinates, and simplified."""
    affine = classes.grid.affine
    placed: NDArray[np.object_] = shapely.transform(np.array(outlines, dtype=object), lambda xy: _moved(affine, xy))
    if simplify_m > 0 and len(placed):
        placed = shapely.coverage_simplify(placed, simplify_m)
    return placed


def _moved(affine: Affine, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where an affine transformation takes points (point, xy)."""
    return np.column_stack(positions(affine, points[:, 0], points[:, 1]))
