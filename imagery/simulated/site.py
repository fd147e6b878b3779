"""A simulated mine site on disk: scenes of several epochs with everything about them known."""

import secrets
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pitscape.imagery.errors import InputError
from pitscape.imagery.outputs import make_folder, write_text
from pitscape.imagery.progress import Progress
from pitscape.imagery.simulated.district import District, side_of_pieces
from pitscape.imagery.simulated.readme import README
from pitscape.imagery.simulated.site_writer import (
    CLIMATE_YEARS_BEFORE,
    EVERYTHING,
    FIRST_YEAR,
    LAST_YEAR,
    SiteWriter,
)
from pitscape.imagery.simulated.training import TRAINING_SCENES

SMALLEST, LARGEST = 64, 100_000
"""Rows and columns of a site."""

OPENS, COMPLETE = 2015.8, 2024.6
"""The first epoch lies before digging, the last where the mine has reached its extent."""


@dataclass(frozen=True)
class SimulatedSite:
    """Paths of a simulated site, whose ``README.txt`` says what they hold.

    Attributes:
        folder: Holds all of it.
        images: One scene per epoch, in order of time, as in all that follow.
        images_cloudy: The same under clouds.
        images_landsat: The first epoch at 30 m.
        sar: Radar scenes since 2017.
        dem: Elevation at each epoch.
        truths: Class maps.
        influence: What the mine has changed.
        npp: Net primary production of each epoch's year.
        et: Evapotranspiration of its year.
        runoff: Runoff of its year.
        training_images: Scenes of other mines.
        training_masks: Their labels.
        ecosystems: Ecosystems before mining.
        climate: ``climate.csv``.
        production: ``production.csv``.
        polygons: ``truth.gpkg``.
        truth: ``truth.json``.
    """

    folder: Path
    images: tuple[Path, ...]
    images_cloudy: tuple[Path, ...]
    images_landsat: tuple[Path, ...]
    sar: tuple[Path, ...]
    dem: tuple[Path, ...]
    truths: tuple[Path, ...]
    influence: tuple[Path, ...]
    npp: tuple[Path, ...]
    et: tuple[Path, ...]
    runoff: tuple[Path, ...]
    training_images: tuple[Path, ...]
    training_masks: tuple[Path, ...]
    ecosystems: Path
    climate: Path
    production: Path
    polygons: Path
    truth: Path


def simulate_site(
    out: Path,
    *,
    size: int = 384,
    epochs: int = 5,
    seed: int = 0,
    layers: Collection[str] = EVERYTHING,
    progress: Progress | None = None,
) -> SimulatedSite:
    """Simulate a mine site and write it; the folder appears whole or not at all.

    Args:
        out: A folder that does not exist or is empty.
        size: Rows and columns of the site [cells of 10 m], 64 to 100,000; above 2048 it is drawn and written in
            pieces of 768, each with a mine, and memory does not grow with it.
        epochs: Number of scenes from 2015, before mining, to 2024; 2 to 10.
        seed: Equal arguments give equal bytes; 0 to 2**32 - 1.
        layers: Which of ``EVERYTHING`` to write; tables and ``truth.json`` are always written. What is written does
            not depend on what is left out.
        progress: Told the number of steps done and of all steps.

    Returns:
        Where everything is.

    Raises:
        InputError: If a number is out of range, a layer is unknown, the disk is too full, or ``out`` is a file or a
            folder that is not empty.
    """
    _check(out, size=size, epochs=epochs, seed=seed, layers=layers)
    out = out.absolute()
    make_folder(out.parent)
    draft = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    district = District(seed, size, side_of_pieces(size), OPENS, COMPLETE)
    writer = SiteWriter(draft, district, epoch_years(epochs), layers, progress or _silent)
    if (free := shutil.disk_usage(out.parent).free) < writer.expected_bytes:
        wanted = f"about {writer.expected_bytes / 1e9:.1f} GB are needed, {free / 1e9:.1f} GB are free"
        raise InputError(f"{out}: {wanted}; choose another disk, fewer layers or a smaller size.")
    try:
        draft.mkdir()
        writer.write()
        notes = {"size": size, "epochs": epochs, "seed": seed, "training": TRAINING_SCENES}
        write_text(draft / "README.txt", README.format(since=FIRST_YEAR - CLIMATE_YEARS_BEFORE, **notes))
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


def _check(out: Path, *, size: int, epochs: int, seed: int, layers: Collection[str]) -> None:
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
    if unknown := sorted(set(layers) - set(EVERYTHING)):
        raise InputError(f"layers {', '.join(unknown)}: there are none; choose from {', '.join(EVERYTHING)}.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: exists and is not an empty folder; name a new one.")


def _site_in(folder: Path) -> SimulatedSite:
    def rasters(name: str) -> tuple[Path, ...]:
        return tuple(sorted((folder / name).glob("*.tif")))

    return SimulatedSite(
        folder=folder,
        images=rasters("images"),
        images_cloudy=rasters("images_cloudy"),
        images_landsat=rasters("images_landsat"),
        sar=rasters("sar"),
        dem=rasters("dem"),
        truths=rasters("truth"),
        influence=rasters("influence"),
        npp=rasters("npp"),
        et=rasters("et"),
        runoff=rasters("runoff"),
        training_images=rasters("training/images"),
        training_masks=rasters("training/masks"),
        ecosystems=folder / "ecosystems.tif",
        climate=folder / "climate.csv",
        production=folder / "production.csv",
        polygons=folder / "truth.gpkg",
        truth=folder / "truth.json",
    )


def _silent(done: int, steps: int) -> None:
    """Progress that nobody asked for."""
