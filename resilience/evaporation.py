"""Evaporation from climate: potential by Thornthwaite, actual by Budyko's balance in the forms of Fu and of Zhang."""

import calendar
import math
from collections.abc import Sequence

FU_OMEGA = 2.6
WOODY, HERBACEOUS = 2.0, 0.5
"""Plant-available water w of Zhang's curve: forest, and grass or crops."""


def actual_evaporation_fu(precipitation_mm: float, potential_mm: float, *, omega: float = FU_OMEGA) -> float:
    """Annual actual evapotranspiration, ET = P + PET - (P^omega + PET^omega)^(1/omega).

    Args:
        precipitation_mm: Annual precipitation P [mm], >= 0.
        potential_mm: Annual potential evapotranspiration PET [mm], >= 0.
        omega: Shape, > 1: larger where more water stays for plants; 2.6 is the mean of many catchments.

    Returns:
        ET [mm], in [0, min(P, PET)].

    Raises:
        ValueError: If a number is outside its range.

    Source: Fu (1981), as given by Zhang et al. (2004), Water Resources Research 40, W02502.

    >>> round(actual_evaporation_fu(500.0, 500.0, omega=2.0), 3)  # 500 (2 - sqrt 2)
    292.893
    """
    _check(precipitation_mm, potential_mm)
    if not 1 < omega < math.inf:
        raise ValueError(f"omega must be above 1, got {omega}: 2.6 is common.")
    larger = max(precipitation_mm, potential_mm)
    if larger == 0:
        return 0.0
    powers = math.pow(precipitation_mm / larger, omega) + math.pow(potential_mm / larger, omega)
    found = precipitation_mm + potential_mm - larger * math.pow(powers, 1 / omega)
    return min(max(found, 0.0), precipitation_mm, potential_mm)


def actual_evaporation_zhang(precipitation_mm: float, potential_mm: float, *, plant_water: float = HERBACEOUS) -> float:
    """Annual actual evapotranspiration, ET = P (1 + w x) / (1 + w x + 1 / x) with x = PET / P.

    Args:
        precipitation_mm: Annual precipitation P [mm], >= 0.
        potential_mm: Annual potential evapotranspiration PET [mm], >= 0.
        plant_water: w, >= 0: 2.0 for forest, 0.5 for grass and crops; the area-weighted mean of a mixture.

    Returns:
        ET [mm]; slightly above PET is possible in very wet climates.

    Raises:
        ValueError: If a number is negative or not finite.

    Source: Zhang et al. (2001), Water Resources Research 37, 701-708.

    >>> round(actual_evaporation_zhang(500.0, 500.0), 3)  # 500 x 1.5 / 2.5
    300.0
    """
    _check(precipitation_mm, potential_mm)
    if not 0 <= plant_water < math.inf:
        raise ValueError(f"plant_water must be >= 0, got {plant_water}: 2.0 for forest, 0.5 for grass.")
    if min(precipitation_mm, potential_mm) == 0:
        return 0.0
    stored = 1 + plant_water * potential_mm / precipitation_mm
    return precipitation_mm * stored / (stored + precipitation_mm / potential_mm)


def potential_evaporation(temperature_c: Sequence[float], *, latitude: float, year: int) -> float:
    """Annual potential evapotranspiration from monthly temperature, PET = sum 16 (N / 12) (d / 30) (10 T / I)^a.

    Args:
        temperature_c: Mean temperature of January to December [degC]; months at or below 0 evaporate nothing.
        latitude: Of the site [degrees], south negative, in [-66, 66].
        year: Calendar year, for the days of February.

    Returns:
        PET [mm y-1].

    Raises:
        ValueError: If there are not twelve finite temperatures, or the latitude is outside [-66, 66].

    Source: Thornthwaite (1948), Geographical Review 38, 55-94; day lengths N at the middle of months by FAO-56 (Allen
    et al. 1998), eqs. 24, 25 and 34.

    >>> round(potential_evaporation([10.0] * 12, latitude=0.0, year=2023), 1)  # I 34.27, a 1.0432: 365 / 30 x 48.893
    594.9
    """
    warmth = [max(value, 0.0) for value in temperature_c]
    if len(warmth) != 12 or not all(map(math.isfinite, temperature_c)) or not abs(latitude) <= 66:
        raise ValueError("PET needs twelve monthly temperatures and a latitude within 66 degrees of the equator.")
    heat = math.fsum(math.pow(value / 5, 1.514) for value in warmth)
    if heat == 0:
        return 0.0
    a = 6.75e-7 * heat**3 - 7.71e-5 * heat**2 + 1.792e-2 * heat + 0.49239
    months = [calendar.monthrange(year, month)[1] for month in range(1, 13)]
    middles = [sum(months[:place]) + days / 2 for place, days in enumerate(months)]
    return math.fsum(
        16 * day_length(latitude, round(middle)) / 12 * days / 30 * math.pow(10 * value / heat, a)
        for value, days, middle in zip(warmth, months, middles, strict=True)
    )


def day_length(latitude: float, day: int) -> float:
    """Hours of daylight N.

    Args:
        latitude: In degrees, south negative, in [-66, 66].
        day: Of the year, 1 to 366.

    Source: FAO-56 (Allen et al. 1998), eqs. 24, 25 and 34; its example 9 has 11.7 h at 20 degrees south on day 246.

    >>> round(day_length(-20.0, 246), 1)
    11.7
    """
    declination = 0.409 * math.sin(2 * math.pi / 365 * day - 1.39)
    sunset = math.acos(-math.tan(math.radians(latitude)) * math.tan(declination))
    return 24 / math.pi * sunset


def _check(precipitation_mm: float, potential_mm: float) -> None:
    for name, value in (("precipitation_mm", precipitation_mm), ("potential_mm", potential_mm)):
        if not 0 <= value < math.inf:
            raise ValueError(f"{name} must be >= 0, got {value}: mask fill values first.")
