"""Reading for the ecology: rasters and tables of a site as the numbers that the resilience room takes."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.enums import Resampling
from rasterio.features import sieve
from rasterio.vrt import WarpedVRT

from pitscape.imagery.cell_area import cell_areas
from pitscape.imagery.cog import BLOCK
from pitscape.imagery.errors import InputError
from pitscape.imagery.indices import normalised_difference
from pitscape.imagery.legend import UNOBSERVED, Legend
from pitscape.imagery.raster import open_raster
from pitscape.imagery.scene import Scene
from pitscape.resilience.climate import MonthlyClimate
from pitscape.resilience.vegetation import VegetationSum, vegetation_sum

CLIMATE_COLUMNS = ("year", "month", "precipitation_mm", "temperature_c")
SIEVED_TYPES = ("uint8", "int16", "uint16", "int32")  # that GDAL knows how to sieve


@contextmanager
def naming(source: Path | str) -> Iterator[None]:
    """Turn a ValueError of the resilience room into an answer that names the file it came from."""
    try:
        yield
    except ValueError as error:
        raise InputError(f"{source}: {error}") from error


def read_table(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """A CSV table with at least the given columns, all numbers.

    Raises:
        InputError: If it is no such table; with the row and column of the first value that is no number.
    """
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: is not a CSV table ({' '.join(str(error).split())[:100]}).") from error
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise InputError(f"{path}: lacks column {', '.join(missing)}; it has {', '.join(map(str, table.columns))}.")
    for column in columns:
        numbers = pd.to_numeric(table[column], errors="coerce")
        if numbers.isna().any():
            row = int(numbers.isna().to_numpy().argmax())
            raise InputError(f"{path}, line {row + 2}: {column} is {table[column].iloc[row]!r}; give a number.")
        table[column] = numbers
    return table


def read_climate(path: Path) -> MonthlyClimate:
    """Monthly records of a ``climate.csv``."""
    table = read_table(path, CLIMATE_COLUMNS)
    with naming(path):
        return MonthlyClimate(
            year=table["year"].to_numpy(np.int64),
            month=table["month"].to_numpy(np.int64),
            precipitation_mm=table["precipitation_mm"].to_numpy(np.float64),
            temperature_c=table["temperature_c"].to_numpy(np.float64),
        )


def annual_precipitation(records: MonthlyClimate, year: int) -> float:
    """Precipitation of a calendar year [mm].

    Raises:
        ValueError: If it has not twelve months.
    """
    of_year = records.year == year
    if int(of_year.sum()) != 12:
        raise ValueError(f"{year} has {int(of_year.sum())} months of precipitation, 12 are needed: add the others.")
    return float(records.precipitation_mm[of_year].sum())


def raster_on_grid(path: Path, grid: GeoBox, resampling: Resampling) -> NDArray[np.float64]:
    """The first band of a raster brought to a grid, scaled as the file says; NaN where it has no data."""
    height, width = grid.shape
    with (
        open_raster(path) as dataset,
        WarpedVRT(
            dataset,
            crs=str(grid.crs),
            transform=grid.affine,
            height=height,
            width=width,
            resampling=resampling,
            nodata=dataset.nodata if dataset.nodata is not None else float("nan"),
            dtype="float64",
        ) as warped,
    ):
        values: NDArray[np.float64] = warped.read(1, masked=True).filled(np.nan)
        scaled: NDArray[np.float64] = values * dataset.scales[0] + dataset.offsets[0]
        return scaled


def mean_on_land(path: Path, grid: GeoBox, land: NDArray[np.bool_]) -> float:
    """Mean of a raster over the cells of ``land``, nearest neighbour; NaN where it covers none of them."""
    values = raster_on_grid(path, grid, Resampling.nearest)[land]
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def mean_ndvi(scene: Scene, land: NDArray[np.bool_]) -> float:
    """Mean NDVI of a scene that was opened with bands red and near infrared, over ``land``; negatives count as 0."""
    height, width = land.shape
    total = VegetationSum()
    for start in range(0, height, BLOCK):
        rows = slice(start, min(start + BLOCK, height))
        stored, observed = scene.read(rows, slice(0, width))
        red, nir = scene.sensor.physical(stored, scene.bands)
        total += vegetation_sum(normalised_difference(nir, red), zone=observed & land[rows])
    return total.mean


def type_shares(
    ids: NDArray[np.uint8],
    grid: GeoBox,
    legend: Legend,
    *,
    ecosystems: NDArray[np.float64] | None = None,
    types: Mapping[int, str] | None = None,
    otherwise: str = "grassland",
) -> dict[str, float]:
    """Area shares of ecosystem types among observed land.

    Args:
        ids: Class ids (y, x), 255 where unobserved.
        grid: Where they lie.
        legend: Says which role each class has; classes that are not vegetated count under their role.
        ecosystems: Code of the type by cell, for vegetated land.
        types: Name of the type by code.
        otherwise: Type of vegetated land without a named code.

    Returns:
        Share by name of the type, summing to 1; types without land are left out.
    """
    names = ["mined", "occupied", "vegetated", "water", otherwise, *(types or {}).values()]
    index = {name: position for position, name in enumerate(dict.fromkeys(names))}
    of_class = np.zeros(256, np.int64)
    for land in legend.classes:
        of_class[land.id] = index[land.role]
    kinds = of_class[ids]
    if ecosystems is not None:
        split = np.full(ids.shape, index[otherwise])
        for code, name in (types or {}).items():
            split[ecosystems == code] = index[name]
        kinds = np.where(kinds == index["vegetated"], split, kinds)
    observed = ids != UNOBSERVED
    areas = np.broadcast_to(cell_areas(grid), ids.shape)[observed]
    sums = np.bincount(kinds[observed], weights=areas, minlength=len(index))
    return {name: float(sums[position] / sums.sum()) for name, position in index.items() if sums[position] > 0}


def sieved(
    ids: NDArray[np.integer[Any]], smallest_patch_cells: int, *, nodata: int = UNOBSERVED
) -> NDArray[np.integer[Any]]:
    """Merge patches of fewer cells into their largest neighbour; unobserved cells stay as they are."""
    observed = ids != nodata
    known = ids if ids.dtype in SIEVED_TYPES else ids.astype(np.int32)
    merged = sieve(known, smallest_patch_cells, mask=observed, connectivity=8)
    return np.where(observed, merged, ids).astype(ids.dtype, copy=False)
