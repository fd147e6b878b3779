"""One epoch of a simulated site on disk: scene, truth, primary production and evapotranspiration."""

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from pitscape.imagery.cell_area import cell_areas
from pitscape.imagery.class_map import save_class_map
from pitscape.imagery.legend import UNOBSERVED, Legend
from pitscape.imagery.sensor import Sensor
from pitscape.imagery.simulated.day import Grain, decimal_year
from pitscape.imagery.simulated.files import write_raster
from pitscape.imagery.simulated.land import Territory
from pitscape.imagery.simulated.records import NO_VALUE, RAIN_MM, simulate_et, simulate_npp
from pitscape.imagery.simulated.scene import simulate_scene
from pitscape.imagery.simulated.shapes import generator


@dataclass(frozen=True)
class Epochs:
    """What all epochs of a site share.

    Attributes:
        folder: Where they are written.
        territory: The land and its mine.
        grain: What lasts in its look.
        grid: Where its cells are.
        sensor: Sensor of the scenes.
        legend: Classes of the truth.
    """

    folder: Path
    territory: Territory
    grain: Grain
    grid: GeoBox
    sensor: Sensor
    legend: Legend

    def write(self, acquired: datetime.date, *, rain_mm: float) -> dict[str, Any]:
        """Simulate and write one epoch.

        Args:
            acquired: Day of its scene.
            rain_mm: Precipitation of its year.

        Returns:
            Its entry in ``truth.json``.
        """
        land = self.territory.at(decimal_year(acquired))
        key = (*self.territory.key, 9, acquired.year)
        wetness = (rain_mm / sum(RAIN_MM) - 1) / 0.2
        scene = simulate_scene(key, land, self.grain, acquired, self.sensor, wetness=wetness)
        truth = np.where(scene.observed, land.classes, UNOBSERVED).astype(np.uint8)
        name = f"simulated_{acquired:%Y%m%d}.tif"
        self._save(f"images/{name}", scene.stored, self.sensor.band_names, nodata=self.sensor.fill)
        save_class_map(self.folder / "truth" / name, truth, self.grid, self.legend)
        rng = generator(*key, 1)
        npp, et = simulate_npp(rng, land, rain_mm), simulate_et(rng, land, rain_mm)
        self._save(f"npp/npp_{acquired.year}.tif", npp, ("npp",), nodata=NO_VALUE, unit="kg C m-2 y-1")
        self._save(f"et/et_{acquired.year}.tif", et, ("et",), nodata=NO_VALUE, unit="mm y-1")
        return {
            "name": name.removesuffix(".tif"),
            "date": acquired.isoformat(),
            **_counted(truth, self.grid, self.legend),
        }

    def _save(self, name: str, values: NDArray[Any], bands: tuple[str, ...], *, nodata: float, unit: str = "") -> None:
        write_raster(self.folder / name, values, self.grid, bands=bands, nodata=nodata, unit=unit)


def _counted(truth: NDArray[np.uint8], grid: GeoBox, legend: Legend) -> dict[str, Any]:
    """Cells and geodesic area of each class, and of what was not observed."""
    area = np.broadcast_to(cell_areas(grid), truth.shape)
    km2 = np.bincount(truth.ravel(), area.ravel(), minlength=UNOBSERVED + 1) / 1e6
    cells = np.bincount(truth.ravel(), minlength=UNOBSERVED + 1)
    return {
        "classes": [
            {"class_id": c.id, "class_name": c.name, "cells": int(cells[c.id]), "area_km2": round(float(km2[c.id]), 6)}
            for c in legend.classes
        ],
        "unobserved_cells": int(cells[UNOBSERVED]),
        "unobserved_km2": round(float(km2[UNOBSERVED]), 6),
    }
