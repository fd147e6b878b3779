"""Writes a simulated site piece by piece, in memory that does not grow with its size."""

from collections.abc import Collection
from contextlib import ExitStack
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from odc.geo.geobox import GeoBox

from pitscape.imagery.block_cache import block_cache
from pitscape.imagery.legend import load_legend
from pitscape.imagery.outputs import write_json
from pitscape.imagery.progress import Progress
from pitscape.imagery.sensor import load_sensor
from pitscape.imagery.simulated.district import District, Piece
from pitscape.imagery.simulated.epoch import Epoch
from pitscape.imagery.simulated.files import WriteWindow, new_raster, simulated_grid, write_table
from pitscape.imagery.simulated.layers import LAYERS, new_layer
from pitscape.imagery.simulated.life_cycle import draw_output, threshold_times, thresholds
from pitscape.imagery.simulated.records import ClimateMonth, annual_rain, simulate_climate, vegetation_growth
from pitscape.imagery.simulated.sensing.day import day_of
from pitscape.imagery.simulated.terrain.shapes import generator
from pitscape.imagery.simulated.terrain.surfaces import ECOSYSTEM
from pitscape.imagery.simulated.training import TRAINING_SCENES, write_training_scene
from pitscape.imagery.simulated.truth import Tally, mine_polygons, write_polygons

FIRST_YEAR, LAST_YEAR = 2015, 2024
EARLIEST_DAY, LATEST_DAY = 196, 258
"""Mid-July to mid-September."""

CLIMATE_YEARS_BEFORE = 12

OTHERS = ("ecosystems", "polygons", "training")
EVERYTHING = (*LAYERS, *OTHERS)
"""All that a site may hold besides its tables and ``truth.json``."""

COMPRESSED = 0.6
"""Size of the rasters as written, relative to their numbers: measured, rounded."""

CACHE_MB = 64
"""GDAL's own would be a share of the machine's memory."""

COMPASS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")


@dataclass(frozen=True)
class SiteWriter:
    """What a site is written from.

    Attributes:
        folder: Where to.
        district: How it is cut into pieces.
        years: Of the epochs.
        layers: Which of ``EVERYTHING`` to write.
        progress: Told the number of steps done and of all steps.
    """

    folder: Path
    district: District
    years: list[int]
    layers: Collection[str]
    progress: Progress

    @property
    def grid(self) -> GeoBox:
        """Where the cells of the site are."""
        return simulated_grid(self.district.size)

    @property
    def steps(self) -> int:
        """How many steps there are: pieces of epochs, and training scenes."""
        scenes = TRAINING_SCENES if "training" in self.layers else 0
        return self.district.across**2 * len(self.years) + scenes

    @property
    def expected_bytes(self) -> float:
        """About how much space the rasters will take."""
        width = {"uint8": 1, "uint16": 2, "float32": 4}
        cell = sum(len(LAYERS[name].bands) * width[LAYERS[name].dtype] for name in LAYERS if name in self.layers)
        return COMPRESSED * cell * self.district.size**2 * len(self.years)

    def write(self) -> None:
        """Write all of it."""
        seed = self.district.seed
        climate = simulate_climate(generator(seed, 2), FIRST_YEAR - CLIMATE_YEARS_BEFORE, LAST_YEAR)
        epochs = [self._epoch(year, annual_rain(climate, year)) for year in self.years]
        tallies = [Tally() for _ in epochs]
        times = threshold_times(FIRST_YEAR, LAST_YEAR)
        growth = np.zeros(len(times))
        mines: list[dict[str, Any]] = []
        done = iter(range(1, self.steps + 1))
        with block_cache(CACHE_MB), ExitStack() as stack:
            files = [self._open(stack, epoch) for epoch in epochs]
            ecosystems = self._open_ecosystems(stack)
            for piece in self.district.pieces():
                ecosystems(piece.territory.ecosystems[piece.inside], piece.rows, piece.columns)
                growth += [vegetation_growth(piece.territory.surface_at(time)[piece.inside]) for time in times]
                mines += self._mine(piece)
                for epoch, written, tally in zip(epochs, files, tallies, strict=True):
                    self._write_piece(piece, epoch, written, tally)
                    self.progress(next(done), self.steps)
        known = {"thresholds": thresholds(times, (growth / growth[0]).tolist()), "mines": mines}
        self._write_truth(epochs, tallies, climate, known)
        for number in range(TRAINING_SCENES if "training" in self.layers else 0):
            folder, size = self.folder / "training", self.district.size
            write_training_scene(folder, number, seed=seed, size=size, sensor=epochs[0].sensor)
            self.progress(next(done), self.steps)

    def _epoch(self, year: int, rain_mm: float) -> Epoch:
        acquired = day_of(year, int(generator(self.district.seed, 3, year).integers(EARLIEST_DAY, LATEST_DAY)))
        first = year == self.years[0]
        return Epoch(acquired, rain_mm, first, load_sensor("sentinel2_l2a"), load_sensor("landsat5_c2l2"))

    def _open(self, stack: ExitStack, epoch: Epoch) -> dict[str, WriteWindow]:
        """Open the wanted rasters of an epoch."""
        wanted = [name for name in LAYERS if name in self.layers and epoch.has(name)]
        files = {}
        for name in wanted:
            stem = f"{name}_{epoch.acquired.year}" if LAYERS[name].yearly else epoch.name
            path = self.folder / name / f"{stem}.tif"
            files[name] = stack.enter_context(new_layer(path, self.grid, LAYERS[name]))
        return files

    def _open_ecosystems(self, stack: ExitStack) -> WriteWindow:
        if "ecosystems" not in self.layers:
            return lambda values, rows, columns: None  # noqa: ARG005
        names = {str(code): surface.name.lower() for surface, code in ECOSYSTEM.items()}
        path = self.folder / "ecosystems.tif"
        return stack.enter_context(new_raster(path, self.grid, bands=("ecosystem",), dtype="uint8", tags=names))

    def _write_piece(self, piece: Piece, epoch: Epoch, files: dict[str, WriteWindow], tally: Tally) -> None:
        drawn = epoch.draw(piece, files)
        for name, write in files.items():
            write(drawn.rasters[name], *drawn.window(LAYERS[name].cells))
        grid = self.grid[piece.rows, piece.columns]
        tally.add(drawn.classes, drawn.surface, drawn.changed, drawn.relief, grid)
        if "polygons" in self.layers:
            date = epoch.acquired.isoformat()
            tally.polygons += mine_polygons(drawn.surface, grid, mine=piece.number, epoch=date)

    def _mine(self, piece: Piece) -> list[dict[str, Any]]:
        """Where a mine begins and which way it grows, for ``truth.json``; nothing where it begins beyond the site."""
        plan = piece.territory.mine.plan
        row, column = plan.centre
        if not (row < piece.inside[0].stop and column < piece.inside[1].stop):
            return []
        easting, northing = self.grid[piece.rows, piece.columns].affine @ (column + 0.5, row + 0.5)
        azimuth = (90 + np.rad2deg(plan.heading)) % 360
        mine = {
            "mine": piece.number,
            "easting_m": round(easting, 1),
            "northing_m": round(northing, 1),
            "opens": plan.opens,
            "complete": plan.complete,
            "growth_azimuth_deg": round(float(azimuth), 1),
            "growth_direction": COMPASS[round(azimuth / 45) % 8],
        }
        return [mine]

    def _write_truth(
        self, epochs: list[Epoch], tallies: list[Tally], climate: list[ClimateMonth], known: dict[str, Any]
    ) -> None:
        """Write tables, polygons and ``truth.json``."""
        district, legend = self.district, load_legend()
        columns = [each.name for each in fields(ClimateMonth)]
        write_table(self.folder / "climate.csv", columns, [astuple(month) for month in climate])
        rng = generator(district.seed, 4)
        output = draw_output(rng, opens=district.opens, mines=len(known["mines"]))
        production = output.yearly(rng, FIRST_YEAR, LAST_YEAR)
        write_table(self.folder / "production.csv", ("year", "production_mt"), list(production.items()))
        entries = [
            {
                "year": epoch.acquired.year,
                "name": epoch.name,
                "date": epoch.acquired.isoformat(),
                "stage": output.stage(epoch.acquired.year),
                **tally.described(legend),
            }
            for epoch, tally in zip(epochs, tallies, strict=True)
        ]
        content = {"schema": 1, "size": district.size, "seed": district.seed, "epochs": entries}
        life_cycle = output.described(FIRST_YEAR, LAST_YEAR)
        write_json(self.folder / "truth.json", content | {"life_cycle": life_cycle} | known)
        if "polygons" in self.layers:
            records = [record for tally in tallies for record in tally.polygons]
            write_polygons(self.folder / "truth.gpkg", records, self.grid)
