"""The cells of a tile that its neighbours can be near to: all that distances across borders need of it, exactly.

Of two patches in two tiles, take the nearest cells p and q. All of q's tile lies beyond one of the four border lines of
p's tile. The first cell of p's class, as seen from that line along p's row or column, is nearer to q than p; if it belongs
to another patch, that patch is nearer to p than q is, and both lie in one tile. So the nearest patch is found within a tile, or
between first cells. Patches within a distance of each other need all cells that are as near to the border.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pitscape.resilience.reach import run_begin
from pitscape.resilience.runs import Runs


def rim_of(runs: Runs, of_run: NDArray[np.int32], *, margin: tuple[int, int]) -> NDArray[np.int32]:
    """The cells of a tile that count across its border.

    Args:
        runs: The tile.
        of_run: Patch of each run, -1 for nodata, shape (k,).
        margin: Rows and columns along the border that count whole.

    Returns:
        Row, first column, column after the last, and patch of each piece, row by row, shape (r, 4). Beyond the margin these
        are, seen from each side, the first cell of each class in each row and column.

    >>> from pitscape.resilience.patches import find_patches
    >>> dark = find_patches(np.ones((5, 4), int))
    >>> rim_of(dark.runs, dark.of_run, margin=(0, 0)).tolist()
    [[0, 0, 4, 0], [1, 0, 1, 0], [1, 3, 4, 0], [2, 0, 1, 0], [2, 3, 4, 0], [3, 0, 1, 0], [3, 3, 4, 0], [4, 0, 4, 0]]
    """
    seen = np.full((2, runs.class_ids.size + 1, runs.shape[1]), -1, np.int32)
    _see_columns(runs, seen)
    size = _list_pieces(runs, of_run, margin, seen, np.empty((0, 4), np.int32))
    pieces = np.empty((size, 4), np.int32)
    _list_pieces(runs, of_run, margin, seen, pieces)
    return pieces


def runs_of_rims(
    pieces: NDArray[np.int32], shape: tuple[int, int], class_index: NDArray[np.uint8], class_ids: NDArray[np.int64]
) -> tuple[Runs, NDArray[np.int32]]:
    """The rims of all tiles as a map on which all else is nodata.

    Args:
        pieces: Row, first column, column after the last, and patch of each, shape (r, 4), in any order; no cell twice.
        shape: Rows and columns of the map.
        class_index: Position in ``class_ids`` of the class of each patch, shape (n,).
        class_ids: Ids of the m classes, shape (m,).

    Returns:
        The runs, and the patch of each, -1 for nodata.

    >>> runs, of_run = runs_of_rims(np.array([[1, 2, 3, 0]], np.int32), (2, 4), np.array([0], np.uint8), np.array([7]))
    >>> runs.ends.tolist(), runs.rows.tolist(), of_run.tolist()
    ([4, 2, 3, 4], [0, 1, 4], [-1, -1, 0, -1])
    """
    height, width = shape
    row, begin, end, patch = pieces.T
    rows = np.concatenate([row, row, np.arange(height, dtype=np.int32)])
    ends = np.concatenate([end, begin, np.full(height, width, np.int32)])
    of_run = np.concatenate([patch, np.full(row.size + height, -1, np.int32)])
    order = np.lexsort((of_run < 0, ends, rows))  # a gap of no width comes after the piece that ends there
    rows, ends, of_run = rows[order], ends[order], of_run[order]
    empty = ends == 0
    empty[1:] |= (rows[1:] == rows[:-1]) & (ends[1:] == ends[:-1])
    rows, ends, of_run = rows[~empty], ends[~empty], of_run[~empty]
    codes = np.zeros(of_run.size, np.uint8)
    codes[of_run >= 0] = class_index[of_run[of_run >= 0]] + 1
    starts = np.searchsorted(rows, np.arange(height + 1))
    return Runs(ends, codes, starts.astype(np.int64), class_ids), of_run


@njit(cache=True, nogil=True)
def _see_columns(runs: Runs, seen: NDArray[np.int32]) -> None:
    """Note the first and the last row of each class in each column."""
    for row in range(runs.rows.size - 1):
        begin = 0
        for run in range(runs.rows[row], runs.rows[row + 1]):
            code = runs.codes[run]
            if code:
                for column in range(begin, runs.ends[run]):
                    if seen[0, code, column] < 0:
                        seen[0, code, column] = row
                    seen[1, code, column] = row
            begin = runs.ends[run]


@njit(cache=True, nogil=True)
def _list_pieces(
    runs: Runs, of_run: NDArray[np.int32], margin: tuple[int, int], seen: NDArray[np.int32], pieces: NDArray[np.int32]
) -> int:
    """Fill in the pieces, as far as there is room, and return how many there are."""
    height, width, listed = runs.rows.size - 1, runs.ends[-1], 0
    outer = np.empty((2, seen.shape[1]), np.int32)
    for row in range(height):
        outer[:] = -1
        for run in range(runs.rows[row], runs.rows[row + 1]):
            if outer[0, runs.codes[run]] < 0:
                outer[0, runs.codes[run]] = run
            outer[1, runs.codes[run]] = run
        near = row < margin[0] or row >= height - margin[0]
        for run in range(runs.rows[row], runs.rows[row + 1]):
            code, begin, end = runs.codes[run], run_begin(runs.ends, runs.rows[row], run), runs.ends[run]
            start = -1
            for column in range(begin, end if code else begin):
                kept = near or column < margin[1] or column >= width - margin[1]
                kept |= seen[0, code, column] == row or seen[1, code, column] == row
                kept |= (column == begin and outer[0, code] == run) or (column == end - 1 and outer[1, code] == run)
                if kept and start < 0:
                    start = column
                if start >= 0 and (not kept or column == end - 1):
                    if listed < pieces.shape[0]:
                        pieces[listed, 0], pieces[listed, 1] = row, start
                        pieces[listed, 2], pieces[listed, 3] = end if kept else column, of_run[run]
                    listed += 1
                    start = -1
    return listed
