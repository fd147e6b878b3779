"""How far the nearest patch of the same class is from each patch: ENN, exactly."""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pitscape.resilience.patches import Patches
from pitscape.resilience.reach import NONE, Reach, first_run, reach_of, run_begin
from pitscape.resilience.runs import Runs, thread_count
from pitscape.resilience.tally import CellSize, cell_sides

FIRST_REACH = 16
SHARES = 8  # of the work for each thread, since they differ in weight
LEAST_PATCHES = 1024  # of a share


def nearest_distances(patches: Patches, *, cell_size: CellSize, threads: int | None = None) -> NDArray[np.float64]:
    """Distance from each patch to the nearest patch of its class, between cell centres (ENN).

    Exact: one looks around each run within 16 cells, then, for the patches that met none, twice as far, and so on.

    Args:
        patches: From :func:`pitscape.resilience.patches.find_patches`.
        cell_size: Side of a cell, or its (dx, dy) [m].
        threads: How many work at once, one a core but at most 8 if None; the result is the same.

    Returns:
        Distance [m] of each patch, shape (n,); NaN for the only patch of a class.

    Raises:
        ValueError: If ``cell_size`` is not positive and finite.

    Source: ENN of FRAGSTATS (McGarigal et al. 2012).

    >>> from pitscape.resilience.patches import find_patches
    >>> nearest_distances(find_patches(np.array([[1, 0, 1, 0, 0, 1]])), cell_size=10.0).tolist()
    [20.0, 20.0, 20.0, 20.0, 30.0]
    """
    squared = np.full(patches.cells.size, np.inf)
    lower_squared(squared, patches.runs, patches.of_run, cell_size=cell_size, threads=threads)
    return distances_of(squared)


def distances_of(squared: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distances from their squares, NaN where no patch was found.

    >>> distances_of(np.array([9.0, np.inf])).tolist()
    [3.0, nan]
    """
    distances: NDArray[np.float64] = np.sqrt(squared)
    distances[np.isinf(squared)] = np.nan
    return distances


def lower_squared(
    squared: NDArray[np.float64],
    runs: Runs,
    of_run: NDArray[np.int32],
    *,
    cell_size: CellSize,
    threads: int | None = None,
) -> None:
    """Lower the squared distance of each patch to that of the nearest other patch of its class on a map.

    Args:
        squared: Squared distance of each patch [m2] as far as it is known, infinite where it is not, shape (n,).
        runs: The map, or the cells of one that matter.
        of_run: Patch of each run, -1 for nodata, shape (k,).
        cell_size: Side of a cell, or its (dx, dy) [m].
        threads: How many work at once, one a core but at most 8 if None; the result is the same.

    Raises:
        ValueError: If ``cell_size`` is not positive and finite.
    """
    sides, sought = cell_sides(cell_size), _with_others(runs, of_run, squared.size)
    farthest = math.hypot(sides[0] * runs.shape[1], sides[1] * runs.shape[0])
    cells, reached = FIRST_REACH, 0.0
    while sought.size and reached < farthest:
        reached = cells * max(sides)
        # no name for the index: it would be held while the next one is made
        _search(
            reach_of(runs, of_run, patches=squared.size, cells=cells),
            sought,
            reached**2,
            sides,
            squared,
            threads=threads,
        )
        sought = sought[squared[sought] > reached**2]
        cells *= 2


def _with_others(runs: Runs, of_run: NDArray[np.int32], patches: int) -> NDArray[np.int64]:
    """The patches that have runs, of classes that have more than one of them."""
    code = np.zeros(patches, np.uint8)
    _note_codes(of_run, runs.codes, code)
    several = np.bincount(code, minlength=runs.class_ids.size + 1) > 1
    several[0] = False
    return np.flatnonzero(several[code])


def _search(
    reach: Reach,
    sought: NDArray[np.int64],
    limit: float,
    sides: tuple[float, float],
    squared: NDArray[np.float64],
    *,
    threads: int | None,
) -> None:
    workers = thread_count(threads)
    shares = np.array_split(sought, min(SHARES * workers, sought.size // LEAST_PATCHES + 1))
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(lambda share: _lower(reach, share, limit, sides, squared), shares))


@njit(cache=True, nogil=True)
def _note_codes(of_run: NDArray[np.int32], codes: NDArray[np.uint8], code: NDArray[np.uint8]) -> None:
    """Fill in the class of each patch that has runs."""
    for run in range(of_run.size):
        if of_run[run] >= 0:
            code[of_run[run]] = codes[run]


@njit(cache=True, nogil=True)
def _lower(
    reach: Reach, sought: NDArray[np.int64], limit: float, sides: tuple[float, float], squared: NDArray[np.float64]
) -> None:
    """Lower ``squared`` to the squared distance of each patch sought to its nearest one, if not above ``limit``."""
    (dx, dy), side, ends, rows, of_run = sides, reach.side, reach.runs.ends, reach.runs.rows, reach.of_run
    least, height, width = min(2 * dx, 2 * dy) ** 2, rows.size - 1, ends[-1]
    # all in one kernel: handing the index on for each row would cost more than searching the row
    for patch in sought:
        rank, best = reach.rank[patch], min(limit, squared[patch])
        for place in range(reach.first[patch], reach.first[patch + 1]):
            run = reach.by_patch[place]
            home, group = reach.row_of[run], reach.runs.codes[run] - 1
            begin, end = run_begin(ends, rows[home], run), ends[run]
            for direction in (-1, 1):
                row = home if direction < 0 else home + 1
                while 0 <= row < height and ((row - home) * dy) ** 2 <= best:
                    line, reached = row // side, int(np.sqrt(best) / dx) + 1
                    left, right = max(begin - reached, 0), min(end + reached, width)
                    if not _holds_other(reach.highest[group, line], reach.lowest[group, line], side, left, right, rank):
                        row = line * side - 1 if direction < 0 else (line + 1) * side
                        continue
                    rise, found = ((row - home) * dy) ** 2, first_run(ends, rows[row], rows[row + 1], left)
                    while left < right:
                        if reach.runs.codes[found] == group + 1 and of_run[found] != patch:
                            gap = max(left - end + 1, begin - ends[found] + 1, 0)
                            if rise + (gap * dx) ** 2 <= best:
                                best = rise + (gap * dx) ** 2
                                squared[patch] = best
                        left = ends[found]
                        found += 1
                    row += direction
            if best <= least:
                break


@njit(cache=True, nogil=True)
def _holds_other(  # noqa: PLR0917 - a kernel takes plain arrays
    highest: NDArray[np.int32], lowest: NDArray[np.int32], side: int, left: int, right: int, rank: int
) -> bool:
    """Whether the blocks of columns left to right - 1 hold a patch of another rank."""
    for block in range(left // side, (right - 1) // side + 1):
        if highest[block] != NONE and (highest[block] != rank or lowest[block] != rank):
            return True
    return False
