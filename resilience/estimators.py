"""Totals of a country from some of its mines: ratio and regression estimators, with the jackknife."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Estimator: TypeAlias = Literal["ratio", "regression"]
Values: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A national area with its 95 % interval.

    Attributes:
        estimator: ``ratio`` or ``regression``.
        area_km2: Estimate [km2].
        low_km2: Lower end [km2]; where the estimate is more than the measured land, at least that.
        high_km2: Upper end [km2].
        error_km2: Jackknife standard error [km2].
        km2_per_mt: Area that one more Mt of yearly output stands for [km2 / Mt].
    """

    estimator: Estimator
    area_km2: float
    low_km2: float
    high_km2: float
    error_km2: float
    km2_per_mt: float


def ratio_estimate(affected_km2: Sequence[float], production_mt: Sequence[float], *, national_mt: float) -> Estimate:
    """National output times the area for each Mt of the mines together, X sum y / sum x (Cochran 1977, chapter 6).

    Args:
        affected_km2: Affected area y of each mine [km2], >= 0, shape (n,), n >= 2.
        production_mt: Output x of each mine in one year [Mt], > 0, shape (n,).
        national_mt: Output X of the country in that year [Mt].

    Returns:
        The estimate; the interval is the jackknife's with Student's t of n - 1 degrees of freedom. It holds the
        differences between mines, not the error of their areas.

    Raises:
        ValueError: If there are fewer than two mines, lengths differ or a number is outside its range.

    >>> found = ratio_estimate([10.0, 30.0], [1.0, 2.0], national_mt=30.0)  # left out: 30 / 2 x 30 and 10 / 1 x 30
    >>> found.area_km2, found.error_km2
    (400.0, 75.0)
    """
    areas, output = _pairs(affected_km2, production_mt)

    def total(y: Values, x: Values) -> float:
        return national_mt * float(y.sum() / x.sum())

    return _jackknifed("ratio", total, areas, output, float(areas.sum() / output.sum()))


def regression_estimate(
    affected_km2: Sequence[float], production_mt: Sequence[float], *, national_mt: float, mines: int
) -> Estimate:
    """N (mean y + b (X / N - mean x)), b the slope of area on output (Cochran 1977, chapter 7).

    Args:
        affected_km2: Affected area y of each mine [km2], >= 0, shape (n,), n >= 3.
        production_mt: Output x of each mine in one year [Mt], > 0 and not all equal, shape (n,).
        national_mt: Output X of the country in that year [Mt].
        mines: Number N of mines in the country; China has 357 open-pit coal mines.

    Returns:
        The estimate, with an interval as in :func:`ratio_estimate`. Unlike the ratio it gives land to a mine as such:
        mines far larger than the country's average make it an extrapolation, which can be negative.

    Raises:
        ValueError: If there are fewer than three mines, one of them alone differs in output, or a number is outside its
            range.

    >>> regression_estimate([12.0, 14.0, 18.0], [1.0, 2.0, 4.0], national_mt=30.0, mines=10).area_km2  # y = 10 + 2 x
    160.0
    """
    areas, output = _pairs(affected_km2, production_mt)
    others = [np.ptp(np.delete(output, n)) for n in range(output.size)]
    if output.size < 3 or min(others) == 0:
        raise ValueError("The regression estimator needs at least three mines of different output: take the ratio.")

    def slope(y: Values, x: Values) -> float:
        return float((x - x.mean()) @ (y - y.mean()) / ((x - x.mean()) @ (x - x.mean())))

    def total(y: Values, x: Values) -> float:
        return mines * float(y.mean() + slope(y, x) * (national_mt / mines - x.mean()))

    return _jackknifed("regression", total, areas, output, slope(areas, output))


def one_each(name: str, values: Sequence[float], *, zero: bool) -> Values:
    """The values as an array, at least two, finite and positive, or 0 where ``zero`` allows it."""
    numbers = np.asarray(values, np.float64)
    if numbers.ndim != 1 or numbers.size < 2:
        raise ValueError(f"{name} needs one value for each of at least two mines, got {values}.")
    if not np.isfinite(numbers).all() or (numbers < 0).any() or (not zero and (numbers == 0).any()):
        raise ValueError(f"{name} must be finite and {'>= 0' if zero else '> 0'}, got {values}.")
    return numbers


def _pairs(affected_km2: Sequence[float], production_mt: Sequence[float]) -> tuple[Values, Values]:
    areas = one_each("affected_km2", affected_km2, zero=True)
    output = one_each("production_mt", production_mt, zero=False)
    if output.size != areas.size:
        raise ValueError(f"production_mt has {output.size} values for {areas.size} mines: give one for each.")
    return areas, output


def _jackknifed(
    estimator: Estimator, total: Callable[[Values, Values], float], areas: Values, output: Values, km2_per_mt: float
) -> Estimate:
    """An estimate with the spread of those from all mines but one (Tukey 1958)."""
    from scipy.special import stdtrit

    n = areas.size
    left_out = np.array([total(np.delete(areas, i), np.delete(output, i)) for i in range(n)])
    error = math.sqrt((n - 1) / n * float(((left_out - left_out.mean()) ** 2).sum()))
    area, half = total(areas, output), float(stdtrit(n - 1, 0.975)) * error
    measured = float(areas.sum())
    low = max(area - half, measured) if area >= measured else area - half
    return Estimate(estimator, area, low, area + half, error, km2_per_mt)
