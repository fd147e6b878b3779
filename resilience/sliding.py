"""The running sums of moving windows: column sums that move down, and window sums that move right."""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pitscape.resilience.runs import row_shares

MAPS = ("H", "SHEI", "CONTAG", "ED", "SCORE")
M2_PER_HA = 1e4


class Window(NamedTuple):
    """A moving window.

    Attributes:
        rows: Rows above its middle, and below.
        cols: Columns to each side of its middle.
        dx: Width of a cell [m].
        dy: Height of a cell [m].
        least: Observed cells, at least 1, below which nothing is measured.
        scores: Resilience score of each class, shape (m,).
    """

    rows: int
    cols: int
    dx: float
    dy: float
    least: float
    scores: NDArray[np.float64]


class _Sums(NamedTuple):
    """Cells of each class, and sides between classes i <= k at i (m + 1) + k: of columns, or of one window."""

    cells: NDArray[np.int32]
    beside: NDArray[np.int32]  # with the cell to the left
    above: NDArray[np.int32]  # with the cell above


def slide(
    codes: NDArray[np.uint8], window: Window, offset: int, maps: NDArray[np.float32], *, threads: int | None = None
) -> None:
    """Measure the window around each cell of some rows.

    Args:
        codes: Class of each cell, 1 to m, 0 for nodata, shape (H, W).
        window: The window.
        offset: Row of ``codes`` in which the maps begin.
        maps: Filled in the order of ``MAPS`` where the cell and enough around it is observed, shape (5, rows, W).
        threads: How many work at once, one a core but at most 8 if None; the result is the same.
    """
    shares = row_shares(maps.shape[1], threads)
    with ThreadPoolExecutor(len(shares)) as pool:
        list(pool.map(lambda rows: _slide_down(codes, window, offset + rows[0], maps[:, slice(*rows)]), shares))


@njit(cache=True, nogil=True)
def _slide_down(codes: NDArray[np.uint8], window: Window, first: int, maps: NDArray[np.float32]) -> None:
    """Measure the windows around some rows, from row ``first`` of the codes."""
    (height, width), kinds = codes.shape, window.scores.size + 1
    columns = _Sums(
        np.zeros((width, kinds), np.int32),
        np.zeros((width, kinds * kinds), np.int32),
        np.zeros((width, kinds * kinds), np.int32),
    )
    top, bottom = max(first - window.rows, 0), max(first - window.rows, 0)
    for row in range(first, first + maps.shape[1]):
        while bottom < min(row + window.rows + 1, height):
            _add_row(codes, bottom, 1, bottom > top, columns)
            bottom += 1
        while top < row - window.rows:
            _add_row(codes, top, -1, False, columns)
            _add_above(codes, top + 1, -1, columns.above)
            top += 1
        _slide_right(codes[row], window, columns, maps[:, row - first])


@njit(cache=True, nogil=True)
def _add_row(codes: NDArray[np.uint8], row: int, sign: int, joined: bool, columns: _Sums) -> None:  # noqa: FBT001 - a kernel
    """Add (or with sign -1 take off) the cells of a row and their sides to the left, and upwards if ``joined``."""
    cells, beside, kinds = columns.cells, columns.beside, columns.cells.shape[1]
    left = 0
    for col in range(codes.shape[1]):
        code = int(codes[row, col])
        cells[col, code] += sign
        beside[col, min(left, code) * kinds + max(left, code)] += sign
        left = code
    if joined:
        _add_above(codes, row, sign, columns.above)


@njit(cache=True, nogil=True)
def _add_above(codes: NDArray[np.uint8], row: int, sign: int, above: NDArray[np.int32]) -> None:
    """Add (or take off) the sides of a row's cells with those above them."""
    kinds = int(np.sqrt(above.shape[1]))
    for col in range(codes.shape[1]):
        upper, code = int(codes[row - 1, col]), int(codes[row, col])
        above[col, min(upper, code) * kinds + max(upper, code)] += sign


@njit(cache=True, nogil=True)
def _slide_right(here: NDArray[np.uint8], window: Window, columns: _Sums, maps: NDArray[np.float32]) -> None:
    """Measure the windows around one row."""
    width, kinds = here.size, window.scores.size + 1
    column_cells, column_beside, column_above = columns.cells, columns.beside, columns.above
    cells, beside, above = np.zeros(kinds, np.int32), np.zeros(kinds**2, np.int32), np.zeros(kinds**2, np.int32)
    sides, products = np.empty(kinds), np.empty(kinds)
    for col in range(-window.cols, width):
        come, gone = col + window.cols, col - window.cols - 1
        if come < width:
            _add(cells, column_cells, come, 1)
            _add(above, column_above, come, 1)
            if come > 0:
                _add(beside, column_beside, come, 1)
        if gone >= 0:
            _add(cells, column_cells, gone, -1)
            _add(above, column_above, gone, -1)
            _add(beside, column_beside, gone + 1, -1)
        if col >= 0 and here[col]:
            observed = 0
            for code in range(1, kinds):
                observed += cells[code]
            if observed >= window.least:
                found = _measure((cells, beside, above), sides, products, window)
                maps[0, col], maps[1, col], maps[2, col], maps[3, col], maps[4, col] = found


@njit(cache=True, nogil=True)
def _add(sums: NDArray[np.int32], columns: NDArray[np.int32], col: int, sign: int) -> None:
    for place in range(sums.size):
        sums[place] += sign * columns[col, place]


@njit(cache=True, nogil=True)
def _measure(
    sums: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]],
    sides: NDArray[np.float64],
    products: NDArray[np.float64],
    window: Window,
) -> tuple[float, float, float, float, float]:
    """H, SHEI, CONTAG, ED and SCORE of one window, in which m classes have n_i cells and g_ik sides."""
    cells, beside, above = sums
    kinds, edge, observed = cells.size, 0.0, 0
    for i in range(kinds):
        sides[i], products[i] = 0.0, 0.0
    for i in range(1, kinds):
        observed += cells[i]
        for k in range(i, kinds):
            upright, level = beside[i * kinds + k], above[i * kinds + k]
            g = float((upright + level) * (2 if i == k else 1))
            if g > 0:
                product = g * np.log(g)
                sides[i] += g
                products[i] += product
                if i != k:
                    sides[k] += g
                    products[k] += product
                    edge += upright * window.dy + level * window.dx
    present, entropy, score, clumped, met = 0, 0.0, 0.0, 0.0, 0.0
    for i in range(1, kinds):
        if cells[i]:
            share = cells[i] / observed
            logarithm = np.log(share)
            present += 1
            met += sides[i]
            entropy -= share * logarithm
            score += share * window.scores[i - 1]
            if sides[i] > 0:
                clumped += share * (logarithm - np.log(sides[i]) + products[i] / sides[i])
    entropy, most = max(entropy, 0.0), np.log(present)
    evenness = entropy / most if present > 1 else 0.0
    contagion = 100 * (1 + clumped / (2 * most)) if present > 1 and met > 0 else np.nan
    return entropy / np.log(2.0), evenness, contagion, edge / (observed * window.dx * window.dy) * M2_PER_HA, score
