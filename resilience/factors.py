"""What is uncertain about a site, as draws: shares, NDVI, climate, score sets and weights."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitscape.resilience.climate import FLOOR, ClimateWindow
from pitscape.resilience.integrity import WEIGHT_GROUPS, Weights

COVARIANCE_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False, slots=True)
class ShareDraws:
    """Area shares of types at each epoch, normal about adjusted shares and brought back to the simplex.

    Attributes:
        mean: Adjusted shares, shape (epochs, types), each row >= 0 and summing to 1.
        covariance: Of their errors, shape (epochs, types, types), as the estimator of a sample gives it; errors of two
            epochs are independent. Zero where an epoch has no sample.

    Raises:
        ValueError: If the shapes differ, or a covariance is not symmetric and positive semi-definite.
    """

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]

    def __post_init__(self) -> None:
        epochs, types = self.mean.shape
        if self.covariance.shape != (epochs, types, types):
            raise ValueError(
                f"The covariance has shape {self.covariance.shape}, the shares {self.mean.shape}: one matrix an epoch."
            )
        if not np.allclose(self.covariance, self.covariance.transpose(0, 2, 1), atol=COVARIANCE_TOLERANCE):
            raise ValueError("A covariance of shares is not symmetric: give that of the area estimator.")
        if np.linalg.eigvalsh(self.covariance).min() < -COVARIANCE_TOLERANCE:
            raise ValueError("A covariance of shares has a negative eigenvalue: give that of the area estimator.")

    def __call__(self, rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        """Draws of shape (n, epochs, types), each >= 0 and summing to 1."""
        values, vectors = np.linalg.eigh(self.covariance)
        root = vectors * np.sqrt(np.maximum(values, 0))[:, None, :]
        noise = rng.standard_normal((n, *self.mean.shape))
        return onto_simplex(self.mean + np.einsum("etk,nek->net", root, noise))


@dataclass(frozen=True, eq=False, slots=True)
class IndexDraws:
    """NDVI of each epoch, normal and cut to [0, 1].

    Attributes:
        mean: Shape (epochs,).
        deviation: Standard deviation of an epoch's mean, shape (epochs,), >= 0.
    """

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]

    def __call__(self, rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        """Draws of shape (n, epochs)."""
        return np.clip(self.mean + self.deviation * rng.standard_normal((n, len(self.mean))), 0.0, 1.0)


@dataclass(frozen=True, eq=False, slots=True)
class ClimateDraws:
    """C1 and C2 of each epoch, by the Bayesian bootstrap of the calendar years (Rubin 1981).

    A year has one weight for all windows that hold it, and for both terms. Mean deviations of few years are biased
    low, so each term is scaled to have the reported value as its median.

    Attributes:
        windows: Annual values up to each epoch.
    """

    windows: Sequence[ClimateWindow]

    def __call__(self, rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        """Draws of shape (n, epochs, 2), floored at 0.01."""
        years = np.unique(np.concatenate([window.years for window in self.windows]))
        weights = rng.standard_exponential((n, len(years)))
        drawn = np.empty((n, len(self.windows), 2))
        for epoch, window in enumerate(self.windows):
            chosen = weights[:, np.searchsorted(years, window.years)]
            chosen /= chosen.sum(axis=1, keepdims=True)
            for term, (values, reported) in enumerate(
                ((window.precipitation_mm, window.c1), (window.temperature_c, window.c2))
            ):
                drawn[:, epoch, term] = _about(reported, _weighted_variability(values, chosen))
        return np.maximum(drawn, FLOOR)


@dataclass(frozen=True, eq=False, slots=True)
class ScoreDraws:
    """One of several sets of resilience scores, each as likely.

    Attributes:
        sets: Shape (sets, types).
    """

    sets: NDArray[np.float64]

    def __call__(self, rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        """Draws of shape (n, types)."""
        return self.sets[rng.integers(len(self.sets), size=n)]


@dataclass(frozen=True, slots=True)
class WeightDraws:
    """Weights of integrity, a Dirichlet distribution about given ones within each group.

    Attributes:
        weights: The mean; a weight of 0 stays 0.
        concentration: Alpha of a weight is this x the size of its group x the weight. 1 about equal weights makes all
            weights equally likely; larger values stay closer to the given ones.
    """

    weights: Weights
    concentration: float = 1.0

    def __call__(self, rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        """Draws of shape (n, 9), in the order of the fields of ``Weights``."""
        drawn = []
        for group in WEIGHT_GROUPS:
            mean = np.array([getattr(self.weights, name) for name in group])
            gammas = rng.standard_gamma(self.concentration * len(group) * mean, (n, len(group)))
            drawn.append(gammas / gammas.sum(axis=1, keepdims=True))
        return np.concatenate(drawn, axis=1)


def onto_simplex(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The nearest shares >= 0 that sum to 1, along the last axis.

    Source: Duchi et al. (2008), Efficient projections onto the l1-ball, figure 1.

    >>> onto_simplex(np.array([[0.7, 0.5, -0.2], [0.25, 0.25, 0.5]])).round(3).tolist()  # -0.2 is 0, -0.1 each
    [[0.6, 0.4, 0.0], [0.25, 0.25, 0.5]]
    """
    falling = -np.sort(-values, axis=-1)
    excess = (np.cumsum(falling, axis=-1) - 1) / np.arange(1, values.shape[-1] + 1)
    kept = np.count_nonzero(falling > excess, axis=-1, keepdims=True)
    return np.asarray(np.maximum(values - np.take_along_axis(excess, kept - 1, axis=-1), 0.0))


def _weighted_variability(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """mean|x - mean x| / mean x under weights of shape (n, years) that sum to 1; NaN where the mean is not positive."""
    mean = weights @ values
    deviation = (weights * np.abs(values - mean[:, None])).sum(axis=1)
    return np.asarray(np.divide(deviation, mean, out=np.full(len(mean), np.nan), where=mean > 0))


def _about(reported: float, drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Draws scaled to have the reported value as their median; the value itself where nothing varies."""
    median = np.nanmedian(drawn)
    return drawn * (reported / median) if median > 0 else np.full(len(drawn), reported)
