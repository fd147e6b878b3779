"""Band statistics and labelled pixels of the training land."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.errors import InputError
from pitscape.imagery.radiometry import UNOBSERVED_STORED
from pitscape.imagery.stack import Channels, slices_of
from pitscape.models.card import Normalisation, SourceInput
from pitscape.training.land import Land


def band_statistics(training: Sequence[Land]) -> tuple[SourceInput, ...]:
    """Mean and standard deviation of physical values per band over the observed pixels of training land, by source.

    Sums are added up band of rows by band of rows, so memory does not grow with the scenes.

    Raises:
        InputError: If a source observed nothing there, or a band is constant.
    """
    first = training[0].scene
    sums = [_Sums(source) for source in first.channels]
    for land in training:
        for strip in land.strips():
            stored, _ = land.pixels(strip)
            for part, each in zip(slices_of(first.channels), sums, strict=True):
                each.add(stored[part])
    return tuple(each.input(first.image.parent) for each in sums)


class _Sums:
    """Sums of the values of a source's bands."""

    def __init__(self, source: Channels) -> None:
        self.source = source
        self.count = 0
        self.total = np.zeros(len(source.bands))
        self.squares = np.zeros(len(source.bands))

    def add(self, stored: NDArray[np.float32]) -> None:
        """Add stored numbers (band, y, x)."""
        observed = (stored != UNOBSERVED_STORED).any(axis=0)
        values = self.source.sensor.physical(stored[:, observed].astype(np.float64), self.source.bands)
        self.count += values.shape[1]
        self.total += values.sum(axis=1)
        self.squares += (values**2).sum(axis=1)

    def input(self, folder: Path) -> SourceInput:
        """The source with its normalisation."""
        sensor, bands = self.source.sensor, self.source.bands
        if self.count == 0:
            raise InputError(
                f"{folder}: nothing observed by {sensor.name} in the training land; check nodata and the split."
            )
        mean = self.total / self.count
        std = np.sqrt(np.maximum(self.squares / self.count - mean**2, 0))
        if not (std > 0).all():
            raise InputError(f"{folder}: band {bands[int(np.argmin(std))]} is constant; leave it out with `bands`.")
        normalisation = Normalisation(mean=tuple(mean.tolist()), std=tuple(std.tolist()))
        return SourceInput(sensor=sensor, bands=bands, normalisation=normalisation)


def labelled_pixels(training: Sequence[Land], classes: int) -> tuple[int, ...]:
    """Labelled pixels of each class in training land; the images are not read."""
    counts = np.zeros(256, np.int64)
    for land in training:
        for strip in land.strips():
            counts += np.bincount(land.labels(strip).ravel(), minlength=256)
    return tuple(int(count) for count in counts[:classes])
