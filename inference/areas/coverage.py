"""How much of each cell lies in each zone, window by window."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.features import geometry_mask
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from pitscape.imagery.cog import BLOCK
from pitscape.imagery.grid import positions
from pitscape.inference.areas.zones import Zone

Edges: TypeAlias = Literal["exact", "centre"]
"""How cells at the edge of a zone count: by the part of them that lies in it, or as a whole where their centre does."""


@dataclass(frozen=True)
class Piece:
    """What a zone has of a rectangle of cells.

    Attributes:
        zone: Number of the zone.
        window: Rows and columns of the rectangle, counted from the corner of the window that was asked for.
        share: Part of each of its cells (y, x) that lies in the zone, in (0, 1]; 1.0 where all of it does.
        cells: Which of them do, by number in the rectangle row by row; None for all.
    """

    zone: int
    window: tuple[slice, slice]
    share: NDArray[np.float64] | float = 1.0
    cells: NDArray[np.int64] | None = None

    def of(self, values: NDArray[Any]) -> NDArray[Any]:
        """The values of its cells, from those of the window asked for (..., y, x): shape (..., n)."""
        inside = values[..., self.window[0], self.window[1]]
        flat = inside.reshape(*values.shape[:-2], -1)
        return flat if self.cells is None else flat[..., self.cells]


class Coverage:
    """Zones laid over a grid.

    Zones are brought to numbers of columns and rows, so that turned and south-up grids are like others. exactextract
    (Baston 2018) computes the parts of cells that lie in a zone, in single precision: each to 3e-8 of a cell.

    Args:
        zones: In the CRS of the grid; they may overlap.
        grid: Any grid.
        edges: How cells at the edge of a zone count.
    """

    def __init__(self, zones: Sequence[Zone], grid: GeoBox, *, edges: Edges = "exact") -> None:
        self.edges = edges
        self._everywhere = [number for number, zone in enumerate(zones) if zone.geometry is None]
        shapes = np.array([zone.geometry if zone.geometry is not None else shapely.Polygon() for zone in zones], object)
        self._shapes = shapely.transform(shapes, lambda points: _to_cells(grid.affine, points))
        shapely.prepare(self._shapes)
        self._tree = shapely.STRtree(self._shapes)

    def reaches(self, rows: slice, columns: slice) -> bool:
        """Whether a window can hold cells of a zone."""
        return bool(self._everywhere) or bool(len(self._tree.query(_outline(rows, columns))))

    def near(self, windows: Iterable[tuple[slice, slice]]) -> NDArray[np.int64]:
        """Numbers, rising, of the zones that may have cells in some windows."""
        found = [self._tree.query(_outline(rows, columns)) for rows, columns in windows]
        return np.unique(np.concatenate([np.array(self._everywhere, np.int64), *found]))

    def pieces(self, rows: slice, columns: slice) -> Iterator[Piece]:
        """What each zone has of a window, in squares of 512 cells at most: one holds no more than that at a time."""
        for top in range(rows.start, rows.stop, BLOCK):
            for left in range(columns.start, columns.stop, BLOCK):
                tile = slice(top, min(top + BLOCK, rows.stop)), slice(left, min(left + BLOCK, columns.stop))
                yield from self._tile(tile, (rows.start, columns.start))

    def _tile(self, tile: tuple[slice, slice], corner: tuple[int, int]) -> Iterator[Piece]:
        """What each zone has of a square; whole squares, most of them in large zones, take no further work."""
        window = _from(tile, corner)
        yield from (Piece(zone, window) for zone in self._everywhere)
        outline = _outline(*tile)
        near = np.sort(self._tree.query(outline))
        for zone, whole in zip(near.tolist(), shapely.covers(self._shapes[near], outline), strict=True):
            part = None if whole else self._part(self._shapes[zone], tile)
            if whole:
                yield Piece(zone, window)
            elif part is not None:
                yield Piece(zone, _from(part, corner), *self._cells(self._shapes[zone], part))

    @staticmethod
    def _part(shape: BaseGeometry, tile: tuple[slice, slice]) -> tuple[slice, slice] | None:
        """The rectangle of a tile that a zone reaches; None where it reaches nothing of it."""
        west, south, east, north = shape.bounds
        rows = slice(max(tile[0].start, math.floor(-north)), min(tile[0].stop, math.ceil(-south)))
        columns = slice(max(tile[1].start, math.floor(west)), min(tile[1].stop, math.ceil(east)))
        if rows.start >= rows.stop or columns.start >= columns.stop:
            return None
        return (rows, columns)

    def _cells(self, shape: BaseGeometry, part: tuple[slice, slice]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Share and number of the cells of a rectangle that lie in a zone."""
        rows, columns = part
        if self.edges == "exact":
            return exact_shares(shape, rows, columns)
        size = rows.stop - rows.start, columns.stop - columns.start
        place = Affine(1, 0, columns.start, 0, -1, -rows.start)
        inside = geometry_mask([shape], size, place, invert=True)
        cells = np.flatnonzero(inside)
        return np.ones(len(cells)), cells


def exact_shares(shape: BaseGeometry, rows: slice, columns: slice) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Which part of each cell of a rectangle lies in a polygon.

    Args:
        shape: In columns to the right and rows downwards, these below 0.
        rows: Of the rectangle.
        columns: Of the rectangle.

    Returns:
        Shares in (0, 1], and the cells' numbers in the rectangle, row by row; cells without a share are left out.

    >>> exact_shares(box(0.5, -1, 2, 0), slice(0, 2), slice(0, 2))
    (array([0.5, 1. ]), array([0, 1]))
    """
    from exactextract import exact_extract
    from exactextract.raster import NumPyRasterSource

    from pitscape.inference.areas.exact_source import PolygonSource

    some = np.broadcast_to(np.uint8(0), (rows.stop - rows.start, columns.stop - columns.start))
    raster = NumPyRasterSource(some, columns.start, -rows.stop, columns.stop, -rows.start)
    found = exact_extract(raster, PolygonSource(shape), ["coverage", "cell_id"])[0]["properties"]
    return found["coverage"], found["cell_id"]


def _outline(rows: slice, columns: slice) -> BaseGeometry:
    """A rectangle of cells as a polygon."""
    return box(columns.start, -rows.stop, columns.stop, -rows.start)


def _from(part: tuple[slice, slice], corner: tuple[int, int]) -> tuple[slice, slice]:
    """A rectangle counted from a corner."""
    rows, columns = (slice(s.start - n, s.stop - n) for s, n in zip(part, corner, strict=True))
    return rows, columns


def _to_cells(affine: Affine, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns to the right, and rows downwards as numbers below 0, of coordinates (point, xy)."""
    column, row = positions(~affine, points[:, 0], points[:, 1])
    return np.column_stack([column, -row])
