"""Patches as numbers: their cells and sides, and the sides on which classes meet."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pitscape.resilience.joins import HORIZONTAL, VERTICAL

CellSize: TypeAlias = float | tuple[float, float]


@dataclass(frozen=True, eq=False, slots=True)
class Tally:
    """What is counted of the patches of a class map, in cells and sides; metres enter through ``cell_size``.

    Attributes:
        class_ids: Ids of the m classes present, rising, shape (m,).
        class_index: Position in ``class_ids`` of the class of each of the n patches, shape (n,).
        cells: Cells of each patch, shape (n,).
        sides: Sides of each patch that face another patch, nodata or the raster's edge, holes included, shape (2, n):
            the vertical ones (dy long), then the horizontal ones (dx long).
        contacts: Sides g_ik between cells of class i and class k, counted from both cells (g_ii twice), without those
            on nodata or the raster's edge, shape (2, m, m): vertical, then horizontal sides.
    """

    class_ids: NDArray[np.int64]
    class_index: NDArray[np.uint8]
    cells: NDArray[np.int64]
    sides: NDArray[np.int64]
    contacts: NDArray[np.int64]

    @property
    def adjacency(self) -> NDArray[np.int64]:
        """The matrix g_ik over sides of both directions, shape (m, m)."""
        both: NDArray[np.int64] = self.contacts[VERTICAL] + self.contacts[HORIZONTAL]
        return both

    @property
    def class_cells(self) -> NDArray[np.int64]:
        """Cells of each class, shape (m,)."""
        total = np.zeros(self.class_ids.size, np.int64)
        np.add.at(total, self.class_index, self.cells)
        return total

    @property
    def class_patches(self) -> NDArray[np.int64]:
        """Number of patches n_i of each class, shape (m,)."""
        return np.bincount(self.class_index, minlength=self.class_ids.size)

    def areas(self, cell_size: CellSize) -> NDArray[np.float64]:
        """Area a_ij of each patch [m2], shape (n,); ``cell_size`` as for :func:`cell_sides`."""
        dx, dy = cell_sides(cell_size)
        return self.cells.astype(np.float64) * (dx * dy)

    def perimeters(self, cell_size: CellSize) -> NDArray[np.float64]:
        """Perimeter p_ij of each patch [m], shape (n,); ``cell_size`` as for :func:`cell_sides`."""
        dx, dy = cell_sides(cell_size)
        lengths: NDArray[np.float64] = self.sides[VERTICAL] * dy + self.sides[HORIZONTAL] * dx
        return lengths


def cell_sides(cell_size: CellSize) -> tuple[float, float]:
    """Width and height of a cell.

    Args:
        cell_size: Side of a square cell, or its (dx, dy) [m], > 0.

    Returns:
        dx and dy [m].

    Raises:
        ValueError: If a side is not a positive, finite number.

    >>> cell_sides(30.0), cell_sides((10, 20))
    ((30.0, 30.0), (10.0, 20.0))
    """
    dx, dy = cell_size if isinstance(cell_size, tuple) else (cell_size, cell_size)
    if not (0 < dx < np.inf and 0 < dy < np.inf):
        raise ValueError(
            f"cell_size must be positive metres, got {cell_size}: drop the sign of a north-up raster's dy."
        )
    return float(dx), float(dy)
