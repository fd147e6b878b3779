"""The elastic, yield and mutation points of a series of ThV whose constants are unknown: breaks of its course."""

import math

import numpy as np
from numpy.typing import NDArray

from pitscape.resilience.knots import MOST_KNOTS
from pitscape.resilience.piecewise import PiecewiseFit, fit_all, refine
from pitscape.resilience.resampling import autocorrelation, resample_breaks
from pitscape.resilience.stages import POINTS, Point, stages_of
from pitscape.resilience.thresholds import Series, Thresholds, missing
from pitscape.resilience.trend import falls

LEAST_VALUES = 12
DRAWS = 500
STRONG = 6.0
"""BIC differences from here on are strong evidence (Kass & Raftery 1995)."""


def detect_thresholds(year: Series, thv: Series, *, draws: int = DRAWS, seed: int = 0) -> Thresholds:
    """The points where they are unknown: breaks of a continuous, piecewise linear fit of ThV.

    Args:
        year: Rising years, shape (n,).
        thv: Threshold values, 1 before mining, shape (n,); NaN where unknown, at least 12 known.
        draws: Resampled series for the intervals.
        seed: Of the resampling.

    Returns:
        The points, each at a year of the record with a 90 % interval, if ThV falls below 1, has a downward trend
        (Mann-Kendall, 5 %) and a break (BIC).

    Where BIC chooses one or two breaks but does not speak strongly against three (a difference below 6), all three
    points are given, with the wide intervals that are then due: with fewer breaks than the curve has, the intervals of
    the others would be too narrow. With fewer points, a last break at which the fall eases is the mutation point.

    Source: the points are of Dong et al. (2025), their detection is ours.
    """
    known = np.isfinite(thv)
    t, y = np.asarray(year, np.float64)[known], np.asarray(thv, np.float64)[known]
    flags = missing(known)
    if t.size < LEAST_VALUES:
        return Thresholds("insufficient data", "breaks", flags=(*flags, f"{t.size} values, {LEAST_VALUES} are needed"))
    if not (y < 1).any():
        return Thresholds("not defined: integrity did not fall", "breaks", flags=tuple(flags))
    if not falls(y):
        return Thresholds("no downward trend", "breaks", flags=tuple(flags))
    fits = fit_all(t, y)
    chosen, bic = min(fits, key=lambda each: each.bic), tuple(each.bic for each in fits)
    if not chosen.breaks.size:
        return Thresholds("no break", "breaks", breaks=0, bic=bic, flags=tuple(flags))
    fit = fits[MOST_KNOTS] if bic[MOST_KNOTS] - chosen.bic < STRONG else chosen
    points, more = _points(t, y, fit, draws, seed)
    flags += more
    if fit is not chosen:
        flags.append(f"BIC chooses {chosen.breaks.size} breaks, but does not rule out three: the intervals are wide")
    knots = tuple(zip(fit.knots.tolist(), fit.levels.tolist(), strict=True))
    stages = stages_of(t.tolist(), points)
    return Thresholds("found", "breaks", points, stages, chosen.breaks.size, bic, knots, tuple(flags))


def name_breaks(slopes: Series) -> tuple[str, ...]:
    """Names of the points at breaks between segments of given slopes (ours).

    >>> name_breaks(np.array([0.0, -2.0, -1.0])), name_breaks(np.array([0.0, -1.0, -2.0]))
    (('elastic', 'mutation'), ('elastic', 'yield'))
    """
    k = slopes.size - 1
    if k == MOST_KNOTS:
        return POINTS
    return (*POINTS[: k - 1], "mutation" if slopes[-1] > slopes[-2] else POINTS[k - 1])


def _points(
    t: NDArray[np.float64], y: NDArray[np.float64], fit: PiecewiseFit, draws: int, seed: int
) -> tuple[tuple[Point, ...], list[str]]:
    """The breaks as points with intervals, and what is to be said of them."""
    finer = refine(t, y, fit)
    drawn = resample_breaks(t, y, finer, draws=draws, seed=seed)
    ends = zip(*drawn.interval(), *drawn.level_interval(), strict=True)
    levels = fit.levels[1:-1]
    points = tuple(
        Point(name, year, min(low, year), max(high, year), level, min(below, level), max(above, level))
        for name, year, level, (low, high, below, above) in zip(
            name_breaks(fit.slopes),
            fit.breaks.tolist(),
            levels.tolist(),
            (map(float, each) for each in ends),
            strict=True,
        )
    )
    flags = []
    if (np.diff(levels) >= 0).any() or levels[0] > 1:
        flags.append("ThV at the points does not fall from below 1 on: read them as breaks, not as a, b and c")
    if autocorrelation(y - finer.at(t)) > 1.96 / math.sqrt(t.size):
        flags.append("residuals of neighbouring years are alike: the intervals are too narrow")
    return points, flags
