from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from pitscape.resilience.bounds import DEFAULT_BOUNDS, Bounds
from pitscape.resilience.elasticity import TYPE_SCORES, TYPE_SCORES_ALTERNATIVE, elasticity
from pitscape.resilience.ensemble import Ensemble
from pitscape.resilience.factors import ShareDraws
from pitscape.resilience.integrity import Indicators, Weights, integrity_series
from pitscape.resilience.propagation import Inputs, extended, propagate

TYPES = ("grassland", "farmland", "water", "occupied", "mined")
SHARES = np.array([[0.78, 0.12, 0.04, 0.04, 0.02], [0.52, 0.10, 0.03, 0.19, 0.16]])
BOUNDS = {**DEFAULT_BOUNDS, "e": Bounds(0, 10)}
FIRST = Indicators(shei=0.4, mpfd=1.2, contag=60, connect=20, npp=0.4, q=-100, e=1.5167)
LATER = Indicators(shei=0.8, mpfd=1.4, contag=40, connect=10, npp=0.2, q=-200, e=2.4167)


@pytest.fixture
def site() -> Ensemble:
    """The worked example of the documentation, with indicators beside it."""
    return Ensemble(
        shares=SHARES,
        scores=np.array([TYPE_SCORES.scores[name] for name in TYPES]),
        ndvi=np.array([0.52, 0.40]),
        climate=np.array([[0.2, 0.1], [0.2, 0.1]]),
        weights=Weights(),
        indicators=(FIRST, LATER),
        bounds=BOUNDS,
        classes=np.array([0, 0, 1, 2, 3]),
    )


def test_the_worked_example(site: Ensemble) -> None:
    found = site({})
    np.testing.assert_allclose(found["h_bits"], [[1.13105, 1.85278]], atol=5e-6)
    np.testing.assert_allclose(found["eco_res"], [[0.64470, 0.81522]], atol=5e-6)
    np.testing.assert_allclose(found["e"], [[1.5167, 2.4167]], atol=5e-5)


@pytest.mark.parametrize("baseline", [0, 1])
def test_integrity_is_that_of_the_plain_functions(site: Ensemble, baseline: int) -> None:
    found = replace(site, baseline=baseline)({})
    for form in ("published", "departure"):
        series = integrity_series([FIRST, LATER], bounds=BOUNDS, form=form, baseline=baseline)
        for name in ("sc", "fc", "eci", "thv"):
            expected = [getattr(each, name) for each in series]
            np.testing.assert_allclose(found[f"{name}_{form}"][0], expected, atol=1e-5)


def test_published_integrity_by_hand(site: Ensemble) -> None:
    """Scores .4 .2 .6 .2, .4 .4, .15167 and .8 .4 .4 .1, .2 .3, .24167: ECI .30056 and .30556."""
    found = site({})
    np.testing.assert_allclose(found["eci_published"], [[0.300557, 0.305557]], atol=1e-5)
    np.testing.assert_allclose(found["thv_published"], [[1, 0.305557 / 0.300557]], atol=1e-4)


def test_each_draw_is_the_plain_function_of_its_inputs(site: Ensemble) -> None:
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(5), (3, 2))
    ndvi = rng.uniform(0.2, 0.8, (3, 2))
    climate = rng.uniform(0.05, 0.4, (3, 2, 2))
    scores = np.array([[score_set.scores[name] for name in TYPES] for score_set in (TYPE_SCORES_ALTERNATIVE,) * 3])
    found = site({"shares": shares, "ndvi": ndvi, "climate": climate, "scores": scores})
    for draw in range(3):
        for epoch in range(2):
            one = elasticity(
                dict(zip(TYPES, shares[draw, epoch].tolist(), strict=True)),
                ndvi=ndvi[draw, epoch],
                c1=climate[draw, epoch, 0],
                c2=climate[draw, epoch, 1],
                scores=TYPE_SCORES_ALTERNATIVE,
            )
            assert found["e"][draw, epoch] == pytest.approx(one.e)
            assert found["h_bits"][draw, epoch] == pytest.approx(one.h_bits)


def test_drawn_weights_and_the_scores_they_weigh(site: Ensemble) -> None:
    only_fc = np.array([[1.0, 0, 0, 0, 0.5, 0.5, 0, 1.0, 0]])
    found = site({"weights": only_fc})
    np.testing.assert_allclose(found["eci_published"], [[0.4, 0.25]])
    np.testing.assert_allclose(found["thv_published"], [[1, 0.625]])


def test_evenness_moves_with_the_classes_and_not_with_the_types(site: Ensemble) -> None:
    moved = SHARES[None].copy()
    moved[0, 1, :2] = [0.42, 0.20]  # farmland for grassland: the same land class
    only_shei = np.array([[1.0, 0, 0, 0, 0.5, 0.5, 1.0, 0, 0]])
    np.testing.assert_allclose(site({"shares": moved, "weights": only_shei})["eci_published"], [[0.4, 0.8]])
    equal = np.full((1, 2, 5), [0.125, 0.125, 0.25, 0.25, 0.25])
    four = -np.sum([p * np.log2(p) for p in (0.90, 0.04, 0.04, 0.02)]) / 2
    found = site({"shares": equal, "weights": only_shei})["eci_published"]
    assert found[0, 0] == pytest.approx(min(0.4 + 1 - four, 1))


def test_an_undefined_indicator_without_weight_does_no_harm(site: Ensemble) -> None:
    unknown = replace(FIRST, connect=float("nan"))
    weights = Weights(shei=0.5, mpfd=0.25, contag=0.25, connect=0.0, sc=1.0, fc=0.0, e=0.0)
    found = replace(site, indicators=(unknown, LATER), weights=weights)({})
    np.testing.assert_allclose(found["eci_published"], [[0.4, 0.6]])  # .2 + .05 + .15; .4 + .1 + .1


def test_a_baseline_without_integrity_gives_no_ratio(site: Ensemble) -> None:
    nothing = replace(FIRST, shei=0, mpfd=1, contag=0, connect=0, npp=0, q=-500)
    only_sc = np.array([[0.25, 0.25, 0.25, 0.25, 0.5, 0.5, 1.0, 0, 0]])
    found = replace(site, indicators=(nothing, LATER))({"weights": only_sc})
    assert np.isnan(found["thv_published"]).all()
    assert found["eci_published"][0, 1] == pytest.approx(0.425)


def test_functions_of_the_draws_give_threshold_years_and_areas(site: Ensemble) -> None:
    """FC alone falls from .4 to .25 between 2000 and 2010: ThV .625 then, and 0.8 at 2000 + 10 x .2 / .375."""

    def year_below(_: Inputs, outputs: Inputs) -> NDArray[np.float64]:
        last = outputs["thv_published"][:, 1]
        return np.where(last < 0.8, 2000 + 10 * 0.2 / (1 - last), np.nan)

    def mined_km2(inputs: Inputs, _: Inputs) -> NDArray[np.float64]:
        return 500 * inputs["shares"][:, 1, 4]

    covariance = np.zeros((2, 5, 5))
    covariance[1, 3:, 3:] = 4e-4 * np.array([[1, -1], [-1, 1]])
    model = extended(replace(site, weights=Weights(sc=0, fc=1, e=0)), {"year": year_below, "km2": mined_km2})
    found = propagate(model, {"shares": ShareDraws(SHARES, covariance)}, draws=20_000, seed=0)
    assert found["year"].median == pytest.approx(2000 + 10 * 0.2 / 0.375)
    assert found["year"].defined == 1
    assert (found["km2"].low, found["km2"].high) == pytest.approx((80 - 16.45, 80 + 16.45), abs=0.4)  # sd 10 km2
