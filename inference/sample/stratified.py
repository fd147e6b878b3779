"""Estimates from a stratified sample: areas and accuracies with their standard errors."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.errors import InputError

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StratifiedSample:
    """Labelled points by stratum, mapped class and reference class.

    Attributes:
        classes: Names of the classes, of map and reference alike.
        strata: Names of the strata.
        areas: Of the strata, in any unit, shape (strata,).
        counts: Shape (strata, mapped, reference).

    Raises:
        InputError: If a stratum that has an area has no labelled point, or one without area has some.
    """

    classes: tuple[str, ...]
    strata: tuple[str, ...]
    areas: Floats
    counts: NDArray[np.int64]

    def __post_init__(self) -> None:
        for name, weight, size in zip(self.strata, self.weights, self.sizes, strict=True):
            if weight > 0 and size == 0:
                raise InputError(
                    f"stratum {name}: holds {100 * weight:.2g} % of the area and no labelled point; label some of its points."
                )
            if weight == 0 and size:
                raise InputError(f"stratum {name}: has {size} labelled points and no area; check both.")

    @property
    def weights(self) -> Floats:
        """W_h, shares of the area."""
        shares: Floats = self.areas / self.areas.sum()
        return shares

    @property
    def sizes(self) -> NDArray[np.int64]:
        """n_h, labelled points."""
        sizes: NDArray[np.int64] = self.counts.sum((1, 2))
        return sizes

    @property
    def is_by_class(self) -> bool:
        """Whether the strata are the mapped classes: in each, all points are mapped as one class of its name."""
        rows = self.counts.sum(2)
        by_name = [self.classes.index(name) if name in self.classes else -1 for name in self.strata]
        return all(rows[h, i] == rows[h].sum() and i >= 0 for h, i in enumerate(by_name))


def sample_of_matrix(counts: NDArray[np.int64], areas: Floats, classes: tuple[str, ...]) -> StratifiedSample:
    """A sample whose strata are the mapped classes, from its error matrix.

    Args:
        counts: Rows mapped, columns reference, shape (classes, classes).
        areas: Mapped area of each class, in any unit.
        classes: Their names.
    """
    cells = np.zeros((len(classes), *counts.shape), np.int64)
    cells[np.arange(len(classes)), np.arange(len(classes))] = counts
    return StratifiedSample(classes, classes, areas, cells)


def proportions(sample: StratifiedSample) -> Floats:
    """The error matrix in shares of the area: p_ij = sum_h W_h n_hij / n_h, shape (mapped, reference)."""
    each = sample.weights / np.maximum(sample.sizes, 1)
    shares: Floats = np.einsum("h,hij->ij", each, sample.counts)
    return shares


@dataclass(frozen=True, eq=False)
class Ratio:
    """A figure of the error matrix: the sum of ``over x p`` by the sum of ``under x p``.

    Attributes:
        over: Shape (mapped, reference).
        under: The same; all ones for shares of the area.
    """

    over: Floats
    under: Floats

    def of(self, p: Floats) -> Floats:
        """The figure of error matrices, shape (..., mapped, reference); NaN where it is not defined."""
        over, under = (np.einsum("...ij,ij->...", p, each) for each in (self.over, self.under))
        value: Floats = np.divide(over, under, out=np.full(np.shape(over), np.nan), where=under > 0)
        return value


def overall(k: int) -> Ratio:
    """Overall accuracy of ``k`` classes."""
    return Ratio(np.eye(k), np.ones((k, k)))


def area_share(k: int, *reference: int) -> Ratio:
    """Share of the area that some reference classes have."""
    return Ratio(_columns(k, *reference), np.ones((k, k)))


def users(k: int, j: int) -> Ratio:
    """User's accuracy of class ``j``."""
    return Ratio(_cell(k, j), _columns(k, j).T)


def producers(k: int, j: int) -> Ratio:
    """Producer's accuracy of class ``j``."""
    return Ratio(_cell(k, j), _columns(k, j))


def f1(k: int, j: int) -> Ratio:
    """F1 of class ``j``, the harmonic mean of user's and producer's accuracy."""
    return Ratio(2 * _cell(k, j), _columns(k, j) + _columns(k, j).T)


def standard_error(sample: StratifiedSample, ratio: Ratio) -> float:
    """Standard error of a figure, without the finite population correction.

    S^2 = sum_h W_h^2 s_h^2 / n_h / X^2, where s_h^2 is the variance within stratum h of y - R x, the indicators of the figure
    (Stehman 2014, eqs 25 and 28); where strata are mapped classes this is Olofsson et al. (2014), eqs 5 to 7 and 10.

    Returns:
        NaN where the figure is not defined, a stratum has one point, or all points of all strata agree, in which case the
        formula gives 0.
    """
    p = proportions(sample)
    value, under = float(ratio.of(p)), float(np.sum(p * ratio.under))
    used = sample.weights > 0
    if np.isnan(value) or (sample.sizes[used] < 2).any():
        return float("nan")
    residual = ratio.over - value * ratio.under
    sizes, counts = sample.sizes[used], sample.counts[used]
    mean = np.einsum("hij,ij->h", counts, residual) / sizes
    squares = np.einsum("hij,hij->h", counts, (residual - mean[:, None, None]) ** 2)
    variances = squares / (sizes - 1)
    error = float(np.sqrt(np.sum(sample.weights[used] ** 2 * variances / sizes))) / under
    return error if error > 1e-12 else float("nan")


def _cell(k: int, j: int) -> Floats:
    cells = np.zeros((k, k))
    cells[j, j] = 1
    return cells


def _columns(k: int, *j: int) -> Floats:
    cells = np.zeros((k, k))
    cells[:, list(j)] = 1
    return cells
