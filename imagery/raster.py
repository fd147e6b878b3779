"""Raster files, opened with care and read from any thread."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.windows import Window

from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import grid_of
from pitscape.imagery.raster_file import RasterFile, naming_damage

SUFFIXES = (".tif", ".tiff", ".vrt", ".jp2", ".img")


class Raster:
    """A raster file that any thread may read; as many handles are open as threads read at once, as GDAL needs.

    Attributes:
        address: The path, or GDAL's address within an archive.
        grid: Where its pixels are.
        shape: Rows and columns.
        block_shape: Rows and columns of the blocks in which the file holds its first band.
        indexes: Numbers of its bands, from 1; an alpha band is not among them.
        names: Descriptions of these bands, None where there is none.
        dtype: That holds the numbers of all of them.
        nodata: What the file declares as "no data", of band 1, 2 ..., NaN where it declares nothing.
        tags: Of the file.

    Args:
        address: The path, local or remote, or GDAL's address within an archive.
        bands: How many bands the user names: where that is all of them, none is taken as alpha.
        gsd_m: Side of a pixel where the file says nothing of its place [m]; None refuses such a file.

    Raises:
        InputError: If it is no raster that may be read, or does not say where its pixels are.
    """

    def __init__(self, address: str | Path, *, bands: int | None = None, gsd_m: float | None = None) -> None:
        self.address = str(address)
        self._file = RasterFile.of(self.address)
        self._idle: SimpleQueue[Any] = SimpleQueue()
        with self._handle() as dataset:
            self.grid = grid_of(dataset, gsd_m=gsd_m)
            self.shape: tuple[int, int] = (dataset.height, dataset.width)
            self.block_shape: tuple[int, int] = tuple(dataset.block_shapes[0])
            alpha = [index for index in dataset.indexes if _is_alpha(dataset, index) and bands != dataset.count]
            self._alpha = alpha[0] if alpha else None
            self.indexes = tuple(index for index in dataset.indexes if index not in alpha)
            self.names = tuple(_name(dataset, index) for index in self.indexes)
            self._dtypes = dict(zip(dataset.indexes, dataset.dtypes, strict=True))
            self.dtype = np.result_type(*(self._dtypes[index] for index in self.indexes))
            self.nodata = tuple(float("nan") if value is None else float(value) for value in dataset.nodatavals)
            self.tags: dict[str, str] = dataset.tags()
            flags = {flag for band in dataset.mask_flag_enums for flag in band}
        self._masked = MaskFlags.per_dataset in flags and MaskFlags.alpha not in flags
        if self.dtype.kind == "c":
            raise InputError(f"{self.address}: holds complex numbers; give amplitude or power.")

    def read(
        self, indexes: Sequence[int], rows: slice, columns: slice, *, shape: tuple[int, int] | None = None
    ) -> NDArray[Any]:
        """Values (band, y, x) of a window, as stored.

        Args:
            indexes: Bands wanted, from 1.
            rows: Start and stop within the raster.
            columns: The same across.
            shape: Rows and columns to reduce it to, by nearest neighbour, for pictures.

        Raises:
            InputError: If the file turns out to be damaged.
        """
        window, alike = Window.from_slices(rows, columns), len({self._dtypes[index] for index in indexes}) == 1
        with self._handle() as dataset, naming_damage(self.address):
            if alike:
                size = (len(indexes), *shape) if shape else None
                values: NDArray[Any] = dataset.read(list(indexes), window=window, out_shape=size)
                return values
            return np.stack([dataset.read(index, window=window, out_shape=shape) for index in indexes])

    def masked(self, rows: slice, columns: slice, *, shape: tuple[int, int] | None = None) -> NDArray[np.bool_] | None:
        """Where the file's own mask or alpha band says that there is nothing (y, x); None where it has neither."""
        if self._alpha is None and not self._masked:
            return None
        window = Window.from_slices(rows, columns)
        with self._handle() as dataset, naming_damage(self.address):
            if self._alpha is not None:
                mask = dataset.read(self._alpha, window=window, out_shape=shape)
            else:
                mask = dataset.dataset_mask(window=window, out_shape=shape)
        hidden: NDArray[np.bool_] = mask == 0
        return hidden

    def close(self) -> None:
        """Close all handles; none may be in use."""
        while not self._idle.empty():
            self._idle.get().close()

    @contextmanager
    def _handle(self) -> Iterator[Any]:
        """A handle that no other thread has meanwhile."""
        handle = None
        with suppress(Empty):
            handle = self._idle.get_nowait()
        handle = handle or self._file.open()
        try:
            yield handle
        finally:
            self._idle.put(handle)


@contextmanager
def open_raster(path: Path) -> Iterator[Any]:
    """Open a raster with rasterio, or say in one line why it is none; of a remote one what lies beside it is not looked for.

    Raises:
        InputError: If the file does not exist, GDAL cannot read it, it is not safe to read, or it is damaged.
    """
    with RasterFile.of(str(path), beside=False).open() as dataset, naming_damage(str(path)):
        yield dataset


def rasters_in(folder: Path, suffixes: Sequence[str] = SUFFIXES) -> list[Path]:
    """The rasters of a folder, by the ends of their names, in order of name.

    Raises:
        InputError: If there is no such folder, or no raster in it.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; check the path.")
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in suffixes and path.name[0] != ".")
    if not found:
        raise InputError(f"{folder}: holds no raster ({', '.join(suffixes)}).")
    return found


def _is_alpha(dataset: Any, index: int) -> bool:  # noqa: ANN401
    """GDAL calls the fourth band of any four alpha, unless the file says more; a band with another name is none."""
    name = dataset.descriptions[index - 1] or "alpha"
    return bool(dataset.colorinterp[index - 1] == ColorInterp.alpha and "alpha" in name.lower())


def _name(dataset: Any, index: int) -> str | None:  # noqa: ANN401
    name: str | None = dataset.descriptions[index - 1] or dataset.tags(index).get("NETCDF_VARNAME")
    return name
