"""Raster files, opened with care and read from any thread."""

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.windows import Window

from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import grid_of

SUFFIXES = (".tif", ".tiff", ".vrt", ".jp2", ".img")
HDF4_MAGIC = b"\x0e\x03\x13\x01"
ARCHIVE = re.compile(r"^/vsi(?:zip|tar)/")
VRT_SOURCE = re.compile(r"<(?:SourceFilename|SourceDataset)([^>]*)>([^<]*)<")
VRT_CODE = re.compile(r"VRTDerivedRasterBand|PixelFunction|<Script|subClass=\"VRT(?:Processed|Pansharpened)")


class Raster:
    """A raster file that any thread may read; each thread has its own handle, as GDAL needs.

    Attributes:
        address: The path, or GDAL's address within an archive.
        grid: Where its pixels are.
        shape: Rows and columns.
        count: Bands, an alpha band not counted.
        dtype: Of the first band.
        names: Descriptions of the bands, None where there is none.
        nodata: The value that the file declares for "no data", one per band, NaN where it declares none.
        tags: Of the file.
    """

    def __init__(self, address: str | Path) -> None:
        self.address = str(address)
        self._local = threading.local()
        self._handles: list[Any] = []
        self._lock = threading.Lock()
        dataset = self._handle()
        self.grid = grid_of(dataset)
        self.shape: tuple[int, int] = (dataset.height, dataset.width)
        alpha = [index for index in dataset.indexes if dataset.colorinterp[index - 1] == ColorInterp.alpha]
        self.count = dataset.count - len(alpha)
        self.dtype = np.dtype(dataset.dtypes[0])
        self.names: tuple[str | None, ...] = tuple(dataset.descriptions[: self.count])
        nodata = dataset.nodatavals[: self.count]
        self.nodata = tuple(float("nan") if value is None else float(value) for value in nodata)
        self.tags: dict[str, str] = dataset.tags()
        flags = {flag for band in dataset.mask_flag_enums for flag in band}
        self._masked = bool(alpha) or (MaskFlags.per_dataset in flags and MaskFlags.nodata not in flags)

    def read(
        self,
        indexes: Sequence[int],
        rows: slice,
        columns: slice,
        *,
        shape: tuple[int, int] | None = None,
        dtype: str | None = None,
    ) -> NDArray[Any]:
        """Values (band, y, x) of a window, as stored.

        Args:
            indexes: Bands wanted, from 1.
            rows: Start and stop within the raster.
            columns: The same across.
            shape: Rows and columns to reduce it to, by nearest neighbour, for pictures.
            dtype: Type wanted; the stored one by default.

        Raises:
            InputError: If the file turns out to be damaged.
        """
        size = (len(indexes), *shape) if shape else None
        with naming_damage(self.address):
            values: NDArray[Any] = self._handle().read(
                list(indexes), window=Window.from_slices(rows, columns), out_shape=size, out_dtype=dtype
            )
        return values

    def masked(self, rows: slice, columns: slice, *, shape: tuple[int, int] | None = None) -> NDArray[np.bool_] | None:
        """Where the file's own mask or alpha band says that there is nothing (y, x); None where it has neither."""
        if not self._masked:
            return None
        with naming_damage(self.address):
            mask = self._handle().dataset_mask(window=Window.from_slices(rows, columns), out_shape=shape)
        hidden: NDArray[np.bool_] = mask == 0
        return hidden

    def close(self) -> None:
        """Close the handles of all threads."""
        with self._lock:
            for handle in self._handles:
                handle.close()
            self._handles.clear()

    def _handle(self) -> Any:  # noqa: ANN401 - rasterio has no types
        handle = getattr(self._local, "handle", None)
        if handle is None or handle.closed:
            handle = self._local.handle = _opened(self.address)
            with self._lock:
                self._handles.append(handle)
        return handle


@contextmanager
def open_raster(path: Path) -> Iterator[Any]:
    """Open a raster with rasterio, or say in one line why it is none.

    Raises:
        InputError: If the file does not exist, GDAL cannot read it, it is not safe to read, or it is damaged.
    """
    with _opened(str(path)) as dataset, naming_damage(str(path)):
        yield dataset


def rasters_in(folder: Path) -> list[Path]:
    """The rasters of a folder, in order of name.

    Raises:
        InputError: If there is no such folder, or no raster in it.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; check the path.")
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.name[0] != ".")
    if not found:
        raise InputError(f"{folder}: holds no raster ({', '.join(SUFFIXES)}).")
    return found


@contextmanager
def naming_damage(address: str) -> Iterator[None]:
    """Answer a failed read of a file in one line that names it."""
    try:
        yield
    except rasterio.errors.RasterioIOError as error:
        cause = " ".join(str(error.__cause__ or error).split())[:120]
        if Path(address).name not in cause and "Read" not in str(error):
            raise
        raise InputError(f"{address}: is damaged or cut off ({cause}); fetch or copy it again.") from error


def _opened(address: str) -> Any:  # noqa: ANN401
    if not ARCHIVE.match(address):
        _check_safe(Path(address))
    try:
        return rasterio.open(address)
    except rasterio.errors.RasterioIOError as error:
        raise InputError(f"{address}: is not a raster that GDAL can read, or is cut off; give a GeoTIFF.") from error


def _check_safe(path: Path) -> None:
    """Refuse what is not there, what cannot be read, and virtual rasters that reach elsewhere or hold code."""
    if not path.exists():
        raise InputError(f"{path}: no such file; check the path.")
    if path.is_dir():
        raise InputError(f"{path}: is a folder; name a raster.")
    with path.open("rb") as file:
        start = file.read(1024)
    if start.startswith(HDF4_MAGIC):
        raise InputError(f"{path}: is HDF4, which is not read here; export it as GeoTIFF or NetCDF.")
    if b"<VRTDataset" in start or path.suffix.lower() == ".vrt":
        _check_virtual(path)


def _check_virtual(path: Path) -> None:
    """Refuse a VRT with code, or with sources that are not files in or below its folder."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if VRT_CODE.search(text):
        raise InputError(f"{path}: holds code or derived bands; write it out with gdal_translate and give that.")
    folder = path.parent.resolve()
    for attributes, source in VRT_SOURCE.findall(text):
        place = Path(source.strip())
        found = (folder / place).resolve() if 'relativeToVRT="1"' in attributes else place.resolve()
        if not found.is_relative_to(folder) or "/vsi" in source or "://" in source:
            raise InputError(
                f"{path}: takes pixels from {source.strip()}, outside its folder; write it out with gdal_translate."
            )
        if found != path.resolve():
            _check_safe(found)
