"""Sums over the cells of zones, by code: numbers of cells and geodesic areas, added up window by window."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from pitscape.imagery.cell_area import cell_areas
from pitscape.imagery.cog import BLOCK
from pitscape.imagery.grid import part
from pitscape.inference.areas.coverage import Coverage, Piece

COLUMNS = 4 * BLOCK
"""Of a window: areas of its cells take 8 MB, and as much while they are computed."""

CACHE_MB = 64
"""GDAL would keep a twentieth of the machine's memory; of files in strips it must hold a band of rows."""


@dataclass(frozen=True)
class Covered:
    """A zone's cells in a window.

    Attributes:
        piece: Which they are.
        m2: Their geodesic area within the zone [m2], shape (n,).
    """

    piece: Piece
    m2: NDArray[np.float64]

    @property
    def zone(self) -> int:
        """Number of the zone."""
        return self.piece.zone

    def of(self, values: NDArray[Any]) -> NDArray[Any]:
        """The values of the cells, from those of the window (..., y, x): shape (..., n)."""
        return self.piece.of(values)


@dataclass(frozen=True)
class Tally:
    """Sums by zone and code.

    Attributes:
        cells: Numbers of cells, parts of cells as parts, shape (zone, code).
        m2: Geodesic areas [m2], the same shape.
    """

    cells: NDArray[np.float64]
    m2: NDArray[np.float64]

    @classmethod
    def of(cls, zones: int, codes: int) -> "Tally":
        """An empty one."""
        return cls(np.zeros((zones, codes)), np.zeros((zones, codes)))

    def add(self, covered: Covered, codes: NDArray[np.integer[Any]]) -> None:
        """Count a zone's cells of a window, whose codes (y, x) are given."""
        found, size = covered.of(codes), self.cells.shape[1]
        share = np.broadcast_to(covered.piece.share, found.shape)
        self.cells[covered.zone] += np.bincount(found, share, size)
        self.m2[covered.zone] += np.bincount(found, covered.m2, size)


def windows(shape: Sequence[int]) -> Iterator[tuple[slice, slice]]:
    """A raster from top to bottom, and from left to right, in windows of at most 512 rows and 2,048 columns."""
    height, width = shape
    for top in range(0, height, BLOCK):
        for left in range(0, width, COLUMNS):
            yield slice(top, min(top + BLOCK, height)), slice(left, min(left + COLUMNS, width))


def covered_cells(coverage: Coverage, grid: GeoBox, rows: slice, columns: slice) -> Iterator[Covered]:
    """What each zone has of a window, in squares of 512 cells at most."""
    size = rows.stop - rows.start, columns.stop - columns.start
    areas = np.broadcast_to(cell_areas(part(grid, rows, columns)), size)
    for piece in coverage.pieces(rows, columns):
        yield Covered(piece, piece.of(areas) * piece.share)
