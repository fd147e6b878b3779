"""Accuracy and adjusted areas of a map, each with its interval."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitscape.inference.clusters import ClusteredLand, cluster_draws, cluster_matrix
from pitscape.inference.posterior import posterior_draws, share_covariance
from pitscape.inference.stratified import (
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


def assess_sample(
    sample: StratifiedSample, *, draws: int, seed: int, further: Sequence[Ratio] = ()
) -> Accuracy:
    """Accuracy and adjusted shares from labelled points.

    Args:
        sample: Points by stratum, mapped and reference class.
        draws: Of the posterior, behind the intervals.
        seed: Of the draws.
        further: Figures of the error matrix to be estimated as well.
    """
    ratios = [*figures(len(sample.classes)), *further]
    wald = [Z95 * standard_error(sample, ratio) for ratio in ratios]
    estimates = estimate(proportions(sample), ratios, wald, posterior_draws(sample, draws=draws, seed=seed))
    return gathered(sample.classes, proportions(sample), estimates, share_covariance(sample))


def assess_clusters(land: ClusteredLand, *, draws: int, seed: int) -> Accuracy:
    """Accuracy and adjusted shares from reference masks, whose blocks are the units; there is no Wald interval.

    Args:
        land: Labelled land by block.
        draws: Of the Bayesian bootstrap, behind the intervals.
        seed: Of the draws.
    """
    p, drawn = cluster_matrix(land), list(cluster_draws(land, draws=draws, seed=seed))
    ratios = figures(len(land.classes))
    estimates = estimate(p, ratios, [np.nan] * len(ratios), drawn)
    covariance = np.cov(np.concatenate([part.sum(1) for part in drawn]), rowvar=False)
    return gathered(land.classes, p, estimates, covariance)


def estimate(p: Floats, ratios: Sequence[Ratio], wald: Sequence[float], drawn: Iterable[Floats]) -> list[Estimate]:
    """Figures of an error matrix with intervals from drawn ones.

    Args:
        p: The error matrix, shares of the area.
        ratios: The figures.
        wald_half_width: Half width of the other interval, of each.
        drawn: Error matrices in parts, shape (any, mapped, reference).
    """
    values = np.concatenate([np.stack([ratio.of(part) for ratio in ratios], axis=1) for part in drawn])
    found = []
    for n, (ratio, half) in enumerate(zip(ratios, wald, strict=True)):
        value, own = float(ratio.of(p)), values[:, n]
        known = own[~np.isnan(own)]
        if np.isnan(value) or not known.size:
            found.append(Estimate(np.nan, np.nan, np.nan, np.nan))
            continue
        low, high = (float(each) for each in np.quantile(known, LEVELS))
        found.append(Estimate(value, min(low, value), max(high, value), half))
    return found


def gathered(classes: Sequence[str], p: Floats, estimates: Sequence[Estimate], covariance: Floats) -> Accuracy:
    """Estimates in the order of :func:`figures`, by class."""
    rest = iter(estimates)
    whole = next(rest)
    by_class = tuple(ClassAccuracy(name, next(rest), next(rest), next(rest), next(rest)) for name in classes)
    return Accuracy(p, whole, by_class, covariance, tuple(rest))


def figures(k: int) -> list[Ratio]:
    """Overall accuracy, then share, user's and producer's accuracy and F1 of each of ``k`` classes."""
    each = [ratio for j in range(k) for ratio in (area_share(k, j), users(k, j), producers(k, j), f1(k, j))]
    return [overall(k), *each]

