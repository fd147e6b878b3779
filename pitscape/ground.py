"""What all epochs of a site with maps share: grid, legend, land, climate, ecosystems."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.enums import Resampling

from pitscape.adjusted import load_adjusted
from pitscape.ecology import raster_on_grid, type_codes
from pitscape.ecosystem_types import EcosystemTypes, types_of_maps, types_of_table
from pitscape.frame import Frame, read_climate
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import UNOBSERVED, Legend
from pitscape.imagery.raster import open_raster
from pitscape.imagery.sensor import Sensor, load_sensor
from pitscape.resilience.elasticity import TYPE_SCORES
from pitscape.resilience.water import FOUR_CLASS_RUNOFF
from pitscape.series import read_series
from pitscape.site_settings import SiteSettings
from pitscape.vegetation_index import check_index_file


@dataclass(frozen=True)
class Ground(Frame):
    """What all epochs of a site with maps share.

    Attributes:
        legend: Of the class maps.
        sensor: Of the images.
        grid: Of the class maps.
        land: Cells (y, x) that were observed at every epoch: indices compare the same land only.
        ecosystems: Code of the ecosystem type by cell, where the site has them.
    """

    legend: Legend
    sensor: Sensor
    grid: GeoBox
    land: NDArray[np.bool_]
    ecosystems: NDArray[np.float64] | None

    @property
    def latitude(self) -> float:
        """That of the grid's centre, unless the site file has one [degrees]."""
        given = self.settings.fallbacks.latitude
        return float(self.grid.geographic_extent.centroid.coords[0][1]) if given is None else given

    def seen(self, ids: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Class ids (y, x) on the common land, 255 elsewhere."""
        return np.where(self.land, ids, np.uint8(UNOBSERVED))

    def codes(self, ids: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Place of the ecosystem type of each cell of the common land, 255 elsewhere."""
        split = self.settings.ecosystems
        return type_codes(
            self.seen(ids),
            self.legend,
            self.types,
            ecosystems=self.ecosystems,
            names=split.types if split else None,
            otherwise=split.otherwise if split else "",
        )


def check_records(settings: SiteSettings, source: Path) -> None:
    """Before any map is made: tables and rasters can be read and cover every epoch, and every type has a score.

    Raises:
        InputError: If not.
    """
    if settings.production:
        read_series(Path(settings.production), "production_mt")
    if settings.ecosystems:
        types = {*settings.ecosystems.types.values(), settings.ecosystems.otherwise}
        own = settings.scores if isinstance(settings.scores, dict) else {}
        if unknown := sorted(types - set(TYPE_SCORES.scores) - set(own)):
            raise InputError(
                f"{source}: ecosystems: no score for {', '.join(unknown)}; there are {', '.join(TYPE_SCORES.scores)}."
            )
    known = EcosystemTypes({}, {}, TYPE_SCORES, ()) if settings.has_maps else types_of_table(settings, source)
    frame = Frame(settings, source, known, read_climate(settings))
    frame.yearly, frame.seasons  # noqa: B018 - that they can be read
    for epoch in settings.epochs:
        frame.terms(epoch.year)
        if epoch.shares:
            load_adjusted(Path(epoch.shares))
        for path in epoch.ndvi:
            check_index_file(Path(path), load_sensor(settings.sensor))
        for quantity in (epoch.npp, epoch.et):
            if isinstance(quantity, str):
                with open_raster(Path(quantity)):
                    pass
    _check_runoff(settings, source)


def _check_runoff(settings: SiteSettings, source: Path) -> None:
    """Where Q will be computed, each land class has a runoff coefficient, unless types have their own."""
    tabled = settings.tables and settings.tables.et
    has_et = tabled or settings.fallbacks.et or any(epoch.et is not None for epoch in settings.epochs)
    roles = {"mined", "occupied", "vegetated", "water"}
    missing = sorted(roles - FOUR_CLASS_RUNOFF.keys() - settings.runoff.keys())
    if settings.climate and has_et and missing and settings.runoff.keys() <= roles:
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
    types = types_of_maps(settings, legend, source)
    return Ground(settings, source, types, read_climate(settings), legend, sensor, grid, land, ecosystems)
