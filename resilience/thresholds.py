"""When threshold values ThV pass the elastic, the yield and the mutation point, given their constants."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pitscape.resilience.crossing import first_below
from pitscape.resilience.stages import POINTS, Point, stages_of

LEAST_KNOWN = 2
"""Fewest values between which a constant can be passed."""

Status: TypeAlias = Literal[
    "found",
    "insufficient data",
    "not defined: integrity did not fall",
    "no downward trend",
    "no break",
    "no point passed",
]
Series: TypeAlias = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a series of ThV says of the three points.

    Attributes:
        status: ``found``, or why no point is.
        method: ``constants`` where a, b and c were given, ``breaks`` where they were detected.
        points: The points, in order; with constants, also those not passed.
        stages: Year and stage of each value, empty where no point is found.
        breaks: Number of breaks that BIC chooses; None with constants.
        bic: BIC with 0, 1, 2 and 3 breaks; empty with constants.
        knots: Year and ThV of the ends and breaks of the fitted curve; empty with constants.
        flags: What a reader must know.
    """

    status: Status
    method: Literal["constants", "breaks"]
    points: tuple[Point, ...] = ()
    stages: tuple[tuple[float, str], ...] = ()
    breaks: int | None = None
    bic: tuple[float, ...] = ()
    knots: tuple[tuple[float, float], ...] = ()
    flags: tuple[str, ...] = ()


def invert_thresholds(
    year: Series,
    thv: Series,
    constants: Mapping[str, tuple[float, float]],
    *,
    band: tuple[Series, Series] | None = None,
) -> Thresholds:
    """The years in which ThV falls below given constants, interpolated between the values.

    Args:
        year: Rising years, shape (n,).
        thv: Threshold values, 1 before mining, shape (n,); NaN where unknown.
        constants: Interval of the constant by name of the point; equal ends for a known one. Point estimates take the
            middle.
        band: Lower and upper ends of the interval of ThV, shapes (n,), where known.

    Returns:
        The points. The interval of a year runs from when the lower end of ThV passes the upper end of the constant to
        when the upper end of ThV passes the lower one; it is open (NaN) where that is not reached.

    Raises:
        ValueError: If a name is unknown, the constants do not fall from elastic to mutation, or fewer than two values
            are known.

    Source: Dong et al. (2025), stages and eq. 8.

    >>> year, thv = np.array([2000.0, 2010.0, 2020.0]), np.array([1.0, 0.9, 0.5])
    >>> found = invert_thresholds(year, thv, {"elastic": (0.94, 0.96), "mutation": (0.4, 0.4)})
    >>> [(p.name, p.year, p.low, p.high) for p in found.points]
    [('elastic', 2005.0, 2004.0, 2006.0), ('mutation', nan, nan, nan)]
    """
    check_constants(constants)
    lower, upper = band or (thv, thv)
    known = np.isfinite(thv) & np.isfinite(lower) & np.isfinite(upper)
    t, *curves = (np.asarray(each, np.float64)[known] for each in (year, thv, lower, upper))
    if t.size < LEAST_KNOWN:
        raise ValueError(f"{t.size} values of ThV are known, two are needed: give more years.")
    if not (curves[1] < 1).any():
        return Thresholds("not defined: integrity did not fall", "constants")
    points, flags = [], missing(known)
    for name in POINTS:
        if name in constants:
            low, high = constants[name]
            middle, early, late = (
                first_below(t, curve, level) for curve, level in zip(curves, ((low + high) / 2, high, low), strict=True)
            )
            points.append(Point(name, middle.time, early.time, late.time, (low + high) / 2, low, high))
            flags += middle.flags(name)
    passed = any(not math.isnan(point.year) for point in points)
    status: Status = "found" if passed else "no point passed"
    return Thresholds(status, "constants", tuple(points), stages_of(t.tolist(), points), flags=tuple(flags))


def missing(known: NDArray[np.bool_]) -> list[str]:
    """What is to be said of values that are not known."""
    return [] if known.all() else [f"{int((~known).sum())} years without a value are left out"]


def check_constants(constants: Mapping[str, tuple[float, float]]) -> None:
    """Refuse constants that are no intervals, or do not fall from the elastic to the mutation point.

    Raises:
        ValueError: If so, or if a name is unknown.
    """
    if unknown := sorted(set(constants) - set(POINTS)):
        raise ValueError(f"unknown point {', '.join(unknown)}: there are {', '.join(POINTS)}.")
    ordered = [constants[name] for name in POINTS if name in constants]
    if not ordered or any(not (math.isfinite(low) and low <= high < math.inf) for low, high in ordered):
        raise ValueError(f"Constants need an interval low <= high for at least one point, got {dict(constants)}.")
    if any(not (one[0] > two[0] and one[1] > two[1]) for one, two in pairwise(ordered)):
        raise ValueError(
            f"Constants must fall from the elastic to the mutation point (a > b > c), got {dict(constants)}."
        )
