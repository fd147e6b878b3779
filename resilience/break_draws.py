"""The elastic, yield and mutation points of many series of ThV at once, such as the draws of a Monte Carlo run."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pitscape.resilience.detection import LEAST_VALUES, STRONG
from pitscape.resilience.knots import MOST_KNOTS, Spans, search, spans
from pitscape.resilience.piecewise import LEAST_IN_SEGMENT, MOST_PLACES, SMALLEST_RESIDUAL
from pitscape.resilience.stages import POINTS
from pitscape.resilience.trend import falling

ELASTIC, YIELD, MUTATION = range(len(POINTS))


def points_of_draws(time: NDArray[np.float64], draws: NDArray[np.float64]) -> NDArray[np.float64]:
    """Years of the points of each series, as :func:`pitscape.resilience.detection.detect_thresholds` finds them for one.

    Args:
        time: Rising years, shape (m,).
        draws: Threshold values, shape (n, m).

    Returns:
        Years of the elastic, yield and mutation point, shape (n, 3), each one of ``time``; NaN where a series does not
        have it: with fewer than 12 values, a NaN, no value below 1, no downward trend or too few breaks. Of more than
        60 years, every m/60th one can be a break, and others are not tried.

    Source: the points are of Dong et al. (2025), their detection is ours.

    >>> t = np.arange(24.0)
    >>> fall = np.interp(t, [0, 8, 16, 23], [1.0, 0.98, 0.5, 0.48])
    >>> points_of_draws(t, np.array([fall, 2 - fall])).tolist()
    [[8.0, nan, 16.0], [nan, nan, nan]]
    """
    found = np.full((len(draws), len(POINTS)), np.nan)
    if time.size < LEAST_VALUES:
        return found
    tried = np.asarray((draws < 1).any(axis=1) & ~np.isnan(draws).any(axis=1))
    tried[tried] = falling(draws[tried])
    places = np.unique(np.linspace(0, time.size - 1, min(time.size, MOST_PLACES)).round().astype(np.int64))
    geometry = spans(time, np.zeros_like(time), time[places])
    least, floor = LEAST_IN_SEGMENT, SMALLEST_RESIDUAL
    years = _points(geometry, time - (time[0] + time[-1]) / 2, np.ascontiguousarray(draws[tried]), least, floor)
    found[tried] = np.where(years < 0, np.nan, time[places][years])
    return found


@njit(cache=True, nogil=True)
def _points(
    sums: Spans, t: NDArray[np.float64], draws: NDArray[np.float64], least: int, floor: float
) -> NDArray[np.int64]:
    """Place of each point among the candidates, shape (n, 3), -1 where there is none."""
    rows, n = draws.shape
    end = sums.counts.size - 1
    most = min(MOST_KNOTS, n // least - 1)
    found = np.full((rows, 3), -1, np.int64)
    knots = np.full((MOST_KNOTS + 1, MOST_KNOTS), -1, np.int64)
    bic = np.full(MOST_KNOTS + 1, np.inf)
    for row in range(rows):
        y = draws[row] - draws[row].mean()
        _load(sums, t, y)
        squares = (y * y).sum()
        for k in range(most + 1):
            explained = 0.0
            if k == 0:
                explained = (t * y).sum() ** 2 / ((t - t.mean()) ** 2).sum()
            else:
                best, explained = search(sums, np.ones(k, np.int64), np.full(k, end - 1), least)
                knots[k, :k] = best
            left = max(squares - explained, floor * max(squares, 1e-300))
            bic[k] = n * np.log(left / n) + (2 + 2 * k) * np.log(n)
        chosen = int(np.argmin(bic[: most + 1]))
        if chosen > 0 and most == MOST_KNOTS and bic[MOST_KNOTS] - bic[chosen] < STRONG:
            chosen = MOST_KNOTS
        if chosen == MOST_KNOTS:
            found[row] = knots[chosen]
        elif chosen > 0:
            last = MUTATION if _eases(sums, knots[chosen, :chosen]) else chosen - 1
            found[row, last] = knots[chosen, chosen - 1]
            if chosen > 1:
                found[row, ELASTIC] = knots[chosen, 0]
    return found


@njit(cache=True, nogil=True)
def _load(sums: Spans, t: NDArray[np.float64], y: NDArray[np.float64]) -> None:
    """Put the loads of a centred series into sums that hold those of another one."""
    upto, moments = np.zeros(t.size + 1), np.zeros(t.size + 1)
    upto[1:], moments[1:] = np.cumsum(y), np.cumsum(t * y)
    for a in range(sums.counts.size):
        for b in range(a + 1, sums.counts.size):
            left, right = sums.places[a], sums.places[b]
            zeroth = upto[sums.counts[b]] - upto[sums.counts[a]]
            first = moments[sums.counts[b]] - moments[sums.counts[a]]
            sums.fall_load[a, b] = (right * zeroth - first) / (right - left)
            sums.rise_load[a, b] = (first - left * zeroth) / (right - left)


@njit(cache=True, nogil=True)
def _eases(sums: Spans, breaks: NDArray[np.int64]) -> bool:
    """Whether the slope of the best curve with given breaks is larger after the last one than before it."""
    size = breaks.size + 2
    knots = np.zeros(size, np.int64)
    knots[1:-1], knots[-1] = breaks, sums.counts.size - 1
    pivot, load, level = np.zeros(size), np.zeros(size), np.zeros(size)
    for n in range(size - 1):
        a, b = knots[n], knots[n + 1]
        pivot[n] += sums.falling[a, b]
        load[n] += sums.fall_load[a, b]
        share = sums.mixed[a, b] / pivot[n]
        pivot[n + 1] = sums.rising[a, b] - share * sums.mixed[a, b]
        load[n + 1] = sums.rise_load[a, b] - share * load[n]
    level[-1] = load[-1] / pivot[-1]
    for n in range(size - 2, -1, -1):
        level[n] = (load[n] - sums.mixed[knots[n], knots[n + 1]] * level[n + 1]) / pivot[n]
    width = sums.places[knots[1:]] - sums.places[knots[:-1]]
    slopes = (level[1:] - level[:-1]) / width
    return bool(slopes[-1] > slopes[-2])
