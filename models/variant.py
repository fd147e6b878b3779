"""Variants of a network in 8 bits beside the network in float; loads no torch."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.confusion import Counts, confusion_counts, scores
from pitscape.imagery.legend import UNOBSERVED
from pitscape.imagery.radiometry import UNOBSERVED_STORED
from pitscape.models.routes import Route
from pitscape.models.samples import LabelledWindow


@dataclass(frozen=True, eq=False)
class Judgement:
    """How a variant differs from the network in float.

    Attributes:
        in_float: Confusion counts of the network in float against labels; all 0 where there were none.
        in_int8: Those of the variant.
        others: Observed pixels that change class.
        pixels: Observed pixels.
    """

    in_float: Counts
    in_int8: Counts
    others: int
    pixels: int

    @property
    def labelled(self) -> bool:
        """Whether labels judged."""
        return bool(self.in_float.sum())

    @property
    def other_classes(self) -> float:
        """Share of the pixels that change class, 0 to 1."""
        return self.others / self.pixels if self.pixels else 0.0

    @property
    def mean_iou(self) -> tuple[float, float]:
        """Mean IoU in float and in 8 bits; NaN without labels."""
        return scores(self.in_float).macro_iou, scores(self.in_int8).macro_iou

    @property
    def iou_change(self) -> NDArray[np.float64]:
        """Change of IoU by class [points]; NaN where a class does not occur."""
        change: NDArray[np.float64] = 100 * (scores(self.in_int8).iou - scores(self.in_float).iou)
        return change

    @property
    def lost(self) -> float:
        """What a bound is set to: points of mean IoU, below 0 where it rose; without labels percent of changed pixels."""
        if not self.labelled:
            return 100 * self.other_classes
        before, after = self.mean_iou
        return 100 * (before - after)

    @property
    def unit(self) -> str:
        """Of what is lost, in words."""
        return "points of mean IoU" if self.labelled else "% of the pixels change class"


def judged(in_float: Route, in_int8: Route, windows: Iterable[LabelledWindow], *, classes: int) -> Judgement:
    """Compare a variant with the network in float, window by window.

    Args:
        in_float: The network in float.
        in_int8: The variant.
        windows: Stored numbers and labels; those without labels count for the change of classes alone.
        classes: Number of classes.
    """
    total = np.zeros((2, classes, classes), np.int64)
    others = pixels = 0
    for stored, labels in windows:
        maps = [route(stored[None])[0].argmax(axis=0) for route in (in_float, in_int8)]
        observed = (stored != UNOBSERVED_STORED).any(axis=0)
        others += int((maps[0] != maps[1])[observed].sum())
        pixels += int(observed.sum())
        known = np.where(observed, labels, UNOBSERVED)
        total += np.stack([confusion_counts(found, known, classes=classes) for found in maps])
    return Judgement(total[0], total[1], others, pixels)
