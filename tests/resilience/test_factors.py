import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitscape.resilience.climate import ClimateWindow
from pitscape.resilience.factors import ClimateDraws, IndexDraws, ScoreDraws, ShareDraws, WeightDraws, onto_simplex
from pitscape.resilience.integrity import Weights

N = 40_000


def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def test_shares_have_the_mean_and_covariance_of_the_estimator() -> None:
    """Olofsson et al. (2014): shares .0235, .013, .3175, .646 with standard errors 34097, 20756, 86180, 90472 of 10e6
    pixels; the covariance here is of errors that cancel in pairs, as those of shares do."""
    mean = np.array([[0.3, 0.7], [0.5, 0.5]])
    covariance = np.array([[[4e-4, -4e-4], [-4e-4, 4e-4]], np.zeros((2, 2))])
    drawn = ShareDraws(mean, covariance)(rng(), N)
    np.testing.assert_allclose(drawn.sum(axis=2), 1)
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=5e-4)
    np.testing.assert_allclose(np.cov(drawn[:, 0].T), covariance[0], rtol=0.03)
    assert (drawn[:, 1] == 0.5).all()


@given(st.lists(st.floats(-2, 3), min_size=2, max_size=6))
def test_the_nearest_shares(values: list[float]) -> None:
    """The projection is the only point of the simplex from which no other lies nearer: a test of its optimality."""
    point = np.array(values)
    found = onto_simplex(point[None])[0]
    assert found.min() >= 0
    assert found.sum() == pytest.approx(1)
    for corner in np.eye(len(values)):
        assert (point - found) @ (corner - found) <= 1e-9


def test_wrong_covariances_are_refused() -> None:
    mean = np.array([[0.3, 0.7]])
    with pytest.raises(ValueError, match="one matrix an epoch"):
        ShareDraws(mean, np.zeros((2, 2, 2)))
    with pytest.raises(ValueError, match="not symmetric"):
        ShareDraws(mean, np.array([[[1.0, 0.5], [0.0, 1.0]]]))
    with pytest.raises(ValueError, match="negative eigenvalue"):
        ShareDraws(mean, np.array([[[0.0, 1.0], [1.0, 0.0]]]))


def test_ndvi_stays_in_range() -> None:
    drawn = IndexDraws(np.array([0.5, 0.01]), np.array([0.02, 0.02]))(rng(), N)
    assert drawn[:, 0].std() == pytest.approx(0.02, rel=0.03)
    assert drawn.min() == 0


def window(years: range, rain: list[float], c1: float) -> ClimateWindow:
    return ClimateWindow(np.array(years), np.array(rain), np.full(len(years), 15.0), c1, 0.01)


def test_climate_varies_about_the_reported_value_and_together_over_windows() -> None:
    rain = [240.0, 360.0, 360.0, 360.0, 480.0]
    same = [window(range(2001, 2006), rain, 48 / 360), window(range(2001, 2006), rain, 48 / 360)]
    drawn = ClimateDraws(same)(rng(), N)
    assert np.median(drawn[:, 0, 0]) == pytest.approx(48 / 360, rel=1e-3)
    np.testing.assert_array_equal(drawn[:, 0], drawn[:, 1])
    assert drawn[:, 0, 0].std() > 0.02
    assert (drawn[..., 1] == 0.01).all()  # a steady temperature has the floor in every draw


def test_the_bootstrap_of_two_years_by_hand() -> None:
    """Weights w and 1 - w, w uniform: mean 2 - w of 1 and 2, deviation 2 w (1 - w)."""
    drawn = ClimateDraws([window(range(2001, 2003), [1.0, 2.0], 1 / 3)])(rng(), N)[:, 0, 0]
    w = np.linspace(0, 1, 100_001)
    exact = 2 * w * (1 - w) / (2 - w)
    expected = np.quantile(exact, [0.25, 0.75]) / np.median(exact) / 3
    np.testing.assert_allclose(np.quantile(drawn, [0.25, 0.75]), expected, rtol=0.02)


def test_score_sets_are_equally_likely() -> None:
    drawn = ScoreDraws(np.array([[0.1, 0.6], [0.3, 0.6]]))(rng(), N)
    assert drawn[:, 0].mean() == pytest.approx(0.2, abs=0.002)
    assert (drawn[:, 1] == 0.6).all()


def test_weights_sum_to_one_in_each_group_about_the_given_ones() -> None:
    given_weights = Weights(shei=0.4, mpfd=0.4, contag=0.2, connect=0.0)
    drawn = WeightDraws(given_weights, concentration=5)(rng(), N)
    for group in (slice(0, 4), slice(4, 6), slice(6, 9)):
        np.testing.assert_allclose(drawn[:, group].sum(axis=1), 1)
    np.testing.assert_allclose(drawn.mean(axis=0)[:4], [0.4, 0.4, 0.2, 0.0], atol=3e-3)
    assert (drawn[:, 3] == 0).all()
    # a Dirichlet of alphas 8, 8, 4: variance p (1 - p) / 21
    np.testing.assert_allclose(drawn[:, :3].var(axis=0), np.array([0.24, 0.24, 0.16]) / 21, rtol=0.05)


def test_concentration_one_about_equal_weights_is_uniform() -> None:
    drawn = WeightDraws(Weights())(rng(), N)
    np.testing.assert_allclose(np.quantile(drawn[:, 4], [0.1, 0.5, 0.9]), [0.1, 0.5, 0.9], atol=0.01)
