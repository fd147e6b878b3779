"""How many patches of a class lie within a distance of each other: the joined pairs of CONNECT, exactly."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pitscape.resilience.patches import Patches
from pitscape.resilience.reach import Reach, first_run, reach_of, run_begin
from pitscape.resilience.runs import Runs, thread_count
from pitscape.resilience.tally import CellSize, Tally, cell_sides

TOLERANCE = 1e-9  # relative, on the threshold: 3 * 0.1 m is within 0.3 m
SHARES = 8  # of the work for each thread, since they differ in weight
LEAST_RUNS = 4096  # of a share


def possible_pairs(tally: Tally) -> NDArray[np.int64]:
    """Pairs of patches that each class could join, n_i (n_i - 1) / 2.

    Args:
        tally: Of the patches.

    Returns:
        Number of pairs of each class, shape (m,) in the order of ``class_ids``.

    >>> from pitscape.resilience.patches import find_patches
    >>> possible_pairs(find_patches(np.array([[1, 0, 1, 0, 0, 1]]))).tolist()  # two patches of class 0, three of 1
    [1, 3]
    """
    count = tally.class_patches
    return count * (count - 1) // 2


def joined_pairs(
    patches: Patches, *, cell_size: CellSize, distance: float, threads: int | None = None
) -> NDArray[np.int64]:
    """Pairs of patches of one class whose nearest cell centres are at most ``distance`` apart.

    Exact, and no pair is stored: from each run of a patch one looks, row by row, along the columns within reach for
    patches of a higher rank, and only in blocks that hold one.

    Args:
        patches: From :func:`pitscape.resilience.patches.find_patches`.
        cell_size: Side of a cell, or its (dx, dy) [m].
        distance: Threshold T between cell centres [m], > 0; a distance up to T (1 + 1e-9) joins.
        threads: How many work at once, one a core but at most 8 if None; the result is the same.

    Returns:
        Number of joined pairs of each class, shape (m,) in the order of ``class_ids``.

    Raises:
        ValueError: If ``distance`` or ``cell_size`` is not positive and finite.

    Source: CONNECT of FRAGSTATS (McGarigal et al. 2012).

    >>> from pitscape.resilience.patches import find_patches
    >>> three = find_patches(np.array([[1, 0, 1, 0, 0, 1]]), nodata=255)
    >>> joined_pairs(three, cell_size=10.0, distance=20.0).tolist()  # class 0: its two runs; class 1: the first pair
    [1, 1]
    >>> joined_pairs(three, cell_size=10.0, distance=30.0).tolist()
    [1, 2]
    """
    home = np.zeros(patches.cells.size, np.int32)
    counted, _ = pairs_within(
        patches.runs, patches.of_run, home, cell_size=cell_size, distance=distance, threads=threads
    )
    return counted


def pairs_within(
    runs: Runs,
    of_run: NDArray[np.int32],
    home: NDArray[np.int32],
    *,
    cell_size: CellSize,
    distance: float,
    threads: int | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Joined pairs of a map, counted where both patches are at home in one place, listed where they are not.

    Args:
        runs: The map, or the cells of one that matter.
        of_run: Patch of each run, -1 for nodata, shape (k,).
        home: Where each patch is at home, -1 for nowhere, shape (n,).
        cell_size: Side of a cell, or its (dx, dy) [m].
        distance: Threshold T between cell centres [m], > 0.
        threads: How many work at once, one a core but at most 8 if None; the result is the same.

    Returns:
        Number of pairs with one home of each class, shape (m,), and the other pairs, each once, shape (p, 2).

    Raises:
        ValueError: If ``distance`` or ``cell_size`` is not positive and finite.
    """
    dx, dy = cell_sides(cell_size)
    widths = _widths(within(distance), dx, dy, runs.shape)
    reach = reach_of(runs, of_run, patches=home.size, cells=max(widths.size - 1, int(widths[0])))
    workers, total = thread_count(threads), int(reach.first[-1])
    bounds = np.linspace(0, total, min(SHARES * workers, total // LEAST_RUNS + 1) + 1)
    shares = np.searchsorted(reach.first, bounds)
    joined = np.zeros((shares.size - 1, runs.class_ids.size), np.int64)
    with ThreadPoolExecutor(workers) as pool:
        listed = pool.map(lambda *share: _count(reach, widths, home, *share), shares, shares[1:], joined)
        pairs = np.concatenate(list(listed))
    counted: NDArray[np.int64] = joined.sum(axis=0)
    return counted, pairs


def within(distance: float) -> float:
    """The largest distance that joins at threshold T, T (1 + 1e-9) [m].

    Raises:
        ValueError: If the threshold is not positive and finite.
    """
    if not 0 < distance < np.inf:
        raise ValueError(f"distance must be positive metres, got {distance}: give the reach of what moves, e.g. 200.")
    return distance * (1 + TOLERANCE)


def _widths(limit: float, dx: float, dy: float, shape: tuple[int, int]) -> NDArray[np.int64]:
    """How many columns the distance reaches in rows 0, 1, 2 ... away, cut at the map's size."""
    rows = int(min(limit / dy, shape[0] - 1))
    along = np.sqrt(np.maximum(limit**2 - (np.arange(rows + 1) * dy) ** 2, 0.0)) / dx
    widths: NDArray[np.int64] = np.minimum(along, shape[1]).astype(np.int64)
    return widths


@njit(cache=True, nogil=True)
def _count(  # noqa: PLR0917 - a kernel takes plain arrays
    reach: Reach,
    widths: NDArray[np.int64],
    home: NDArray[np.int32],
    first: int,
    last: int,
    joined: NDArray[np.int64],
) -> NDArray[np.int32]:
    """Count by class, for the patches first to last - 1, those of a higher rank within reach; list those of other homes."""
    ends, codes, rows, of_run, rank = reach.runs.ends, reach.runs.codes, reach.runs.rows, reach.of_run, reach.rank
    side, far, height = reach.side, widths[0], rows.size - 1
    # all in one kernel: handing the index on for each row would cost more than searching the row
    met_by = np.full(rank.size, -1, np.int32)
    pairs, listed = np.empty((16, 2), np.int32), 0
    for place in range(reach.first[first], reach.first[last]):
        run = reach.by_patch[place]
        patch, code, row = of_run[run], codes[run], reach.row_of[run]
        begin, end = run_begin(ends, rows[row], run), ends[run]
        top, bottom = max(row - widths.size + 1, 0), min(row + widths.size, height)
        for line in range(top // side, (bottom - 1) // side + 1):
            blocks = reach.highest[code - 1, line]
            left, right = _columns(blocks, side, max(begin - far, 0), min(end + far, ends[-1]), rank[patch])
            if left < right:
                for other in range(max(top, line * side), min(bottom, (line + 1) * side)):
                    width = widths[abs(other - row)]
                    low, high = max(left, begin - width), min(right, end + width)
                    found = first_run(ends, rows[other], rows[other + 1], low)
                    while low < high:
                        if codes[found] == code:
                            there = of_run[found]
                            if met_by[there] != patch and rank[there] > rank[patch]:
                                met_by[there] = patch
                                if home[patch] >= 0 and home[patch] == home[there]:
                                    joined[code - 1] += 1
                                else:
                                    if listed == pairs.shape[0]:
                                        pairs = np.concatenate((pairs, np.empty_like(pairs)))
                                    pairs[listed, 0], pairs[listed, 1] = patch, there
                                    listed += 1
                        low = ends[found]
                        found += 1
    return pairs[:listed]


@njit(cache=True, nogil=True)
def _columns(highest: NDArray[np.int32], side: int, left: int, right: int, rank: int) -> tuple[int, int]:
    """The columns left to right - 1 without the blocks at both ends that hold no patch above a rank."""
    first, last = left // side, (right - 1) // side
    while first <= last and highest[first] <= rank:
        first += 1
    while last >= first and highest[last] <= rank:
        last -= 1
    return max(left, first * side), min(right, (last + 1) * side)
