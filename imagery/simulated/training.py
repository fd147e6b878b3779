"""Labelled scenes of other simulated mines, for a network that must never see the site's land."""

from pathlib import Path

import numpy as np

from pitscape.imagery.sensor import Sensor
from pitscape.imagery.simulated.files import simulated_grid, write_raster
from pitscape.imagery.simulated.sensing.day import day_of, decimal_year, draw_grain
from pitscape.imagery.simulated.sensing.scene import simulate_scene
from pitscape.imagery.simulated.terrain.land import simulate_territory
from pitscape.imagery.simulated.terrain.shapes import Mask, generator, turned

TRAINING_SCENES = 16
LARGEST_TRAINING_SCENE = 384
LABEL_CODES = {0: "unlabelled", 1: "mined", 2: "occupied", 3: "vegetated", 4: "water"}
"""Codes of the masks: class id + 1."""

FIRST_YEAR, LAST_YEAR = 2015, 2024
EARLIEST_DAY, LATEST_DAY = 166, 288
"""Mid-June and mid-October."""


def write_training_scene(folder: Path, number: int, *, seed: int, size: int, sensor: Sensor) -> None:
    """Simulate one mine at one time, and write its image and mask.

    Args:
        folder: Gets ``images/mineNN_YYYYMMDD.tif`` and ``masks/`` of the same name.
        number: From 0 to ``TRAINING_SCENES`` - 1; later ones are of later years.
        seed: Seed of the site.
        size: Rows and columns of the site; scenes are as large, up to 384.
        sensor: Sensor of the scene.
    """
    key, side = (seed, 1, number), min(size, LARGEST_TRAINING_SCENE)
    rng = generator(*key, 8)
    year = FIRST_YEAR + round(number * (LAST_YEAR - FIRST_YEAR) / (TRAINING_SCENES - 1))
    acquired = day_of(year, int(rng.integers(EARLIEST_DAY, LATEST_DAY)))
    opens = year - rng.uniform(0.5, 9)
    territory = simulate_territory(key, side, opens=opens, complete=opens + rng.uniform(7, 10))
    land = territory.at(decimal_year(acquired))
    scene = simulate_scene((*key, 9), land, draw_grain(key, land), acquired, sensor, wetness=rng.normal())
    labels = np.where(scene.observed & ~_strips(rng, side), land.classes + 1, 0).astype(np.uint8)
    grid, name = simulated_grid(side, number=number + 1), f"mine{number + 1:02d}_{acquired:%Y%m%d}.tif"
    write_raster(folder / "images" / name, scene.stored, grid, bands=sensor.band_names, nodata=0)
    write_raster(folder / "masks" / name, labels, grid, bands=("label",), tags=_code_tags())


def _strips(rng: np.random.Generator, size: int) -> Mask:
    """Three narrow strips across the scene that nobody labelled."""
    strips = np.zeros((size, size), np.bool_)
    for _ in range(3):
        across, _ = turned(size, (rng.uniform(0, size), rng.uniform(0, size)), rng.uniform(0, np.pi))
        strips |= np.abs(across) < 0.01 * size
    return strips


def _code_tags() -> dict[str, str]:
    return {f"CODE_{code}": name for code, name in LABEL_CODES.items()}
