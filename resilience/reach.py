"""Which patches lie within reach of a run: a coarse index that spares nearly all looking around."""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pitscape.resilience.runs import Runs

NONE = -1
BLOCKS = 8  # at most, of the index, for a run


class Reach(NamedTuple):
    """A map's patches, by rank and by place. A patch of more runs has a higher rank: the others look for it.

    Attributes:
        runs: The map.
        of_run: Patch of each run, -1 for nodata.
        by_patch: The runs in the order of their patches, shape (k - nodata,).
        first: Where the runs of each patch begin in ``by_patch``, shape (n + 1,).
        row_of: Row of each run, shape (k,).
        rank: Rank of each patch, shape (n,).
        highest: Highest rank of a patch of each class with a cell in each block, -1 for none, shape (m, rows, columns).
        lowest: Lowest rank, the same.
        side: Rows and columns of a block.
    """

    runs: Runs
    of_run: NDArray[np.int32]
    by_patch: NDArray[np.int32]
    first: NDArray[np.int64]
    row_of: NDArray[np.int32]
    rank: NDArray[np.int32]
    highest: NDArray[np.int32]
    lowest: NDArray[np.int32]
    side: int


def reach_of(runs: Runs, of_run: NDArray[np.int32], *, patches: int, cells: int) -> Reach:
    """Index patches for searches that go some cells far.

    Args:
        runs: A map, or the cells of one that matter.
        of_run: Patch of each run, -1 for nodata, shape (k,).
        patches: Number n of patches, of which some may have no run.
        cells: How far searches go, in cells; blocks are about as large, and no more than eight for a run.

    Returns:
        The index, some 10 bytes a run and at most one for eight cells.
    """
    height, width = runs.shape
    kinds = runs.class_ids.size
    least = max(8 * math.sqrt(kinds), math.sqrt(kinds * height * width / (BLOCKS * runs.ends.size)))
    side = max(min(cells, max(height, width)), math.ceil(least))
    count = np.zeros(patches, np.int32)
    _count_runs(of_run, count)
    first = np.concatenate([[0], np.cumsum(count, dtype=np.int64)])
    by_patch = np.empty(int(first[-1]), np.int32)
    _sort_runs(of_run, first.copy(), by_patch)
    rank = np.empty(count.size, np.int32)
    rank[np.argsort(count, kind="stable")] = np.arange(count.size, dtype=np.int32)
    blocks = (kinds, -(-height // side), -(-width // side))
    reach = Reach(
        runs=runs,
        of_run=of_run,
        by_patch=by_patch,
        first=first,
        row_of=np.repeat(np.arange(height, dtype=np.int32), np.diff(runs.rows)),
        rank=rank,
        highest=np.full(blocks, NONE, np.int32),
        lowest=np.full(blocks, NONE, np.int32),
        side=side,
    )
    _fill_blocks(reach)
    return reach


@njit(cache=True, nogil=True)
def first_run(ends: NDArray[np.int32], begin: int, stop: int, col: int) -> int:
    """The run of ends[begin:stop], those of one row, in which a column lies."""
    while begin < stop - 1:
        middle = (begin + stop - 1) // 2
        if ends[middle] <= col:
            begin = middle + 1
        else:
            stop = middle + 1
    return begin


@njit(cache=True, nogil=True)
def run_begin(ends: NDArray[np.int32], first: int, run: int) -> int:
    """The first column of a run in the row whose first run is ``first``."""
    return ends[run - 1] if run > first else 0


@njit(cache=True, nogil=True)
def _count_runs(of_run: NDArray[np.int32], count: NDArray[np.int32]) -> None:
    """Count the runs of each patch."""
    for patch in of_run:
        if patch >= 0:
            count[patch] += 1


@njit(cache=True, nogil=True)
def _sort_runs(of_run: NDArray[np.int32], free: NDArray[np.int64], by_patch: NDArray[np.int32]) -> None:
    """List the runs by patch; ``free`` holds the next place of each."""
    for run in range(of_run.size):
        patch = of_run[run]
        if patch >= 0:
            by_patch[free[patch]] = run
            free[patch] += 1


@njit(cache=True, nogil=True)
def _fill_blocks(reach: Reach) -> None:
    """Note the highest and the lowest rank of each class in each block."""
    runs, side = reach.runs, reach.side
    for row in range(runs.rows.size - 1):
        begin = 0
        for run in range(runs.rows[row], runs.rows[row + 1]):
            if runs.codes[run]:
                group, rank = runs.codes[run] - 1, reach.rank[reach.of_run[run]]
                for block in range(begin // side, (runs.ends[run] - 1) // side + 1):
                    highest, lowest = reach.highest[group, row // side, block], reach.lowest[group, row // side, block]
                    reach.highest[group, row // side, block] = max(highest, rank)
                    if lowest == NONE or rank < lowest:
                        reach.lowest[group, row // side, block] = rank
            begin = runs.ends[run]
