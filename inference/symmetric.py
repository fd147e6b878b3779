"""Predictions averaged over the eight symmetries of the square (test-time augmentation with D4)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitscape.inference.predictor import Predictor
from pitscape.inference.run_options import RunOptions
from pitscape.models.card import ModelCard


@dataclass(frozen=True)
class SymmetricPredictor:
    """A network asked eight times: turned by 0, 90, 180 and 270 degrees, each plain and mirrored.

    What it says of a turned image is the turned map, to rounding. It takes eight times as long.

    Attributes:
        predictor: The network.
    """

    predictor: Predictor

    @property
    def card(self) -> ModelCard:
        """What the network takes and gives."""
        return self.predictor.card

    def probabilities(self, stored: NDArray[np.float32]) -> NDArray[np.float32]:
        """Mean class probabilities (N, classes, H, W) of stored numbers (N, bands, H, W), added in a fixed order."""
        total = np.zeros((len(stored), len(self.card.legend), *stored.shape[2:]), np.float32)
        for mirrored in (False, True):
            image = stored[..., ::-1] if mirrored else stored
            for turns in range(4):
                turned = np.ascontiguousarray(np.rot90(image, turns, axes=(2, 3)))
                found = np.rot90(self.predictor.probabilities(turned), -turns, axes=(2, 3))
                total += found[..., ::-1] if mirrored else found
        total /= np.float32(8)
        return total


def asked(predictor: Predictor, options: RunOptions) -> Predictor:
    """A network, asked as often as the options want it."""
    return SymmetricPredictor(predictor) if options.tta else predictor
