"""Years of the elastic, the yield and the mutation point over the draws of a Monte Carlo run."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pitscape.resilience.break_draws import points_of_draws
from pitscape.resilience.crossing import first_below_of_draws
from pitscape.resilience.detection import LEAST_VALUES
from pitscape.resilience.stages import POINTS
from pitscape.resilience.thresholds import LEAST_KNOWN

Values: TypeAlias = NDArray[np.float64]
Constants: TypeAlias = Mapping[str, tuple[float, float]]
OfDraws: TypeAlias = Callable[[Any, Mapping[str, Values]], Values]


def year_functions(constants: Constants, years: Sequence[float], forms: Sequence[str]) -> dict[str, OfDraws]:
    """Years of the three points as functions of draws of ThV.

    Args:
        constants: Interval of each known constant, whose middle is taken; empty to detect the points in each draw.
        years: Of the epochs, in order; of several in a year, ThV is the mean.
        forms: Of ThV.

    Returns:
        By ``threshold_years_FORM``, a function of the inputs, which it ignores, and of outputs with ``thv_FORM`` of
        shape (n, epochs), to shape (n, 2, 3): the years of the points, NaN where a draw does not have one, and 1 or 0
        for whether it has. Epochs without ThV in any draw are left out.
    """

    def function(form: str) -> OfDraws:
        def of_draws(_: object, outputs: Mapping[str, Values]) -> Values:
            found = _years(constants, *by_year(years, outputs[f"thv_{form}"]))
            return np.stack([found, np.isfinite(found).astype(np.float64)], axis=1)

        return of_draws

    return {key_of(form): function(form) for form in forms}


def key_of(form: str) -> str:
    """Name of the function of a form of ThV."""
    return f"threshold_years_{form}"


def drawn_points(constants: Constants) -> tuple[str, ...]:
    """Names of the points whose years are drawn: those with a constant, or all."""
    return tuple(name for name in POINTS if not constants or name in constants)


def enough(constants: Constants, years: Sequence[float], known: Sequence[bool]) -> bool:
    """Whether so many years have a ThV that points can be found: 12, with known constants 2."""
    distinct = {year for year, has in zip(years, known, strict=True) if has}
    return len(distinct) >= (LEAST_KNOWN if constants else LEAST_VALUES)


def by_year(years: Sequence[float], draws: Values) -> tuple[Values, Values]:
    """Draws of the epochs as draws of the years.

    Args:
        years: Of the epochs, not falling.
        draws: Shape (n, epochs).

    Returns:
        Rising years, shape (m,), and the mean of their known epochs, shape (n, m).

    >>> years, draws = by_year([2000, 2001, 2001], np.array([[1.0, 0.8, 0.6], [1.0, 0.5, 0.5]]))
    >>> years.tolist(), draws.tolist()
    ([2000.0, 2001.0], [[1.0, 0.7], [1.0, 0.5]])
    """
    known = ~np.isnan(draws).all(axis=0)
    distinct, place = np.unique(np.asarray(years, np.float64)[known], return_inverse=True)
    member = np.equal.outer(place, np.arange(distinct.size)).astype(np.float64)
    return distinct, draws[:, known] @ (member / member.sum(axis=0))


def _years(constants: Constants, time: Values, draws: Values) -> Values:
    """Years of the points, shape (n, 3)."""
    if not constants:
        return points_of_draws(time, draws)
    found = np.full((len(draws), len(POINTS)), np.nan)
    for place, name in enumerate(POINTS):
        if name in constants and time.size:
            found[:, place] = first_below_of_draws(time, draws, sum(constants[name]) / 2)
    return found
