import numpy as np
import pytest
from scipy import stats

from pitscape.inference.sample.accuracy import assess_sample
from pitscape.inference.sample.planning import plan_points
from pitscape.inference.sample.posterior import posterior_draws, share_covariance
from pitscape.inference.sample.stratified import StratifiedSample, sample_of_matrix


def test_one_stratum_of_two_classes_has_the_beta_posterior_of_jeffreys() -> None:
    """20 of 100 points: Beta(20.5, 80.5) (Brown, Cai & DasGupta 2001)."""
    counts = np.zeros((1, 2, 2), np.int64)
    counts[0, 0] = [20, 80]
    sample = StratifiedSample(("a", "b"), ("all",), np.array([1.0]), counts)
    expected = stats.beta(20.5, 80.5)
    found = assess_sample(sample, draws=40_000, seed=1).classes[0].share
    assert (found.low, found.high) == pytest.approx(expected.interval(0.95), abs=2e-3)
    np.testing.assert_allclose(share_covariance(sample), expected.var() * np.array([[1, -1], [-1, 1]]))


def test_users_accuracy_has_the_beta_posterior_of_right_and_wrong() -> None:
    """48 of 50 right, whatever the number of classes: Beta(48.5, 2.5)."""
    counts = np.array([[48, 1, 1], [2, 40, 8], [0, 0, 50]])
    sample = sample_of_matrix(counts, np.array([1.0, 2.0, 3.0]), ("a", "b", "c"))
    found = assess_sample(sample, draws=40_000, seed=1).classes[0].users
    assert (found.low, found.high) == pytest.approx(stats.beta(48.5, 2.5).interval(0.95), abs=2e-3)


def test_covariance_is_that_of_the_draws() -> None:
    counts = np.array([[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]])
    sample = sample_of_matrix(counts, np.array([0.02, 0.015, 0.32, 0.645]), tuple("abcd"))
    drawn = np.concatenate([part.sum(1) for part in posterior_draws(sample, draws=40_000, seed=2)])
    covariance = share_covariance(sample)
    np.testing.assert_allclose(covariance.sum(1), 0, atol=1e-15)
    assert np.linalg.eigvalsh(covariance)[0] > -1e-15
    scale = np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
    np.testing.assert_allclose(np.cov(drawn, rowvar=False) / scale, covariance / scale, atol=0.03)


def test_equal_seeds_give_equal_intervals() -> None:
    sample = sample_of_matrix(np.array([[9, 1], [2, 8]]), np.array([1.0, 2.0]), ("a", "b"))
    one, same, other = (assess_sample(sample, draws=1000, seed=seed).overall for seed in (0, 0, 1))
    assert one == same
    assert one != other


def test_the_planned_points_narrow_the_interval_as_told() -> None:
    """Points of the same shares are added to the stratum that the plan names; Dirichlet intervals then are as wide as told."""
    counts = np.array([[48, 1, 1], [2, 40, 8], [6, 6, 188]])
    areas = np.array([5.0, 5.0, 90.0])
    sample = sample_of_matrix(counts, areas, ("a", "b", "c"))
    plan = plan_points(sample, [0])
    assert plan.stratum == "c"
    assert plan.factor == pytest.approx(2 / 3, abs=0.02)
    more = counts.astype(np.float64)
    more[2] *= 1 + plan.points / 200
    later = sample_of_matrix(np.rint(more).astype(np.int64), areas, ("a", "b", "c"))
    before, after = (assess_sample(each, draws=40_000, seed=0).classes[0].share.half_width for each in (sample, later))
    assert after / before == pytest.approx(plan.factor, abs=0.05)


def test_a_plan_names_the_stratum_that_gains_most_from_a_point() -> None:
    """By brute force: one more point in each stratum in turn, at the shares found so far."""
    counts = np.array([[30, 20, 0], [2, 47, 1], [1, 0, 49]])
    sample = sample_of_matrix(counts, np.array([3.0, 3.0, 4.0]), ("a", "b", "c"))

    def variance(extra: int) -> float:
        alpha = counts + 0.5
        points = alpha.sum(1)
        m = alpha[:, 1] / points
        return float(np.sum(sample.weights**2 * m * (1 - m) / (points + 1 + np.eye(3)[extra])))

    best = min(range(3), key=variance)
    assert plan_points(sample, [1]).stratum == "abc"[best]
