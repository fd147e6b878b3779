"""Exhaustive search for the knots of a continuous, piecewise linear least-squares fit."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

MOST_KNOTS = 3
FLAT = 1e-12  # a pivot below it belongs to a segment without observations of its own


class Spans(NamedTuple):
    """Sums over the observations between every two candidates, for the two hat functions of that span.

    Attributes:
        places: Candidates, counted from the middle of the time, shape (m,).
        counts: Observations up to each candidate, shape (m,); 0 for the first one.
        falling: Sum of the squares of the hat that falls from 1 to 0, shape (m, m).
        rising: The same of the one that rises.
        mixed: Sum of their products.
        squares: Sum of the squares of all centred values.
        fall_load: Sum of falling hat times value, shape (m, m).
        rise_load: The same of the rising hat.
    """

    places: NDArray[np.float64]
    counts: NDArray[np.int64]
    falling: NDArray[np.float64]
    rising: NDArray[np.float64]
    mixed: NDArray[np.float64]
    squares: float
    fall_load: NDArray[np.float64]
    rise_load: NDArray[np.float64]


def spans(time: NDArray[np.float64], values: NDArray[np.float64], candidates: NDArray[np.float64]) -> Spans:
    """Sum over the observations between every two candidates, the upper one included.

    Args:
        time: Rising times, shape (n,).
        values: At those times, shape (n,).
        candidates: Rising places of knots, shape (m,); the first and the last one are the ends of the time.
    """
    middle = (time[0] + time[-1]) / 2
    t, g, y = time - middle, candidates - middle, values - values.mean()
    counts = np.searchsorted(time, candidates, side="right")
    counts[0] = 0

    def between(terms: NDArray[np.float64]) -> NDArray[np.float64]:
        upto: NDArray[np.float64] = np.concatenate([[0.0], np.cumsum(terms)])[counts]
        return np.subtract.outer(upto, upto).T

    n, s1, s2, y0, y1 = (between(each) for each in (np.ones_like(t), t, t * t, y, t * y))
    a, b = g[:, None], g[None, :]
    width = np.where(b > a, b - a, 1.0)
    falling = (b * b * n - 2 * b * s1 + s2) / width**2
    rising = (s2 - 2 * a * s1 + a * a * n) / width**2
    mixed = ((a + b) * s1 - s2 - a * b * n) / width**2
    loads = (b * y0 - y1) / width, (y1 - a * y0) / width
    return Spans(g, counts, falling, rising, mixed, float(y @ y), *loads)


def best_knots(
    sums: Spans, lows: NDArray[np.int64], highs: NDArray[np.int64], least: int
) -> tuple[NDArray[np.int64], float]:
    """The candidates that make the residual sum of squares smallest, of all combinations in given ranges.

    Args:
        sums: From :func:`spans`.
        lows: First candidate of each knot, shape (k,), k 1 to 3.
        highs: Last candidate of each knot, shape (k,).
        least: Fewest observations of a segment, its upper end included.

    Returns:
        Rising indices of the candidates, shape (k,), -1 where no combination fits; and the residual sum of squares.
    """
    knots, explained = search(sums, lows, highs, least)
    return knots, max(sums.squares - explained, 0.0) if knots[0] >= 0 else float("inf")


@njit(cache=True, nogil=True)
def search(
    sums: Spans, lows: NDArray[np.int64], highs: NDArray[np.int64], least: int
) -> tuple[NDArray[np.int64], float]:
    """Combine, at each place of a middle knot, all that can lie before it with all that can lie behind it.

    Values at the other knots are eliminated from both ends, so that a combination costs one division. Returns the
    candidates, shape (k,), -1 where none fits, and the sum of squares that they explain.
    """
    k, end = lows.size, sums.counts.size - 1
    middle = 0 if k == 1 else 1
    best, most = np.full(k, -1, np.int64), -1.0
    before, behind = np.empty((4, end + 1)), np.empty((4, end + 1))
    for here in range(lows[middle], highs[middle] + 1):
        outer = (lows[0], highs[0]) if k > 1 else (0, 0)
        n = _before(sums, here, outer, least, before)
        outer = (lows[k - 1], highs[k - 1]) if k == MOST_KNOTS else (end, end)
        m = _behind(sums, here, outer, least, behind)
        for one in range(n):
            for two in range(m):
                pivot = before[0, one] + behind[0, two]
                load = before[1, one] + behind[1, two]
                gain = before[2, one] + behind[2, two] + load * load / max(pivot, FLAT)
                if gain > most and pivot > FLAT:
                    most = gain
                    best[middle] = here
                    if k > 1:
                        best[0] = np.int64(before[3, one])
                    if k == MOST_KNOTS:
                        best[k - 1] = np.int64(behind[3, two])
    return best, most


@njit(cache=True, nogil=True)
def _before(sums: Spans, here: int, outer: tuple[int, int], least: int, found: NDArray[np.float64]) -> int:
    """Equations of the value at a knot from the observations before it, with no or one knot between.

    Rows of ``found`` are pivot, load, the sum of squares explained and the place of the knot between (4, n); a place
    of 0 is none. Returns their number n.
    """
    n = 0
    for knot in range(outer[0], min(outer[1], here - 1) + 1):
        if sums.counts[here] - sums.counts[knot] < least:
            break
        pivot, load, gain = sums.falling[knot, here], sums.fall_load[knot, here], 0.0
        if knot > 0:
            first = sums.falling[0, knot]
            if sums.counts[knot] < least or first < FLAT:
                continue
            share = sums.mixed[0, knot] / first
            pivot += sums.rising[0, knot] - share * sums.mixed[0, knot]
            load += sums.rise_load[0, knot] - share * sums.fall_load[0, knot]
            gain = sums.fall_load[0, knot] ** 2 / first
        if pivot < FLAT:
            continue
        share = sums.mixed[knot, here] / pivot
        found[0, n] = sums.rising[knot, here] - share * sums.mixed[knot, here]
        found[1, n] = sums.rise_load[knot, here] - share * load
        found[2, n] = gain + load * load / pivot
        found[3, n] = knot
        n += 1
    return n


@njit(cache=True, nogil=True)
def _behind(sums: Spans, here: int, outer: tuple[int, int], least: int, found: NDArray[np.float64]) -> int:
    """The same from the observations behind it; a place of the last candidate is no knot between."""
    n, end = 0, sums.counts.size - 1
    for knot in range(max(outer[0], here + 1), outer[1] + 1):
        if sums.counts[knot] - sums.counts[here] < least:
            continue
        pivot, load, gain = sums.rising[here, knot], sums.rise_load[here, knot], 0.0
        if knot < end:
            last = sums.rising[knot, end]
            if sums.counts[end] - sums.counts[knot] < least or last < FLAT:
                continue
            share = sums.mixed[knot, end] / last
            pivot += sums.falling[knot, end] - share * sums.mixed[knot, end]
            load += sums.fall_load[knot, end] - share * sums.rise_load[knot, end]
            gain = sums.rise_load[knot, end] ** 2 / last
        if pivot < FLAT:
            continue
        share = sums.mixed[here, knot] / pivot
        found[0, n] = sums.falling[here, knot] - share * sums.mixed[here, knot]
        found[1, n] = sums.fall_load[here, knot] - share * load
        found[2, n] = gain + load * load / pivot
        found[3, n] = knot
        n += 1
    return n
