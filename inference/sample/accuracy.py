"""Accuracy and adjusted areas of a map, each with its interval."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitscape.inference.sample.clusters import ClusteredLand, cluster_draws, cluster_matrix
from pitscape.inference.sample.posterior import figure_draws, posterior_draws, share_covariance
from pitscape.inference.sample.stratified import (
    Ratio,
    StratifiedSample,
    area_share,
    f1,
    overall,
    producers,
    proportions,
    standard_error,
    users,
)

Floats = NDArray[np.float64]

Z95 = 1.96
LEVELS = (0.025, 0.975)


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval.

    Attributes:
        value: The stratified estimate; NaN where it is not defined.
        low: Of the interval, from quantiles of the posterior, which holds ``value``.
        high: The same.
        wald_half_width: Half width of the interval of the standard error, 1.96 S (Olofsson et al. 2014); NaN where that is 0 or unknown.
    """

    value: float
    low: float
    high: float
    wald_half_width: float

    @property
    def half_width(self) -> float:
        """Half of the interval."""
        return (self.high - self.low) / 2

    def times(self, factor: float) -> "Estimate":
        """The figure in another unit."""
        return Estimate(self.value * factor, self.low * factor, self.high * factor, self.wald_half_width * factor)


@dataclass(frozen=True)
class ClassAccuracy:
    """Accuracies of a class, and its share of the area."""

    name: str
    share: Estimate
    users: Estimate
    producers: Estimate
    f1: Estimate


@dataclass(frozen=True, eq=False)
class Accuracy:
    """What an assessment finds.

    Attributes:
        matrix: Shares of the area, shape (mapped, reference).
        overall: Overall accuracy.
        classes: In order.
        covariance: Of the errors of the classes' shares.
        further: Other figures that were asked for, in their order.
    """

    matrix: Floats
    overall: Estimate
    classes: tuple[ClassAccuracy, ...]
    covariance: Floats
    further: tuple[Estimate, ...] = ()

    @property
    def shares(self) -> Floats:
        """Adjusted shares of the area, summing to 1."""
        shares: Floats = self.matrix.sum(0)
        return shares


def assess_sample(sample: StratifiedSample, *, draws: int, seed: int, further: Sequence[Ratio] = ()) -> Accuracy:
    """Accuracy and adjusted shares from labelled points.

    Args:
        sample: Points by stratum, mapped and reference class.
        draws: Of the posteriors, behind the intervals.
        seed: Of the draws.
        further: Further shares of the area to be estimated, as sums and differences of those of classes.
    """
    p, random = proportions(sample), np.random.default_rng(seed)
    agreement, others = figures(len(sample.classes))
    others += further
    drawn = [figure_draws(sample, ratio, draws=draws, random=random) for ratio in agreement]
    drawn += _values(others, posterior_draws(sample, draws=draws, seed=seed))
    estimates = [
        _estimate(float(ratio.of(p)), values, Z95 * standard_error(sample, ratio))
        for ratio, values in zip([*agreement, *others], drawn, strict=True)
    ]
    return _gathered(sample.classes, p, estimates, share_covariance(sample))


def assess_clusters(land: ClusteredLand, *, draws: int, seed: int) -> Accuracy:
    """Accuracy and adjusted shares from reference masks, whose blocks are the units; there is no Wald interval.

    Args:
        land: Labelled land by block.
        draws: Of the Bayesian bootstrap, behind the intervals.
        seed: Of the draws.
    """
    p, drawn = cluster_matrix(land), list(cluster_draws(land, draws=draws, seed=seed))
    ratios = [ratio for own in figures(len(land.classes)) for ratio in own]
    estimates = [
        _estimate(float(ratio.of(p)), values, np.nan)
        for ratio, values in zip(ratios, _values(ratios, drawn), strict=True)
    ]
    covariance = np.cov(np.concatenate([part.sum(1) for part in drawn]), rowvar=False)
    return _gathered(land.classes, p, estimates, covariance)


def figures(k: int) -> tuple[list[Ratio], list[Ratio]]:
    """What is estimated of ``k`` classes.

    Returns:
        Overall accuracy and user's accuracies; then shares of the area, producer's accuracies and F1.
    """
    others = (area_share, producers, f1)
    return [overall(k), *(users(k, j) for j in range(k))], [figure(k, j) for figure in others for j in range(k)]


def _values(ratios: Sequence[Ratio], drawn: Iterable[Floats]) -> list[Floats]:
    """Figures of drawn error matrices, one array of draws for each."""
    parts = [[ratio.of(part) for ratio in ratios] for part in drawn]
    return [np.concatenate(own) for own in zip(*parts, strict=True)]


def _estimate(value: float, drawn: Floats, wald: float) -> Estimate:
    known = drawn[~np.isnan(drawn)]
    if np.isnan(value) or not known.size:
        return Estimate(np.nan, np.nan, np.nan, np.nan)
    low, high = (float(each) for each in np.quantile(known, LEVELS))
    return Estimate(value, min(low, value), max(high, value), wald)


def _gathered(classes: Sequence[str], p: Floats, estimates: Sequence[Estimate], covariance: Floats) -> Accuracy:
    """Estimates in the order of :func:`figures`, by class."""
    whole, k = estimates[0], len(classes)
    by_user, share, by_producer, score = (estimates[1 + n * k : 1 + (n + 1) * k] for n in range(4))
    by_class = tuple(ClassAccuracy(*each) for each in zip(classes, share, by_user, by_producer, score, strict=True))
    return Accuracy(p, whole, by_class, covariance, tuple(estimates[1 + 4 * k :]))
