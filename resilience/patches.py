"""Patches of a class map, from one pass over its runs."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pitscape.resilience.joins import HORIZONTAL, VERTICAL, join_runs
from pitscape.resilience.runs import Runs, runs_of, runs_of_bands
from pitscape.resilience.tally import Tally


@dataclass(frozen=True, eq=False, slots=True)
class Patches(Tally):
    """The patches of a class map, with the map itself.

    Attributes:
        runs: The map.
        of_run: Patch of each run, counted from 0, -1 for nodata, shape (k,).
    """

    runs: Runs
    of_run: NDArray[np.int32]

    @property
    def labels(self) -> NDArray[np.uint32]:
        """Patch of each cell, shape (H, W): patch j has label j + 1, nodata 0."""
        lengths = np.diff(self.runs.ends, prepend=0)
        lengths[self.runs.rows[:-1]] = self.runs.ends[self.runs.rows[:-1]]
        return np.repeat((self.of_run + 1).astype(np.uint32), lengths).reshape(self.runs.shape)


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
        class_ids=runs.class_ids,
        class_index=np.zeros(joins.patches, np.uint8),
        cells=np.zeros(joins.patches, np.int64),
        sides=np.zeros((2, joins.patches), np.int64),
        contacts=joins.contacts,
        runs=runs,
        of_run=joins.of_run,
    )
    _tally(runs, joins.of_run, joins.covered, patches.class_index, patches.cells, patches.sides)
    return patches


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
