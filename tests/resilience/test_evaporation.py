import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitscape.resilience.evaporation import (
    actual_evaporation_fu,
    actual_evaporation_zhang,
    day_length,
    potential_evaporation,
)

water = st.floats(0, 5000)


def test_zhang_gives_their_two_parameter_forms() -> None:
    """Zhang et al. (2001): forest has PET 1410 mm and w 2, grass 1100 mm and 0.5; here at 800 mm of rain."""
    forest = 800 * (1 + 2820 / 800) / (1 + 2820 / 800 + 800 / 1410)
    grass = 800 * (1 + 550 / 800) / (1 + 550 / 800 + 800 / 1100)
    assert (
        actual_evaporation_zhang(800, 1410, plant_water=2.0) == pytest.approx(forest) == pytest.approx(710.87, abs=0.01)
    )
    assert actual_evaporation_zhang(800, 1100) == pytest.approx(grass) == pytest.approx(559.06, abs=0.01)


def test_fu_by_hand_at_omega_two() -> None:
    """P (1 + x - sqrt(1 + x^2)): at x = 3/4 it is P / 2."""
    assert actual_evaporation_fu(400, 300, omega=2.0) == pytest.approx(200)


@given(water, water, st.floats(1.1, 8))
def test_fu_stays_below_both_limits(rain: float, potential: float, omega: float) -> None:
    found = actual_evaporation_fu(rain, potential, omega=omega)
    assert -1e-9 <= found <= min(rain, potential) * (1 + 1e-9) + 1e-9


def test_deserts_evaporate_what_falls() -> None:
    assert actual_evaporation_fu(50, 5e6) == pytest.approx(50)
    assert actual_evaporation_fu(0, 1000) == actual_evaporation_zhang(0, 1000) == 0


def test_day_lengths_of_fao_56() -> None:
    """Allen et al. (1998): 11.7 h at 20 degrees south on 3 September; their table 2.7 has 12 h on the equator."""
    assert day_length(-20, 246) == pytest.approx(11.7, abs=0.05)
    assert day_length(0, 15) == pytest.approx(12, abs=0.01)
    assert day_length(50, 172) == pytest.approx(16.1, abs=0.1)


def test_thornthwaite_by_hand() -> None:
    """Six months of 20 and six of 10 degrees on the equator: I = 6 (4^1.514 + 2^1.514) = 66.073."""
    heat = 6 * (4**1.514 + 2**1.514)
    assert heat == pytest.approx(66.08, abs=0.02)
    a = 6.75e-7 * heat**3 - 7.71e-5 * heat**2 + 1.792e-2 * heat + 0.49239
    days = {20.0: 31 + 30 + 31 + 31 + 30 + 31, 10.0: 365 - 184}
    expected = sum(16 * count / 30 * (10 * value / heat) ** a for value, count in days.items())
    months = [10.0] * 4 + [20.0] * 6 + [10.0] * 2  # May to October are the warm ones
    assert potential_evaporation(months, latitude=0, year=2023) == pytest.approx(expected, rel=1e-3)


def test_frozen_years_evaporate_nothing() -> None:
    assert potential_evaporation([-5.0] * 12, latitude=60, year=2020) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: actual_evaporation_fu(-1, 5), "precipitation_mm must be >= 0, got -1"),
        (lambda: actual_evaporation_zhang(5, math.nan), "potential_mm must be >= 0"),
        (lambda: actual_evaporation_fu(5, 5, omega=1), "omega must be above 1"),
        (lambda: actual_evaporation_zhang(5, 5, plant_water=-1), "plant_water must be >= 0"),
        (lambda: potential_evaporation([1.0] * 11, latitude=0, year=2000), "twelve monthly temperatures"),
        (lambda: potential_evaporation([1.0] * 12, latitude=80, year=2000), "latitude within 66"),
    ],
)
def test_numbers_outside_their_range_are_refused(call: object, message: str) -> None:
    assert callable(call)
    with pytest.raises(ValueError, match=message):
        call()
