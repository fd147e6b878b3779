"""What is measured of one epoch."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitscape.adjusted import AdjustedShares, read_adjusted
from pitscape.ecology import naming, shares_of, sieved
from pitscape.epoch_images import INDEX, optical_image
from pitscape.epoch_settings import Epoch
from pitscape.frame import Frame
from pitscape.ground import Ground
from pitscape.imagery.grid import metric_cell_size
from pitscape.imagery.legend import UNOBSERVED
from pitscape.quantities import Kind, Quantity, mean_on_land
from pitscape.resilience.climate import year_of
from pitscape.resilience.elasticity import Elasticity
from pitscape.resilience.integrity import Indicators
from pitscape.resilience.landscape import pattern_of
from pitscape.resilience.patches import find_patches
from pitscape.resilience.vegetation import vegetation_activity
from pitscape.resilience.water import FOUR_CLASS_RUNOFF, mean_runoff_coefficient, runoff, water_conservation
from pitscape.vegetation_index import IndexMap, index_of_files, index_of_image

LEAST_PATCH_M2 = 100.0
"""The fractal dimension has no meaning for smaller patches."""


@dataclass(frozen=True)
class Vegetation:
    """NDVI of an epoch.

    Attributes:
        value: Mean over the land, NaN where there is none.
        source: Sensor or kind of file; empty where there is none.
        gap: Share of the land without a value.
        dates: How many dates are in it; months, from a table.
        missing: Months of the season without a value.
    """

    value: float = math.nan
    source: str = ""
    gap: float = 0.0
    dates: int = 0
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Measures:
    """One epoch in numbers; NaN where an input is missing. Units stand in the names or in the rooms' own values.

    Attributes:
        epoch: Its name.
        year: Its calendar year.
        landscape: Pattern metrics of the sieved map, under the names and in the units of FRAGSTATS.
        shares: Share of each ecosystem type, adjusted where a sample exists.
        adjusted: What a sample says of the shares; None for mapped ones.
        vegetation: NDVI.
        resilience: Every component of equations (1)-(5).
        elastic: The same as a whole, where E is known.
        npp: Mean net primary production [kg C m-2 y-1].
        et: Mean evapotranspiration [mm y-1].
        q: Mean water conservation [mm].
        water: Precipitation, evapotranspiration and runoff [mm].
        observed: Whether enough of the land was observed for all of this.
    """

    epoch: str
    year: int
    landscape: dict[str, float]
    shares: dict[str, float]
    adjusted: AdjustedShares | None
    vegetation: Vegetation
    resilience: dict[str, Any]
    elastic: Elasticity | None
    npp: Quantity
    et: Quantity
    q: float
    water: dict[str, float]
    observed: bool = True

    @property
    def covariance(self) -> NDArray[np.float64] | None:
        """Of the shares' errors, shape (types, types); None for mapped shares."""
        return self.adjusted.covariance if self.adjusted else None

    @property
    def indicators(self) -> Indicators:
        """The seven indicators of integrity, raw."""
        pattern = self.landscape
        return Indicators(
            shei=pattern.get("SHEI", math.nan),
            mpfd=pattern.get("FRAC_MN", math.nan),
            contag=pattern.get("CONTAG", math.nan),
            connect=pattern.get("CONNECT", math.nan),
            npp=self.npp.value,
            q=self.q,
            e=self.resilience["e"],
        )


def measure(epoch: Epoch, ids: NDArray[np.uint8], ground: Ground, index: IndexMap | None) -> Measures:
    """Measure one epoch on the land that all epochs observed.

    Args:
        epoch: Its files.
        ids: Its class map (y, x).
        ground: What the epochs share.
        index: NDVI, from ``index_of``.
    """
    mapped = shares_of(ground.codes(ids), ground.grid, ground.types.names)
    adjusted = read_adjusted(Path(epoch.shares), mapped, ground.types) if epoch.shares else None
    vegetation = vegetation_of(epoch, ground)
    if index is not None:
        value = vegetation_activity(index.values, zone=ground.land)
        gap = float(np.isnan(index.values[ground.land]).mean())
        vegetation = Vegetation(value, index.source, gap, index.dates)
    quantities: dict[Kind, Quantity] = {}
    for kind in ("npp", "et"):
        path = getattr(epoch, kind)
        found = ground.given(kind, epoch)
        if isinstance(path, str):
            found = mean_on_land(kind, Path(path), ground.grid, ground.land)
        quantities[kind] = found
    return finish(
        epoch,
        ground,
        shares=adjusted.shares if adjusted else mapped,
        vegetation=vegetation,
        quantities=quantities,
        pattern=_pattern(ids, ground),
        adjusted=adjusted,
    )


def index_of(epoch: Epoch, ground: Ground) -> IndexMap | None:
    """NDVI of an epoch as a map: of its own files, else of its image where no table has it."""
    if epoch.ndvi:
        files, composite = [Path(path) for path in epoch.ndvi], ground.settings.ndvi_composite
        return index_of_files(files, ground.grid, ground.sensor, composite=composite)
    image = None if ground.seasons else optical_image(epoch, ground.settings, INDEX)
    return index_of_image(image, ground.grid) if image else None


def vegetation_of(epoch: Epoch, frame: Frame) -> Vegetation:
    """NDVI of an epoch from a table."""
    season = frame.seasons.get(epoch.year)
    if season is None or not frame.settings.tables or not frame.settings.tables.ndvi:
        return Vegetation()
    source = frame.settings.tables.ndvi.source or "table"
    return Vegetation(season.value, source, 0.0, len(season.months), season.gaps)


def finish(
    epoch: Epoch,
    frame: Frame,
    *,
    shares: dict[str, float],
    vegetation: Vegetation,
    quantities: dict[Kind, Quantity],
    pattern: dict[str, float],
    adjusted: AdjustedShares | None = None,
) -> Measures:
    """The measures of an epoch from what maps or tables gave."""
    with naming(frame.source):
        resilience, elastic = frame.resilience(shares, vegetation.value, epoch.year)
        found = {kind: _or_estimated(kind, each, epoch, frame, shares) for kind, each in quantities.items()}
        water = _water(epoch, shares, frame, found["et"])
    return Measures(
        epoch=epoch.name,
        year=epoch.year,
        landscape=pattern,
        shares=shares,
        adjusted=adjusted,
        vegetation=vegetation,
        resilience=resilience,
        elastic=elastic,
        npp=found["npp"],
        et=found["et"],
        q=water.pop("q_mm"),
        water=water,
    )


def _or_estimated(kind: Kind, given: Quantity, epoch: Epoch, frame: Frame, shares: dict[str, float]) -> Quantity:
    return given if not math.isnan(given.value) else replace(frame.estimated(kind, epoch, shares), gap=given.gap)


def _pattern(ids: NDArray[np.uint8], ground: Ground) -> dict[str, float]:
    settings, cell_size = ground.settings, metric_cell_size(ground.grid, ground.source)
    smallest = max(settings.smallest_patch_cells, math.ceil(LEAST_PATCH_M2 / math.prod(cell_size)))
    with naming(ground.source):
        return pattern_of(
            find_patches(sieved(ground.seen(ids), smallest), nodata=UNOBSERVED),
            cell_size=cell_size,
            connect_distance=settings.connect_distance_m,
        ).landscape


def _water(epoch: Epoch, shares: dict[str, float], frame: Frame, et: Quantity) -> dict[str, float]:
    """Q = P - ET - R with its terms [mm]; Q is NaN where one is missing."""
    if frame.climate is None or math.isnan(et.value) or not shares:
        return {"q_mm": math.nan}
    with naming(frame.climate_source):
        rain = float(year_of(frame.climate, epoch.year)[0].sum())
    off = runoff(rain, mean_runoff_coefficient(shares, _coefficients(shares, frame)))
    return {
        "q_mm": water_conservation(rain, et.value, off),
        "precipitation_mm": rain,
        "evapotranspiration_mm": et.value,
        "runoff_mm": off,
    }


def _coefficients(shares: dict[str, float], frame: Frame) -> dict[str, float]:
    """Runoff coefficient by type: its own, else that of its land class."""
    known = dict(FOUR_CLASS_RUNOFF) | frame.settings.runoff
    roles = {name: known.get(name, known.get(frame.types.roles[name])) for name in shares}
    return {name: value for name, value in roles.items() if value is not None}
