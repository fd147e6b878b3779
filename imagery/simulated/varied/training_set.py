"""A folder of labelled scenes, each of other land: quarries, and the mines of the simulated site in other colours."""

import secrets
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.errors import InputError
from pitscape.imagery.outputs import make_folder, write_text
from pitscape.imagery.progress import Progress
from pitscape.imagery.sensor import Sensor, load_sensor
from pitscape.imagery.simulated.files import simulated_grid, write_raster
from pitscape.imagery.simulated.sensing.day import day_of, decimal_year, draw_grain
from pitscape.imagery.simulated.sensing.materials import endmembers
from pitscape.imagery.simulated.sensing.scene import simulate_scene
from pitscape.imagery.simulated.terrain.land import simulate_territory
from pitscape.imagery.simulated.terrain.shapes import generator
from pitscape.imagery.simulated.training import LABEL_CODES
from pitscape.imagery.simulated.varied.covers import UNSURE
from pitscape.imagery.simulated.varied.palette import SPREAD, varied
from pitscape.imagery.simulated.varied.quarries import draw_quarry_land
from pitscape.imagery.simulated.varied.scene import varied_scene

KEY = 77
"""What follows the seed in the keys of varied land: the simulated site of the same seed is other land."""

SIDE = 256
"""Rows and columns of a scene."""

MOST = 2000
"""Scenes of a folder."""

YEAR = 2024
MINE_EVERY = 4
"""Every fourth scene shows a coal mine, the others quarries."""

README = """\
Simulated Sentinel-2 scenes of {scenes} places (seed {seed}), 256 x 256 cells of 10 m, and their labels.
images/ and masks/ hold the same names. Masks: {codes}.
No real image and no label of a real place went into them. Licence: Apache-2.0.
"""


def write_varied_scenes(
    out: Path,
    *,
    scenes: int,
    seed: int = 0,
    spread: float = SPREAD,
    progress: Progress | None = None,
) -> Path:
    """Simulate labelled scenes for training; the folder appears whole or not at all.

    Args:
        out: A folder that does not exist or is empty.
        scenes: How many, 1 to ``MOST``.
        seed: Equal seeds give equal bytes.
        spread: How far spectra differ from place to place, as of ``varied.palette``.
        progress: Told the number of scenes done and of all.

    Returns:
        The folder, with ``images`` and ``masks`` of the same names.

    Raises:
        InputError: If a number is out of range, or ``out`` is a file or a folder that is not empty.
    """
    if not 1 <= scenes <= MOST:
        raise InputError(f"varied {scenes}: choose 1 to {MOST} scenes.")
    if not 0 <= seed < 2**32:
        raise InputError(f"seed {seed}: choose a number from 0 to {2**32 - 1}.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: exists and is not an empty folder; name a new one.")
    out = out.absolute()
    make_folder(out.parent)
    draft, sensor = out.with_name(f".{out.name}.{secrets.token_hex(4)}"), load_sensor("sentinel2_l2a")
    codes = ", ".join(f"{code} {name}" for code, name in LABEL_CODES.items())
    try:
        draft.mkdir()
        for number in range(scenes):
            draw = _mine if number % MINE_EVERY == 0 else _quarries
            _write(draft, number, *draw((seed, KEY, number), sensor, spread), sensor)
            if progress:
                progress(number + 1, scenes)
        write_text(draft / "README.txt", README.format(scenes=scenes, seed=seed, codes=codes))
        if out.exists():
            out.rmdir()
        draft.rename(out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return out


def _quarries(key: tuple[int, ...], sensor: Sensor, spread: float) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    """Stored numbers (band, y, x) and label codes (y, x) of land with quarries."""
    rng = generator(*key)
    land = draw_quarry_land(rng, SIDE)
    codes = np.where(land.classes == UNSURE, 0, land.classes + 1).astype(np.uint8)
    return varied_scene(rng, land, sensor, spread=spread), codes


def _mine(key: tuple[int, ...], sensor: Sensor, spread: float) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    """The same of a coal mine such as that of the simulated site, in other colours."""
    rng = generator(*key, 8)
    acquired = day_of(YEAR, int(rng.integers(75, 320)))
    opens = YEAR - rng.uniform(0.5, 9)
    territory = simulate_territory(key, SIDE, opens=opens, complete=opens + rng.uniform(7, 10))
    land = territory.at(decimal_year(acquired))
    spectra = varied(rng, endmembers(), spread=rng.uniform(0, spread))
    grain, wetness = draw_grain(key, land), rng.normal()
    scene = simulate_scene((*key, 9), land, grain, acquired, sensor, wetness=wetness, spectra=spectra)
    return scene.stored, np.where(scene.observed, land.classes + 1, 0).astype(np.uint8)


def _write(folder: Path, number: int, stored: NDArray[np.uint16], codes: NDArray[np.uint8], sensor: Sensor) -> None:
    grid, name = simulated_grid(SIDE, number=number + 1), f"varied{number + 1:04d}_{YEAR}0701.tif"
    tags = {f"CODE_{code}": name for code, name in LABEL_CODES.items()}
    write_raster(folder / "images" / name, stored, grid, bands=sensor.band_names, nodata=0)
    write_raster(folder / "masks" / name, codes, grid, bands=("label",), tags=tags)
