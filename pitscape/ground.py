"""What all epochs of a site with maps share: grid, legend, land, climate, ecosystems."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.enums import Resampling

from pitscape.ecology import raster_on_grid, type_codes
from pitscape.ecosystem_types import types_of_maps
from pitscape.frame import Frame, read_climate
from pitscape.imagery.legend import UNOBSERVED, Legend
from pitscape.imagery.sensor import Sensor
from pitscape.site_settings import SiteSettings


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
