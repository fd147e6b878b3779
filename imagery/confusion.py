"""Counts of agreement between a map and a reference, and the accuracies derived from them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
"""Shape (classes, classes): rows are the map's classes, columns the reference's."""


def confusion_counts(mapped: NDArray[np.integer], reference: NDArray[np.integer], *, classes: int) -> Counts:
    """Count pixels by mapped and by reference class.

    Args:
        mapped: Class ids of the map; ids of ``classes`` or more are left out.
        reference: Class ids of the reference, of the same shape; 255, unlabelled, is left out.
        classes: Number of classes.

    Returns:
        Counts that add up over tiles, scenes and workers.

    >>> confusion_counts(np.array([0, 1, 1, 1]), np.array([0, 0, 1, 255]), classes=2).tolist()
    [[1, 0], [1, 1]]
    """
    known = (reference < classes) & (mapped < classes)
    pairs = mapped[known].astype(np.int64) * classes + reference[known]
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes).astype(np.int64)


@dataclass(frozen=True)
class Scores:
    """Accuracies of a map, per class and overall, in [0, 1].

    Attributes:
        iou: Intersection over union per class; NaN where a class is in neither map nor reference.
        f1: F1 (Dice) per class.
        users: User's accuracy (precision) per class; NaN where the map lacks the class.
        producers: Producer's accuracy (recall) per class; NaN where the reference lacks it.
        support: Reference pixels per class.
        overall: Share of pixels that agree.
    """

    iou: NDArray[np.float64]
    f1: NDArray[np.float64]
    users: NDArray[np.float64]
    producers: NDArray[np.float64]
    support: NDArray[np.int64]
    overall: float

    @property
    def macro_iou(self) -> float:
        """Mean IoU over the classes that occur: every class counts the same."""
        return _mean(self.iou)

    @property
    def macro_f1(self) -> float:
        """Mean F1 over the classes that occur."""
        return _mean(self.f1)


def scores(counts: Counts) -> Scores:
    """Accuracies from confusion counts.

    Args:
        counts: Rows mapped, columns reference.

    Returns:
        The scores; ratios without a denominator are NaN.

    >>> result = scores(np.array([[1, 0], [1, 1]]))
    >>> result.iou.tolist(), result.users.tolist(), result.producers.tolist(), round(result.overall, 3)
    ([0.5, 0.5], [1.0, 0.5], [0.5, 1.0], 0.667)
    """
    agreed = np.diag(counts).astype(np.float64)
    mapped, reference = counts.sum(axis=1), counts.sum(axis=0)
    total = float(counts.sum())
    return Scores(
        iou=_ratio(agreed, mapped + reference - agreed),
        f1=_ratio(2 * agreed, mapped + reference),
        users=_ratio(agreed, mapped),
        producers=_ratio(agreed, reference),
        support=reference,
        overall=float(agreed.sum() / total) if total else float("nan"),
    )


def _ratio(numerator: NDArray[np.float64], denominator: NDArray[np.number]) -> NDArray[np.float64]:
    ratio = np.full(len(numerator), np.nan)
    np.divide(numerator, denominator, out=ratio, where=denominator > 0)
    return ratio


def _mean(values: NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
