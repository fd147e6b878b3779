"""A simulated mine site on disk: scenes of several epochs with everything about them known."""

import dataclasses
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import load_legend
from pitscape.imagery.outputs import make_folder, write_json, write_text
from pitscape.imagery.sensor import load_sensor
from pitscape.imagery.simulated.day import day_of, draw_grain
from pitscape.imagery.simulated.epoch import Epochs
from pitscape.imagery.simulated.files import simulated_grid, write_raster, write_table
from pitscape.imagery.simulated.land import simulate_territory
from pitscape.imagery.simulated.records import ClimateMonth, annual_rain, simulate_climate, simulate_production
from pitscape.imagery.simulated.shapes import generator
from pitscape.imagery.simulated.surfaces import ECOSYSTEM
from pitscape.imagery.simulated.training import TRAINING_SCENES, write_training_scene

FIRST_YEAR, LAST_YEAR = 2015, 2024
SMALLEST, LARGEST = 64, 2048
EARLIEST_DAY, LATEST_DAY = 196, 258
"""Mid-July to mid-September."""

OPENS, COMPLETE = 2015.8, 2024.6
"""The first epoch lies before digging, the last where the mine has reached its extent."""

CLIMATE_YEARS_BEFORE = 12

README = """\
A simulated open-pit mine: {size} x {size} cells of 10 m, {epochs} epochs from 2015 to 2024, seed {seed}.
Made by `pitscape simulate`; equal arguments give equal files. Nothing here shows a real place.

images/         Sentinel-2-like scenes: ten bands, stored numbers as delivered on that day (0: not observed)
truth/          class maps of the same cells: 0 mined, 1 occupied, 2 vegetated, 3 water, 255 not observed
truth.json      cells and km2 of each class and epoch
ecosystems.tif  before mining: 1 forest, 2 grassland, 3 farmland, 0 none of them
npp/ et/        net primary production [kg C m-2 y-1] and evapotranspiration [mm y-1] of each epoch's year (-9999: water)
climate.csv     precipitation and mean temperature of each month since {since}
production.csv  coal output of each year [Mt]
training/       labelled scenes of {training} other simulated mines: 0 unlabelled, 1 mined, 2 occupied, 3 vegetated, 4 water
"""


@dataclass(frozen=True)
class SimulatedSite:
    """Paths of a simulated site; those of epochs and of training scenes are in order of time.

    Attributes:
        folder: Holds all of it.
        images: One scene per epoch.
        truths: Its class map.
        npp: Net primary production of its year.
        et: Evapotranspiration of its year.
        training_images: Scenes of other mines.
        training_masks: Their labels.
        ecosystems: Ecosystems before mining.
        climate: ``climate.csv``.
        production: ``production.csv``.
        truth: ``truth.json``.
    """

    folder: Path
    images: tuple[Path, ...]
    truths: tuple[Path, ...]
    npp: tuple[Path, ...]
    et: tuple[Path, ...]
    training_images: tuple[Path, ...]
    training_masks: tuple[Path, ...]
    ecosystems: Path
    climate: Path
    production: Path
    truth: Path


def simulate_site(
    out: Path, *, size: int = 384, epochs: int = 5, seed: int = 0, progress: Callable[[int, int], None] | None = None
) -> SimulatedSite:
    """Simulate a mine site and write it; the folder appears whole or not at all.

    Args:
        out: A folder that does not exist or is empty.
        size: Rows and columns of the site [cells of 10 m], 64 to 2048.
        epochs: Number of scenes from 2015, before mining, to 2024; 2 to 10.
        seed: Equal arguments give equal bytes; 0 to 2**32 - 1.
        progress: Told the number of steps done and of all steps.

    Returns:
        Where everything is.

    Raises:
        InputError: If a number is out of range, or ``out`` is a file or a folder that is not empty.
    """
    _check(out, size=size, epochs=epochs, seed=seed)
    out = out.absolute()
    make_folder(out.parent)
    draft = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    try:
        draft.mkdir()
        _write_site(draft, size=size, epochs=epochs, seed=seed, progress=progress or _silent)
        if out.exists():
            out.rmdir()
        draft.rename(out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return _site_in(out)


def epoch_years(epochs: int) -> list[int]:
    """Years of the epochs, evenly spread.

    >>> epoch_years(5), epoch_years(2)
    ([2015, 2017, 2020, 2022, 2024], [2015, 2024])
    """
    return [round(year) for year in np.linspace(FIRST_YEAR, LAST_YEAR, epochs).tolist()]


def _check(out: Path, *, size: int, epochs: int, seed: int) -> None:
    if not SMALLEST <= size <= LARGEST:
        raise InputError(
            f"size {size}: a simulated site has {SMALLEST} to {LARGEST} rows and columns; choose one of these."
        )
    if not 2 <= epochs <= LAST_YEAR - FIRST_YEAR + 1:
        raise InputError(
            f"epochs {epochs}: {FIRST_YEAR} to {LAST_YEAR} holds 2 to {LAST_YEAR - FIRST_YEAR + 1}; choose one of these."
        )
    if not 0 <= seed < 2**32:
        raise InputError(f"seed {seed}: choose a number from 0 to {2**32 - 1}.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: exists and is not an empty folder; name a new one.")


def _write_site(folder: Path, *, size: int, epochs: int, seed: int, progress: Callable[[int, int], None]) -> None:
    sensor, years = load_sensor("sentinel2_l2a"), epoch_years(epochs)
    steps = iter(range(1, epochs + TRAINING_SCENES + 1))
    climate = simulate_climate(generator(seed, 2), FIRST_YEAR - CLIMATE_YEARS_BEFORE, LAST_YEAR)
    truth = []
    site = _epochs(folder, size, seed)
    for year in years:
        acquired = day_of(year, int(generator(seed, 3, year).integers(EARLIEST_DAY, LATEST_DAY)))
        truth.append({"year": year, **site.write(acquired, rain_mm=annual_rain(climate, year))})
        progress(next(steps), epochs + TRAINING_SCENES)
    for number in range(TRAINING_SCENES):
        write_training_scene(folder / "training", number, seed=seed, size=size, sensor=sensor)
        progress(next(steps), epochs + TRAINING_SCENES)
    _write_tables(folder, climate, seed)
    write_json(folder / "truth.json", {"schema": 1, "size": size, "seed": seed, "epochs": truth})
    notes = {"size": size, "epochs": epochs, "seed": seed, "training": TRAINING_SCENES, "since": climate[0].year}
    write_text(folder / "README.txt", README.format(**notes))


def _epochs(folder: Path, size: int, seed: int) -> Epochs:
    """Draw the site's land, and write its ecosystems."""
    territory = simulate_territory((seed, 0), size, opens=OPENS, complete=COMPLETE)
    grain, grid = draw_grain(territory.key, territory.at(FIRST_YEAR)), simulated_grid(size)
    names = {str(code): surface.name.lower() for surface, code in ECOSYSTEM.items()}
    write_raster(folder / "ecosystems.tif", territory.ecosystems, grid, bands=("ecosystem",), tags=names)
    return Epochs(folder, territory, grain, grid, load_sensor("sentinel2_l2a"), load_legend())


def _write_tables(folder: Path, climate: list[ClimateMonth], seed: int) -> None:
    columns = [field.name for field in dataclasses.fields(ClimateMonth)]
    write_table(folder / "climate.csv", columns, [dataclasses.astuple(month) for month in climate])
    production = simulate_production(generator(seed, 4), FIRST_YEAR, LAST_YEAR, opens=OPENS)
    write_table(folder / "production.csv", ("year", "production_mt"), list(production.items()))


def _site_in(folder: Path) -> SimulatedSite:
    def rasters(name: str) -> tuple[Path, ...]:
        return tuple(sorted((folder / name).glob("*.tif")))

    return SimulatedSite(
        folder=folder,
        images=rasters("images"),
        truths=rasters("truth"),
        npp=rasters("npp"),
        et=rasters("et"),
        training_images=rasters("training/images"),
        training_masks=rasters("training/masks"),
        ecosystems=folder / "ecosystems.tif",
        climate=folder / "climate.csv",
        production=folder / "production.csv",
        truth=folder / "truth.json",
    )


def _silent(done: int, steps: int) -> None:
    """Progress that nobody asked for."""
