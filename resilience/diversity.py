"""Diversity of class shares: Shannon's entropy in nats and in bits, its evenness, and Simpson's index."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SHARE_TOLERANCE = 1e-6


def shdi(shares: Sequence[float] | NDArray[np.floating]) -> float:
    """Shannon's diversity index SHDI = -sum P_i ln P_i.

    Args:
        shares: Area share P_i of each class, shape (m,), >= 0 and summing to 1; shares of 0 add nothing.

    Returns:
        SHDI [nats] in [0, ln m]: 0 where one class holds all, ln m where all classes are equal.

    Raises:
        ValueError: If the shares are negative or do not sum to 1.

    Source: FRAGSTATS (McGarigal et al. 2012), from areas and not from adjacencies.

    >>> round(shdi([0.5, 0.5]), 6)  # ln 2
    0.693147
    """
    p = check_shares(shares)
    p = p[p > 0]
    return float(abs(np.sum(p * np.log(p))))


def h_bits(shares: Sequence[float] | NDArray[np.floating]) -> float:
    """Shannon's index in bits H = -sum P_i log2 P_i = SHDI / ln 2.

    Args:
        shares: Area share P_i of each class or ecosystem type, shape (m,), >= 0 and summing to 1.

    Returns:
        H [bits] in [0, log2 m]: 0 where one type holds all, log2 m where all are equal.

    Raises:
        ValueError: If the shares are negative or do not sum to 1.

    Source: Dong et al. (2025), eq. 1.

    >>> h_bits([0.5, 0.25, 0.25])
    1.5
    """
    return shdi(shares) / math.log(2)


def entropy_bits(shares: NDArray[np.floating]) -> NDArray[np.float64]:
    """H of many lists of shares at once, along the last axis and unchecked: see :func:`h_bits`.

    >>> entropy_bits(np.array([[0.5, 0.5, 0.0], [0.5, 0.25, 0.25]])).tolist()
    [1.0, 1.5]
    """
    logarithms = np.log2(shares, out=np.zeros(shares.shape), where=shares > 0)
    return np.asarray(np.abs(np.sum(shares * logarithms, axis=-1)))


def shei(shares: Sequence[float] | NDArray[np.floating]) -> float:
    """Shannon's evenness index SHEI = SHDI / ln m.

    Args:
        shares: Area share P_i of each class, shape (m,), >= 0 and summing to 1; m counts the shares above 0.

    Returns:
        SHEI in [0, 1]: 1 where all classes present are equal, towards 0 where one dominates, 0 where there is but one.

    Raises:
        ValueError: If the shares are negative or do not sum to 1.

    Source: FRAGSTATS (McGarigal et al. 2012).

    >>> round(shei([0.25, 0.25, 0.5, 0.0]), 4)  # 1.5 / log2 3
    0.9464
    """
    present = int(np.count_nonzero(np.asarray(shares)))
    return shdi(shares) / math.log(present) if present > 1 else 0.0


def sidi(shares: Sequence[float] | NDArray[np.floating]) -> float:
    """Simpson's diversity index SIDI = 1 - sum P_i^2, the chance that two points lie in different classes.

    Args:
        shares: Area share P_i of each class, shape (m,), >= 0 and summing to 1.

    Returns:
        SIDI in [0, 1 - 1 / m]: 0 where one class holds all, 1 - 1 / m where all are equal.

    Raises:
        ValueError: If the shares are negative or do not sum to 1.

    Source: FRAGSTATS (McGarigal et al. 2012).

    >>> sidi([0.5, 0.25, 0.25])
    0.625
    """
    return float(1 - np.sum(check_shares(shares) ** 2))


def check_shares(shares: Sequence[float] | NDArray[np.floating]) -> NDArray[np.float64]:
    """Check area shares.

    Args:
        shares: Area share P_i of each class, shape (m,).

    Returns:
        The shares as an array, shape (m,).

    Raises:
        ValueError: If they are not one list of finite numbers >= 0 that sum to 1 within 1e-6.

    >>> check_shares([0.25, 0.75])
    array([0.25, 0.75])
    """
    p = np.asarray(shares, np.float64)
    if p.ndim != 1 or p.size == 0 or not np.isfinite(p).all() or (p < 0).any():
        raise ValueError(f"shares must be a list of finite numbers >= 0, got {shares}: divide areas by their sum.")
    if abs(p.sum() - 1) > SHARE_TOLERANCE:
        raise ValueError(f"shares must sum to 1, got {p.sum():.6g}: divide areas by the sum of the observed ones.")
    return p
