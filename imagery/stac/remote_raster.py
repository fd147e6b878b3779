"""Rasters of a catalogue, as odc-stac reads them: in the sensor's convention, on one grid, NaN where not observed.

It needs the extra ``stac``.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from odc.loader import RioDriver
from rasterio.windows import Window

from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.grid import grid_of
from pitscape.imagery.hidden_land import HiddenLand
from pitscape.imagery.layer import Layer
from pitscape.imagery.sensor import Band, Quality
from pitscape.imagery.stac.address import clean
from pitscape.imagery.stac.remote_file import LoneFile, PartCache, RemoteFile
from pitscape.imagery.stac.web import Web
from pitscape.imagery.warp import Alignment

LARGEST_BLOCK = 1 << 28
"""Bytes of one block of a raster; larger ones cannot be read window by window."""

SCHEME = "asset://"
"""Of the keys of assets where odc-stac takes an address."""
DRIVERS = {b"II*\0": "GTiff", b"MM\0*": "GTiff", b"II+\0": "GTiff", b"MM\0+": "GTiff", b"\0\0\0\x0c": "JP2OpenJPEG"}
"""Formats by the first bytes. None of these refers to other files once sidecars are off."""
GDAL_OPTIONS = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_PAM_ENABLED": "NO"}


@dataclass(frozen=True)
class Asset:
    """One band of one item of a catalogue.

    Attributes:
        url: Where its file is.
        band: What it holds.
        what: Item and band, for messages.
        index: Of the band in the file, from 1.
        added: Added to stored numbers to bring them to the sensor's convention.
    """

    url: str
    band: Band | Quality
    what: str
    index: int = 1
    added: int = 0


class OpenRaster:
    """A dataset that is open already, as layers read rasters."""

    def __init__(self, dataset: Any) -> None:  # noqa: ANN401 - rasterio has no types
        self._dataset = dataset
        self.grid = grid_of(dataset)
        self.shape: tuple[int, int] = dataset.shape
        self.block_shape: tuple[int, int] = tuple(dataset.block_shapes[0])
        self.nodata = tuple(float("nan") if value is None else float(value) for value in dataset.nodatavals)

    def read(
        self, indexes: Sequence[int], rows: slice, columns: slice, *, shape: tuple[int, int] | None = None
    ) -> NDArray[Any]:
        """Values (band, y, x) of a window."""
        size = (len(indexes), *shape) if shape else None
        window = Window.from_slices(rows, columns)
        values: NDArray[Any] = self._dataset.read(list(indexes), window=window, out_shape=size)
        return values

    def masked(self, rows: slice, columns: slice, *, shape: tuple[int, int] | None = None) -> None:
        """Files of catalogues say by nodata and quality band where there is nothing."""
        del rows, columns, shape


class RemoteRasters:
    """Assets by key; GDAL opens them by key, and can reach nothing else."""

    def __init__(self, web: Web, assets: Mapping[str, Asset]) -> None:
        self.assets = dict(assets)
        cache = PartCache()
        files = {asset.url: RemoteFile(web, asset.url, asset.what, cache) for asset in assets.values()}
        self._files = {key: files[asset.url] for key, asset in assets.items()}

    def dtype(self, key: str) -> np.dtype[Any]:
        """The type of the stored numbers of a band."""
        with self._open(key) as dataset:
            found: np.dtype[Any] = np.dtype(dataset.dtypes[self.assets[key].index - 1])
        return found

    def read(self, key: str, grid: GeoBox, window: GeoBox) -> NDArray[np.float32]:
        """One band on a part of a grid.

        Args:
            key: Of the asset.
            grid: The whole grid wanted.
            window: A part of it.

        Returns:
            Stored numbers in the sensor's convention (y, x), NaN where not observed. Of a quality band: 1 where the land
            is seen, 0 where it is hidden or nothing is known.

        Raises:
            InputError: If the file is no GeoTIFF or JPEG 2000, or lacks the band.
            PitscapeError: If it cannot be read.
        """
        asset = self.assets[key]
        with self._open(key) as dataset:
            raster = OpenRaster(dataset)
            alignment = Alignment(raster.grid, grid)
            if isinstance(asset.band, Quality):
                seen = HiddenLand(raster, asset.index, asset.band.hides, alignment).at(window)
                return seen.astype(np.float32)
            values, observed = Layer(raster, (asset.band,), (asset.index,), asset.added, alignment).at(window)
        return np.where(observed, values[0], np.float32(np.nan))

    @contextmanager
    def _open(self, key: str) -> Iterator[Any]:
        """The open dataset of an asset; failures of the web come before what GDAL makes of them."""
        asset, file = self.assets[key], LoneFile(self._files[key], key)
        start = self._files[key].read(0, 4)
        if start not in DRIVERS:
            raise InputError(f"{asset.what}: {clean(asset.url)} is no GeoTIFF or JPEG 2000.")
        damaged = False
        try:
            with (
                rasterio.Env(**GDAL_OPTIONS),
                rasterio.open(key, opener=file, driver=DRIVERS[start], sharing=False) as dataset,
            ):
                _check(dataset, asset)
                yield dataset
        except rasterio.errors.RasterioError:
            damaged = True
        if file.failure:
            raise file.failure
        if damaged:
            raise PitscapeError(f"{asset.what}: {clean(asset.url)} is damaged or cut off; ask its provider.")


class RemoteDriver(RioDriver):  # type: ignore[misc, unused-ignore]
    """The driver that odc-stac reads through: addresses of its sources are keys of assets."""

    def __init__(self, rasters: RemoteRasters, grid: GeoBox) -> None:
        super().__init__()
        self._rasters, self._grid = rasters, grid

    def capture_env(self) -> dict[str, Any]:
        """What GDAL runs with."""
        return dict(GDAL_OPTIONS)

    def open(self, src: Any, ctx: Any) -> Any:  # noqa: ANN401, ARG002
        """What reads one source."""
        return RemoteReader(self._rasters, src.uri.removeprefix(SCHEME), self._grid)


@dataclass(frozen=True)
class RemoteReader:
    """Reads one asset for odc-stac."""

    rasters: RemoteRasters
    key: str
    grid: GeoBox

    def read(self, cfg: Any, dst_geobox: GeoBox, **_: Any) -> tuple[tuple[slice, slice], NDArray[np.float32]]:  # noqa: ANN401, ARG002
        """The part of the window that was read, which is all of it, and its pixels."""
        height, width = dst_geobox.shape
        return (slice(0, height), slice(0, width)), self.rasters.read(self.key, self.grid, dst_geobox)


def _check(dataset: Any, asset: Asset) -> None:  # noqa: ANN401
    """Refuse files that lack the band, or cannot be read window by window."""
    if not 1 <= asset.index <= dataset.count:
        raise InputError(
            f"{asset.what}: is band {asset.index} of a file with {dataset.count}; the catalogue errs, tell its provider."
        )
    height, width = dataset.block_shapes[asset.index - 1]
    together = dataset.count if dataset.profile.get("interleave") == "pixel" else 1
    size = height * width * np.dtype(dataset.dtypes[0]).itemsize * together
    if size > LARGEST_BLOCK:
        raise InputError(f"{asset.what}: is stored in blocks of {size / 1e9:.1f} GB; only tiled files are read.")
