import math

import pytest

from pitscape.resilience.bounds import DEFAULT_BOUNDS, Bounds, elasticity_bounds, fitted_bounds
from pitscape.resilience.elasticity import TYPE_SCORES, elasticity


def test_stored_defaults() -> None:
    ends = {name: (each.low, each.high, each.sign) for name, each in DEFAULT_BOUNDS.items()}
    assert ends == {
        "shei": (0, 1, 1),
        "mpfd": (1, 2, 1),
        "contag": (0, 100, 1),
        "connect": (0, 100, 1),
        "npp": (0, 1, 1),
        "q": (-500, 500, 1),
    }


def test_values_are_scaled_and_cut() -> None:
    q = DEFAULT_BOUNDS["q"]
    assert [q.normalise(value) for value in (-900.0, -500.0, 0.0, 250.0, 800.0)] == [0, 0, 0.5, 0.75, 1]
    assert [q.holds(value) for value in (-900.0, -500.0, 500.0, 800.0, math.nan)] == [False, True, True, False, True]
    assert Bounds(0, 100, sign=-1).normalise(25) == 0.75
    assert math.isnan(q.normalise(math.nan))


def test_no_zone_exceeds_the_bound_of_e() -> None:
    high = elasticity_bounds(types=4, best_score=0.9, c1=0.2, c2=0.1).high
    assert high == pytest.approx(0.08 * 4 * 0.9 / 0.02)
    shares = dict.fromkeys(("forest", "water", "grassland", "farmland"), 0.25)
    assert elasticity(shares, ndvi=1.0, c1=0.2, c2=0.1, scores=TYPE_SCORES).e == pytest.approx(high * 0.7 / 0.9)


def test_the_bound_of_e_has_the_same_floor_and_exponent_as_e() -> None:
    assert elasticity_bounds(types=2, best_score=1.0, c1=0.001, c2=0.1).high == pytest.approx(0.08 / 0.001)
    assert elasticity_bounds(types=8, best_score=1.0, c1=0.8, c2=0.1, h_exponent=1).high == pytest.approx(3.0)


@pytest.mark.parametrize(("low", "high", "sign"), [(1, 1, 1), (2, 1, 1), (0, math.inf, 1), (math.nan, 1, 1), (0, 1, 0)])
def test_bounds_that_bound_nothing_are_refused(low: float, high: float, sign: int) -> None:
    with pytest.raises(ValueError, match=r"low < high|sign must be 1"):
        Bounds(low, high, sign)


def test_bounds_of_e_need_types() -> None:
    with pytest.raises(ValueError, match="at least 2 types"):
        elasticity_bounds(types=1, best_score=0.9, c1=0.2, c2=0.1)


def test_fitted_bounds_are_wider_than_the_series() -> None:
    """CONNECT of Zamora, 0.87 to 2.63 %: a tenth of 1.76 more at both ends."""
    found = fitted_bounds([1.84, 0.87, 1.71, 2.63, math.nan])
    assert (found.low, found.high) == pytest.approx((0.694, 2.806))
    assert 0 < found.normalise(0.87) < found.normalise(2.63) < 1


@pytest.mark.parametrize(("values", "margin"), [([1.0], 0.1), ([1.0, 1.0, math.nan], 0.1), ([1.0, 2.0], 0.0)])
def test_series_that_bound_nothing_are_refused(values: list[float], margin: float) -> None:
    with pytest.raises(ValueError, match=r"two different values or more, got .*: give low and high"):
        fitted_bounds(values, margin=margin)
