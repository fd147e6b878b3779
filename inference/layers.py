"""What is kept of the probabilities of a scene: classes, and by option how sure they are; one byte each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.legend import UNOBSERVED
from pitscape.imagery.share_map import SHARE_STEPS
from pitscape.inference.blend import Rows

PROBABILITY_OF = "probability of "


@dataclass(frozen=True)
class Layers:
    """Which layers a run keeps, beside the classes.

    Attributes:
        probabilities: One per class.
        confidence: The probability of the class that is mapped, before a sieve.
        entropy: Shannon's entropy of the probabilities over its maximum, 0 (sure) to 1 (all classes alike).
        valid: How much of the tiles that a pixel was seen in was observed.
    """

    probabilities: bool = False
    confidence: bool = False
    entropy: bool = False
    valid: bool = False

    def names(self, classes: Sequence[str]) -> tuple[str, ...]:
        """Names of all layers in order; ``classes`` are those of the legend.

        >>> Layers(confidence=True).names(("mined", "water"))
        ('classes', 'confidence')
        """
        probabilities = [PROBABILITY_OF + name for name in classes] if self.probabilities else []
        others = [name for name in ("confidence", "entropy", "valid") if getattr(self, name)]
        return "classes", *probabilities, *others

    @classmethod
    def from_names(cls, names: Sequence[str]) -> "Layers":
        """The layers that have these names.

        >>> Layers.from_names(("classes", "probability of mined", "probability of water")).probabilities
        True
        """
        others = {name: name in names for name in ("confidence", "entropy", "valid")}
        return cls(probabilities=any(name.startswith(PROBABILITY_OF) for name in names), **others)

    def of(self, rows: Rows, bias: Sequence[float] | None = None) -> NDArray[np.uint8]:
        """The layers of finished rows.

        Args:
            rows: Their probabilities.
            bias: Added to the logarithm of each class's probability when the class is chosen.

        Returns:
            (layer, y, x), 255 where unobserved.
        """
        chosen = class_ids(rows.probabilities, bias)
        kept = [chosen]
        if self.probabilities:
            kept += [_as_bytes(values) for values in rows.probabilities]
        if self.confidence:
            kept.append(_as_bytes(np.take_along_axis(rows.probabilities, chosen[None], axis=0)[0]))
        if self.entropy:
            kept.append(_as_bytes(entropy(rows.probabilities)))
        if self.valid and rows.valid is not None:
            kept.append(_as_bytes(rows.valid))
        layers = np.stack(kept) if len(kept) > 1 else chosen[None]
        if not rows.observed.all():
            layers[:, ~rows.observed] = UNOBSERVED
        return layers


def class_ids(probabilities: NDArray[np.float32], bias: Sequence[float] | None = None) -> NDArray[np.uint8]:
    """The class with the greatest probability, after a bias; of equal ones the first.

    Args:
        probabilities: (class, y, x).
        bias: Added to the logarithm of each class's probability; a threshold t of a class is the bias -ln t.

    Returns:
        Ids (y, x).

    >>> class_ids(np.array([[[0.4]], [[0.6]]], np.float32), bias=(0.5, 0)).tolist()
    [[0]]
    """
    factors = np.exp(np.asarray(bias, np.float32) - np.float32(max(bias))) if bias is not None else None
    best = probabilities[0] * factors[0] if factors is not None else probabilities[0].copy()
    ids, better = np.zeros(best.shape, np.uint8), np.empty(best.shape, np.bool_)
    for number in range(1, len(probabilities)):
        values = probabilities[number] * factors[number] if factors is not None else probabilities[number]
        np.greater(values, best, out=better)
        np.copyto(ids, np.uint8(number), where=better)
        np.maximum(values, best, out=best)
    return ids


def entropy(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """Shannon's entropy of probabilities (class, y, x) over ln(classes): (y, x), 0 to 1.

    >>> float(entropy(np.array([[[0.5]], [[0.5]]], np.float32)).round(6).item())
    1.0
    """
    total = np.zeros(probabilities.shape[1:], np.float32)
    for values in probabilities:
        total -= values * np.log(np.maximum(values, np.float32(1e-12)))
    total /= np.float32(np.log(len(probabilities)))
    return total


def _as_bytes(shares: NDArray[np.float32]) -> NDArray[np.uint8]:
    stored: NDArray[np.uint8] = np.rint(np.clip(shares, 0, 1) * SHARE_STEPS).astype(np.uint8)
    return stored
