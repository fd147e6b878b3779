"""Net primary production and evapotranspiration of an epoch: measured, or estimated from climate and flagged."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.enums import Resampling

from pitscape.ecology import naming, raster_on_grid
from pitscape.imagery.errors import InputError
from pitscape.imagery.raster import open_raster
from pitscape.imagery.sensor import Band, load_sensor
from pitscape.resilience.climate import MonthlyClimate, year_of
from pitscape.resilience.evaporation import (
    HERBACEOUS,
    WOODY,
    actual_evaporation_fu,
    actual_evaporation_zhang,
    potential_evaporation,
)
from pitscape.resilience.production_estimate import miami_npp

Kind = Literal["npp", "et"]


@dataclass(frozen=True)
class Quantity:
    """A quantity of one epoch.

    Attributes:
        value: In the unit of its kind; NaN where it is not known.
        source: Where it comes from; empty where it is not known.
        gap: Share of the land on which it is not known.
        estimated: Whether it is a fallback.
    """

    value: float = math.nan
    source: str = ""
    gap: float = 0.0
    estimated: bool = False


@dataclass(frozen=True)
class _Meaning:
    """What files of a kind hold."""

    sensor: str
    products: tuple[str, ...]
    unit: str
    least: float
    most: float


MEANINGS: Mapping[Kind, _Meaning] = {
    "npp": _Meaning("modis_npp", ("MOD17A3HGF", "MYD17A3HGF", "MOD17A3GF"), "kg C m-2 y-1", -3.0, 5.0),
    "et": _Meaning("modis_et", ("MOD16A3GF", "MYD16A3GF", "MOD16A3"), "mm y-1", 0.0, 6000.0),
}


def mean_on_land(kind: Kind, path: Path, grid: GeoBox, land: NDArray[np.bool_]) -> Quantity:
    """Mean of a raster over the cells of ``land``, nearest neighbour.

    MODIS products, known by the name of band or file, hold stored integers: their fill codes are gaps, and their scale
    is applied. Other rasters hold the unit itself.

    Raises:
        InputError: If it is no raster, is HDF4, or its values cannot be in the unit.
    """
    meaning, band = MEANINGS[kind], modis_band(kind, path)
    values = raster_on_grid(path, grid, Resampling.nearest, band=band)[land]
    known = values[~np.isnan(values)]
    if not len(known):
        return Quantity(gap=1.0)
    if known.min() < meaning.least or known.max() > meaning.most:
        worst = known.max() if known.max() > meaning.most else known.min()
        raise InputError(
            f"{path}: holds {worst:g}; {kind} is in {meaning.unit}, {meaning.least:g} to {meaning.most:g}: scale it, "
            f"mask fill values, or keep {meaning.products[0]} in the name of a file with stored numbers."
        )
    source = meaning.sensor if band else "raster"
    return Quantity(float(known.mean()), source, float(1 - len(known) / np.count_nonzero(land)))


def modis_band(kind: Kind, path: Path) -> Band | None:
    """The band of MODIS that a file holds, by the name of its band or its own; None where it holds the unit itself."""
    meaning = MEANINGS[kind]
    band = load_sensor(meaning.sensor).bands[0]
    with open_raster(path) as dataset:
        names = {*dataset.descriptions, *(address.rsplit(":", 1)[-1] for address in dataset.subdatasets)}
        names |= {dataset.tags(index).get("NETCDF_VARNAME") for index in dataset.indexes}
    return band if names & band.names or any(product in path.name.upper() for product in meaning.products) else None


def checked_number(kind: Kind, value: float, source: Path) -> Quantity:
    """A number of the site file.

    Raises:
        InputError: If it cannot be in the unit.
    """
    meaning = MEANINGS[kind]
    if not meaning.least <= value <= meaning.most:
        raise InputError(f"{source}: {kind} is {value:g}; give {meaning.unit}, {meaning.least:g} to {meaning.most:g}.")
    return Quantity(value, "site file")


def miami(climate: MonthlyClimate, year: int, source: Path | str) -> Quantity:
    """NPP of a year from its climate.

    Raises:
        InputError: If the year has not twelve months.
    """
    with naming(source):
        rain, warmth = year_of(climate, year)
        return Quantity(miami_npp(float(warmth.mean()), float(rain.sum())), "miami", estimated=True)


def budyko(
    climate: MonthlyClimate,
    year: int,
    source: Path | str,
    *,
    latitude: float,
    form: Literal["fu", "zhang"],
    forest_share: float = 0.0,
) -> Quantity:
    """ET of a year from its climate and, in Zhang's form, the share of forest.

    Raises:
        InputError: If the year has not twelve months.
    """
    with naming(source):
        rain, warmth = year_of(climate, year)
        potential = potential_evaporation(warmth.tolist(), latitude=latitude, year=year)
        if form == "fu":
            return Quantity(actual_evaporation_fu(float(rain.sum()), potential), "fu", estimated=True)
        water = WOODY * forest_share + HERBACEOUS * (1 - forest_share)
        value = actual_evaporation_zhang(float(rain.sum()), potential, plant_water=water)
        return Quantity(value, "zhang", estimated=True)
