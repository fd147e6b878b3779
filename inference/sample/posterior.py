"""What a stratified sample leaves open: the posterior of its error matrix."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pitscape.inference.sample.stratified import Ratio, StratifiedSample

Floats = NDArray[np.float64]

JEFFREYS = 0.5
MOST_CLASSES = 4
"""Classes up to which Jeffreys' prior serves; with more of them it outweighs rare ones.

(With 1/2 for each of 16 transitions intervals of gain and loss covered down to 53 %, for each of 7 classes those of the rarest
64 %; with 1/k they covered 91 to 97 %.)
"""

CHUNK = 1000


def prior_points(classes: int) -> float:
    """Prior points per reference class of a stratum: Jeffreys' 1/2, from five classes on 1/k (Perks 1947).

    >>> prior_points(2), prior_points(4), prior_points(16)
    (0.5, 0.5, 0.0625)
    """
    return JEFFREYS if classes <= MOST_CLASSES else 1 / classes


def posterior_draws(sample: StratifiedSample, *, draws: int, seed: int) -> Iterator[Floats]:
    """Error matrices drawn from the posterior.

    Each stratum has a Dirichlet posterior of its own, with :func:`prior_points` per reference class; where several classes
    are mapped in a stratum, they share these equally. No stratum is ever certain, however few its points.

    Yields:
        Shares of the area, shape (up to 1000, mapped, reference).
    """
    random = np.random.default_rng(seed)
    k = len(sample.classes)
    for start in range(0, draws, CHUNK):
        size = min(CHUNK, draws - start)
        p = np.zeros((size, k, k))
        for counts, weight in zip(sample.counts, sample.weights, strict=True):
            if weight > 0:
                mapped = np.flatnonzero(counts.sum(1))
                alpha = counts[mapped] + prior_points(k) / len(mapped)
                drawn = random.dirichlet(alpha.ravel(), size)
                p[:, mapped] += weight * drawn.reshape(size, len(mapped), k)
        yield p


def figure_draws(sample: StratifiedSample, ratio: Ratio, *, draws: int, random: np.random.Generator) -> Floats:
    """Overall or user's accuracy, drawn from the posterior of *right* and *wrong*.

    The cells of a stratum that count alike for the figure are one outcome, with Jeffreys' 1/2 prior points. (With 1/2 for each reference class a stratum of four would have three times as many prior points for
    *wrong* as for *right*, and intervals of overall accuracy would lie too low.)

    Returns:
        Shape (draws,); NaN where the figure is not defined.
    """
    over, under = np.zeros(draws), np.zeros(draws)
    for counts, weight in zip(sample.counts, sample.weights, strict=True):
        if weight > 0:
            mapped = np.flatnonzero(counts.sum(1))
            kinds = np.stack([ratio.over[mapped].ravel(), ratio.under[mapped].ravel()])
            outcomes, which = np.unique(kinds, axis=1, return_inverse=True)
            found = np.bincount(which.ravel(), counts[mapped].ravel(), outcomes.shape[1])
            drawn = random.dirichlet(found + JEFFREYS, draws) if len(found) > 1 else np.ones((draws, 1))
            over += weight * (drawn @ outcomes[0])
            under += weight * (drawn @ outcomes[1])
    value: Floats = np.divide(over, under, out=np.full(draws, np.nan), where=under > 0)
    return value


def share_covariance(sample: StratifiedSample) -> Floats:
    """Posterior covariance of the reference classes' shares of the area, shape (classes, classes); rows sum to 0.

    Sum over strata of W_h^2 (diag(m) - m m^T) / (a + 1), m the posterior mean and a the points with the prior's.
    """
    k = len(sample.classes)
    total = np.zeros((k, k))
    for counts, weight in zip(sample.counts.sum(1), sample.weights, strict=True):
        alpha = counts + prior_points(k)
        points = float(alpha.sum())
        mean = alpha / points
        total += weight**2 * (np.diag(mean) - np.outer(mean, mean)) / (points + 1)
    return total
