"""The four stages of an ecosystem under mining and the three points between them."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

POINTS = ("elastic", "yield", "mutation")
STAGES = ("compaction", "resilience", "yield", "mutation")
"""Dong et al. (2025); the first one is printed as "encryption"."""


@dataclass(frozen=True, slots=True)
class Point:
    """One of the three points on ThV.

    Attributes:
        name: ``elastic``, ``yield`` or ``mutation``.
        year: When it is passed [year, fractional]; NaN where it is not.
        low: Lower end of the interval of the year; NaN where it is open.
        high: Upper end of it.
        thv: Threshold value there: the paper's a, b or c.
        thv_low: Lower end of its interval.
        thv_high: Upper end of it.
    """

    name: str
    year: float
    low: float
    high: float
    thv: float
    thv_low: float
    thv_high: float


def stage_at(year: float, passed: Mapping[str, float]) -> str:
    """Stage of a year.

    Args:
        year: The year.
        passed: When each point is passed; a point that is missing or NaN is not known.

    Returns:
        The stage; where a point between two known ones is missing, all stages that may be meant.

    >>> [stage_at(year, {"elastic": 2000.5, "mutation": 2010.0}) for year in (2000, 2001, 2010)]
    ['compaction', 'resilience or yield', 'mutation']
    """
    known = [n for n, name in enumerate(POINTS, start=1) if not math.isnan(passed.get(name, math.nan))]
    last = max((n for n in known if passed[POINTS[n - 1]] <= year), default=0)
    coming = min((n for n in known if n > last), default=last + 1)
    return " or ".join(STAGES[last:coming])


def stages_of(years: Iterable[float], points: Iterable[Point]) -> tuple[tuple[float, str], ...]:
    """Stage of each year, given the points."""
    passed = {point.name: point.year for point in points}
    return tuple((year, stage_at(year, passed)) for year in years)


def lag_behind_life_cycle(mutation: float, *, stable_from: float, decline_from: float) -> str | None:
    """What contradicts the rule that the mutation point comes after the stable stage of the life cycle.

    Args:
        mutation: Year of the mutation point; NaN where it is not passed.
        stable_from: When the stable stage begins; NaN where it is not known.
        decline_from: When it ends; NaN where the record does not show it.

    Returns:
        A sentence, or None where nothing contradicts.

    Source: Dong et al. (2025): damage accumulates and lags behind production.

    >>> lag_behind_life_cycle(2012.0, stable_from=2000.0, decline_from=2010.0)
    >>> lag_behind_life_cycle(1998.0, stable_from=2000.0, decline_from=2010.0)
    'the mutation point (1998.0) comes before the stable stage (from 2000.0): check the baseline and the series'
    """
    if math.isnan(mutation) or math.isnan(stable_from):
        return None
    if mutation < stable_from:
        return (
            f"the mutation point ({mutation:.1f}) comes before the stable stage (from {stable_from:.1f}): "
            "check the baseline and the series"
        )
    if math.isnan(decline_from):
        return f"the mutation point ({mutation:.1f}) comes within the stable stage, whose end is not yet observed"
    if mutation < decline_from:
        return f"the mutation point ({mutation:.1f}) comes before the stable stage ends ({decline_from:.1f})"
    return None
