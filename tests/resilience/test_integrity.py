import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitscape.resilience.bounds import DEFAULT_BOUNDS, Bounds
from pitscape.resilience.integrity import Indicators, Weights, integrity_series, threshold_value

BOUNDS = {**DEFAULT_BOUNDS, "e": Bounds(0, 10)}
FIRST = Indicators(shei=0.4, mpfd=1.2, contag=60, connect=20, npp=0.4, q=-100, e=2)
LATER = Indicators(shei=0.8, mpfd=1.4, contag=40, connect=10, npp=0.2, q=-200, e=4)

indicators = st.builds(
    Indicators,
    shei=st.floats(0, 1),
    mpfd=st.floats(0.5, 3),
    contag=st.floats(0, 100),
    connect=st.floats(0, 100),
    npp=st.floats(0, 2),
    q=st.floats(-900, 900),
    e=st.floats(0, 30),
)


def test_published_form_by_hand() -> None:
    first, later = integrity_series([FIRST, LATER], bounds=BOUNDS)
    assert (first.sc, first.fc, first.e) == pytest.approx((0.35, 0.4, 0.2))  # .4 .2 .6 .2; .4 .4; .2
    assert (later.sc, later.fc, later.e) == pytest.approx((0.425, 0.25, 0.4))  # .8 .4 .4 .1; .2 .3; .4
    assert later.eci == pytest.approx(1.075 / 3)
    assert (first.thv, later.thv) == pytest.approx((1, 1.075 / 0.95))


def test_departure_form_by_hand() -> None:
    first, later = integrity_series([FIRST, LATER], bounds=BOUNDS, form="departure")
    assert (first.sc, first.fc, first.e, first.eci, first.thv) == (1, 1, 1, 1, 1)
    assert (later.sc, later.fc, later.e) == pytest.approx((0.775, 0.85, 0.8))  # .6 .8 .8 .9; .8 .9; .8
    assert later.thv == pytest.approx(2.425 / 3)


def test_own_weights() -> None:
    weights = Weights(shei=0.1, mpfd=0.2, contag=0.3, connect=0.4, npp=1.0, q=0.0, sc=0.5, fc=0.5, e=0.0)
    (only,) = integrity_series([LATER], bounds=BOUNDS, weights=weights)
    assert (only.sc, only.fc, only.eci) == pytest.approx((0.32, 0.2, 0.26))


def test_the_baseline_may_be_any_epoch() -> None:
    first, later = integrity_series([FIRST, LATER], bounds=BOUNDS, baseline=1)
    assert (first.thv, later.thv) == pytest.approx((0.95 / 1.075, 1))
    departed = integrity_series([FIRST, LATER], bounds=BOUNDS, form="departure", baseline=1)
    assert [each.thv for each in departed] == pytest.approx([2.425 / 3, 1])


def test_an_undefined_indicator_without_weight_does_no_harm() -> None:
    weights = Weights(shei=0.5, mpfd=0.5, contag=0.0, connect=0.0)
    series = [replace(each, connect=math.nan, contag=math.nan) for each in (FIRST, LATER)]
    first, later = integrity_series(series, bounds=BOUNDS, weights=weights)
    assert (first.sc, later.sc) == pytest.approx((0.3, 0.6))  # .4 .2 and .8 .4
    assert later.thv == pytest.approx((0.6 + 0.25 + 0.4) / (0.3 + 0.4 + 0.2))


@given(indicators, indicators)
def test_scores_stay_in_range_and_departure_never_gains(one: Indicators, other: Indicators) -> None:
    for each in integrity_series([one, other], bounds=BOUNDS, form="departure"):
        assert min(each.sc, each.fc, each.e, each.eci) >= -1e-12
        assert each.thv <= 1 + 1e-12


def test_cut_indicators_are_named() -> None:
    (only,) = integrity_series([replace(FIRST, mpfd=2.5, e=11)], bounds=BOUNDS)
    assert only.cut == ("mpfd", "e")
    assert only.e == 1


def test_undefined_indicators_stay_undefined() -> None:
    results = integrity_series([FIRST, replace(LATER, contag=math.nan)], bounds=BOUNDS)
    assert math.isnan(results[1].eci)
    assert results[1].cut == ()


@pytest.mark.parametrize("baseline", [0.0, 1e-7, -1e-7, math.nan])
def test_a_baseline_without_integrity_is_refused(baseline: float) -> None:
    with pytest.raises(ValueError, match="no base for a ratio"):
        threshold_value(0.5, baseline)


@pytest.mark.parametrize("wrong", [{"shei": 0.5}, {"npp": 0.6}, {"e": 0.0}, {"npp": -0.5, "q": 1.5}, {"sc": math.nan}])
def test_weights_that_do_not_sum_to_one_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be >= 0 and sum to 1"):
        Weights(**wrong)


@pytest.mark.parametrize(
    ("epochs", "options", "message"),
    [
        ([], {"bounds": BOUNDS}, "No epoch is given"),
        ([FIRST], {"bounds": DEFAULT_BOUNDS}, "missing or unknown: e"),
        ([FIRST], {"bounds": {**BOUNDS, "ndvi": Bounds(0, 1)}}, "missing or unknown: ndvi"),
        ([FIRST], {"bounds": BOUNDS, "baseline": 1}, "baseline must be the place of an epoch, 0 to 0, got 1"),
        ([FIRST], {"bounds": BOUNDS, "form": "relative"}, "form must be 'published' or 'departure'"),
    ],
)
def test_wrong_use_is_refused(epochs: list[Indicators], options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        integrity_series(epochs, **options)
