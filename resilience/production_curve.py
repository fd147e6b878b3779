"""Logistic curves of a mine's yearly output: one that rises, and one that rises and falls."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Kind: TypeAlias = Literal["single", "double"]
Values: TypeAlias = NDArray[np.float64]

LN9 = math.log(9)
"""A logistic curve of rate k passes 10 % and 90 % of its plateau ln(9) / k = 2.197 / k before and after its middle."""

RATES = (0.05, 5.0)
SMALLEST_RESIDUAL = 1e-12


@dataclass(frozen=True, eq=False, slots=True)
class ProductionCurve:
    """A fitted curve P(t) = Pm / ((1 + exp(-k1 (t - t1))) (1 + exp(k2 (t - t2)))); k2 and t2 are NaN for a single one.

    Attributes:
        kind: ``single`` or ``double`` logistic.
        plateau_mt: Pm [Mt / year].
        k1: Rate of the rise [1 / year].
        t1: Middle of the rise [year].
        k2: Rate of the fall [1 / year].
        t2: Middle of the fall [year].
        t1_error: Standard error of t1 [years]; infinite where the record does not fix it.
        t2_error: The same of t2; NaN for a single curve.
        aicc: Corrected Akaike criterion (Hurvich & Tsai 1989), the variance counted as a parameter; smaller is better.
        residual_squares: Residual sum of squares [Mt2].
    """

    kind: Kind
    plateau_mt: float
    k1: float
    t1: float
    k2: float
    t2: float
    t1_error: float
    t2_error: float
    aicc: float
    residual_squares: float

    def at(self, year: NDArray[np.floating[Any]]) -> Values:
        """Output of years [Mt]."""
        rise = _logistic(self.k1 * (year - self.t1))
        fall = 1.0 if self.kind == "single" else _logistic(-self.k2 * (year - self.t2))
        output: Values = self.plateau_mt * rise * fall
        return output

    @property
    def tenth(self) -> float:
        """When the rise reaches 10 % of the plateau [year]."""
        return self.t1 - LN9 / self.k1

    @property
    def nine_tenths(self) -> float:
        """When the rise reaches 90 % of the plateau [year]."""
        return self.t1 + LN9 / self.k1

    @property
    def falls_from(self) -> float:
        """When the fall has taken 10 % of the plateau [year]; NaN for a single curve."""
        return self.t2 - LN9 / self.k2


def fit_production(year: Values, output_mt: Values, *, kind: Kind) -> ProductionCurve:
    """Fit a curve by bounded least squares from many starting points.

    Args:
        year: Rising years, shape (n,).
        output_mt: Yearly output [Mt], >= 0 and not all 0, shape (n,).
        kind: ``single`` or ``double``.

    Returns:
        The best curve of all starts. The fall is not before the rise.

    Raises:
        ValueError: If there are no more values than parameters.
    """
    from scipy.optimize import least_squares

    parameters = 5 if kind == "double" else 3
    if year.size <= parameters:
        raise ValueError(f"{year.size} values cannot fix the {parameters} parameters of a {kind} logistic curve.")
    start, scale = float(year[0]), float(output_mt.max())
    t, y = year - start, output_mt / scale
    residuals = _residuals(t, y)
    low, high = _limits(float(t[-1]), parameters)
    fits = [least_squares(residuals, first, bounds=(low, high)) for first in _starts(float(t[-1]), parameters)]
    best = min(fits, key=lambda each: float(each.cost))
    squares = 2 * float(best.cost)
    t1_error, t2_error = _errors(np.asarray(best.jac), squares, t.size)
    plateau, k1, t1, *fall = best.x.tolist()
    k2, gap = fall or (math.nan, math.nan)
    return ProductionCurve(
        kind=kind,
        plateau_mt=plateau * scale,
        k1=k1,
        t1=t1 + start,
        k2=k2,
        t2=t1 + gap + start,
        t1_error=t1_error,
        t2_error=t2_error,
        aicc=_aicc(squares * scale**2, float(((output_mt - output_mt.mean()) ** 2).sum()), t.size, parameters + 1),
        residual_squares=squares * scale**2,
    )


def _residuals(t: Values, y: Values) -> Callable[[Values], Values]:
    """Residuals as a function of Pm, k1, t1 and, for a double curve, k2 and t2 - t1."""

    def residuals(x: Values) -> Values:
        curve = x[0] * _logistic(x[1] * (t - x[2]))
        if x.size == 5:
            curve *= _logistic(-x[3] * (t - x[2] - x[4]))
        off: Values = curve - y
        return off

    return residuals


def _limits(length: float, parameters: int) -> tuple[list[float], list[float]]:
    low = [0.0, RATES[0], -20.0, RATES[0], 0.0]
    high = [3.0, RATES[1], length + 20.0, RATES[1], length + 60.0]
    return low[:parameters], high[:parameters]


def _starts(length: float, parameters: int) -> Iterator[list[float]]:
    """Starting points: rises early, in the middle and late, slow and fast; falls late and after the record."""
    falls = (0.3, 0.6, 1.0) if parameters == 5 else (0.0,)
    for rise, k1, gap in product((0.05, 0.3, 0.7), (0.3, 1.5), falls):
        yield [1.0, k1, rise * length, 0.5, gap * length][:parameters]


def _errors(jacobian: Values, squares: float, n: int) -> tuple[float, float]:
    """Standard errors of t1 and t2 [years]; infinite where the observations do not fix them."""
    parameters = jacobian.shape[1]
    normal = jacobian.T @ jacobian
    if np.linalg.cond(normal) > 1e12:
        return math.inf, math.inf if parameters == 5 else math.nan
    spread = np.linalg.inv(normal) * squares / (n - parameters)
    t1 = math.sqrt(spread[2, 2])
    return t1, math.sqrt(spread[2, 2] + spread[4, 4] + 2 * spread[2, 4]) if parameters == 5 else math.nan


def _aicc(squares: float, total: float, n: int, parameters: int) -> float:
    """AICc = n ln(RSS / n) + 2 p + 2 p (p + 1) / (n - p - 1); infinite where n is too small for it."""
    if n - parameters - 1 <= 0:
        return math.inf
    floor = max(SMALLEST_RESIDUAL * total, np.finfo(float).tiny)
    correction = 2 * parameters * (parameters + 1) / (n - parameters - 1)
    return n * math.log(max(squares, floor) / n) + 2 * parameters + correction


def _logistic(x: NDArray[np.floating[Any]]) -> Values:
    """1 / (1 + exp(-x)), without overflow."""
    values: Values = 0.5 * (1 + np.tanh(0.5 * x))
    return values
