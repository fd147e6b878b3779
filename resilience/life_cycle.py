"""The life cycle of a mine: initial, accelerated, stable, decline, from its output or from dates alone."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pitscape.resilience.production_curve import Kind, ProductionCurve, fit_production

Basis: TypeAlias = Literal["production", "dates"]

STAGES = ("initial", "accelerated", "stable", "decline")
PERIODS: Mapping[str, str] = MappingProxyType(
    {
        "planning": "initial",
        "construction": "initial",
        "put into production": "accelerated",
        "reaching production": "accelerated",
        "stable production": "stable",
        "decline": "decline",
        "replacement and closing": "decline",
    }
)
"""Stage of each of the seven periods; Dong et al. (2025) assign "decline" to no stage, that is ours."""

KINDS: tuple[Kind, Kind] = ("single", "double")
LEAST_VALUES = 8
LARGEST_ERROR = 5.0
LEAST_GAIN = 4.0
ACCELERATED_YEARS = 5
LATE_YEARS = 25
NOT_OBSERVED = "decline not yet observed"


@dataclass(frozen=True, eq=False, slots=True)
class LifeCycle:
    """When the stages of a mine begin.

    Attributes:
        basis: ``production`` where a curve was fitted, ``dates`` where only the date rule was possible.
        accelerated_from: Begin of the accelerated stage [year, fractional]; NaN where not known.
        stable_from: Begin of the stable stage; NaN where not known.
        decline_from: Begin of the decline; NaN where it is not observed.
        curve: The fitted curve of the output, None with dates.
        rival: The curve that was not chosen, None with dates.
        notes: Why this basis, and what a reader must know.
    """

    basis: Basis
    accelerated_from: float
    stable_from: float
    decline_from: float
    curve: ProductionCurve | None = None
    rival: ProductionCurve | None = None
    notes: tuple[str, ...] = ()

    def stage(self, year: float) -> str:
        """Stage of a year; with dates, the stable stage is ``early stable`` or ``late stable``."""
        if year >= self.decline_from:
            return "decline"
        if year >= self.stable_from:
            return "stable" if self.basis == "production" else self._by_age(year)
        return "accelerated" if year >= self.accelerated_from else "initial"

    def _by_age(self, year: float) -> str:
        return "late stable" if year - self.accelerated_from >= LATE_YEARS else "early stable"


class InsufficientRecord(ValueError):  # noqa: N818 - no error of the user's
    """A record that cannot show the life cycle; its text says why."""


def life_cycle_of_production(
    year: NDArray[np.floating[Any]], output_mt: NDArray[np.floating[Any]], *, first_production: float = math.nan
) -> LifeCycle:
    """Stages from the yearly output, by a logistic curve that rises and, if the record shows it, falls.

    Args:
        year: Rising years, shape (n,); gaps are allowed.
        output_mt: Output [Mt], >= 0, shape (n,); NaN where unknown. Zeros before the first output are the initial stage.
        first_production: Year of the first output, where it is known and not in the record.

    Returns:
        The life cycle. The accelerated stage begins with the first output, or at 10 % of the plateau where the record
        begins later or has a gap before it; the stable stage at 90 %, t1 + 2.197 / k1. The decline begins at t2 - 2.197 / k2 if t2 lies in the
        record, its standard error is below 5 years and AICc prefers the double curve by more than 4.

    Raises:
        InsufficientRecord: If there are fewer than 8 values, or no rising limb: the record begins above half of the
            plateau, or the middle of the rise is not known to 5 years.
        ValueError: If shapes differ, years do not rise or output is negative.

    Source: the four stages of Dong et al. (2025); the curve and its rules are ours.
    """
    t, y = _known(year, output_mt)
    if t.size < LEAST_VALUES:
        raise InsufficientRecord(f"{t.size} values of output, at least {LEAST_VALUES} are needed")
    if not y.any():
        raise InsufficientRecord("no output on record")
    single, double = (fit_production(t, y, kind=kind) for kind in KINDS)
    declines = single.aicc - double.aicc > LEAST_GAIN and double.t2 < t[-1] and double.t2_error < LARGEST_ERROR
    curve, rival = (double, single) if declines else (single, double)
    if not (t[0] <= curve.t1 <= t[-1] and curve.t1_error < LARGEST_ERROR):
        raise InsufficientRecord("no rising limb: the record does not show output passing half of its plateau")
    started = _first_output(t, y) if math.isnan(first_production) else first_production
    return LifeCycle(
        "production",
        accelerated_from=curve.tenth if math.isnan(started) else started,
        stable_from=curve.nine_tenths,
        decline_from=curve.falls_from if declines else math.nan,
        curve=curve,
        rival=rival,
        notes=(*(() if declines else (NOT_OBSERVED,)), *_gaps(t, y)),
    )


def life_cycle_of_dates(first_production: float, *, decline: float = math.nan) -> LifeCycle:
    """Stages from dates alone: accelerated for 5 years from the first production, then early, from 25 years on late stable.

    Args:
        first_production: Year of the first production; a trial counts.
        decline: Year from which the mine is declared to decline; NaN where it is not.

    Returns:
        The life cycle. The rule was chosen to give the stages that Dong et al. (2025), Table 2, have for five mines in
        2022, and is not validated beyond them.

    >>> [life_cycle_of_dates(1984).stage(year) for year in (1983, 1984, 1989, 2008, 2009)]
    ['initial', 'accelerated', 'early stable', 'early stable', 'late stable']
    """
    note = "stages by the date rule, which fits the five mines of the paper and is not validated beyond them"
    return LifeCycle("dates", first_production, first_production + ACCELERATED_YEARS, decline, notes=(note,))


def _gaps(t: NDArray[np.float64], y: NDArray[np.float64]) -> list[str]:
    """What is to be said of years without output."""
    unknown = round(float(t[-1] - t[0])) + 1 - t.size
    said = [f"{unknown} years are not on record"] if unknown > 0 else []
    after_first = y[int((y > 0).argmax()) :]
    return said + (["years of no output after the first: halted, not closed"] if (after_first == 0).any() else [])


def _first_output(t: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Year of the first output if the record holds the year before it, without; NaN if it may have begun earlier."""
    first = int((y > 0).argmax())
    return float(t[first]) if first > 0 and t[first] - t[first - 1] <= 1 else math.nan


def _known(
    year: NDArray[np.floating[Any]], output_mt: NDArray[np.floating[Any]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The years with a value."""
    t, y = np.asarray(year, np.float64), np.asarray(output_mt, np.float64)
    if t.ndim != 1 or t.shape != y.shape:
        raise ValueError(f"year and output must be 1-D and equally long, got {t.shape} and {y.shape}.")
    if not (np.diff(t) > 0).all() or not np.isfinite(t).all():
        raise ValueError("years must rise, each at most once: sort them, and give the sum of a year once.")
    if (y < 0).any() or np.isinf(y).any():
        raise ValueError("output must be finite and at least 0: replace fill values by empty cells.")
    known = ~np.isnan(y)
    return t[known], y[known]
