"""Scenes: rasters of one sensor, read window by window in the sensor's convention, with what was observed."""

import datetime
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.windows import Window

from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import grid_of
from pitscape.imagery.sensor import Sensor

DATE_IN_NAME = re.compile(r"(?<!\d)((?:19|20)\d{2})-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])(?!\d)")
OFFSET_BASELINE = 400
"""Processing baseline 04.00: since then Sentinel-2 products carry the offset, whatever their date."""

LOOK = 256
BRIGHTEST_REFLECTANCE = 2.0
"""A scene of floats whose first band is nowhere brighter holds reflectance, not stored numbers."""

UNOBSERVED_STORED = 0
"""What stands in every band of an unobserved pixel when it enters the network's graph, whatever the sensor's fill."""

RASTER_SUFFIXES = (".tif", ".tiff", ".vrt", ".jp2", ".img")


@dataclass(frozen=True)
class Scene:
    """An open scene of one sensor on one grid.

    Attributes:
        path: The file.
        grid: Where its pixels are.
        bands: Names of the bands that ``read`` returns, in order.
        acquired: The day of acquisition, from the file's name; None where it names none.
        added_offset: Added to the stored numbers to bring them to the sensor's convention.
        fill: Stored value that means "not observed" for this sensor, as NaN always does.
        nodata: The value that the file declares for it, one per band, NaN where it declares none.
    """

    path: Path
    grid: GeoBox
    bands: tuple[str, ...]
    acquired: datetime.date | None
    added_offset: int
    fill: float
    nodata: tuple[float, ...]
    dataset: Any
    indexes: tuple[int, ...]

    def read(
        self, rows: slice, columns: slice, *, shape: tuple[int, int] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Read a window.

        Args:
            rows: Start and stop within the scene.
            columns: The same across.
            shape: Rows and columns to reduce it to, by nearest neighbour, for pictures.

        Returns:
            Stored numbers in the sensor's convention, (band, y, x), 0 where not observed; and the mask (y, x) of
            pixels at which every band was observed.
        """
        window = Window.from_slices(rows, columns)
        size = (len(self.indexes), *shape) if shape else None
        stored = self.dataset.read(self.indexes, window=window, out_shape=size)
        declared = np.array(self.nodata)[:, None, None]
        observed = ~((stored == self.fill) | (stored == declared) | np.isnan(stored)).any(axis=0)
        known = np.where(observed, stored + np.float32(self.added_offset), UNOBSERVED_STORED)
        return known.astype(np.float32), observed


@contextmanager
def open_scene(
    path: Path, sensor: Sensor, *, bands: Sequence[str] | None = None, stored_bands: Sequence[str] | None = None
) -> Iterator[Scene]:
    """Open a raster as a scene of a sensor.

    Args:
        path: A file that GDAL reads.
        sensor: Whose convention it is brought to.
        bands: The bands wanted, in order; the sensor's by default.
        stored_bands: The file's bands by name, in its order; needed where the file does not name them itself.

    Yields:
        The open scene.

    Raises:
        InputError: If the file is no raster, lacks a band or a CRS, or does not say which band is which.
    """
    with open_raster(path) as dataset:
        stored = _stored_band_names(dataset, stored_bands)
        wanted = tuple(bands or sensor.band_names)
        missing = [name for name in wanted if name not in stored]
        if missing:
            raise InputError(f"{path}: lacks band {', '.join(missing)}; it has {', '.join(stored)}.")
        acquired = date_of(path)
        _check_stored_numbers(dataset, sensor)
        indexes = tuple(stored.index(name) + 1 for name in wanted)
        nodata = [dataset.nodatavals[index - 1] for index in indexes]
        yield Scene(
            path=path,
            grid=grid_of(dataset),
            bands=wanted,
            acquired=acquired,
            added_offset=0 if baseline_of(path) >= OFFSET_BASELINE else sensor.missing_offset(acquired),
            fill=sensor.fill,
            nodata=tuple(float("nan") if value is None else value for value in nodata),
            dataset=dataset,
            indexes=indexes,
        )


@contextmanager
def open_raster(path: Path) -> Iterator[Any]:
    """Open a raster with rasterio, or say in one line why it is none.

    Raises:
        InputError: If the file does not exist or GDAL cannot read it.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file; check the path.")
    try:
        dataset = rasterio.open(path)
    except rasterio.errors.RasterioIOError as error:
        raise InputError(f"{path}: is not a raster that GDAL can read; give a GeoTIFF.") from error
    with dataset:
        yield dataset


def baseline_of(path: Path) -> int:
    """The processing baseline in a Sentinel-2 product's name, 0 where it has none; reprocessed ones carry the offset.

    >>> baseline_of(Path("S2A_MSIL2A_20170709T100031_N0500_R122.tif")), baseline_of(Path("mine_20170709.tif"))
    (500, 0)
    """
    found = re.search(r"_N(\d{4})_", path.stem)
    return int(found.group(1)) if found else 0


def date_of(path: Path) -> datetime.date | None:
    """The day in a file's name, as YYYYMMDD or YYYY-MM-DD.

    >>> date_of(Path("strzegom_20230709.tif")), date_of(Path("mine.tif"))
    (datetime.date(2023, 7, 9), None)
    """
    found = DATE_IN_NAME.search(path.stem)
    if not found:
        return None
    try:
        return datetime.date(*map(int, found.groups()))
    except ValueError:
        return None


def rasters_in(folder: Path) -> list[Path]:
    """The rasters of a folder, in order of name.

    Raises:
        InputError: If there is no such folder, or no raster in it.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; check the path.")
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in RASTER_SUFFIXES)
    if not found:
        raise InputError(f"{folder}: holds no raster ({', '.join(RASTER_SUFFIXES)}).")
    return found


def _check_stored_numbers(dataset: Any, sensor: Sensor) -> None:  # noqa: ANN401
    """Refuse scenes in reflectance, which look like a very dark scene in stored numbers."""
    if "float" not in dataset.dtypes[0]:
        return
    shape = tuple(min(side, LOOK) for side in dataset.shape)
    brightest = np.nanmax(np.append(dataset.read(1, out_shape=shape), 0))
    if 0 < brightest <= BRIGHTEST_REFLECTANCE:
        raise InputError(
            f"{dataset.name}: holds reflectance (at most {brightest:.2f}); store (reflectance - {sensor.offset:g}) / "
            f"{sensor.scale:g}: {sensor.convention}."
        )


def _stored_band_names(dataset: Any, given: Sequence[str] | None) -> tuple[str, ...]:  # noqa: ANN401
    if given is not None:
        if len(given) != dataset.count:
            raise InputError(
                f"{dataset.name}: has {dataset.count} bands, but --bands names {len(given)}; name each one."
            )
        return tuple(given)
    if any(name is None for name in dataset.descriptions):
        raise InputError(
            f"{dataset.name}: does not name its {dataset.count} bands; name them in order, as in --bands B02,B03,B04."
        )
    return tuple(dataset.descriptions)
