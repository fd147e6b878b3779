"""From the affected areas of some mines to the national one, by their share of the coal output."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pitscape.resilience.estimators import one_each, ratio_estimate

Spread: TypeAlias = Literal["jackknife", "leave-one-mine-out of the areas alone"]

NATIONAL_MT = 1057.0  # with 142, the only pair of whole Mt that gives the printed area; the text has 1.06 bn t
MINES_MT = 142.0
CHINA_LAND_KM2 = 9.6e6
JACKKNIFE: Spread = "jackknife"
AREAS_ALONE: Spread = "leave-one-mine-out of the areas alone"


@dataclass(frozen=True, slots=True)
class NationalArea:
    """Affected area of a country's open-pit coal mines, scaled up from some.

    Attributes:
        area_km2: Estimate [km2].
        low_km2: Lower end of the spread [km2]; an interval ends at the measured land.
        high_km2: Upper end of the spread [km2].
        spread: What the ends are. ``jackknife``: a 95 % interval, with output by mine. ``leave-one-mine-out of the
            areas alone``: smallest and largest estimate with one mine left out; no interval, since output by mine is
            unknown.
        land_share: Estimate as a fraction of the country's land.
        extrapolated_share: Part of the estimate that was not measured, a fraction.
    """

    area_km2: float
    low_km2: float
    high_km2: float
    spread: Spread
    land_share: float
    extrapolated_share: float


def national_area(
    affected_km2: Sequence[float],
    *,
    production_mt: Sequence[float] | None = None,
    mines_mt: float = MINES_MT,
    national_mt: float = NATIONAL_MT,
    land_km2: float = CHINA_LAND_KM2,
) -> NationalArea:
    """National affected area, with the spread that leaving out one mine gives.

    Args:
        affected_km2: Affected area of each mine [km2], shape (n,), n >= 2, >= 0.
        production_mt: Output of each mine in one year [Mt], shape (n,), > 0; then ``mines_mt`` is their sum, and the
            spread a jackknife of the ratio estimator sum A / sum P.
        mines_mt: Output of all the mines together [Mt], where it is not known by mine.
        national_mt: Output of the country's open-pit mines in the same year [Mt].
        land_km2: Land of the country [km2], > 0.

    Returns:
        The estimate. Neither spread holds the error of the areas or of the national output.

    Raises:
        ValueError: If there are fewer than two mines, lengths differ, or a number is outside its range.

    Source: Dong et al. (2025) for the estimate, from 142 of 1,057 Mt; the spreads are ours.

    >>> area = national_area([10.0, 20.0, 30.0], mines_mt=50.0, national_mt=100.0, land_km2=1e4)
    >>> area.area_km2, area.low_km2, area.high_km2  # (10 + 20) x 3/2 x 2 without the third, (20 + 30) x 3/2 x 2
    (120.0, 90.0, 150.0)
    """
    if not 0 < land_km2 < math.inf:
        raise ValueError(f"land_km2 must be positive, got {land_km2}: China's is 9.6e6.")
    areas = one_each("affected_km2", affected_km2, zero=True)
    output = None if production_mt is None else one_each("production_mt", production_mt, zero=False)
    measured_mt = mines_mt if output is None else float(output.sum())
    total = scale_area(float(areas.sum()), mines_mt=measured_mt, national_mt=national_mt)
    if output is None:
        low, high = _areas_alone(areas, national_mt / mines_mt)
    else:
        found = ratio_estimate(affected_km2, production_mt or (), national_mt=national_mt)
        low, high = found.low_km2, found.high_km2
    return NationalArea(
        area_km2=total,
        low_km2=low,
        high_km2=high,
        spread=AREAS_ALONE if output is None else JACKKNIFE,
        land_share=share_of_land(total, land_km2=land_km2),
        extrapolated_share=1 - measured_mt / national_mt,
    )


def scale_area(area_km2: float, *, mines_mt: float = MINES_MT, national_mt: float = NATIONAL_MT) -> float:
    """Scale an area by output, A x national / mines.

    Args:
        area_km2: Affected area of the mines [km2].
        mines_mt: Their annual output [Mt], > 0.
        national_mt: Annual output of the country's open-pit mines [Mt], at least ``mines_mt``.

    Returns:
        National affected area [km2]. It assumes that all mines affect as much land for each tonne of one year; the five
        of the paper differ by a factor of 3 even in excavated to affected land.

    Raises:
        ValueError: If an output is not positive, or the country's is smaller than the mines'.

    Source: Dong et al. (2025).

    >>> round(scale_area(1679.60), 2)  # printed: 12,502.37
    12502.37
    """
    if not 0 < mines_mt <= national_mt < math.inf:
        raise ValueError(f"Output must be 0 < mines <= national, got {mines_mt} and {national_mt} Mt: check the units.")
    return area_km2 * national_mt / mines_mt


def share_of_land(area_km2: float, *, land_km2: float = CHINA_LAND_KM2) -> float:
    """Area as a fraction of a country's land.

    >>> round(100 * share_of_land(1679.60), 4)  # %, printed: 0.02
    0.0175
    """
    return area_km2 / land_km2


def _areas_alone(areas: NDArray[np.float64], factor: float) -> tuple[float, float]:
    """Smallest and largest estimate from all mines but one, as if each gave the same output."""
    n = areas.size
    left_out = (areas.sum() - areas) * n / (n - 1) * factor
    return float(left_out.min()), float(left_out.max())
