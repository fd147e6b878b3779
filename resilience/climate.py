"""Variability of the climate: the terms C1 (annual precipitation) and C2 (growing-season temperature)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FLOOR = 0.01
WINDOW_YEARS = 10
LEAST_YEARS = 5
GROWING_SEASON = (4, 10)
HOTTEST_C = 70.0
"""No monthly mean on earth is hotter, nor as cold; kelvin and fill values are."""


@dataclass(frozen=True, eq=False, slots=True)
class MonthlyClimate:
    """Monthly records of one place, in any order; NaN marks a missing value.

    Attributes:
        year: Calendar year, shape (n,).
        month: Month, 1-12, shape (n,); each month of a year at most once.
        precipitation_mm: Precipitation of the month [mm], >= 0, shape (n,).
        temperature_c: Mean temperature of the month [degC], shape (n,).

    Raises:
        ValueError: If the shapes differ, a month is not 1-12 or comes twice, or a value cannot be one of climate.
    """

    year: NDArray[np.integer[Any]]
    month: NDArray[np.integer[Any]]
    precipitation_mm: NDArray[np.floating[Any]]
    temperature_c: NDArray[np.floating[Any]]

    def __post_init__(self) -> None:
        columns = (self.year, self.month, self.precipitation_mm, self.temperature_c)
        if self.year.ndim != 1 or self.year.size == 0 or any(c.shape != self.year.shape for c in columns):
            raise ValueError(
                f"Climate columns must be 1-D, equally long and not empty, got {[c.shape for c in columns]}."
            )
        if ((self.month < 1) | (self.month > 12)).any():
            raise ValueError(
                "month must be 1-12: check the column order (year, month, precipitation_mm, temperature_c)."
            )
        months, counts = np.unique(np.stack([self.year, self.month]), axis=1, return_counts=True)
        if (counts > 1).any():
            year, month = months[:, counts > 1][:, 0]
            raise ValueError(f"{year}-{month:02d} comes more than once: give one station, or the mean of several.")
        if (self.precipitation_mm < 0).any():
            raise ValueError("precipitation_mm is negative: replace fill values by NaN.")
        if (np.abs(self.temperature_c) > HOTTEST_C).any():
            raise ValueError(
                "temperature_c is beyond 70 degC: subtract 273.15 from kelvin, replace fill values by NaN."
            )


@dataclass(frozen=True, eq=False, slots=True)
class ClimateWindow:
    """Annual values up to an epoch, with the terms that follow from them.

    Attributes:
        years: Calendar years, shape (n,).
        precipitation_mm: Annual precipitation [mm], shape (n,).
        temperature_c: Mean temperature of the growing season [degC], shape (n,).
        c1: Relative variability of precipitation [fraction], floored.
        c2: Relative variability of temperature [fraction of a mean in degC], floored.
    """

    years: NDArray[np.integer[Any]]
    precipitation_mm: NDArray[np.float64]
    temperature_c: NDArray[np.float64]
    c1: float
    c2: float


def precipitation_variability(
    records: MonthlyClimate, *, year: int, window: int = WINDOW_YEARS, least: int = LEAST_YEARS
) -> float:
    """C1, the relative variability of annual precipitation over the years up to ``year``.

    Args:
        records: Monthly records; every year of the window must have its twelve months.
        year: Last year of the window.
        window: Years in the window, fewer only where the records begin within it.
        least: Fewest years accepted.

    Returns:
        C1 as a fraction, >= 0.01; 0.1-0.3 in China, 0.2-0.5 in its arid north-west.

    Raises:
        ValueError: If a month is missing (named), fewer than ``least`` years are there, or the mean is not positive.

    Source: Dong et al. (2025), eq. 4; window and floor are ours.

    >>> year, month = np.repeat(np.arange(2001, 2006), 12), np.tile(np.arange(1, 13), 5)
    >>> rain, warmth = np.repeat([20.0, 30.0, 30.0, 30.0, 40.0], 12), np.repeat([8.0, 10.0, 10.0, 10.0, 12.0], 12)
    >>> records = MonthlyClimate(year, month, rain, warmth)
    >>> round(precipitation_variability(records, year=2005), 6)  # totals 240, 360, 360, 360, 480: 48 / 360
    0.133333
    """
    rain = _by_year(records, "precipitation_mm", (1, 12), range(year - window + 1, year + 1), least)
    return max(relative_variability(rain.sum(axis=1)), FLOOR)


def temperature_variability(
    records: MonthlyClimate,
    *,
    year: int,
    growing_season: tuple[int, int] = GROWING_SEASON,
    window: int = WINDOW_YEARS,
    least: int = LEAST_YEARS,
) -> float:
    """C2, the relative variability of the growing season's mean temperature over the years up to ``year``.

    Args:
        records: Monthly records; every year of the window must have the months of the season.
        year: Last year of the window.
        growing_season: First and last month; April-October suits the north. A first month after the last one begins
            the season in the year before, as (10, 4) in the south.
        window: Years in the window, fewer only where the records begin within it.
        least: Fewest years accepted.

    Returns:
        C2 as a fraction of a mean in degC, >= 0.01. The zero of the scale matters: values compare only in degC.

    Raises:
        ValueError: If a month is missing (named), fewer than ``least`` years are there, or the mean is not positive.

    Source: Dong et al. (2025), eq. 4; season, window and floor are ours.

    >>> year, month = np.repeat(np.arange(2001, 2006), 12), np.tile(np.arange(1, 13), 5)
    >>> rain, warmth = np.repeat([20.0, 30.0, 30.0, 30.0, 40.0], 12), np.repeat([8.0, 10.0, 10.0, 10.0, 12.0], 12)
    >>> records = MonthlyClimate(year, month, rain, warmth)
    >>> round(temperature_variability(records, year=2005), 6)  # 0.8 / 10
    0.08
    """
    first, last = growing_season
    if not (1 <= first <= 12 and 1 <= last <= 12):
        raise ValueError(f"growing_season must be two months 1-12, got {growing_season}: for example (4, 10).")
    warmth = _by_year(records, "temperature_c", growing_season, range(year - window + 1, year + 1), least)
    return max(relative_variability(warmth.mean(axis=1)), FLOOR)


def climate_window(
    records: MonthlyClimate,
    *,
    year: int,
    growing_season: tuple[int, int] = GROWING_SEASON,
    window: int = WINDOW_YEARS,
    least: int = LEAST_YEARS,
) -> ClimateWindow:
    """The annual values up to ``year`` with their C1 and C2; arguments and errors as for these."""
    years = range(year - window + 1, year + 1)
    rain = _by_year(records, "precipitation_mm", (1, 12), years, least).sum(axis=1)
    warmth = _by_year(records, "temperature_c", growing_season, years, least).mean(axis=1)
    common = min(len(rain), len(warmth))  # a season that begins in the year before may be on record one year less
    return ClimateWindow(
        years=np.arange(year + 1 - common, year + 1),
        precipitation_mm=rain[-common:],
        temperature_c=warmth[-common:],
        c1=precipitation_variability(records, year=year, window=window, least=least),
        c2=temperature_variability(records, year=year, growing_season=growing_season, window=window, least=least),
    )


def relative_variability(values: Sequence[float] | NDArray[np.floating[Any]]) -> float:
    """Mean deviation relative to the mean, mean|x - mean x| / mean x.

    Args:
        values: One value a year, shape (n,), finite.

    Returns:
        The variability as a fraction, >= 0: 0 for constant values.

    Raises:
        ValueError: If there is no value, one is not finite, or the mean is not positive.

    >>> relative_variability([300.0, 400.0, 500.0])  # (100 + 0 + 100) / 3 / 400
    0.16666666666666669
    """
    x = np.asarray(values, np.float64)
    if x.size == 0 or not np.isfinite(x).all():
        raise ValueError("Relative variability needs finite values: leave out or complete the years without one.")
    mean = float(x.mean())
    if mean <= 0:
        raise ValueError(f"The mean is {mean:.4g}, not positive: relative variability needs a season above 0.")
    return float(np.abs(x - mean).mean()) / mean


def _by_year(
    records: MonthlyClimate, column: str, season: tuple[int, int], years: range, least: int
) -> NDArray[np.float64]:
    """The months of a season (columns) of the years on record (rows), refusing gaps."""
    wraps = season[0] > season[1]
    recorded = [year for year in years if year >= records.year.min() + wraps]
    if len(recorded) < least:
        raise ValueError(
            f"{len(recorded)} years of climate up to {years.stop - 1}, at least {least} are needed: go further back."
        )
    cells = zip(records.year.tolist(), records.month.tolist(), getattr(records, column).tolist(), strict=True)
    known = {(year, month): value for year, month, value in cells if math.isfinite(value)}
    wanted = [_season_months(year, *season) for year in recorded]
    for year, month in (each for months in wanted for each in months):
        if (year, month) not in known:
            raise ValueError(
                f"{column} of {year}-{month:02d} is missing: complete the year, or begin the record after it."
            )
    return np.array([[known[each] for each in months] for months in wanted])


def _season_months(year: int, first: int, last: int) -> list[tuple[int, int]]:
    """Year and month of a season that ends in ``year``."""
    if first <= last:
        return [(year, month) for month in range(first, last + 1)]
    return [(year - 1, month) for month in range(first, 13)] + [(year, month) for month in range(1, last + 1)]


def year_of(records: MonthlyClimate, year: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Precipitation [mm] and temperature [degC] of January to December of a year, each of shape (12,).

    Raises:
        ValueError: If a month is missing (named).

    >>> months = np.arange(1, 13)
    >>> records = MonthlyClimate(np.full(12, 2001), months, np.full(12, 30.0), np.full(12, 8.0))
    >>> year_of(records, 2001)[0].sum()
    np.float64(360.0)
    """
    rain, warmth = (
        _by_year(records, column, (1, 12), range(year, year + 1), 1)[0]
        for column in ("precipitation_mm", "temperature_c")
    )
    return rain, warmth
