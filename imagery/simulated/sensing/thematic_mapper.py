"""Simulated Landsat 5 scenes: what the same land and day look like at 30 m."""

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.sensor import Sensor
from pitscape.imagery.simulated.sensing.scene import SimulatedScene, missing_offset

FACTOR = 3
"""Cells of 10 m to one of 30 m, along rows and columns."""

LIKE = {"SR_B1": "B02", "SR_B2": "B03", "SR_B3": "B04", "SR_B4": "B08", "SR_B5": "B11", "SR_B7": "B12"}
"""The Sentinel-2 band that stands in for each of Landsat's."""

FILL, CLEAR = 1, 64
"""Bits of QA_PIXEL."""

NOISE = 0.003
"""Standard deviation of the sensor's noise [reflectance]."""


def landsat_scene(
    rng: np.random.Generator, scene: SimulatedScene, sensor: Sensor, landsat: Sensor
) -> NDArray[np.uint16]:
    """Reduce a Sentinel-2-like scene to one of Landsat 5.

    Args:
        rng: Where the noise is drawn from.
        scene: The scene at 10 m.
        sensor: Its sensor.
        landsat: The sensor of the result.

    Returns:
        Stored numbers of its six bands and QA_PIXEL, (7, y, x): cells of 30 m whose reflectance is the mean of nine
        cells, of fewer at the lower and right edge. A cell is filled with 0 where one of the nine was not observed.
    """
    bands = [sensor.band_names.index(like) for like in LIKE.values()]
    stored = scene.stored[bands].astype(np.float32) + missing_offset(sensor, scene.acquired)
    reflectance = _means(sensor.physical(stored, list(LIKE.values())))
    observed = _means(scene.observed[None].astype(np.float32))[0] == 1
    noise = NOISE * rng.standard_normal(reflectance.shape, dtype=np.float32)
    numbers = np.clip(np.round(landsat.stored(reflectance + noise, list(LIKE))), 1, 65455)
    quality = np.where(observed, CLEAR, FILL)
    return np.concatenate([np.where(observed, numbers, 0), quality[None]]).astype(np.uint16)


def _means(bands: NDArray[np.floating]) -> NDArray[np.floating]:
    """Means over squares of cells (band, y, x); squares that reach beyond the edge repeat what lies there."""
    height, width = (-(-side // FACTOR) for side in bands.shape[1:])
    beyond = [(0, 0), (0, height * FACTOR - bands.shape[1]), (0, width * FACTOR - bands.shape[2])]
    squares = np.pad(bands, beyond, mode="edge").reshape(-1, height, FACTOR, width, FACTOR)
    means: NDArray[np.floating] = squares.mean(axis=(2, 4), dtype=np.float64).astype(np.float32)
    return means
