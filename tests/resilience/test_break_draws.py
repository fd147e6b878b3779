"""Points and trends of many series at once, against the search of one series and against pymannkendall."""

import math

import numpy as np
import pymannkendall
import pytest
from numpy.typing import NDArray

from pitscape.resilience.break_draws import points_of_draws
from pitscape.resilience.detection import detect_thresholds
from pitscape.resilience.stages import POINTS
from pitscape.resilience.trend import falling, falls

YEARS = np.arange(1980.0, 2022.0)
S1 = np.interp(np.arange(42), [0, 10, 22, 32, 41], [1, 0.98, 0.7, 0.3, 0.25])
S2 = np.interp(np.arange(42), [0, 10, 22, 32, 41], [1, 0.97, 0.8, 0.65, 0.6])


def noisy(curve: NDArray[np.float64], sd: float, draws: int, seed: int = 0) -> NDArray[np.float64]:
    return curve + np.random.default_rng(seed).normal(0, sd, (draws, curve.size))


def one_by_one(years: NDArray[np.float64], series: NDArray[np.float64]) -> list[float]:
    found = {point.name: point.year for point in detect_thresholds(years, series, draws=1).points}
    return [found.get(name, math.nan) for name in POINTS]


@pytest.mark.parametrize(("curve", "sd"), [(S1, 0.01), (S1, 0.03), (S2, 0.03), (np.ones(42), 0.05)])
def test_many_series_are_searched_as_one_is(curve: NDArray[np.float64], sd: float) -> None:
    draws = noisy(curve, sd, 12)
    expected = [one_by_one(YEARS, each) for each in draws]
    assert np.array_equal(points_of_draws(YEARS, draws), expected, equal_nan=True)


def test_uneven_years_and_few_values() -> None:
    years = np.array([1980, 1981, 1985, 1986, 1990, 1994, 1995, 1999, 2003, 2008, 2010, 2012, 2019.0])
    draws = noisy(np.interp(years, [1980, 1990, 2010, 2019], [1, 0.97, 0.4, 0.38]), 0.01, 12)
    expected = [one_by_one(years, each) for each in draws]
    assert np.array_equal(points_of_draws(years, draws), expected, equal_nan=True)


def test_a_series_without_noise_has_its_knots() -> None:
    """The knots of S1 lie at 10, 22 and 32 years."""
    assert points_of_draws(YEARS, S1[None]).tolist() == [[1990, 2002, 2012]]


def test_wide_noise_hides_the_points() -> None:
    """A fall of 0.1 in noise of sd 0.01, 0.1 and 1: the more noise, the fewer series have a mutation point."""
    fall = np.interp(YEARS, [1980, 1995, 2005, 2021], [1, 1, 0.9, 0.9])
    defined = [np.isfinite(points_of_draws(YEARS, noisy(fall, sd, 300))[:, 2]).mean() for sd in (0.01, 0.1, 1)]
    assert defined[0] == 1
    assert defined[0] > defined[1] > defined[2]
    assert defined[2] < 0.05  # the gate lets 2.5 % of trendless series through, and some of them have no break


def test_what_has_no_point_is_not_a_number() -> None:
    rises, above = np.linspace(0.5, 1.5, 42), np.linspace(1.9, 1.1, 42)
    gap = S1.copy()
    gap[5] = math.nan
    straight = np.linspace(1, 0.2, 42)
    assert np.isnan(points_of_draws(YEARS, np.array([rises, above, gap, straight]))).all()
    assert np.isnan(points_of_draws(YEARS[:11], S1[None, :11])).all()
    assert points_of_draws(YEARS, np.empty((0, 42))).shape == (0, 3)


def test_more_than_sixty_years() -> None:
    """120 years with knots at 40 and 80, of which every other can be a break."""
    years = np.arange(120.0)
    curve = np.interp(years, [0, 40, 80, 119], [1, 0.95, 0.3, 0.28])
    found = points_of_draws(years, noisy(curve, 0.005, 5))
    assert np.median(np.nanmin(found, axis=1)) == pytest.approx(40, abs=3)
    assert np.median(found[:, 2]) == pytest.approx(80, abs=3)


@pytest.mark.parametrize("digits", [1, 8])
def test_trends_are_those_of_pymannkendall(digits: int) -> None:
    """With one digit there are many ties."""
    slopes = np.linspace(-0.05, 0.05, 40)[:, None]
    draws = np.round(slopes * np.arange(20) + np.random.default_rng(0).normal(0, 0.2, (40, 20)), digits)
    expected = [pymannkendall.original_test(each).trend == "decreasing" for each in draws]
    assert 5 < sum(expected) < 25
    assert falling(draws).tolist() == expected
    assert [falls(each) for each in draws] == expected
