"""How far the breaks of a fitted series move when its residuals are dealt out anew."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pitscape.resilience.piecewise import PiecewiseFit, fit_piecewise, places_of, refine

INTERVAL = (0.05, 0.95)


class BreakDraws(NamedTuple):
    """Breaks of resampled series.

    Attributes:
        times: Of the breaks, shape (draws, k).
        levels: Of the curve at them, shape (draws, k).
    """

    times: NDArray[np.float64]
    levels: NDArray[np.float64]

    def interval(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Ends of the 90 % interval of each time, shapes (k,)."""
        low, high = np.quantile(self.times, INTERVAL, axis=0)
        return low, high

    def level_interval(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Ends of the 90 % interval of each level, shapes (k,)."""
        low, high = np.quantile(self.levels, INTERVAL, axis=0)
        return low, high


def resample_breaks(
    time: NDArray[np.float64], values: NDArray[np.float64], fit: PiecewiseFit, *, draws: int, seed: int
) -> BreakDraws:
    """Residual bootstrap of the breaks of a fit (Efron & Tibshirani 1993, section 9.4).

    Residuals, widened by sqrt(n / (n - p)) for the p = 2 + 2 k fitted parameters, are dealt out with replacement over
    the curve; each draw is searched anew from the beginning, and its breaks may lie between observations.

    Args:
        time: Rising times, shape (n,).
        values: At those times, shape (n,).
        fit: Of them, with k breaks, refined.
        draws: Number of resampled series.
        seed: Of the generator.

    Returns:
        The breaks. Neighbouring residuals are taken as independent: if they are not, the spread is too small.
    """
    rng = np.random.default_rng(seed)
    base, k = fit.at(time), fit.breaks.size
    residuals = values - base
    residuals = (residuals - residuals.mean()) * np.sqrt(time.size / max(time.size - 2 - 2 * k, 1))
    times, levels = np.empty((draws, k)), np.empty((draws, k))
    places = places_of(time, values, k)
    for row, dealt in enumerate(rng.choice(residuals, (draws, time.size))):
        again = refine(time, base + dealt, fit_piecewise(time, base + dealt, breaks=k, places=places))
        times[row], levels[row] = again.breaks, again.levels[1:-1]
    return BreakDraws(times, levels)


def autocorrelation(residuals: NDArray[np.float64]) -> float:
    """Correlation of residuals with those one step before, r_1; 0 where there are none to speak of.

    >>> round(autocorrelation(np.array([1.0, 1.0, -1.0, -1.0])), 3)  # (1 - 1 + 1) / 4
    0.25
    """
    squares = float(residuals @ residuals)
    return float(residuals[1:] @ residuals[:-1]) / squares if squares > 0 else 0.0
