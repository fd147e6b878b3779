"""Band statistics of the training land."""

from collections.abc import Sequence

import numpy as np

from pitscape.imagery.errors import InputError
from pitscape.imagery.radiometry import UNOBSERVED_STORED
from pitscape.inference.tiles import Area
from pitscape.models.card import Normalisation
from pitscape.training.labelled import LabelledScene

ROWS_AT_ONCE = 512


def band_statistics(scenes: Sequence[LabelledScene], regions: Sequence[Area]) -> Normalisation:
    """Mean and standard deviation of physical values per band over the observed pixels of all regions.

    Sums are added up band of rows by band of rows, so memory does not grow with the scenes.

    Raises:
        InputError: If nothing was observed there, or a band is constant.
    """
    sensor = scenes[0].sensor
    count = 0
    total = np.zeros(len(scenes[0].bands))
    squares = np.zeros(len(scenes[0].bands))
    for scene, region in zip(scenes, regions, strict=True):
        for top in range(region.top, region.bottom, ROWS_AT_ONCE):
            rows = Area(top, min(top + ROWS_AT_ONCE, region.bottom), region.left, region.right)
            stored, _ = scene.pixels(rows)
            observed = (stored != UNOBSERVED_STORED).any(axis=0)
            values = sensor.physical(stored[:, observed].astype(np.float64), scene.bands)
            count += values.shape[1]
            total += values.sum(axis=1)
            squares += (values**2).sum(axis=1)
    if count == 0:
        raise InputError(
            f"{scenes[0].image.parent}: nothing observed in the training region; check nodata and the split."
        )
    mean = total / count
    std = np.sqrt(np.maximum(squares / count - mean**2, 0))
    if not (std > 0).all():
        band = scenes[0].bands[int(np.argmin(std))]
        raise InputError(f"{scenes[0].image.parent}: band {band} is constant; leave it out with `bands`.")
    return Normalisation(mean=tuple(mean.tolist()), std=tuple(std.tolist()))
