from typing import Any

import pytest

from pitscape.resilience.elasticity import (
    FOUR_CLASS_SCORES,
    FOUR_CLASS_SCORES_ALTERNATIVE,
    TYPE_SCORES,
    TYPE_SCORES_ALTERNATIVE,
    ScoreSet,
    elasticity,
    weighted_score,
)

BEFORE = {"grassland": 0.78, "farmland": 0.12, "water": 0.04, "occupied": 0.04, "mined": 0.02}
PEAK = {"grassland": 0.52, "farmland": 0.10, "water": 0.03, "occupied": 0.19, "mined": 0.16}


@pytest.mark.parametrize(
    ("shares", "ndvi", "printed"),
    [(BEFORE, 0.52, (1.13105, 29.407, 0.64470, 1.5167)), (PEAK, 0.40, (1.85278, 37.056, 0.81522, 2.4167))],
    ids=["before", "peak"],
)
def test_worked_example(shares: dict[str, float], ndvi: float, printed: tuple[float, ...]) -> None:
    h, mu, eco_res, e = printed
    result = elasticity(shares, ndvi=ndvi, c1=0.2, c2=0.1)
    assert result.h_bits == pytest.approx(h, abs=5e-6)
    assert result.mu == pytest.approx(mu, abs=5e-4)
    assert result.eco_res == pytest.approx(eco_res, abs=5e-6)
    assert result.e == pytest.approx(e, abs=5e-5)
    assert (result.ndvi, result.c1, result.c2, result.sigma) == (ndvi, 0.2, 0.1, 0.08)
    assert not result.coarse_legend


def merged(shares: dict[str, float]) -> dict[str, float]:
    vegetated = shares["grassland"] + shares["farmland"]
    return {"vegetated": vegetated} | {name: shares[name] for name in ("water", "occupied", "mined")}


def test_four_classes_exaggerate_the_rise_and_are_flagged() -> None:
    before = elasticity(merged(BEFORE), ndvi=0.52, c1=0.2, c2=0.1, scores=FOUR_CLASS_SCORES)
    peak = elasticity(merged(PEAK), ndvi=0.40, c1=0.2, c2=0.1, scores=FOUR_CLASS_SCORES)
    assert peak.e / before.e == pytest.approx(3.3, abs=0.05)
    assert before.coarse_legend
    assert before.score_set == "four classes"


def test_one_type_has_no_elasticity_unless_h_is_dropped() -> None:
    assert elasticity({"forest": 1.0}, ndvi=0.9, c1=0.2, c2=0.1).e == 0
    dropped = elasticity({"forest": 1.0}, ndvi=0.5, c1=0.2, c2=0.1, h_exponent=0)
    assert dropped.e == pytest.approx(0.08 * 0.5 / 0.02 * 0.9)


def test_h_enters_with_its_exponent() -> None:
    squared, single = (elasticity(PEAK, ndvi=0.4, c1=0.2, c2=0.1, h_exponent=power) for power in (2, 1))
    assert squared.e / single.e == pytest.approx(1.85278, abs=5e-6)


def test_variability_is_floored() -> None:
    floored = elasticity(PEAK, ndvi=0.4, c1=0.001, c2=0.1)
    assert floored.c1 == 0.01
    assert floored.e == pytest.approx(2.4167 * 20, abs=1e-3)


def test_scores_of_both_sources() -> None:
    assert weighted_score(PEAK, TYPE_SCORES) == pytest.approx(0.44)
    assert weighted_score(PEAK, TYPE_SCORES_ALTERNATIVE) == pytest.approx(0.44 + 0.19 * 0.2 + 0.16 * 0.2)
    assert dict(FOUR_CLASS_SCORES.scores) == {"mined": 0.1, "occupied": 0.2, "vegetated": 0.6, "water": 0.8}
    assert dict(FOUR_CLASS_SCORES_ALTERNATIVE.scores) == {"mined": 0.3, "occupied": 0.4, "vegetated": 0.6, "water": 0.8}


def test_types_without_area_need_no_score() -> None:
    assert weighted_score({"forest": 1.0, "glacier": 0.0}, TYPE_SCORES) == 0.9
    with pytest.raises(ValueError, match="'types' lack glacier: add a resilience score"):
        weighted_score({"forest": 0.5, "glacier": 0.5}, TYPE_SCORES)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"ndvi": -0.1}, "ndvi must be in"),
        ({"ndvi": float("nan")}, "ndvi must be in"),
        ({"c1": 20.0}, "c1 must be a fraction .* divide percent by 100"),
        ({"c2": 0.0}, "c2 must be a fraction"),
        ({"sigma": 0.0}, "sigma must be > 0"),
        ({"h_exponent": -1.0}, "h_exponent >= 0"),
    ],
)
def test_numbers_outside_their_range_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        elasticity(BEFORE, **{"ndvi": 0.5, "c1": 0.2, "c2": 0.1} | wrong)


def test_scores_outside_their_range_are_refused() -> None:
    with pytest.raises(ValueError, match="Resilience scores must be in"):
        ScoreSet("own", {"forest": 9.0}, "a survey")
