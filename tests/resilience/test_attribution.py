import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitscape.resilience.attribution import contributions, sensitivity
from pitscape.resilience.elasticity import TYPE_SCORES, TYPE_SCORES_ALTERNATIVE, elasticity

BEFORE = {"grassland": 0.78, "farmland": 0.12, "water": 0.04, "occupied": 0.04, "mined": 0.02}
PEAK = {"grassland": 0.52, "farmland": 0.10, "water": 0.03, "occupied": 0.19, "mined": 0.16}


def test_what_moves_the_worked_example() -> None:
    """H 1.13105 to 1.85278, NDVI .52 to .40, ECO_res .64470 to .81522: E 1.5167 to 2.4167 (science, section 4)."""
    first = elasticity(BEFORE, ndvi=0.52, c1=0.2, c2=0.1)
    found = contributions(elasticity(PEAK, ndvi=0.40, c1=0.2, c2=0.1), first)
    assert found.e == pytest.approx(math.log(2.4167 / 1.5167), abs=5e-5)
    assert found.diversity == pytest.approx(2 * math.log(1.85278 / 1.13105), abs=1e-5)
    assert found.vegetation == pytest.approx(math.log(0.40 / 0.52))
    assert found.scores == pytest.approx(math.log((0.81522 / 1.85278) / (0.64470 / 1.13105)), abs=3e-5)
    assert found.climate == 0
    assert found.e == pytest.approx(found.diversity + found.vegetation + found.scores + found.climate)


shares = st.lists(st.floats(0.01, 1), min_size=5, max_size=5).map(
    lambda parts: dict(zip(BEFORE, (np.array(parts) / sum(parts)).tolist(), strict=True))
)
terms = st.tuples(st.floats(0.05, 1), st.floats(0.02, 0.6), st.floats(0.02, 0.6))


@given(shares, shares, terms, terms, st.sampled_from([0.0, 1.0, 2.0, 3.0]))
def test_the_parts_always_add_up(
    one: dict[str, float], other: dict[str, float], first: tuple[float, ...], later: tuple[float, ...], power: float
) -> None:
    both = [
        elasticity(each, ndvi=ndvi, c1=c1, c2=c2, h_exponent=power)
        for each, (ndvi, c1, c2) in ((other, later), (one, first))
    ]
    found = contributions(*both)
    assert found.e == pytest.approx(found.diversity + found.vegetation + found.scores + found.climate, abs=1e-9)


def test_one_type_has_no_logarithm() -> None:
    first = elasticity(BEFORE, ndvi=0.52, c1=0.2, c2=0.1)
    found = contributions(elasticity({"grassland": 1.0}, ndvi=0.5, c1=0.2, c2=0.1), first)
    assert math.isnan(found.e)
    assert math.isnan(found.diversity)


def test_two_definitions_do_not_compare() -> None:
    first = elasticity(BEFORE, ndvi=0.52, c1=0.2, c2=0.1)
    with pytest.raises(ValueError, match="use one definition"):
        contributions(elasticity(PEAK, ndvi=0.4, c1=0.2, c2=0.1, h_exponent=1), first)


def test_the_rise_rests_on_the_square_of_h() -> None:
    """x 1.59 as published; divided by the ratio of H 1.6381 once and twice without one and both of its powers."""
    found = sensitivity([BEFORE, PEAK], [(0.52, 0.2, 0.1), (0.40, 0.2, 0.1)], scores=[TYPE_SCORES])
    ratio = 1.85278 / 1.13105
    assert [each.change for each in found] == pytest.approx([1.5934, 1.5934 / ratio, 1.5934 / ratio**2], abs=1e-4)
    assert found[2].change < 1 < found[0].change


def test_every_score_set_and_exponent_has_a_row() -> None:
    sets = [TYPE_SCORES, TYPE_SCORES_ALTERNATIVE]
    found = sensitivity([BEFORE, PEAK], [(0.52, 0.2, 0.1), (0.40, 0.2, 0.1)], scores=sets, h_exponents=(2.0, 0.0))
    assert [(each.h_exponent, each.score_set) for each in found] == [
        (2.0, "types"),
        (0.0, "types"),
        (2.0, "types, alternative"),
        (0.0, "types, alternative"),
    ]
    # peak: 0.44 + 0.2 x (0.19 + 0.16) = 0.51 of the score instead of 0.44
    assert found[2].e[1] / found[0].e[1] == pytest.approx(0.51 / 0.44)
