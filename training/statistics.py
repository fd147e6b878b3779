"""Band statistics and labelled pixels of the training land."""

from collections.abc import Sequence

import numpy as np

from pitscape.imagery.errors import InputError
from pitscape.imagery.radiometry import UNOBSERVED_STORED
from pitscape.models.card import Normalisation
from pitscape.training.land import Land


def band_statistics(training: Sequence[Land]) -> Normalisation:
    """Mean and standard deviation of physical values per band over the observed pixels of training land.

    Sums are added up band of rows by band of rows, so memory does not grow with the scenes.

    Raises:
        InputError: If nothing was observed there, or a band is constant.
    """
    first = training[0].scene
    sensor = first.sensor
    count = 0
    total = np.zeros(len(first.bands))
    squares = np.zeros(len(first.bands))
    for land in training:
        for strip in land.strips():
            stored, _ = land.pixels(strip)
            observed = (stored != UNOBSERVED_STORED).any(axis=0)
            values = sensor.physical(stored[:, observed].astype(np.float64), first.bands)
            count += values.shape[1]
            total += values.sum(axis=1)
            squares += (values**2).sum(axis=1)
    if count == 0:
        raise InputError(f"{first.image.parent}: nothing observed in the training land; check nodata and the split.")
    mean = total / count
    std = np.sqrt(np.maximum(squares / count - mean**2, 0))
    if not (std > 0).all():
        band = first.bands[int(np.argmin(std))]
        raise InputError(f"{first.image.parent}: band {band} is constant; leave it out with `bands`.")
    return Normalisation(mean=tuple(mean.tolist()), std=tuple(std.tolist()))


def labelled_pixels(training: Sequence[Land], classes: int) -> tuple[int, ...]:
    """Labelled pixels of each class in training land; the images are not read."""
    counts = np.zeros(256, np.int64)
    for land in training:
        for strip in land.strips():
            counts += np.bincount(land.labels(strip).ravel(), minlength=256)
    return tuple(int(count) for count in counts[:classes])
