"""What two runs of one network are compared on, and how far they are apart; loads no torch."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.radiometry import UNOBSERVED_STORED
from pitscape.imagery.stack import Channels, slices_of
from pitscape.models.card import ModelCard, SourceInput

TOLERANCE = 1e-4
"""Largest difference of two equal probabilities."""

SHAPES = (
    ("uint8", 1, 64, 64),
    ("uint8", 5, 31, 47),
    ("uint16", 1, 96, 128),
    ("uint16", 5, 61, 45),
    ("int16", 1, 33, 97),
    ("int16", 5, 40, 40),
    ("float32", 1, 51, 31),
    ("float32", 5, 50, 31),
)
"""Type of the stored numbers, batch, height and width."""

INTEGERS = ("reflectance", "digital_number")
"""Kinds of bands that agencies store as integers."""


@dataclass(frozen=True)
class Parity:
    """How far two runs of one network are apart; runs on other pixels are added.

    Attributes:
        largest_difference: Between two probabilities of one pixel.
        other_classes: Pixels with another class, where the best two probabilities are not tied.
        pixels: Compared in all.
        ties: Pixels with another class whose best two probabilities are tied.
    """

    largest_difference: float = 0.0
    other_classes: int = 0
    pixels: int = 0
    ties: int = 0

    def __add__(self, other: "Parity") -> "Parity":
        return Parity(
            float(np.maximum(self.largest_difference, other.largest_difference)),
            self.other_classes + other.other_classes,
            self.pixels + other.pixels,
            self.ties + other.ties,
        )

    @property
    def equal(self) -> bool:
        """Whether the two count as the same network."""
        return self.largest_difference <= TOLERANCE and self.other_classes == 0


def compared(
    expected: NDArray[np.float32], found: NDArray[np.float32], observed: NDArray[np.bool_] | None = None
) -> Parity:
    """Compare probabilities (N, classes, H, W); pixels whose best two lie within twice the tolerance are ties.

    Args:
        expected: Of one way.
        found: Of the other.
        observed: Which pixels count (N, H, W); None: all.

    >>> one, other = (np.array([[[[p]], [[1 - p]]]], np.float32) for p in (0.75, 0.25))
    >>> compared(one, other)
    Parity(largest_difference=0.5, other_classes=1, pixels=1, ties=0)
    """
    counts = np.ones(expected[:, 0].shape, np.bool_) if observed is None else observed
    best = np.sort(expected, axis=1)[:, -2:]
    tied = best[:, 1] - best[:, 0] <= 2 * TOLERANCE
    others = (expected.argmax(axis=1) != found.argmax(axis=1)) & counts
    differences = np.abs(expected - found).max(axis=1)[counts]
    return Parity(
        largest_difference=float(differences.max(initial=0)),
        other_classes=int((others & ~tied).sum()),
        pixels=int(counts.sum()),
        ties=int((others & tied).sum()),
    )


def cases(card: ModelCard, *, side: int | None = None) -> Iterator[tuple[str, NDArray[Any]]]:
    """Images that a network of the card may meet.

    A corner of each was not observed. In a batch of 5, images but the first lack a source in turn; where there is but one
    source, the second image was not observed at all. A batch of 1 has all sources.

    Args:
        card: Of the network.
        side: Of a graph of fixed batch 1 and square images [px]; None: any.

    Yields:
        The type of the numbers, and stored numbers (N, channels, H, W) of that type; of float32 where a sensor has no
        integers.
    """
    rng = np.random.default_rng(0)
    shapes = SHAPES if side is None else [(name, 1, side, side) for name in dict.fromkeys(s[0] for s in SHAPES)]
    for dtype, batch, height, width in shapes:
        yield dtype, _images(card, (batch, height, width), dtype, rng)


def _images(card: ModelCard, shape: tuple[int, int, int], dtype: str, rng: np.random.Generator) -> NDArray[Any]:
    stored = np.concatenate([_of_source(source, shape, dtype, rng) for source in card.sources], axis=1)
    places = slices_of([Channels(source.sensor, source.bands) for source in card.sources])
    lacking = 1 if len(places) == 1 else shape[0] - 1
    for image in range(1, shape[0])[:lacking]:
        stored[image, places[(image - 1) % len(places)]] = UNOBSERVED_STORED
    stored[:, :, :7, :5] = UNOBSERVED_STORED
    return stored


def _of_source(source: SourceInput, shape: tuple[int, int, int], dtype: str, rng: np.random.Generator) -> NDArray[Any]:
    """Numbers (batch, band, y, x); of integers where the sensor has integers."""
    mean, std = (np.array(v)[:, None, None] for v in (source.normalisation.mean, source.normalisation.std))
    batch, height, width = shape
    physical = np.moveaxis(mean + std * rng.normal(size=(batch, len(source.bands), height, width)), 1, 0)
    stored = np.moveaxis(source.sensor.stored(physical, source.bands), 0, 1)
    integers = all(source.sensor.band(name).kind in INTEGERS for name in source.bands)
    if dtype == "float32" or not integers:
        return stored.astype(np.float32)
    return np.clip(np.round(stored), 1, np.iinfo(dtype).max).astype(dtype)
