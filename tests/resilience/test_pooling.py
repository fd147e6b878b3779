import math

import pytest

from pitscape.resilience.pooling import by_stage, errors_of, pool, slope_on


def test_equal_errors_by_hand() -> None:
    """Q = 0.02 / 0.0001 = 200; tau2 = (200 - 2) / (30000 - 10000) = 0.0099; 0.9 +- 4.3027 x 0.1 / sqrt 3."""
    found = pool([0.8, 0.9, 1.0], [0.01] * 3)
    assert (found.mean, found.low, found.high) == pytest.approx((0.9, 0.6516, 1.1484), abs=5e-5)
    assert found.between == pytest.approx(math.sqrt(0.0099))


def test_sites_that_agree_are_a_constant() -> None:
    """Q = 2 x (0.01 / 0.1)^2 is below 2: no variance between mines; the precise mine weighs four times as much."""
    found = pool([0.79, 0.80, 0.81], [0.1] * 3)
    assert found.between == 0
    assert pool([0.7, 0.8], [0.05, 0.1]).mean == pytest.approx((4 * 0.7 + 0.8) / 5)


def test_few_sites_have_no_interval() -> None:
    assert math.isnan(pool([0.8, 0.9], [0.1, 0.1]).low)
    assert math.isnan(slope_on([1.0, 2.0, 3.0], [0.9, 0.8, 0.7], [0.1] * 3).slope)
    assert math.isnan(slope_on([2.0] * 5, [0.9, 0.8, 0.7, 0.9, 0.8], [0.1] * 5).slope)


def test_a_slope_by_hand() -> None:
    """x 1-4, y .9 .7 .7 .5: slope -0.12; residuals .02 -.06 .06 -.02, SS .008; se sqrt(.004 / 5), t(2) = 4.3027."""
    found = slope_on([1.0, 2.0, 3.0, 4.0, math.nan], [0.9, 0.7, 0.7, 0.5, 0.1], [1.0] * 5)
    assert found.sites == 4
    assert found.slope == pytest.approx(-0.12)
    assert (found.low, found.high) == pytest.approx((-0.12 - 0.1217, -0.12 + 0.1217), abs=5e-5)


def test_errors_of_intervals() -> None:
    """A 90 % interval is 3.29 standard errors wide; none is taken as exact."""
    assert errors_of([0.7, 0.8], [0.7 + 0.32897, 0.8]) == pytest.approx([0.1, 0.001], abs=1e-5)


def test_a_table_by_stage() -> None:
    rows: list[dict[str, float | str | None]] = [
        {"stage": "late stable", "e": 1.0, "eci": 0.5, "thv": 0.8},
        {"stage": "initial", "e": None, "eci": math.nan, "thv": 1.0},
        {"stage": "late stable", "e": 3.0, "eci": 0.3, "thv": 0.6},
    ]
    table = [(row["stage"], row["measure"], row["n"], row["mean"], row["low"], row["high"]) for row in by_stage(rows)]
    assert [row[:3] for row in table] == [
        ("initial", "thv", 1),
        ("late stable", "e", 2),
        ("late stable", "eci", 2),
        ("late stable", "thv", 2),
    ]
    assert table[1][3:] == pytest.approx((2, 1, 3))
    assert table[3][3:] == pytest.approx((0.7, 0.6, 0.8))


@pytest.mark.parametrize(
    ("thv", "errors", "message"),
    [
        ([], [], "not empty"),
        ([0.8], [0.1, 0.1], "equally long"),
        ([0.8], [0.0], "positive"),
        ([math.nan], [1.0], "finite"),
    ],
)
def test_what_cannot_be_pooled_is_refused(thv: list[float], errors: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pool(thv, errors)
