"""Changes of a training window that leave its classes as they are."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy import ndimage
from torch.nn.functional import interpolate

from pitscape.imagery.radiometry import UNOBSERVED_STORED
from pitscape.imagery.sensor import Sensor
from pitscape.imagery.stack import Channels, slices_of

OPTICAL = ("reflectance", "digital_number")
BLUE_NM = 490.0
HAZE_EXPONENT = 1.6
"""Scattering by haze falls with the wavelength to about this power, between molecules (4) and fog (0)."""

DECIBELS = 10 / np.log(10)
SHADE = (0.25, 0.7)
"""What is left of the light in a shadow."""

Window = tuple[NDArray[np.float32], NDArray[np.uint8]]


class Jitter(BaseModel):
    """How strongly windows are varied.

    Attributes:
        gain: Standard deviation of the logarithm of a factor common to all bands, for illumination.
        band_gain: The same of each band by itself, for atmosphere and season. Of backscatter in dB both are added.
        offset: Standard deviation of a constant of each band, in its units (reflectance; m of elevation); slope has none.
        haze: Standard deviation of the reflectance that haze adds in the blue; less in longer waves.
        shadow: Share of windows with the shadow of a cloud, a soft-edged half plane.
        band_dropout: Share of windows in which one band is replaced by its mean.
        source_dropout: Share of windows in which one of several sources is missing, so that any may be at inference.
        scale: Windows show land larger or smaller by up to this factor less 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    gain: float = Field(default=0.1, ge=0)
    band_gain: float = Field(default=0.05, ge=0)
    offset: float = Field(default=0.005, ge=0)
    haze: float = Field(default=0.0, ge=0)
    shadow: float = Field(default=0.0, ge=0, le=1)
    band_dropout: float = Field(default=0.0, ge=0, le=1)
    source_dropout: float = Field(default=0.0, ge=0, le=1)
    scale: float = Field(default=0.0, ge=0, le=1)


def turned(
    stored: NDArray[np.float32], labels: NDArray[np.uint8], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """One of the eight flips and quarter turns of an image (band, y, x) and its labels (y, x)."""
    quarters, mirrored = int(rng.integers(4)), bool(rng.integers(2))
    stored, labels = np.rot90(stored, quarters, axes=(1, 2)), np.rot90(labels, quarters)
    return (stored[:, :, ::-1], labels[:, ::-1]) if mirrored else (stored, labels)


def drawn_side(side: int, jitter: Jitter, rng: np.random.Generator) -> int:
    """Side of the land that a window shows [px], so that it appears larger or smaller at the window's own side."""
    if not jitter.scale:
        return side
    reach = np.log1p(jitter.scale)
    return max(1, round(side * float(np.exp(rng.uniform(-reach, reach)))))


def rescaled(stored: NDArray[np.float32], labels: NDArray[np.uint8], sources: Sequence[Channels], side: int) -> Window:
    """An image (channel, y, x) and its labels (y, x), square, at another side.

    The image is interpolated; labels and what a source has not observed are those of the nearest pixel.
    """
    old = labels.shape[0]
    if old == side:
        return stored, labels
    nearest = np.minimum(((np.arange(side) + 0.5) * old / side).astype(np.int64), old - 1)
    at = np.ix_(nearest, nearest)
    bands = torch.from_numpy(np.ascontiguousarray(stored, np.float32))[None]
    between = interpolate(bands, (side, side), mode="bilinear", align_corners=False)[0].numpy()
    parts = []
    for part in slices_of(sources):
        whole = ndimage.minimum_filter(_observed(stored[part]), 3)[at]
        parts.append(np.where(whole, between[part], stored[part][:, *at]))
    return np.concatenate(parts).astype(np.float32), labels[at]


def jittered(
    stored: NDArray[np.float32], sensor: Sensor, bands: Sequence[str], jitter: Jitter, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Vary the physical values of an image.

    Args:
        stored: Stored numbers (band, y, x); pixels of fill stay as they are.
        sensor: Says what they mean.
        bands: Names of its bands.
        jitter: How strongly.
        rng: Source of chance.

    Returns:
        Stored numbers of the varied values.
    """
    chosen = [sensor.band(name) for name in bands]
    common, own = rng.normal(0, jitter.gain), rng.normal(0, jitter.band_gain, len(stored))
    level = np.array([band.kind != "slope" for band in chosen])
    offset = rng.normal(0, jitter.offset, len(stored)) * level
    optical = np.array([band.kind in OPTICAL for band in chosen])
    decibels = np.array([band.unit == "dB" for band in chosen])
    scaled = optical | np.array([band.kind == "backscatter" for band in chosen]) & ~decibels
    gain = np.where(scaled, np.exp(common + own), 1.0)
    added = np.where(decibels, DECIBELS * (common + own), offset)
    if jitter.haze:
        waves = np.array([band.wavelength_nm or np.inf for band in chosen])
        added = added + optical * abs(rng.normal(0, jitter.haze)) * np.minimum((BLUE_NM / waves) ** HAZE_EXPONENT, 1.5)
    values = sensor.physical(stored, bands) * gain[:, None, None] + added[:, None, None]
    if jitter.shadow and rng.random() < jitter.shadow:
        values = np.where(optical[:, None, None], values * _shade(stored.shape[1:], rng), values)
    observed = _observed(stored)
    return np.where(observed, sensor.stored(values, bands), stored).astype(np.float32)


def without_a_band(
    stored: NDArray[np.float32], means: NDArray[np.float32], jitter: Jitter, rng: np.random.Generator
) -> NDArray[np.float32]:
    """In some windows, one band replaced by its mean: the network must not rest on a single one.

    Args:
        stored: Stored numbers (band, y, x).
        means: Stored number of each band's mean over the training land, shape (band,).
        jitter: How often.
        rng: Source of chance.
    """
    if not jitter.band_dropout or rng.random() >= jitter.band_dropout:
        return stored
    band = int(rng.integers(len(stored)))
    dropped = stored.copy()
    dropped[band] = np.where(_observed(stored), means[band], stored[band])
    return dropped


def without_a_source(
    stored: NDArray[np.float32], sources: Sequence[Channels], jitter: Jitter, rng: np.random.Generator
) -> NDArray[np.float32]:
    """In some windows of several sources, one of them missing; never the only one that has observed anything.

    Args:
        stored: Stored numbers (channel, y, x).
        sources: What each adds to the channels.
        jitter: How often.
        rng: Source of chance.
    """
    if len(sources) < 2 or not jitter.source_dropout or rng.random() >= jitter.source_dropout:
        return stored
    there = [part for part in slices_of(sources) if (stored[part] != UNOBSERVED_STORED).any()]
    if len(there) > 1:
        stored = stored.copy()
        stored[there[int(rng.integers(len(there)))]] = UNOBSERVED_STORED
    return stored


def _observed(stored: NDArray[np.float32]) -> NDArray[np.bool_]:
    seen: NDArray[np.bool_] = (stored != UNOBSERVED_STORED).any(axis=0)
    return seen


def _shade(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    """Share of light (y, x) beside the straight, soft edge of a shadow."""
    height, width = shape
    angle, depth = rng.uniform(0, 2 * np.pi), rng.uniform(*SHADE)
    y, x = np.mgrid[:height, :width]
    across = (y - height / 2) * np.sin(angle) + (x - width / 2) * np.cos(angle)
    edge = rng.uniform(-0.3, 0.3) * max(height, width)
    inside = 1 / (1 + np.exp(-np.clip((across - edge) / 2, -40, 40)))
    light: NDArray[np.float64] = 1 - (1 - depth) * inside
    return light
