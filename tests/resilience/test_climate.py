from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitscape.resilience.climate import (
    MonthlyClimate,
    climate_window,
    precipitation_variability,
    relative_variability,
    temperature_variability,
    year_of,
)


def climate(years: range, rain: list[float], warmth: list[float]) -> MonthlyClimate:
    """Years whose months all have the year's rain and warmth."""
    month = np.tile(np.arange(1, 13), len(years))
    return MonthlyClimate(np.repeat(list(years), 12), month, np.repeat(rain, 12), np.repeat(warmth, 12))


def without(records: MonthlyClimate, year: int, month: int) -> MonthlyClimate:
    keep = (records.year != year) | (records.month != month)
    columns = (records.year, records.month, records.precipitation_mm, records.temperature_c)
    return MonthlyClimate(*(column[keep] for column in columns))


FIVE = climate(range(2018, 2023), [20.0, 30.0, 30.0, 30.0, 40.0], [8.0, 10.0, 10.0, 10.0, 12.0])


def test_five_years_by_hand() -> None:
    assert precipitation_variability(FIVE, year=2022) == pytest.approx(48 / 360)
    assert temperature_variability(FIVE, year=2022) == pytest.approx(0.8 / 10)


def test_the_window_has_the_years_and_both_terms() -> None:
    found = climate_window(FIVE, year=2022)
    assert found.years.tolist() == [2018, 2019, 2020, 2021, 2022]
    assert found.precipitation_mm.tolist() == [240, 360, 360, 360, 480]
    np.testing.assert_allclose(found.temperature_c, [8, 10, 10, 10, 12])
    assert (found.c1, found.c2) == (pytest.approx(48 / 360), pytest.approx(0.08))


def test_a_window_over_the_turn_of_the_year_has_common_years() -> None:
    six = climate(range(2017, 2023), [10.0, 20.0, 30.0, 30.0, 30.0, 40.0], [9.0] * 6)
    found = climate_window(six, year=2022, growing_season=(10, 4))
    assert found.years.tolist() == [2018, 2019, 2020, 2021, 2022]
    assert found.precipitation_mm.tolist() == [240, 360, 360, 360, 480]


def test_the_months_of_a_year() -> None:
    rain, warmth = year_of(FIVE, 2019)
    assert (rain.sum(), warmth.mean()) == (360, 10)
    with pytest.raises(ValueError, match="2020-01 is missing"):
        year_of(without(FIVE, 2020, 1), 2020)


def test_the_window_trails() -> None:
    records = climate(range(2000, 2012), [900.0, 900.0] + [10.0, 30.0] * 5, [10.0] * 12)
    assert precipitation_variability(records, year=2011) == pytest.approx(0.5)
    assert precipitation_variability(records, year=2011, window=12) > 0.5


def test_constant_climate_has_the_floor() -> None:
    steady = climate(range(2010, 2020), [40.0] * 10, [15.0] * 10)
    assert precipitation_variability(steady, year=2019) == 0.01
    assert temperature_variability(steady, year=2019) == 0.01


def test_a_season_over_the_turn_of_the_year_belongs_to_its_end() -> None:
    years = range(2000, 2007)
    month = np.tile(np.arange(1, 13), 7)
    warmth = np.where(
        month > 6, np.repeat([8.0, 10, 10, 10, 12, 60, 60], 12), np.repeat([60.0, 8, 10, 10, 10, 12, 60], 12)
    )
    records = MonthlyClimate(np.repeat(list(years), 12), month, warmth, warmth)
    assert temperature_variability(records, year=2005, growing_season=(10, 4)) == pytest.approx(0.08)


def test_months_outside_the_season_may_be_missing() -> None:
    assert temperature_variability(without(FIVE, 2020, 1), year=2022) == pytest.approx(0.08)
    with pytest.raises(ValueError, match="precipitation_mm of 2020-01 is missing"):
        precipitation_variability(without(FIVE, 2020, 1), year=2022)


def test_a_missing_value_is_a_missing_month() -> None:
    rain = np.where((FIVE.year == 2019) & (FIVE.month == 7), np.nan, FIVE.precipitation_mm)
    with pytest.raises(ValueError, match="2019-07 is missing: complete the year"):
        precipitation_variability(MonthlyClimate(FIVE.year, FIVE.month, rain, FIVE.temperature_c), year=2022)


def test_years_not_on_record_are_refused() -> None:
    with pytest.raises(ValueError, match="2023-01 is missing"):
        precipitation_variability(FIVE, year=2023)
    with pytest.raises(ValueError, match="4 years of climate up to 2021, at least 5"):
        precipitation_variability(FIVE, year=2021)
    with pytest.raises(ValueError, match="0 years of climate up to 2022"):
        precipitation_variability(FIVE, year=2022, window=0)


def test_a_season_at_zero_degrees_is_refused() -> None:
    with pytest.raises(ValueError, match="mean is -2, not positive"):
        temperature_variability(climate(range(2018, 2023), [1.0] * 5, [-2.0] * 5), year=2022)
    with pytest.raises(ValueError, match="two months 1-12"):
        temperature_variability(FIVE, year=2022, growing_season=(4, 13))


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        (1, np.array([1, 13]), "month must be 1-12"),
        (1, np.array([1, 1]), "2020-01 comes more than once"),
        (2, np.array([5.0, -9999.0]), "negative: replace fill values by NaN"),
        (3, np.array([1.0]), "equally long"),
        (3, np.array([283.15, 284.0]), "subtract 273.15 from kelvin"),
        (3, np.array([-9999.0, 4.0]), "replace fill values by NaN"),
    ],
)
def test_records_that_are_wrong_are_refused(column: int, value: np.ndarray, message: str) -> None:
    columns = [np.array([2020, 2020]), np.array([1, 2]), np.array([5.0, 6.0]), np.array([1.0, 2.0])]
    columns[column] = value
    with pytest.raises(ValueError, match=message):
        MonthlyClimate(*columns)


@given(st.lists(st.floats(1, 1000), min_size=1, max_size=20), st.floats(0.1, 10))
def test_variability_has_no_unit(values: list[float], factor: float) -> None:
    scaled = relative_variability(np.array(values) * factor)
    assert scaled == pytest.approx(relative_variability(values), abs=1e-9)
    assert 0 <= scaled < 2


def test_values_that_cannot_vary_are_refused() -> None:
    with pytest.raises(ValueError, match="needs finite values"):
        relative_variability([1.0, float("nan")])
    with pytest.raises(ValueError, match="needs finite values"):
        relative_variability([])


def test_a_real_station_against_pandas(reference_data: Path) -> None:
    path = reference_data / "turow_timeseries" / "legnica_meteo_m.csv"
    table = pd.read_csv(path, header=None, names=["station", "year", "month", "t", "p", "date"])
    records = MonthlyClimate(*(table[name].to_numpy() for name in ("year", "month", "p", "t")))
    rain = table.groupby("year").p.sum()
    season = table[table.month.between(4, 10)].groupby("year").t.mean()
    assert precipitation_variability(records, year=2023) == pytest.approx((rain / rain.mean() - 1).abs().mean())
    assert temperature_variability(records, year=2023) == pytest.approx((season / season.mean() - 1).abs().mean())
