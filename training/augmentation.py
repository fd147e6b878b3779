"""Changes of a training window that leave its classes as they are."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from pitscape.imagery.radiometry import UNOBSERVED_STORED
from pitscape.imagery.sensor import Sensor


class Jitter(BaseModel):
    """How strongly reflectance is varied, as standard deviations.

    Attributes:
        gain: Of a factor common to all bands, for illumination.
        band_gain: Of a factor of each band, for atmosphere and season.
        offset: Of a constant of each band, in reflectance, for haze.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    gain: float = Field(default=0.1, ge=0)
    band_gain: float = Field(default=0.05, ge=0)
    offset: float = Field(default=0.005, ge=0)


def turned(
    stored: NDArray[np.float32], labels: NDArray[np.uint8], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """One of the eight flips and quarter turns of an image (band, y, x) and its labels (y, x)."""
    quarters, mirrored = int(rng.integers(4)), bool(rng.integers(2))
    stored, labels = np.rot90(stored, quarters, axes=(1, 2)), np.rot90(labels, quarters)
    return (stored[:, :, ::-1], labels[:, ::-1]) if mirrored else (stored, labels)


def jittered(
    stored: NDArray[np.float32], sensor: Sensor, bands: Sequence[str], jitter: Jitter, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Vary the reflectance of an image.

    Args:
        stored: Stored numbers (band, y, x); pixels of fill stay as they are.
        sensor: Says what they mean.
        bands: Names of its bands.
        jitter: How strongly.
        rng: Source of chance.

    Returns:
        Stored numbers of the varied reflectance.
    """
    count = len(stored)
    gain = np.exp(rng.normal(0, jitter.gain) + rng.normal(0, jitter.band_gain, count))[:, None, None]
    haze = rng.normal(0, jitter.offset, count)[:, None, None]
    varied = sensor.stored(sensor.physical(stored, bands) * gain + haze, bands)
    unobserved = (stored == UNOBSERVED_STORED).all(axis=0)
    return np.where(unobserved, stored, varied).astype(np.float32)
