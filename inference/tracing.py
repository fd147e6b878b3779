"""Outlines of patches of cells, and sums of rasters over them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import shapes

from pitscape.imagery.grid import positions

Ring = tuple[int, NDArray[np.int32], bool]
"""Number of a polygon, corners of one of its rings in cells (corner, xy), and whether it is a hole."""


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

    @classmethod
    def of(cls, rings: Sequence[Ring], count: int) -> "Corners":
        """The corners of rings of ``count`` polygons."""
        if not rings:
            none = np.zeros(0, np.int32)
            return cls(none, none, none, none.astype(np.int8), count)
        signs = [_signs(ring, hole=hole) for _, ring, hole in rings]
        return cls(
            polygon=np.repeat(np.array([number for number, _, _ in rings], np.int32), [len(s) for s in signs]),
            row=np.concatenate([ring[:-1, 1] for _, ring, _ in rings]),
            column=np.concatenate([ring[:-1, 0] for _, ring, _ in rings]),
            sign=np.concatenate(signs),
            count=count,
        )

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


@dataclass(frozen=True)
class Traced:
    """Patches of edge-neighbouring cells of equal value, in the order in which the rows end them.

    Attributes:
        values: Of the patches.
        rings: Of the patches, the outer one of each before its holes.
    """

    values: NDArray[np.uint8]
    rings: list[Ring]

    def __len__(self) -> int:
        """The number of patches."""
        return len(self.values)

    @cached_property
    def corners(self) -> Corners:
        """Of the patches, without their holes."""
        return Corners.of(self.rings, len(self))

    @cached_property
    def whole(self) -> Corners:
        """Of all land within the outer rings, holes included."""
        return Corners.of([ring for ring in self.rings if not ring[2]], len(self))

    @cached_property
    def holes(self) -> list[NDArray[np.int32]]:
        """Rings of all holes, in cells (corner, xy)."""
        return [ring for _, ring, hole in self.rings if hole]

    def polygons(self, affine: Affine) -> NDArray[np.object_]:
        """The patches as polygons in a grid's coordinates."""
        lines: list[list[NDArray[np.int32]]] = [[] for _ in self.values]
        for number, ring, _ in self.rings:
            lines[number].append(ring)
        outlines = np.array([shapely.Polygon(each[0], each[1:]) for each in lines], dtype=object)
        placed: NDArray[np.object_] = shapely.transform(outlines, lambda xy: _moved(affine, xy))
        return placed


def trace(source: Any, affine: Affine, *, without: int) -> Traced:  # noqa: ANN401 - a band or an array
    """Outline the patches of a raster of bytes.

    Args:
        source: A band of an open dataset, which is read row by row, or an array (y, x).
        affine: Of its grid, for a band; the identity for an array.
        without: A value that is not outlined.
    """
    values: list[int] = []
    rings: list[Ring] = []
    to_cells = ~affine
    for geometry, value in shapes(source, connectivity=4, transform=affine):
        if value == without:
            continue
        lines = [_moved(to_cells, np.array(ring)).round().astype(np.int32) for ring in geometry["coordinates"]]
        rings += [(len(values), ring, hole > 0) for hole, ring in enumerate(lines)]
        values.append(int(value))
    return Traced(np.array(values, np.uint8), rings)


def _signs(ring: NDArray[np.int32], *, hole: bool) -> NDArray[np.int8]:
    """With which sign the corners of a ring count: 1 where an upright edge ends, -1 where one begins, around a patch."""
    step = np.diff(ring, axis=0)
    upright = (step[:, 0] == 0).astype(np.int8)
    sign: NDArray[np.int8] = np.roll(upright, 1) - upright
    area = (ring[:-1, 0].astype(np.int64) * step[:, 1]).sum()
    return sign if (area > 0) != hole else -sign


def _moved(affine: Affine, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where an affine transformation takes points (point, xy)."""
    return np.column_stack(positions(affine, points[:, 0], points[:, 1]))
