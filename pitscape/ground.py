"""What all epochs of a site share: grid, legend, land, climate, ecosystems."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.enums import Resampling

from pitscape.ecology import naming, raster_on_grid, read_climate
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import Legend
from pitscape.imagery.sensor import Sensor
from pitscape.resilience.climate import MonthlyClimate, precipitation_variability, temperature_variability
from pitscape.resilience.elasticity import (
    FOUR_CLASS_SCORES,
    FOUR_CLASS_SCORES_ALTERNATIVE,
    TYPE_SCORES,
    TYPE_SCORES_ALTERNATIVE,
    ScoreSet,
)
from pitscape.resilience.water import FOUR_CLASS_RUNOFF
from pitscape.series import read_series
from pitscape.site_settings import SiteSettings


@dataclass(frozen=True)
class Ground:
    """What all epochs of a site share.

    Attributes:
        settings: The site file.
        source: Its path, for messages.
        legend: Of the class maps.
        sensor: Of the images.
        grid: Of the class maps.
        land: Cells (y, x) that were observed at every epoch: indices compare the same land only.
        climate: Monthly records, where the site has them.
        ecosystems: Code of the ecosystem type by cell, where the site has them.
    """

    settings: SiteSettings
    source: Path
    legend: Legend
    sensor: Sensor
    grid: GeoBox
    land: NDArray[np.bool_]
    climate: MonthlyClimate | None
    ecosystems: NDArray[np.float64] | None

    @property
    def scores(self) -> ScoreSet:
        """The resilience scores of the site's types."""
        alternative = self.settings.scores == "alternative"
        if self.ecosystems is None:
            return FOUR_CLASS_SCORES_ALTERNATIVE if alternative else FOUR_CLASS_SCORES
        return TYPE_SCORES_ALTERNATIVE if alternative else TYPE_SCORES

    @property
    def types(self) -> frozenset[str]:
        """All ecosystem types that the legend and the site file allow; without a split, the land classes."""
        roles = {land.role for land in self.legend.classes}
        split = self.settings.ecosystems
        if split is None:
            return frozenset(roles)
        return frozenset({*(roles - {"vegetated"}), *split.types.values(), split.otherwise})


def check_records(settings: SiteSettings, source: Path) -> None:
    """Before any map is made: the tables can be read and cover every epoch, and every type has a score.

    Raises:
        InputError: If not.
    """
    if settings.production:
        read_series(Path(settings.production), "production_mt")
    if settings.ecosystems:
        types = {*settings.ecosystems.types.values(), settings.ecosystems.otherwise}
        if unknown := sorted(types - set(TYPE_SCORES.scores)):
            raise InputError(
                f"{source}: ecosystems: no score for {', '.join(unknown)}; there are {', '.join(TYPE_SCORES.scores)}."
            )
    if settings.climate:
        climate = read_climate(Path(settings.climate))
        with naming(settings.climate):
            for year in sorted({epoch.year for epoch in settings.epochs}):
                precipitation_variability(climate, year=year)
                temperature_variability(climate, year=year, growing_season=settings.growing_season)
    if settings.climate and any(epoch.et for epoch in settings.epochs):
        coefficients = FOUR_CLASS_RUNOFF.keys() | settings.runoff.keys()
        if missing := sorted({"mined", "occupied", "vegetated", "water"} - coefficients):
            raise InputError(f"{source}: runoff: no coefficient for {', '.join(missing)}; give one between 0 and 1.")


def common_ground(
    settings: SiteSettings,
    source: Path,
    grid: GeoBox,
    legend: Legend,
    *,
    sensor: Sensor,
    land: NDArray[np.bool_],
) -> Ground:
    """Read what all epochs of a site share."""
    ecosystems = None
    if settings.ecosystems:
        ecosystems = raster_on_grid(Path(settings.ecosystems.raster), grid, Resampling.nearest)
    climate = read_climate(Path(settings.climate)) if settings.climate else None
    return Ground(settings, source, legend, sensor, grid, land, climate, ecosystems)
