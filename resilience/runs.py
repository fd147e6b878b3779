"""A class map as runs of equal cells along its rows: small, and all that the metrics of pattern need."""

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

MOST_CLASSES = 255
LEAST_ROWS = 64  # of a thread's share
MOST_THREADS = 8  # unless more are asked for: each holds memory of its own


class UnobservedError(ValueError):
    """No cell of a map is observed."""


class Runs(NamedTuple):
    """Runs of equal cells, from left to right and from top to bottom; every cell is in one, nodata too.

    Attributes:
        ends: Column after the last cell of each run, shape (k,). A run begins where the one before it in the row ends.
        codes: Class of each run, 1 for the first of ``class_ids``, 0 for nodata, shape (k,).
        rows: Where the runs of each row begin, shape (H + 1,); the last entry is k.
        class_ids: Ids of the m classes present, rising, shape (m,).
    """

    ends: NDArray[np.int32]
    codes: NDArray[np.uint8]
    rows: NDArray[np.int64]
    class_ids: NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the map."""
        return self.rows.size - 1, int(self.ends[-1])


def runs_of(classes: NDArray[np.integer[Any]], *, nodata: int = 255, threads: int | None = None) -> Runs:
    """The runs of a class map in memory.

    Args:
        classes: Class ids, shape (H, W), at most 255 different ones; 0 is a class like any other.
        nodata: Id of unobserved cells; any integer, also one that does not occur.
        threads: How many work at once, one a core but at most 8 if None; the result is the same.

    Returns:
        The runs, 5 bytes for each.

    Raises:
        TypeError: If ``classes`` does not hold integers, or is a masked array.
        ValueError: If it is not 2-D, has no observed cell, or more than 255 classes.

    >>> runs = runs_of(np.array([[7, 7, 3], [255, 7, 7]]))
    >>> runs.ends.tolist(), runs.codes.tolist(), runs.rows.tolist(), runs.class_ids.tolist()
    ([2, 3, 1, 3], [2, 1, 0, 2], [0, 2, 4], [3, 7])
    """
    raster = check_classes(classes)
    bounds = row_shares(raster.shape[0], threads)
    with ThreadPoolExecutor(len(bounds)) as pool:
        parts = list(pool.map(lambda rows: _scan(raster[slice(*rows)]), bounds))
    return _joined(parts, nodata)


def runs_of_bands(bands: Iterable[NDArray[np.integer[Any]]], *, nodata: int = 255) -> Runs:
    """The runs of a class map that comes in bands of rows, of which one at a time is held.

    Args:
        bands: Class ids of the rows from top to bottom, each of shape (any, W).
        nodata: Id of unobserved cells.

    Returns:
        The same as :func:`runs_of` of the whole.

    Raises:
        TypeError: If a band does not hold integers, or is a masked array.
        ValueError: If one is not 2-D, their widths differ, no cell is observed, or there are more than 255 classes.

    >>> runs_of_bands(iter([np.array([[7, 7, 3]]), np.array([[255, 7, 7]])])).ends.tolist()
    [2, 3, 1, 3]
    """
    parts = [_scan(check_classes(band)) for band in bands]
    widths = {int(part.ends[-1]) for part in parts}
    if len(widths) != 1:
        raise ValueError(f"Bands of rows must be of one width, got {sorted(widths) or 'no band'}: give whole rows.")
    return _joined(parts, nodata)


def row_shares(height: int, threads: int | None) -> list[tuple[int, int]]:
    """First row and row after the last of the share of each thread, at least 64 rows unless there is but one.

    >>> row_shares(200, 2), row_shares(100, 2)
    ([(0, 100), (100, 200)], [(0, 100)])
    """
    count = min(thread_count(threads), max(height // LEAST_ROWS, 1))
    return list(pairwise(height * i // count for i in range(count + 1)))


def thread_count(threads: int | None) -> int:
    """How many threads to use where ``threads`` are asked for; if None, one a core, at most 8.

    >>> thread_count(3)
    3
    """
    return threads or min(os.cpu_count() or 1, MOST_THREADS)


def check_classes(classes: NDArray[np.integer[Any]]) -> NDArray[np.integer[Any]]:
    """A class map as a plain 2-D integer array in this machine's byte order, without a copy where it is one.

    Args:
        classes: Class ids, shape (H, W).

    Returns:
        The same ids.

    Raises:
        TypeError: If it does not hold integers, or is a masked array.
        ValueError: If it is not 2-D or empty.

    >>> check_classes(np.array([[1, 2]], ">i2")).dtype.isnative
    True
    """
    if isinstance(classes, np.ma.MaskedArray):
        raise TypeError("classes is a masked array, whose mask would be lost: pass classes.filled(nodata).")
    raster = np.asarray(classes)
    if not np.issubdtype(raster.dtype, np.integer):
        raise TypeError(f"classes must hold integer ids, got {raster.dtype}: convert with .astype('uint8').")
    if raster.ndim != 2 or raster.size == 0:
        raise ValueError(f"classes must be 2-D (rows, columns) with at least one cell, got shape {raster.shape}.")
    return raster.astype(raster.dtype.newbyteorder("="), copy=False)


class _Part(NamedTuple):
    """The runs of some rows: ends, class ids, and how many each row has."""

    ends: NDArray[np.int32]
    values: NDArray[Any]
    counts: NDArray[np.int64]


def _scan(raster: NDArray[Any]) -> _Part:
    counts = np.empty(raster.shape[0], np.int64)
    _count_runs(raster, counts)
    total = int(counts.sum())
    part = _Part(np.empty(total, np.int32), np.empty(total, raster.dtype), counts)
    _list_runs(raster, part.ends, part.values)
    return part


def _joined(parts: Sequence[_Part], nodata: int) -> Runs:
    """Put the parts together, with classes numbered in rising order of their ids."""
    ends = np.concatenate([part.ends for part in parts])
    rows = np.concatenate([[0], *(part.counts for part in parts)]).cumsum()
    codes = np.empty(ends.size, np.uint8)
    seen = np.empty(MOST_CLASSES, np.int64)
    found, place = 0, 0
    for part in parts:
        found = _number_classes(part.values, nodata, codes[place : place + part.values.size], seen, found)
        place += part.values.size
        if found > MOST_CLASSES:
            raise ValueError("classes holds more than 255 different ids: give a class map, not a continuous raster.")
    if found == 0:
        raise UnobservedError(f"No cell is observed, all are nodata ({nodata}): check nodata, or leave this zone out.")
    order = np.argsort(seen[:found])
    rising = np.zeros(found + 1, np.uint8)
    rising[order + 1] = np.arange(1, found + 1)
    return Runs(ends, rising[codes], rows, seen[order])


@njit(cache=True, nogil=True)
def _count_runs(classes: NDArray[Any], counts: NDArray[np.int64]) -> None:
    """Count the runs of each row."""
    for row in range(classes.shape[0]):
        changes = 0
        for col in range(1, classes.shape[1]):
            changes += classes[row, col] != classes[row, col - 1]
        counts[row] = changes + 1


@njit(cache=True, nogil=True)
def _list_runs(classes: NDArray[Any], ends: NDArray[np.int32], values: NDArray[Any]) -> None:
    """Fill in the end and the class id of each run."""
    height, width = classes.shape
    run = 0
    for row in range(height):
        for col in range(1, width):
            if classes[row, col] != classes[row, col - 1]:
                ends[run] = col
                values[run] = classes[row, col - 1]
                run += 1
        ends[run] = width
        values[run] = classes[row, width - 1]
        run += 1


@njit(cache=True, nogil=True)
def _number_classes(
    values: NDArray[Any], nodata: int, codes: NDArray[np.uint8], seen: NDArray[np.int64], found: int
) -> int:
    """Number the classes from 1 in the order in which they are met (nodata 0); return how many, 256 for too many."""
    for run in range(values.size):
        value = int(values[run])
        code = 0
        if value != nodata:
            while code < found and seen[code] != value:
                code += 1
            if code == seen.size:
                return code + 1
            seen[code] = value
            found = max(found, code + 1)
            code += 1
        codes[run] = code
    return found
