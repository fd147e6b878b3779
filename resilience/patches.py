"""Patches of a class map: their cells and sides, and the adjacency of classes, from one pass over its runs."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pitscape.resilience.joins import HORIZONTAL, VERTICAL, join_runs
from pitscape.resilience.runs import Runs, runs_of, runs_of_bands

CellSize: TypeAlias = float | tuple[float, float]


@dataclass(frozen=True, eq=False, slots=True)
class Patches:
    """The patches of a class map, in cells and sides; metres enter through ``cell_size``.

    Attributes:
        runs: The map itself.
        of_run: Patch of each run, counted from 0, -1 for nodata, shape (k,).
        class_index: Position in ``class_ids`` of the class of each of the n patches, shape (n,).
        cells: Cells of each patch, shape (n,).
        sides: Sides of each patch that face another patch, nodata or the raster's edge, holes included, shape (2, n):
            the vertical ones (dy long), then the horizontal ones (dx long).
        contacts: Sides g_ik between cells of class i and class k, counted from both cells (g_ii twice), without those
            on nodata or the raster's edge, shape (2, m, m): vertical, then horizontal sides.
    """

    runs: Runs
    of_run: NDArray[np.int32]
    class_index: NDArray[np.uint8]
    cells: NDArray[np.int64]
    sides: NDArray[np.int64]
    contacts: NDArray[np.int64]

    @property
    def class_ids(self) -> NDArray[np.int64]:
        """Ids of the m classes present, rising, shape (m,)."""
        return self.runs.class_ids

    @property
    def labels(self) -> NDArray[np.uint32]:
        """Patch of each cell, shape (H, W): patch j has label j + 1, nodata 0."""
        lengths = np.diff(self.runs.ends, prepend=0)
        lengths[self.runs.rows[:-1]] = self.runs.ends[self.runs.rows[:-1]]
        return np.repeat((self.of_run + 1).astype(np.uint32), lengths).reshape(self.runs.shape)

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


def find_patches(classes: NDArray[np.integer[Any]], *, nodata: int = 255, threads: int | None = None) -> Patches:
    """Find the patches of every class and tally them.

    A patch is a set of cells of one class joined over sides or corners (8 neighbours); sides are shared by cells that
    lie beside or above each other (4 neighbours).

    Args:
        classes: Class ids, shape (H, W), at most 255 different ones; 0 is a class like any other.
        nodata: Id of the cells that are in no patch; any integer, also one that does not occur.
        threads: How many work at once, one a core but at most 8 if None; the result is the same.

    Returns:
        The patches in the order in which their first cell comes, row by row.

    Raises:
        TypeError: If ``classes`` does not hold integers, or is a masked array.
        ValueError: If it is not 2-D, has no observed cell, or more than 255 classes.

    Source: FRAGSTATS (McGarigal et al. 2012), 8-neighbour rule; runs joined as by He, Chao & Suzuki (2008).

    >>> patches = find_patches(np.array([[1, 1, 2], [2, 2, 1], [1, 1, 255]]))
    >>> patches.labels.tolist()
    [[1, 1, 2], [2, 2, 1], [1, 1, 0]]
    >>> patches.cells.tolist(), patches.perimeters(10.0).tolist()
    ([5, 3], [160.0, 100.0])
    >>> patches.adjacency.tolist()
    [[4, 7], [7, 2]]
    """
    return patches_of(runs_of(classes, nodata=nodata, threads=threads), threads=threads)


def find_patches_in_bands(bands: Iterable[NDArray[np.integer[Any]]], *, nodata: int = 255) -> Patches:
    """The patches of a map that comes in bands of rows: one band is held at a time, and patches cross their seams.

    Args:
        bands: Class ids of the rows from top to bottom, each of shape (any, W).
        nodata: Id of the cells that are in no patch.

    Returns:
        The same as :func:`find_patches` of the whole. It takes some 20 bytes for each run of equal cells while it
        works, whatever the number of cells.

    Raises:
        TypeError: If a band does not hold integers, or is a masked array.
        ValueError: If one is not 2-D, their widths differ, no cell is observed, or there are more than 255 classes.

    >>> find_patches_in_bands(np.array([[row]] * 3) for row in (1, 1, 2)).cells.tolist()
    [6, 3]
    """
    return patches_of(runs_of_bands(bands, nodata=nodata))


def patches_of(runs: Runs, *, threads: int | None = None) -> Patches:
    """Join runs to patches and tally them.

    Args:
        runs: From :func:`pitscape.resilience.runs.runs_of` or :func:`~pitscape.resilience.runs.runs_of_bands`.
        threads: How many work at once, one a core but at most 8 if None; the result is the same.

    Returns:
        The patches.

    >>> patches_of(runs_of(np.array([[1, 2, 1]]))).sides.tolist()  # vertical, horizontal
    [[2, 2, 2], [2, 2, 2]]
    """
    joins = join_runs(runs, threads=threads)
    patches = Patches(
        runs=runs,
        of_run=joins.of_run,
        class_index=np.zeros(joins.patches, np.uint8),
        cells=np.zeros(joins.patches, np.int64),
        sides=np.zeros((2, joins.patches), np.int64),
        contacts=joins.contacts,
    )
    _tally(runs, joins.of_run, joins.covered, patches.class_index, patches.cells, patches.sides)
    return patches


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


@njit(cache=True, nogil=True)
def _tally(  # noqa: PLR0917 - a kernel takes plain arrays
    runs: Runs,
    of_run: NDArray[np.int32],
    covered: NDArray[np.int32],
    class_index: NDArray[np.uint8],
    cells: NDArray[np.int64],
    sides: NDArray[np.int64],
) -> None:
    """Sum cells and outer sides of the runs of each patch."""
    for row in range(runs.rows.size - 1):
        begin = 0
        for run in range(runs.rows[row], runs.rows[row + 1]):
            patch, length = of_run[run], runs.ends[run] - begin
            begin = runs.ends[run]
            if patch >= 0:
                class_index[patch] = runs.codes[run] - 1
                cells[patch] += length
                sides[VERTICAL, patch] += 2
                sides[HORIZONTAL, patch] += 2 * length - covered[run]
