"""Proof that an exported network gives what the trained one gives."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from pitscape.imagery.radiometry import UNOBSERVED_STORED
from pitscape.models.card import ModelCard, SourceInput
from pitscape.models.inputs import feeds
from pitscape.models.network import DeployedNetwork

TOLERANCE = 1e-4
"""Largest difference of two equal probabilities."""

CASES = (
    ("uint16", 1, 96, 128),
    ("uint16", 5, 61, 45),
    ("int16", 2, 33, 97),
    ("uint8", 1, 64, 64),
    ("float32", 3, 50, 31),
)
"""Type of the stored numbers, batch, height and width."""

INTEGERS = ("reflectance", "digital_number")
"""Kinds of bands that agencies store as integers."""


@dataclass(frozen=True)
class Parity:
    """How far two runs of one network are apart.

    Attributes:
        largest_difference: Between two probabilities of one pixel.
        other_classes: Pixels with another class, where the best two probabilities are not tied.
        pixels: Compared in all.
    """

    largest_difference: float
    other_classes: int
    pixels: int

    @property
    def equal(self) -> bool:
        """Whether the two count as the same network."""
        return self.largest_difference <= TOLERANCE and self.other_classes == 0


def parity(deployed: DeployedNetwork, path: Path, card: ModelCard) -> Parity:
    """Compare torch with onnxruntime on stored numbers of several types, sizes and batches, with nodata among them."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    largest, others, pixels = 0.0, 0, 0
    for dtype, batch, height, width in CASES:
        stored = _stored_numbers(card, (batch, height, width), dtype, rng)
        with torch.inference_mode():
            expected = deployed(torch.from_numpy(stored)).numpy()
        found = session.run(None, feeds(card.sources, stored))[0]
        largest = max(largest, float(np.abs(expected - found).max()))
        others += _other_classes(expected, found)
        pixels += batch * height * width
    return Parity(largest, others, pixels)


def _stored_numbers(
    card: ModelCard, shape: tuple[int, int, int], dtype: str, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Numbers (batch, channel, y, x) as scenes of the card's sensors hold them, as float32.

    A corner was not observed at all, and of several sources each lacks one image of the batch.
    """
    parts = []
    for number, source in enumerate(card.sources):
        one = _of_source(source, shape, dtype, rng)
        if len(card.sources) > 1 and number < len(one):
            one[number] = UNOBSERVED_STORED
        parts.append(one)
    stored = np.concatenate(parts, axis=1)
    stored[:, :, :7, :5] = UNOBSERVED_STORED
    return stored


def _of_source(
    source: SourceInput, shape: tuple[int, int, int], dtype: str, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Numbers (batch, band, y, x); of integers where the sensor has integers."""
    mean, std = (np.array(v)[:, None, None] for v in (source.normalisation.mean, source.normalisation.std))
    batch, height, width = shape
    physical = np.moveaxis(mean + std * rng.normal(size=(batch, len(source.bands), height, width)), 1, 0)
    stored = np.moveaxis(source.sensor.stored(physical, source.bands), 0, 1)
    optical = all(source.sensor.band(name).kind in INTEGERS for name in source.bands)
    if dtype != "float32" and optical:
        limits = np.iinfo(dtype)
        stored = np.clip(np.round(stored), 1, limits.max).astype(dtype)
    return stored.astype(np.float32)


def _other_classes(expected: NDArray[np.float32], found: NDArray[np.float32]) -> int:
    best = np.sort(expected, axis=1)[:, -2:]
    tied = best[:, 1] - best[:, 0] <= 2 * TOLERANCE
    return int(((expected.argmax(axis=1) != found.argmax(axis=1)) & ~tied).sum())
