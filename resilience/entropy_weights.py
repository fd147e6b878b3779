"""Weights of integrity from the information in a series: an indicator that tells epochs apart weighs more."""

from collections.abc import Sequence
from dataclasses import astuple

import numpy as np
from numpy.typing import NDArray

from pitscape.resilience.integrity import WEIGHT_GROUPS, Indicators, Weights, weigh


def entropy_weights(scores: Sequence[Indicators]) -> Weights:
    """Weights by entropy within SC and FC, and then among SC, FC and E.

    A series has its own weights, and one more epoch changes them: store them, and give them from then on.

    Args:
        scores: Indicators of each epoch, normalised to [0, 1] by fixed bounds; at least two epochs, none NaN.

    Returns:
        The weights; equal ones in a group whose members do not change.

    Raises:
        ValueError: If there are fewer than two epochs, or a score is not defined.

    Source: Shannon (1948) as used for weights, w_i = (1 - e_i) / sum (1 - e_k) with e_i = -sum_j p_ij ln p_ij / ln n
    and p_ij = x_ij / sum_j x_ij.

    >>> still = Indicators(shei=1.0, mpfd=0.5, contag=0.5, connect=0.5, npp=0.5, q=0.5, e=0.5)
    >>> moved = Indicators(shei=0.0, mpfd=0.5, contag=0.5, connect=0.5, npp=0.5, q=0.5, e=0.5)
    >>> found = entropy_weights([still, moved])
    >>> found.shei, found.contag, found.npp, found.sc  # only SHEI tells the two apart
    (1.0, 0.0, 0.5, 1.0)
    """
    values = np.array([astuple(each) for each in scores], np.float64)
    if len(values) < 2 or not np.isfinite(values).all():
        raise ValueError("Entropy weights need two epochs or more with all indicators: give the weights instead.")
    sc, fc = _weights(values[:, :4]), _weights(values[:, 4:6])
    names = WEIGHT_GROUPS[0] + WEIGHT_GROUPS[1]
    within = Weights(**dict(zip(names, [*sc.tolist(), *fc.tolist()], strict=True)))
    parts = np.array([weigh(each, within)[:3] for each in scores])
    between = dict(zip(WEIGHT_GROUPS[2], _weights(parts).tolist(), strict=True))
    return Weights(**dict(zip(names, [*sc.tolist(), *fc.tolist()], strict=True)), **between)


def _weights(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights of the columns of (epochs, members)."""
    sums = values.sum(axis=0)
    shares = np.divide(values, sums, out=np.full(values.shape, 1 / len(values)), where=sums > 0)
    logarithms = np.log(shares, out=np.zeros(shares.shape), where=shares > 0)
    told = np.maximum(1 + (shares * logarithms).sum(axis=0) / np.log(len(values)), 0.0)
    told[told < 1e-12] = 0.0  # rounding of columns that do not change
    total = told.sum()
    return np.asarray(told / total if total > 0 else np.full(len(told), 1 / len(told)))
