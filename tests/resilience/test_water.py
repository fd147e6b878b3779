import pytest

from pitscape.resilience.water import (
    FOUR_CLASS_RUNOFF,
    RUNOFF_COEFFICIENTS,
    mean_runoff_coefficient,
    runoff,
    water_conservation,
)

PUBLISHED = {
    "meadow": 0.0820,
    "steppe": 0.0478,
    "tussock": 0.0937,
    "sparse_grass": 0.1827,
    "deciduous_broadleaf": 0.0133,
    "mixed_forest": 0.0229,
    "evergreen_needle": 0.0302,
    "water": 0.0,
}


def test_published_coefficients() -> None:
    assert dict(RUNOFF_COEFFICIENTS) == PUBLISHED
    assert dict(FOUR_CLASS_RUNOFF) == {"vegetated": 0.0478, "water": 0.0}


def test_the_balance_keeps_its_sign() -> None:
    assert water_conservation(350.0, 380.0, runoff(350.0, 0.1)) == -65.0
    assert water_conservation(900.0, 500.0, 100.0) == 300.0


def test_a_zone_has_the_mean_of_its_types() -> None:
    shares = {"vegetated": 0.5, "mined": 0.5, "occupied": 0.0}
    assert mean_runoff_coefficient(shares, {**FOUR_CLASS_RUNOFF, "mined": 0.3}) == pytest.approx(0.1739)


def test_mined_land_has_no_published_coefficient() -> None:
    with pytest.raises(ValueError, match="No runoff coefficient is published for mined, occupied: give one"):
        mean_runoff_coefficient({"vegetated": 0.5, "occupied": 0.2, "mined": 0.3}, FOUR_CLASS_RUNOFF)


@pytest.mark.parametrize(
    ("precipitation", "coefficient", "message"),
    [(-1.0, 0.1, "precipitation_mm must be >= 0"), (400.0, 4.78, "fraction, not percent")],
)
def test_numbers_outside_their_range_are_refused(precipitation: float, coefficient: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        runoff(precipitation, coefficient)
