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
        counts: Observations up to each candidate, shape (m,).
        falling: Sum of the squares of the hat that falls from 1 to 0, shape (m, m).
        rising: The same of the one that rises.
        mixed: Sum of their products.
        squares: Sum of the squares of all centred values.
        fall_load: Sum of falling hat times value, shape (m, m).
        rise_load: The same of the rising hat.
    """

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
    return Spans(counts, falling, rising, mixed, float(y @ y), *loads)


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
    knots, explained = _search(sums, lows, highs, least)
    return knots, max(sums.squares - explained, 0.0) if knots[0] >= 0 else float("inf")


@njit(cache=True, nogil=True)
def _search(
    sums: Spans, lows: NDArray[np.int64], highs: NDArray[np.int64], least: int
) -> tuple[NDArray[np.int64], float]:
    """Walk through all combinations; those that begin alike share the elimination of their first equations."""
    k, end = lows.size, sums.counts.size - 1
    chosen = np.zeros(k + 1, np.int64)  # chosen[0] is the beginning
    equations = np.zeros((3, k + 2))
    best, most = np.full(k, -1, np.int64), -1.0
    depth = 1
    chosen[1] = lows[0] - 1
    while depth > 0:
        chosen[depth] += 1
        here = chosen[depth]
        if here > highs[depth - 1]:
            depth -= 1
        elif here > chosen[depth - 1] and _join(sums, depth, (chosen[depth - 1], here), least, equations):
            if depth < k:
                depth += 1
                chosen[depth] = max(lows[depth - 1], here + 1) - 1
            elif _join(sums, k + 1, (here, end), least, equations):
                pivot, load, gain = equations[:, k + 1]
                if pivot > FLAT and gain + load * load / pivot > most:
                    most = gain + load * load / pivot
                    best[:] = chosen[1:]
    return best, most


@njit(cache=True, nogil=True)
def _join(sums: Spans, position: int, span: tuple[int, int], least: int, equations: NDArray[np.float64]) -> bool:
    """Eliminate the value at the left knot of a span, and begin the equation of the right one.

    Equations are pivot, load and the sum of squares explained so far (3, position); the pivot of the right knot still
    lacks the span to come, which the next call adds. False where the span is too short.
    """
    left, right = span
    if sums.counts[right] - sums.counts[left] < least:
        return False
    pivot, load, gain = equations[:, position - 1]
    pivot += sums.falling[left, right]
    load += sums.fall_load[left, right]
    if pivot < FLAT:
        return False
    share = sums.mixed[left, right] / pivot
    equations[0, position] = sums.rising[left, right] - share * sums.mixed[left, right]
    equations[1, position] = sums.rise_load[left, right] - share * load
    equations[2, position] = gain + load * load / pivot
    return True
