"""How many points a sample needs, and how they are shared among strata."""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

HALVINGS = 100


def cochran_size(weights: Floats, deviations: Floats, target_se: float) -> int:
    """Points for a standard error, if they were shared by W S.

    n = (sum W_h S_h / S)^2 (Cochran 1977, eq. 5.25; Olofsson et al. 2014, eq. 13).

    Args:
        weights: Shares of the strata, shape (strata,).
        deviations: S_h, standard deviations within them, of an indicator at most 0.5.
        target_se: S, the standard error wanted.

    >>> users = np.array([0.7, 0.6, 0.9, 0.95])
    >>> cochran_size(np.array([0.02, 0.015, 0.32, 0.645]), np.sqrt(users * (1 - users)), 0.01)
    641
    """
    return math.ceil(float((weights @ deviations / target_se) ** 2))


def expected_se(weights: Floats, deviations: Floats, sizes: Integers) -> float:
    """Standard error of a stratified estimate: sqrt(sum W_h^2 S_h^2 / n_h)."""
    return float(np.sqrt(np.sum((weights * deviations) ** 2 / np.maximum(sizes, 1))))


def allocate(weights: Floats, size: int, *, minimum: int, pixels: Integers) -> Integers:
    """Share points among strata in proportion to area, with at least ``minimum`` in each.

    n_h = r W_h, not below the minimum and not above the cells, with the one rate r that gives the wanted sum.

    Args:
        weights: Shares of the strata, shape (strata,).
        size: Points in all, at least ``sum(min(minimum, pixels))``.
        minimum: Of every stratum; one of fewer cells gives all of them.
        pixels: Cells of each stratum, which it cannot exceed.

    Returns:
        Points per stratum; their sum is ``size``, or all cells where that is less.

    >>> allocate(np.array([0.02, 0.015, 0.32, 0.645]), 641, minimum=0, pixels=np.full(4, 10**6)).tolist()
    [13, 10, 205, 413]
    >>> allocate(np.array([0.01, 0.99]), 200, minimum=50, pixels=np.full(2, 10**6)).tolist()
    [50, 150]
    """
    low, size = np.minimum(minimum, pixels), min(size, int(pixels.sum()))
    few, many = 0.0, float(np.max(pixels / weights))
    for _ in range(HALVINGS):
        rate = (few + many) / 2
        short = np.clip(rate * weights, low, pixels).sum() < size
        few, many = (rate, many) if short else (few, rate)
    return _rounded(np.clip(many * weights, low, pixels), size, pixels)


def sizes_for_error(
    weights: Floats, deviations: Floats, target_se: float, *, minimum: int, pixels: Integers
) -> Integers | None:
    """The allocation, from Cochran's size upwards, that reaches a standard error; None where all cells do not."""
    size = max(cochran_size(weights, deviations, target_se), int(np.minimum(minimum, pixels).sum()))
    while size <= pixels.sum():
        sizes = allocate(weights, size, minimum=minimum, pixels=pixels)
        if expected_se(weights, deviations, sizes) <= target_se:
            return sizes
        size += max(1, size // 100)
    return None


def _rounded(sizes: Floats, total: int, pixels: Integers) -> Integers:
    """Whole numbers of a sum: the largest remainders are rounded up."""
    whole: Integers = np.floor(sizes + 1e-6).astype(np.int64)
    order = np.argsort(whole - sizes, kind="stable")
    for number in order[whole[order] < pixels[order]][: total - int(whole.sum())]:
        whole[number] += 1
    return whole
