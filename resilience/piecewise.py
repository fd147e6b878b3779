"""Continuous, piecewise linear fits of a series, with up to three breaks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitscape.resilience.knots import MOST_KNOTS, best_knots, spans

LEAST_IN_SEGMENT = 3
MOST_PLACES = 60
STEPS = 10
SMALLEST_RESIDUAL = 1e-12  # of the variance: an exact fit must not win by its rounding errors


@dataclass(frozen=True, eq=False, slots=True)
class PiecewiseFit:
    """A continuous, piecewise linear curve fitted to n observations.

    Attributes:
        knots: First time, breaks, last time, shape (k + 2,).
        levels: Value of the curve at the knots, shape (k + 2,).
        residual_squares: Residual sum of squares.
        bic: Bayesian information criterion n ln(RSS / n) + (2 + 2 k) ln n; smaller is better.
    """

    knots: NDArray[np.float64]
    levels: NDArray[np.float64]
    residual_squares: float
    bic: float

    @property
    def breaks(self) -> NDArray[np.float64]:
        """Times at which the slope changes, shape (k,)."""
        return self.knots[1:-1]

    @property
    def slopes(self) -> NDArray[np.float64]:
        """Change a unit of time of each segment, shape (k + 1,)."""
        slopes: NDArray[np.float64] = np.diff(self.levels) / np.diff(self.knots)
        return slopes

    def at(self, time: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Value of the curve."""
        values: NDArray[np.float64] = np.interp(time, self.knots, self.levels)
        return values


def fit_piecewise(
    time: NDArray[np.float64],
    values: NDArray[np.float64],
    *,
    breaks: int,
    least: int = LEAST_IN_SEGMENT,
    places: NDArray[np.int64] | None = None,
) -> PiecewiseFit:
    """The best continuous fit with a given number of breaks, each at an observation; all combinations are tried.

    Args:
        time: Rising times, shape (n,).
        values: At those times, finite, shape (n,).
        breaks: Number of breaks, 0 to 3.
        least: Fewest observations of a segment, its upper end included.
        places: Rising indices of the observations at which breaks may lie, first and last one included; of
            :func:`places_of` by default.

    Returns:
        The fit. Of breaks between observations, :func:`refine` finds those near it. Where not all observations were
        places, breaks then move to the best ones near them.

    Raises:
        ValueError: If shapes differ, time does not rise, a value is not finite, or the series is too short for the
            breaks.

    >>> fit = fit_piecewise(np.arange(7.0), np.array([1.0, 1, 1, 1, 0, -1, -2]), breaks=1)
    >>> fit.breaks.tolist(), fit.levels.round(9).tolist()
    ([3.0], [1.0, 1.0, -2.0])
    """
    _check(time, values, breaks)
    if breaks == 0:
        return curve(time, values, [])
    at = places_of(time, values, breaks) if places is None else places
    last = np.full(breaks, at.size - 2)
    found, _ = best_knots(spans(time, values, time[at]), np.ones(breaks, np.int64), last, least)
    if found[0] < 0:
        raise ValueError(f"{time.size} values are too few for {breaks} breaks with {least} values in each segment.")
    if at.size < time.size:
        lows, highs = at[found - 1] + 1, at[found + 1] - 1
        nearer, _ = best_knots(spans(time, values, time), lows, highs, least)
        return curve(time, values, time[nearer])
    return curve(time, values, time[at[found]])


def places_of(time: NDArray[np.float64], values: NDArray[np.float64], breaks: int) -> NDArray[np.int64]:
    """Indices of the observations at which breaks may lie.

    Returns:
        All; beyond 60, every n/60th of them and those where the dynamic programme of ``ruptures`` puts the breaks
        (cost ``clinear``; Truong, Oudre & Vayatis 2020).
    """
    if time.size <= MOST_PLACES:
        return np.arange(time.size)
    import ruptures

    some = np.linspace(0, time.size - 1, MOST_PLACES).round().astype(np.int64)
    search = ruptures.Dynp(model="clinear", min_size=3, jump=max(1, time.size // 100)).fit(values)
    programmed = np.array(search.predict(n_bkps=breaks)[:-1], np.int64) - 1
    places: NDArray[np.int64] = np.unique(np.concatenate([some, programmed]))
    return places


def refine(
    time: NDArray[np.float64], values: NDArray[np.float64], fit: PiecewiseFit, *, least: int = LEAST_IN_SEGMENT
) -> PiecewiseFit:
    """Move the breaks of a fit between the observations, by tenths of the way to the neighbouring places.

    >>> t = np.arange(9.0)
    >>> values = np.minimum(1.0, 1 - (t - 3.5))  # a bend half-way between two observations
    >>> refine(t, values, fit_piecewise(t, values, breaks=1)).breaks.round(9).tolist()
    [3.5]
    """
    if fit.breaks.size == 0:
        return fit
    around = [_around(time, each) for each in fit.breaks]
    places = np.unique(np.concatenate([time[[0, -1]], *around]))
    lows, highs = (np.array([np.searchsorted(places, each[end]) for each in around]) for end in (0, -1))
    found, _ = best_knots(spans(time, values, places), lows, highs, least - 1)
    finer = curve(time, values, places[found]) if found[0] >= 0 else fit
    return finer if finer.residual_squares < fit.residual_squares else fit


def fit_all(
    time: NDArray[np.float64], values: NDArray[np.float64], *, least: int = LEAST_IN_SEGMENT
) -> tuple[PiecewiseFit, ...]:
    """The best fits with 0, 1, 2 and 3 breaks, as far as the series is long enough; the smallest BIC chooses.

    >>> t = np.arange(20.0)
    >>> fits = fit_all(t, 2 - 0.1 * t)
    >>> min(fits, key=lambda fit: fit.bic).breaks.size
    0
    """
    most = min(MOST_KNOTS, time.size // least - 1)
    return tuple(fit_piecewise(time, values, breaks=k, least=least) for k in range(most + 1))


def curve(
    time: NDArray[np.float64], values: NDArray[np.float64], breaks: Sequence[float] | NDArray[np.float64]
) -> PiecewiseFit:
    """Least-squares levels of a continuous, piecewise linear curve with given breaks."""
    knots: NDArray[np.float64] = np.concatenate([time[:1], np.asarray(breaks, np.float64), time[-1:]])
    hats = np.stack([np.interp(time, knots, unit) for unit in np.eye(knots.size)], axis=1)
    levels = np.linalg.lstsq(hats, values, rcond=None)[0].astype(np.float64)
    squares = float(((values - hats @ levels) ** 2).sum())
    floor = SMALLEST_RESIDUAL * max(float(((values - values.mean()) ** 2).sum()), np.finfo(float).tiny)
    n = time.size
    bic = n * np.log(max(squares, floor) / n) + (2 + 2 * (knots.size - 2)) * np.log(n)
    return PiecewiseFit(knots, levels, squares, float(bic))


def _check(time: NDArray[np.float64], values: NDArray[np.float64], breaks: int) -> None:
    if time.ndim != 1 or time.shape != values.shape or time.size < 2:
        raise ValueError(f"time and values must be 1-D and equally long, got {time.shape} and {values.shape}.")
    if not (np.isfinite(time).all() and np.isfinite(values).all() and (np.diff(time) > 0).all()):
        raise ValueError("time must rise and all values must be finite: leave out the years without a value.")
    if not 0 <= breaks <= MOST_KNOTS:
        raise ValueError(f"breaks must be 0 to {MOST_KNOTS}, got {breaks}.")


def _around(time: NDArray[np.float64], place: float) -> NDArray[np.float64]:
    """Places from the observation before a break to the one after it, without these two."""
    at = int(np.searchsorted(time, place))
    lower, upper = time[max(at - 1, 0)], time[min(at + 1, time.size - 1)]
    steps = [np.linspace(lower, place, STEPS + 1), np.linspace(place, upper, STEPS + 1)]
    places: NDArray[np.float64] = np.unique(np.concatenate(steps))[1:-1]
    return places
