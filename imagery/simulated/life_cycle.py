"""The life of a simulated mine: yearly output, stages, and the years in which its damage passes thresholds."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

RATE = 1.6
"""Of the logistic rise of output [1 / year]."""

CONSTANTS = {"elastic": 0.98, "yield": 0.92, "mutation": 0.84}
"""Vitality at the elastic, the yield and the mutation point: chosen so that the last lies in the stable stage."""

STEP = 0.25
"""Years between the times at which vitality is counted."""

DEFINITION = (
    "vitality: net primary production of all land in a year of mean rain, relative to that before mining; "
    "a point is passed where vitality, interpolated between quarters of a year, first falls below its constant"
)
STAGES = (
    "initial: no output; accelerated: from the first output; stable: from 90 % of the final output; "
    "decline: not within these years"
)


@dataclass(frozen=True)
class Output:
    """The output of the mines of a site, which rises like a logistic curve once they are open.

    Attributes:
        opens: When digging begins [year, fractional].
        stable_mt: Output at the end [Mt / year].
        middle: When half of it is reached [year, fractional].
    """

    opens: float
    stable_mt: float
    middle: float

    @property
    def stable_from(self) -> float:
        """When 90 % of the final output are reached [year, fractional]."""
        return self.middle + math.log(9) / RATE

    def yearly(self, rng: np.random.Generator, first: int, last: int) -> dict[int, float]:
        """Coal output by year [Mt], with the chance of each year; none in years that begin before the mines open."""
        output = {}
        for year in range(first, last + 1):
            rise = 1 / (1 + np.exp(-RATE * (year + 0.5 - self.middle)))
            chance = 1 + rng.normal(0, 0.025) if year >= self.opens else 0.0
            output[year] = round(float(self.stable_mt * rise * chance), 2)
        return output

    def stage(self, year: int) -> str:
        """Stage of the life cycle in the middle of a year: "initial", "accelerated" or "stable"."""
        if year < self.opens:
            return "initial"
        return "accelerated" if year + 0.5 < self.stable_from else "stable"

    def described(self, first: int, last: int) -> dict[str, Any]:
        """Stages of the years, for ``truth.json``."""
        return {
            "definition": STAGES,
            "accelerated_from": math.ceil(self.opens),
            "stable_from": round(self.stable_from, 2),
            "decline_from": None,
            "stages": [{"year": year, "stage": self.stage(year)} for year in range(first, last + 1)],
        }


def draw_output(rng: np.random.Generator, *, opens: float, mines: int = 1) -> Output:
    """Draw the output of mines that open at the same time."""
    stable, rise = rng.uniform(8, 14), rng.uniform(2.0, 2.6)
    return Output(opens, stable * mines, opens + rise)


def threshold_times(first: int, last: int) -> list[float]:
    """Times from the beginning of year ``first`` to the end of year ``last``, at which vitality is counted."""
    return np.arange(first, last + 1 + STEP / 2, STEP).tolist()


def thresholds(times: list[float], vitality: list[float]) -> dict[str, Any]:
    """When vitality passes its constants, for ``truth.json``.

    Args:
        times: Years, fractional, rising.
        vitality: At those times, relative to the first.

    Returns:
        Definition, constants, years (None where a point is not reached) and the curve.

    >>> thresholds([2015.0, 2016.0, 2017.0], [1.0, 0.96, 0.88])["years"]
    {'elastic': 2015.5, 'yield': 2016.5, 'mutation': None}
    """
    years = {name: _first_below(times, vitality, constant) for name, constant in CONSTANTS.items()}
    curve = [{"year": time, "vitality": round(value, 5)} for time, value in zip(times, vitality, strict=True)]
    return {"definition": DEFINITION, "constants": CONSTANTS, "years": years, "curve": curve}


def _first_below(times: list[float], values: list[float], level: float) -> float | None:
    for n in range(1, len(times)):
        if values[n] < level <= values[n - 1]:
            share = (values[n - 1] - level) / (values[n - 1] - values[n])
            return round(times[n - 1] + share * (times[n] - times[n - 1]), 2)
    return None
