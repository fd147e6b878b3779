"""Categorical rasters of any type that holds whole numbers, with or without a legend, for the metrics of pattern."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.enums import MaskFlags
from rasterio.windows import Window

from pitscape.ecology import sieved
from pitscape.imagery.block_cache import block_cache
from pitscape.imagery.class_map import legend_of
from pitscape.imagery.cog import BLOCK
from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import cell_rectangle, grid_of, metric_cell_size
from pitscape.imagery.legend import UNOBSERVED, Legend
from pitscape.imagery.raster import open_raster

CACHE_MB = 64
"""GDAL would keep a twentieth of the machine's memory; bands of rows are read once."""

MERCATOR = ("Popular Visualisation Pseudo Mercator", "Mercator (variant A)", "Mercator (variant B)")
"""Projections in metres that grow with latitude, as web maps use them."""

EXACT = 2**53
"""Floats count whole numbers below this one by one."""

ABSENT = -1 - 2**31
"""Nodata of rasters that have none: no integer raster of 32 bits holds it."""


@dataclass(frozen=True)
class Categories:
    """An open categorical raster on a grid in metres.

    Attributes:
        path: The file.
        cell_size: Width and height of a cell [m], > 0.
        nodata: Id of unobserved cells, ``ABSENT`` where the file names none.
        legend: Its classes, where it carries them or they were given.
        dataset: The file, open.
        whole: All ids (y, x), where they had to be read, as for a sieve.
    """

    path: Path
    cell_size: tuple[float, float]
    nodata: int
    legend: Legend | None
    dataset: Any
    whole: NDArray[np.integer[Any]] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.dataset.height, self.dataset.width

    @property
    def affine(self) -> Affine:
        """From columns and rows to coordinates."""
        transform: Affine = self.dataset.transform
        return transform

    def read(self, rows: slice, columns: slice) -> NDArray[np.integer[Any]]:
        """Class ids (y, x) of a rectangle.

        Raises:
            InputError: If a number is not whole.
        """
        if self.whole is not None:
            return self.whole[rows, columns]
        window = Window.from_slices(rows, columns)
        ids = _whole_numbers(self.dataset.read(1, window=window), self.nodata, self.path)
        if not _is_masked(self.dataset):
            return ids
        return np.where(self.dataset.read_masks(1, window=window) == 0, self.nodata, ids.astype(np.int64))

    def bands(self) -> Iterator[NDArray[np.integer[Any]]]:
        """Class ids in bands of rows, from top to bottom."""
        height, width = self.shape
        for start in range(0, height, BLOCK):
            yield self.read(slice(start, min(start + BLOCK, height)), slice(0, width))

    @property
    def stretches(self) -> bool:
        """Whether its projection is one whose metres grow with latitude."""
        if self.dataset.crs is None:
            return False
        operation = CRS.from_wkt(self.dataset.crs.to_wkt()).coordinate_operation
        return bool(operation and operation.method_name in MERCATOR)


@contextmanager
def open_categories(
    path: Path,
    *,
    unit: str | None = None,
    nodata: int | None = None,
    legend: Legend | None = None,
    min_area_ha: float = 0.0,
) -> Iterator[Categories]:
    """Open a categorical raster.

    Args:
        path: One band of integers, or of floats that are whole numbers.
        unit: "m" takes the coordinates of a raster without CRS as metres.
        nodata: Id of unobserved cells, where the file names none.
        legend: The classes, for rasters that do not carry them.
        min_area_ha: Smaller patches are merged into their largest neighbour [ha]; the raster is then read whole.

    Raises:
        InputError: If it is no such raster, or its grid is not in metres.
    """
    with block_cache(CACHE_MB), open_raster(path) as dataset:
        if dataset.count != 1 or dataset.dtypes[0].startswith("complex"):
            raise InputError(
                f"{path}: is no categorical raster; one band of integers is needed, it has {dataset.count} of {dataset.dtypes[0]}."
            )
        cell_size, classes = _cell_size(dataset, path, unit), legend_of(path, dataset, legend)
        absent = _nodata(dataset, path, nodata, UNOBSERVED if classes else ABSENT)
        least = math.ceil(min_area_ha * 1e4 / math.prod(cell_size) - 1e-9)
        found = Categories(path, cell_size, absent, classes, dataset)
        height, width = found.shape
        if least > height * width:
            raise InputError(f"--min-area {min_area_ha:g}: is more than all of {path}; give less.")
        if least > 1:
            ids = found.read(slice(0, height), slice(0, width))
            found = replace(found, whole=sieved(ids, least, nodata=absent))
        yield found


def class_name(legend: Legend | None, class_id: int) -> str:
    """The name of a class: that of the legend, else its id."""
    if legend and 0 <= class_id < len(legend):
        return legend.names[class_id]
    return str(class_id)


def _whole_numbers(stored: NDArray[Any], nodata: int, path: Path) -> NDArray[np.integer[Any]]:
    """Floats as integers, with NaN and what no float counts exactly as nodata; integers as they are."""
    if np.issubdtype(stored.dtype, np.integer):
        return stored
    values = np.where(np.abs(stored) < EXACT, stored.astype(np.float64), nodata)
    ids = values.astype(np.int64)
    if (ids != values).any():
        raise InputError(f"{path}: holds {values[ids != values][0]:g}, which is no class id; give a class map.")
    return ids


def _cell_size(dataset: Any, path: Path, unit: str | None) -> tuple[float, float]:  # noqa: ANN401 - rasterio has no types
    if dataset.crs is not None:
        return metric_cell_size(grid_of(dataset), path)
    if unit != "m":
        raise InputError(f"{path}: has no coordinate reference system; pass --unit m if its cells are in metres.")
    return cell_rectangle(dataset.transform, path)


def _nodata(dataset: Any, path: Path, given: int | None, otherwise: int) -> int:  # noqa: ANN401
    stored = dataset.nodata
    if stored is not None and abs(stored) < EXACT:
        if given is not None and given != stored:
            raise InputError(f"{path}: names {int(stored)} as its nodata, not {given}; leave --nodata out.")
        return int(stored)
    if given is None:
        return otherwise
    kind = np.dtype(dataset.dtypes[0])
    if (kind.kind in "iu" and not np.iinfo(kind).min <= given <= np.iinfo(kind).max) or abs(given) >= EXACT:
        raise InputError(
            f"--nodata {given}: {path} holds {kind}, which cannot be that; give the id of unobserved cells."
        )
    return given


def _is_masked(dataset: Any) -> bool:  # noqa: ANN401
    """Whether the file has a mask of its own, beside or instead of a nodata value."""
    flags = dataset.mask_flag_enums[0]
    return MaskFlags.per_dataset in flags and MaskFlags.nodata not in flags
