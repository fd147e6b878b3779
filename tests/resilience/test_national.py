from typing import Any

import numpy as np
import pytest

from pitscape.resilience.estimators import ratio_estimate, regression_estimate
from pitscape.resilience.mines import MINES
from pitscape.resilience.national import CHINA_LAND_KM2, national_area, scale_area, share_of_land
from pitscape.resilience.national_draws import draw_national, sensitivity

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


def test_ratio_and_regression_agree_where_area_is_proportional_to_output() -> None:
    areas, output = [10.0, 20.0, 40.0], [1.0, 2.0, 4.0]
    ratio = ratio_estimate(areas, output, national_mt=60.0)
    line = regression_estimate(areas, output, national_mt=60.0, mines=20)
    assert (ratio.area_km2, line.area_km2) == pytest.approx((600, 600))
    assert (ratio.error_km2, line.error_km2) == pytest.approx((0, 0), abs=1e-9)


def test_regression_gives_land_to_a_mine_as_such() -> None:
    """By hand: y = 10 + 2 x, ten mines of 3 Mt: 10 x (10 + 6) = 160; the ratio gives 44 / 7 x 30."""
    areas, output = [12.0, 14.0, 18.0], [1.0, 2.0, 4.0]
    assert regression_estimate(areas, output, national_mt=30.0, mines=10).area_km2 == pytest.approx(160)
    assert ratio_estimate(areas, output, national_mt=30.0).area_km2 == pytest.approx(44 / 7 * 30)


def test_regression_needs_three_mines_of_different_output() -> None:
    for output in ([1.0, 2.0], [2.0, 2.0, 1.0]):
        with pytest.raises(ValueError, match="at least three mines of different output"):
            regression_estimate([1.0] * len(output), output, national_mt=9.0, mines=5)


def test_draws_of_areas_alone_are_normal() -> None:
    """1000 +- sqrt(3^2 + 4^2) x 10 x 1.96; fully correlated errors add up to 7."""
    apart = draw_national([50.0, 50.0], [3.0, 4.0], mines_mt=10, national_mt=100, draws=40_000)
    assert (apart.low_km2, apart.median_km2, apart.high_km2) == pytest.approx((902, 1000, 1098), abs=2)
    together = draw_national([50.0, 50.0], np.array([[9.0, 12], [12, 16]]), mines_mt=10, national_mt=100, draws=40_000)
    assert together.high_km2 == pytest.approx(1000 + 1.96 * 70, abs=3)


def test_shares_of_what_contributes() -> None:
    """Relative errors of 5 % in the sum of areas, and 3 % in each total: 25 and 18 of 43 parts, to first order."""
    found = draw_national([100.0, 100.0], [6.0, 8.0], mines_mt=10, national_mt=100, output_error=0.03, draws=100_000)
    assert found.share_of_areas == pytest.approx(25 / 43, abs=0.02)
    assert found.share_of_outputs == pytest.approx(18 / 43, abs=0.02)
    again = draw_national([100.0, 100.0], [6.0, 8.0], mines_mt=10, national_mt=100, output_error=0.03, draws=100_000)
    assert found == again


def test_areas_without_error_have_no_spread() -> None:
    found = draw_national(AREAS, [0.0] * 5, mines_mt=142, national_mt=1057, draws=100)
    assert found.low_km2 == pytest.approx(found.high_km2)
    assert found.median_km2 == pytest.approx(12_502.37, abs=5e-3)


@pytest.mark.parametrize(
    ("spread", "options", "message"),
    [
        ([1.0], {}, "2 standard errors or their covariance"),
        ([1.0, -1.0], {}, "standard errors >= 0"),
        ([[1.0, 2.0], [2.0, 1.0]], {}, "negative eigenvalue"),
        ([[1.0, 2.0], [0.0, 1.0]], {}, "symmetric"),
        ([1.0, 1.0], {"output_error": 0.5}, "0 to 0.3"),
    ],
)
def test_wrong_spreads_are_refused(spread: list[float], options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw_national([10.0, 20.0], spread, mines_mt=10, national_mt=100, **options)


def test_sensitivity_to_the_output_totals() -> None:
    """Ten percent more of the mines' output, or less of the country's, take their part of 12,502.37 km2."""
    rows = sensitivity(1679.60, mines_mt=142, national_mt=1057)
    assert len(rows) == 25
    found = {(round(row["mines_mt"], 1), round(row["national_mt"], 1)): row["area_km2"] for row in rows}
    assert found[142.0, 1057.0] == pytest.approx(12_502.37, abs=5e-3)
    assert found[156.2, 1057.0] == pytest.approx(12_502.37 / 1.1, abs=5e-3)
    assert found[142.0, 951.3] == pytest.approx(12_502.37 * 0.9, abs=5e-3)


def test_sensitivity_of_mines_that_are_nearly_the_country() -> None:
    """9.5 of 10 Mt: with 10 % more and 10 % less the mines would give more than the country, and their land is left."""
    rows = sensitivity(10.0, mines_mt=9.5, national_mt=10.0)
    assert min(row["area_km2"] for row in rows) == 10
    assert max(row["area_km2"] for row in rows) == pytest.approx(10 * 11 / 8.55)


def test_an_estimate_below_the_measured_land_keeps_its_interval() -> None:
    """Area falls with output: y = 100 - 10 x at 2, 4, 9 Mt, 150 km2 in all; a country of 3 such mines with 27 Mt has 30."""
    found = regression_estimate([80.0, 60.0, 10.0], [2.0, 4.0, 9.0], national_mt=27.0, mines=3)
    assert found.area_km2 == pytest.approx(30)
    assert found.low_km2 <= found.area_km2 <= found.high_km2
