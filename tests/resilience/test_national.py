from typing import Any

import pytest

from pitscape.resilience.mines import MINES
from pitscape.resilience.national import CHINA_LAND_KM2, national_area, scale_area, share_of_land

AREAS = [mine.affected_km2 for mine in MINES]


def test_figures_as_printed() -> None:
    estimate = national_area(AREAS)
    assert estimate.area_km2 == pytest.approx(12_502.37, abs=5e-3)
    assert 100 * estimate.land_share == pytest.approx(0.1302, abs=5e-5)
    assert 100 * share_of_land(sum(AREAS)) == pytest.approx(0.0175, abs=5e-5)
    assert round(CHINA_LAND_KM2 / 96.20) == 99_792


def test_the_rounded_output_in_the_text_gives_another_figure() -> None:
    assert scale_area(1679.60, national_mt=1060) == pytest.approx(12_537.86, abs=5e-3)


def test_areas_alone_leave_out_one_mine_each() -> None:
    estimate = national_area(AREAS)
    assert estimate.spread == "leave-one-mine-out of the areas alone"
    assert estimate.low_km2 == pytest.approx(1162.20 * 5 / 4 * 1057 / 142)  # without Antaibao
    assert estimate.high_km2 == pytest.approx(1552.40 * 5 / 4 * 1057 / 142)  # without Yimin
    assert estimate.extrapolated_share == pytest.approx(0.8657, abs=5e-5)


def test_jackknife_of_two_mines_by_hand() -> None:
    estimate = national_area([10.0, 30.0], production_mt=[1.0, 2.0], national_mt=30.0, land_km2=4e4)
    assert estimate.spread == "jackknife"
    assert estimate.area_km2 == pytest.approx(400)
    assert estimate.high_km2 == pytest.approx(400 + 12.706 * 75, abs=0.05)  # 450 and 300 left out; t(1) = 12.706
    assert estimate.low_km2 == 40
    assert estimate.extrapolated_share == pytest.approx(0.9)


def test_equal_intensity_has_no_spread() -> None:
    estimate = national_area([10.0, 20.0, 30.0], production_mt=[1.0, 2.0, 3.0], national_mt=60.0)
    assert (estimate.low_km2, estimate.area_km2, estimate.high_km2) == pytest.approx((600, 600, 600))


@pytest.mark.parametrize(
    ("areas", "options", "message"),
    [
        ([10.0], {}, "at least two mines"),
        ([10.0, -1.0], {}, "affected_km2 must be finite and >= 0"),
        ([10.0, 20.0], {"production_mt": [1.0, 0.0]}, "production_mt must be finite and > 0"),
        ([10.0, 20.0], {"production_mt": [1.0, 2.0, 3.0]}, "3 values for 2 mines"),
        ([10.0, 20.0], {"mines_mt": 2000.0}, "0 < mines <= national"),
        ([10.0, 20.0], {"mines_mt": 0.0}, "0 < mines <= national"),
        ([10.0, 20.0], {"production_mt": [1000.0, 2000.0]}, "0 < mines <= national"),
        ([10.0, 20.0], {"land_km2": 0.0}, "land_km2 must be positive"),
    ],
)
def test_wrong_numbers_are_refused(areas: list[float], options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        national_area(areas, **options)
