"""The class maps of a site on one grid, and the land on which its epochs are compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from pitscape.epoch_images import site_sensor
from pitscape.ground import Ground, common_ground
from pitscape.imagery.class_map import open_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import UNOBSERVED, Legend
from pitscape.metric_maps import metric_map
from pitscape.observed_epochs import enough_observed
from pitscape.site_settings import SiteSettings


@dataclass(frozen=True)
class SiteMaps:
    """The class maps of a site, on one grid; ids are read where a step needs them, one byte a cell and epoch.

    Attributes:
        settings: The site file.
        path: Its path, for messages.
        paths: Class map by name of epoch, in order of time.
        enough: Whether each epoch was observed on enough of the land for indices.
        legend: Of all maps.
        grid: Of all maps.
    """

    settings: SiteSettings
    path: Path
    paths: dict[str, Path]
    enough: dict[str, bool]
    legend: Legend
    grid: GeoBox

    @property
    def compared(self) -> dict[str, Path]:
        """Class map by name of the epochs that have indices."""
        return {name: path for name, path in self.paths.items() if self.enough[name]}

    @cached_property
    def ids(self) -> dict[str, NDArray[np.uint8]]:
        """Class ids (y, x) of each epoch."""
        found = {}
        for name, path in self.paths.items():
            with open_class_map(path) as classes:
                found[name] = classes.read()
        return found

    @property
    def observed_share(self) -> float:
        """Of the cells that any epoch observed, the share that all epochs with indices did."""
        any_one = np.logical_or.reduce([ids != UNOBSERVED for ids in self.ids.values()])
        return float(self.ground.land.sum() / any_one.sum())

    @cached_property
    def ground(self) -> Ground:
        """What the epochs share.

        Raises:
            InputError: If no cell was observed at every epoch that has indices.
        """
        land = np.zeros(self.grid.shape, np.bool_)
        if self.compared:
            land = np.logical_and.reduce([self.ids[name] != UNOBSERVED for name in self.compared])
            if not land.any():
                raise InputError(f"{self.path}: no cell is observed at every epoch; leave out the cloudiest one.")
        sensor = site_sensor(self.settings)
        return common_ground(self.settings, self.path, self.grid, self.legend, sensor=sensor, land=land)


def site_maps(
    settings: SiteSettings, path: Path, own: Mapping[str, Path], on_grid: dict[str, Any], out: Path
) -> SiteMaps:
    """The maps of a site on one grid.

    Args:
        settings: The site file.
        path: Its path, for messages.
        own: Each epoch's own class map by its name.
        on_grid: What ``write_metric_maps`` found.
        out: The folder of results.
    """
    paths = {name: metric_map(out, name) if name in on_grid["resampled"] else each for name, each in own.items()}
    with open_class_map(next(iter(paths.values()))) as first:
        return SiteMaps(
            settings, path, paths, enough_observed(on_grid["observed_share"], settings), first.legend, first.grid
        )
