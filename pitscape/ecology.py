"""Reading for the ecology: rasters and tables of a site as the numbers that the resilience room takes."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.enums import Resampling
from rasterio.features import sieve
from rasterio.vrt import WarpedVRT

from pitscape.ecosystem_types import EcosystemTypes
from pitscape.imagery.cell_area import cell_areas
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import UNOBSERVED, Legend
from pitscape.imagery.raster import open_raster
from pitscape.imagery.sensor import Band

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


def raster_on_grid(
    path: Path, grid: GeoBox, resampling: Resampling, *, band: Band | None = None
) -> NDArray[np.float64]:
    """The first band of a raster brought to a grid, in physical values; NaN where it has no data.

    Args:
        path: A raster, or a NetCDF file with a variable of the band's name.
        grid: Where it is wanted.
        resampling: How.
        band: What its numbers mean: its fill codes and invalid numbers are no data, and its scale holds where the file
            states none and stores integers.

    Raises:
        InputError: If it is no such raster, or has several layers of the band.
    """
    height, width = grid.shape
    with (
        _layer(path, band) as dataset,
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
        scale, offset = dataset.scales[0], dataset.offsets[0]
        whole = np.dtype(dataset.dtypes[0]).kind in "iu"
    if band is not None and (whole or (scale, offset) != (1, 0)):
        values[np.isin(values, band.fill)] = np.nan
        if band.valid:
            values[(values < band.valid[0]) | (values > band.valid[1])] = np.nan
        if (scale, offset) == (1, 0):
            scale, offset = band.scale, band.offset
    physical: NDArray[np.float64] = values * scale + offset
    return physical


@contextmanager
def _layer(path: Path, band: Band | None) -> Iterator[Any]:
    """The layer of a raster that holds a band."""
    with open_raster(path) as dataset:
        if dataset.count:
            yield dataset
            return
        layers = [(address.rsplit(":", 1)[-1], address) for address in dataset.subdatasets]
    fitting = [address for name, address in layers if band and name in band.names]
    if len(fitting) != 1:
        known = ", ".join(name for name, _ in layers) or "none"
        wanted = band.name if band else "one layer"
        raise InputError(f"{path}: holds layers {known}, not {wanted} alone; export that one as GeoTIFF.")
    with rasterio.open(fitting[0]) as layer:
        if layer.count != 1:
            raise InputError(f"{path}: holds {layer.count} dates; export one file a year.")
        yield layer


def type_codes(
    ids: NDArray[np.uint8],
    legend: Legend,
    types: EcosystemTypes,
    *,
    ecosystems: NDArray[np.float64] | None = None,
    names: Mapping[int, str] | None = None,
    otherwise: str = "",
) -> NDArray[np.uint8]:
    """Place of each cell's ecosystem type among the types, 255 where unobserved.

    Args:
        ids: Class ids (y, x), 255 where unobserved.
        legend: Says which class each id is.
        types: The types; a class counts under its own name where that is a type, else under its role.
        ecosystems: Code of the type by cell, for vegetated land.
        names: Name of the type by code.
        otherwise: Type of vegetated land without a named code.
    """
    place = {name: position for position, name in enumerate(types.names)}
    of_class = np.full(256, UNOBSERVED, np.uint8)
    vegetated = np.zeros(256, np.bool_)
    for land in legend.classes:
        vegetated[land.id] = land.role == "vegetated"
        split = ecosystems is not None and vegetated[land.id]
        of_class[land.id] = place[otherwise if split else land.name if land.name in place else land.role]
    codes: NDArray[np.uint8] = of_class[ids]
    if ecosystems is not None:
        for code, name in (names or {}).items():
            codes[vegetated[ids] & (ecosystems == code)] = place[name]
    return codes


def shares_of(codes: NDArray[np.uint8], grid: GeoBox, names: Sequence[str]) -> dict[str, float]:
    """Shares of the geodesic area of cells that have a code, by name; types without land are left out."""
    known = codes != UNOBSERVED
    areas = np.broadcast_to(cell_areas(grid), codes.shape)[known]
    sums = np.bincount(codes[known], weights=areas, minlength=len(names))
    return {name: float(total / sums.sum()) for name, total in zip(names, sums, strict=True) if total > 0}


def sieved(
    ids: NDArray[np.integer[Any]], smallest_patch_cells: int, *, nodata: int = UNOBSERVED
) -> NDArray[np.integer[Any]]:
    """Merge patches of fewer cells into their largest neighbour; unobserved cells stay as they are."""
    observed = ids != nodata
    known = ids if ids.dtype in SIEVED_TYPES else ids.astype(np.int32)
    merged = sieve(known, smallest_patch_cells, mask=observed, connectivity=8)
    return np.where(observed, merged, ids).astype(ids.dtype, copy=False)
