"""Runs joined to patches over sides and corners, and the sides on which classes meet."""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pitscape.resilience.runs import Runs, row_shares

VERTICAL = 0  # sides between left and right neighbours, dy long
HORIZONTAL = 1  # sides between upper and lower neighbours, dx long


class Joins(NamedTuple):
    """What joining the runs of a map finds.

    Attributes:
        of_run: Patch of each run, counted from 0 in the order of their first runs, -1 for nodata, shape (k,).
        covered: Sides of each run on runs of its own patch above and below, shape (k,).
        contacts: Sides between classes, counted from both cells, shape (2, m, m): vertical, then horizontal ones.
        patches: Their number n.
    """

    of_run: NDArray[np.int32]
    covered: NDArray[np.int32]
    contacts: NDArray[np.int64]
    patches: int


def join_runs(runs: Runs, *, threads: int | None = None) -> Joins:
    """Join the runs of each class that touch, corners included.

    Each thread joins some rows among themselves; then the seams between their rows are joined.

    Args:
        runs: From :func:`pitscape.resilience.runs.runs_of` or :func:`~pitscape.resilience.runs.runs_of_bands`.
        threads: How many work at once, one a core but at most 8 if None; the result is the same.

    Returns:
        The patch of each run, and sides.

    Source: union-find over runs, after He, Chao & Suzuki (2008).

    >>> from pitscape.resilience.runs import runs_of
    >>> join_runs(runs_of(np.array([[1, 2, 2], [2, 1, 1]]))).of_run.tolist()  # both join over the corner
    [0, 1, 1, 0]
    """
    size, kinds = runs.ends.size, runs.class_ids.size + 1
    parent, covered = np.arange(size, dtype=np.int32), np.zeros(size, np.int32)
    shares = row_shares(runs.rows.size - 1, threads)
    met = np.zeros((len(shares), 2, kinds, kinds), np.int64)
    with ThreadPoolExecutor(len(shares)) as pool:
        list(pool.map(lambda share, own: _join_rows(runs, share, parent, covered, own), shares, met))
    for first, _ in shares[1:]:
        _join_to_above(runs, first, parent, covered, met[0])
    once = met.sum(axis=0)[:, 1:, 1:]
    return Joins(parent, covered, once + once.transpose(0, 2, 1), _number_patches(runs.codes, parent))


@njit(cache=True, nogil=True)
def _join_rows(
    runs: Runs,
    share: tuple[int, int],
    parent: NDArray[np.int32],
    covered: NDArray[np.int32],
    contacts: NDArray[np.int64],
) -> None:
    """Join the runs of some rows, and count sides between classes, each once."""
    for row in range(*share):
        begin, left = 0, 0
        for run in range(runs.rows[row], runs.rows[row + 1]):
            code = runs.codes[run]
            contacts[VERTICAL, left, code] += 1
            contacts[VERTICAL, code, code] += runs.ends[run] - begin - 1
            begin, left = runs.ends[run], code
        if row > share[0]:
            _join_to_above(runs, row, parent, covered, contacts)


@njit(cache=True, nogil=True)
def _join_to_above(
    runs: Runs, row: int, parent: NDArray[np.int32], covered: NDArray[np.int32], contacts: NDArray[np.int64]
) -> None:
    """Join the runs of a row to those of the row above, over sides and, where two runs end together, corners."""
    ends, codes = runs.ends, runs.codes
    upper, lower = runs.rows[row - 1], runs.rows[row]
    last = runs.rows[row + 1] - 1
    begin = 0
    while True:
        above, below = codes[upper], codes[lower]
        end = min(ends[upper], ends[lower])
        contacts[HORIZONTAL, above, below] += end - begin
        if above == below and above:
            covered[upper] += end - begin
            covered[lower] += end - begin
            _unite(parent, upper, lower)
        together = ends[upper] == ends[lower]
        if together and lower == last:
            break
        if together:
            if above and above == codes[lower + 1]:
                _unite(parent, upper, lower + 1)
            if below and below == codes[upper + 1]:
                _unite(parent, upper + 1, lower)
            upper += 1
            lower += 1
        elif ends[upper] == end:
            upper += 1
        else:
            lower += 1
        begin = end


@njit(cache=True, nogil=True)
def _unite(parent: NDArray[np.int32], one: int, other: int) -> None:
    """Make two runs one patch; its first run is the root."""
    one, other = _root(parent, one), _root(parent, other)
    parent[max(one, other)] = min(one, other)


@njit(cache=True, nogil=True)
def _root(parent: NDArray[np.int32], run: int) -> int:
    """The first known run of a patch, halving the way to it."""
    while parent[run] != run:
        parent[run] = parent[parent[run]]
        run = parent[run]
    return run


@njit(cache=True, nogil=True)
def _number_patches(codes: NDArray[np.uint8], parent: NDArray[np.int32]) -> int:
    """Put the number of its patch, -1 for nodata, in the place of each run's parent; return how many there are."""
    count = 0
    for run in range(codes.size):
        if not codes[run]:
            parent[run] = -1
        elif parent[run] == run:
            parent[run] = count
            count += 1
        else:
            parent[run] = parent[parent[run]]
    return count
