import math

import numpy as np
import pytest

from pitscape.resilience.stages import STAGES, lag_behind_life_cycle, stage_at
from pitscape.resilience.thresholds import invert_thresholds

YEARS = np.arange(2000.0, 2005.0)
THV = np.array([1.0, 0.96, 0.88, 0.80, 0.60])
KNOWN = {"elastic": (0.98, 0.98), "yield": (0.90, 0.90), "mutation": (0.70, 0.70)}


def test_constants_are_passed_where_straight_lines_cross_them() -> None:
    """.98 half-way from 1 to .96, .90 at three quarters from .96 to .88, .70 half-way from .80 to .60."""
    found = invert_thresholds(YEARS, THV, KNOWN)
    assert [p.year for p in found.points] == pytest.approx([2000.5, 2001.75, 2003.5])
    assert [stage for _, stage in found.stages] == ["compaction", "resilience", "yield", "yield", "mutation"]
    assert found.flags == ()


def test_an_interval_of_a_constant_becomes_one_of_the_year() -> None:
    point = invert_thresholds(YEARS, THV, {"yield": (0.84, 0.92)}).points[0]
    assert (point.low, point.year, point.high) == pytest.approx((2001.5, 2002.0, 2002.5))


def test_a_band_around_thv_widens_the_interval() -> None:
    """0.90 is passed by THV - 0.04 half a year earlier, and by THV + 0.04 half a year later."""
    point = invert_thresholds(YEARS, THV, {"yield": (0.90, 0.90)}, band=(THV - 0.04, THV + 0.04)).points[0]
    assert (point.low, point.year, point.high) == pytest.approx((2001.25, 2001.75, 2002.25))


def test_an_end_that_is_not_reached_is_open() -> None:
    point = invert_thresholds(YEARS, THV, {"mutation": (0.5, 0.72)}).points[0]
    assert point.year == pytest.approx(2003.95)  # 0.61 on the way from 0.80 to 0.60
    assert math.isnan(point.high)


def test_integrity_that_never_falls_below_one_has_no_threshold() -> None:
    found = invert_thresholds(YEARS, np.array([1.0, 1.1, 1.2, 1.3, 1.0]), KNOWN)
    assert found.status == "not defined: integrity did not fall"
    assert found.points == ()


def test_what_a_reader_must_know_is_said() -> None:
    thv = np.array([0.95, np.nan, 0.85, 0.95, 0.80])
    found = invert_thresholds(YEARS, thv, {"elastic": (0.98, 0.98), "yield": (0.90, 0.90)})
    assert [p.year for p in found.points] == pytest.approx([2000, 2001])
    assert found.flags == (
        "1 years without a value are left out",
        "the elastic point was passed before the first year",
        "ThV rises above the yield point again",
    )


@pytest.mark.parametrize(
    ("constants", "message"),
    [
        ({"plastic": (0.9, 0.9)}, "unknown point plastic: there are elastic, yield, mutation"),
        ({}, "at least one point"),
        ({"elastic": (0.9, 0.8)}, "low <= high"),
        ({"elastic": (math.nan, 0.8)}, "low <= high"),
        ({"elastic": (0.8, 0.8), "yield": (0.9, 0.9)}, "must fall"),
    ],
)
def test_wrong_constants_are_refused(constants: dict[str, tuple[float, float]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        invert_thresholds(YEARS, THV, constants)


def test_one_value_is_no_series() -> None:
    with pytest.raises(ValueError, match="1 values of ThV are known"):
        invert_thresholds(YEARS, np.array([1.0, *[math.nan] * 4]), KNOWN)


def test_stages_without_a_point_keep_what_may_be_meant() -> None:
    passed = {"elastic": 2001.0, "yield": math.nan, "mutation": 2003.0}
    assert [stage_at(year, passed) for year in (2000, 2001, 2003)] == ["compaction", "resilience or yield", "mutation"]
    assert [stage_at(2000, {}), stage_at(2002, {"elastic": 2001})] == ["compaction", "resilience"]
    assert STAGES == ("compaction", "resilience", "yield", "mutation")


@pytest.mark.parametrize(
    ("mutation", "decline", "said"),
    [
        (1999.0, math.nan, "before the stable stage"),
        (2005.0, math.nan, "within the stable stage"),
        (2005.0, 2010.0, "before the stable stage ends"),
        (2012.0, 2010.0, None),
        (math.nan, 2010.0, None),
    ],
)
def test_mutation_before_the_end_of_the_stable_stage_is_a_contradiction(
    mutation: float, decline: float, said: str | None
) -> None:
    found = lag_behind_life_cycle(mutation, stable_from=2000.0, decline_from=decline)
    assert found is None if said is None else said in str(found)
