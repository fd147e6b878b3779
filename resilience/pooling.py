"""Threshold values pooled over mines: are a, b and c constants, and what do they go with?"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NORMAL_90 = 1.6448536269514722
"""A 90 % interval of a normal variable is twice this many standard errors wide."""

LEAST_SITES = 3
LEAST_SITES_OF_SLOPE = 4
SMALLEST_ERROR = 1e-3
MEASURES = ("e", "eci", "thv")
STAGE_ORDER = ("initial", "accelerated", "stable", "early stable", "late stable", "decline")

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pooled:
    """ThV at one point over mines.

    Attributes:
        sites: Number n of mines.
        mean: Mean ThV, weighted by precision.
        low: Lower end of its 95 % interval; NaN for fewer than 3 mines.
        high: Upper end of it.
        between: Standard deviation between mines beyond their own errors; 0 where they agree as well as a constant would.
    """

    sites: int
    mean: float
    low: float
    high: float
    between: float


@dataclass(frozen=True, slots=True)
class Slope:
    """How ThV at a point changes with an attribute of the mines.

    Attributes:
        sites: Number n of mines that have both.
        slope: Change of ThV for one unit of the attribute; NaN for fewer than 4 mines.
        low: Lower end of its 95 % interval.
        high: Upper end of it.
    """

    sites: int
    slope: float
    low: float
    high: float


def errors_of(low: Sequence[float], high: Sequence[float]) -> Values:
    """Standard errors behind 90 % intervals, at least 0.001.

    >>> errors_of([0.8], [0.8 + 2 * 1.6448536]).round(6).tolist()
    [1.0]
    """
    width = np.asarray(high, np.float64) - np.asarray(low, np.float64)
    return np.maximum(width / (2 * NORMAL_90), SMALLEST_ERROR)


def pool(thv: Sequence[float], errors: Sequence[float] | Values) -> Pooled:
    """Random-effects mean of ThV at one point.

    Args:
        thv: Threshold values, finite, shape (n,), n >= 1.
        errors: Their standard errors, > 0, shape (n,).

    Returns:
        The mean with the variance between mines of DerSimonian & Laird (1986), and the interval of Hartung & Knapp (2001)
        with Student's t of n - 1 degrees of freedom, which holds for few mines.

    Raises:
        ValueError: If there is no value, lengths differ, or a number is outside its range.

    >>> found = pool([0.8, 0.9, 1.0], [0.01, 0.01, 0.01])  # 0.9 +- 4.3027 x 0.1 / sqrt(3)
    >>> round(found.mean, 4), round(found.low, 4), round(found.high, 4)
    (0.9, 0.6516, 1.1484)
    """
    from scipy.special import stdtrit

    y, s = _checked(thv, errors)
    n, between = y.size, _between(y, s)
    weights = 1 / (s**2 + between)
    mean = float(weights @ y / weights.sum())
    if n < LEAST_SITES:
        return Pooled(n, mean, math.nan, math.nan, math.sqrt(between))
    error = math.sqrt(float(weights @ (y - mean) ** 2) / ((n - 1) * float(weights.sum())))
    half = float(stdtrit(n - 1, 0.975)) * error
    return Pooled(n, mean, mean - half, mean + half, math.sqrt(between))


def slope_on(attribute: Sequence[float], thv: Sequence[float], errors: Sequence[float] | Values) -> Slope:
    """Weighted regression of ThV at one point on an attribute of the mines, such as scale [Mt] or service life [years].

    Args:
        attribute: Value of each mine, NaN where unknown, shape (n,).
        thv: Threshold values, finite, shape (n,).
        errors: Their standard errors, > 0, shape (n,).

    Returns:
        The slope, with weights and interval as in :func:`pool` and n - 2 degrees of freedom. An association over mines, no
        cause.

    Raises:
        ValueError: If lengths differ, or a number is outside its range.

    >>> found = slope_on([1.0, 2.0, 3.0, 4.0], [0.9, 0.8, 0.7, 0.6], [0.1] * 4)
    >>> round(found.slope, 6), found.sites
    (-0.1, 4)
    """
    from scipy.special import stdtrit

    y, s = _checked(thv, errors)
    x = np.asarray(attribute, np.float64)
    if x.shape != y.shape:
        raise ValueError(f"attribute has {x.size} values for {y.size} mines: give NaN where it is not known.")
    known = np.isfinite(x)
    x, y, s = x[known], y[known], s[known]
    n = x.size
    if n < LEAST_SITES_OF_SLOPE or np.ptp(x) == 0:
        return Slope(n, math.nan, math.nan, math.nan)
    weights = 1 / (s**2 + _between(y, s))
    off = x - weights @ x / weights.sum()
    spread = float(weights @ off**2)
    slope = float(weights @ (off * y)) / spread
    residuals = y - weights @ y / weights.sum() - slope * off
    half = float(stdtrit(n - 2, 0.975)) * math.sqrt(float(weights @ residuals**2) / ((n - 2) * spread))
    return Slope(n, slope, slope - half, slope + half)


def by_stage(rows: Iterable[dict[str, float | str | None]]) -> list[dict[str, float | str]]:
    """E, ECI and ThV by life-cycle stage.

    Args:
        rows: One for each epoch of each mine, with ``stage`` and, where known, ``e``, ``eci`` and ``thv``.

    Returns:
        Rows of ``stage``, ``measure``, ``n``, ``mean``, ``low`` and ``high`` (smallest and largest), in order of stages,
        for what occurs.

    >>> by_stage([{"stage": "stable", "thv": 0.8}, {"stage": "stable", "thv": 0.6}, {"stage": "initial", "thv": None}])
    [{'stage': 'stable', 'measure': 'thv', 'n': 2, 'mean': 0.7, 'low': 0.6, 'high': 0.8}]
    """
    found: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        for measure in MEASURES:
            value = row.get(measure)
            if isinstance(value, int | float) and math.isfinite(value):
                found.setdefault((str(row["stage"]), measure), []).append(float(value))
    return [
        {
            "stage": stage,
            "measure": measure,
            "n": len(values),
            "mean": float(np.mean(values)),
            "low": min(values),
            "high": max(values),
        }
        for stage in STAGE_ORDER
        for measure in MEASURES
        if (values := found.get((stage, measure)))
    ]


def _checked(thv: Sequence[float], errors: Sequence[float] | Values) -> tuple[Values, Values]:
    y, s = np.asarray(thv, np.float64), np.asarray(errors, np.float64)
    if y.ndim != 1 or y.size == 0 or y.shape != s.shape:
        raise ValueError(f"ThV and errors must be 1-D, equally long and not empty, got {y.shape} and {s.shape}.")
    if not (np.isfinite(y).all() and np.isfinite(s).all() and (s > 0).all()):
        raise ValueError("ThV must be finite and its errors positive: leave out mines without the point.")
    return y, s


def _between(y: Values, s: Values) -> float:
    """Variance between mines (DerSimonian & Laird 1986)."""
    if y.size < 2:
        return 0.0
    w = 1 / s**2
    mean = float(w @ y / w.sum())
    excess = float(w @ (y - mean) ** 2) - (y.size - 1)
    return max(excess / float(w.sum() - (w @ w) / w.sum()), 0.0)
