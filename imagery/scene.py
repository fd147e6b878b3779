"""Scenes: products read window by window in their sensor's convention, with what was observed."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from pitscape.imagery.delivery import Opener, read_product
from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import check_grid
from pitscape.imagery.hidden_land import HiddenLand
from pitscape.imagery.layer import Layer, Pixels
from pitscape.imagery.product import BandFile, Product
from pitscape.imagery.radiometry import UNOBSERVED_STORED, Radiometry, radiometry
from pitscape.imagery.raster import Raster
from pitscape.imagery.reading import Reading
from pitscape.imagery.remote.path import RemotePath
from pitscape.imagery.remote.store import Stored
from pitscape.imagery.sensor import Band, Sensor
from pitscape.imagery.slope import SlopeLayer
from pitscape.imagery.warp import Alignment

ELEVATION = "elevation"
"""The band that slope is derived from."""

LOOK = 256
DEFAULT_BLOCK = (512, 512)
BRIGHTEST_REFLECTANCE = 2.0
"""A scene of floats whose first band is nowhere brighter holds reflectance, not stored numbers."""


@dataclass(frozen=True)
class Scene:
    """An open scene of one sensor on one grid; any thread may read it.

    Attributes:
        path: The file or folder.
        sensor: Whose it is.
        recognised: How that is known, in words.
        grid: Where the pixels are that ``read`` gives.
        bands: Names of the bands that ``read`` gives, in order.
        acquired: The day of acquisition; None where nothing names it.
        radiometry: What is added to stored numbers, and why.
        layers: The bands, by file.
        masks: What hides the land.
        stored: Of a remote one, what its store told when it was opened.
    """

    path: Path
    sensor: Sensor
    recognised: str
    grid: GeoBox
    bands: tuple[str, ...]
    acquired: datetime.date | None
    radiometry: Radiometry
    layers: tuple[tuple[tuple[int, ...], Layer | SlopeLayer], ...]
    masks: tuple[HiddenLand, ...]
    stored: Stored | None = None

    def on(self, grid: GeoBox) -> "Scene":
        """The same scene on another grid, in any CRS and resolution."""
        layers = tuple((places, layer.on(grid)) for places, layer in self.layers)
        return replace(self, grid=grid, layers=layers, masks=tuple(mask.on(grid) for mask in self.masks))

    def meets(self, grid: GeoBox) -> bool:
        """Whether all of its files reach into a grid."""
        return all(layer.on(grid).alignment.needed(grid, margin=0) for _, layer in self.layers)

    @property
    def block_shape(self) -> tuple[int, int]:
        """Rows and columns in which it is best read: those of the blocks of the first file that lies on its grid."""
        for _, layer in self.layers:
            if isinstance(layer, Layer) and layer.alignment.is_identity:
                return layer.raster.block_shape
        return DEFAULT_BLOCK

    def read(self, rows: slice, columns: slice, *, shape: tuple[int, int] | None = None) -> Pixels:
        """Read a window.

        Args:
            rows: Start and stop on the grid.
            columns: The same across.
            shape: Rows and columns to reduce it to, for pictures.

        Returns:
            Stored numbers in the sensor's convention, (band, y, x), 0 where not observed; and the mask (y, x) of
            pixels at which every band was observed.
        """
        if len(self.layers) == 1:
            values, observed = self.layers[0][1].read(rows, columns, shape=shape)
        else:
            values, observed = self._gathered(rows, columns, shape)
        seen = observed
        for mask in self.masks:
            seen = seen & mask.read(rows, columns, shape=shape)
        if seen is not observed or len(self.layers) > 1:
            values[:, ~seen] = UNOBSERVED_STORED
        return values, seen

    def _gathered(self, rows: slice, columns: slice, shape: tuple[int, int] | None) -> Pixels:
        """Bands of several files in the order wanted."""
        down, across = shape or (rows.stop - rows.start, columns.stop - columns.start)
        values = np.empty((len(self.bands), down, across), np.float32)
        observed = np.ones((down, across), np.bool_)
        for places, layer in self.layers:
            values[list(places)], seen = layer.read(rows, columns, shape=shape)
            observed &= seen
        return values, observed


@contextmanager
def open_scene(
    path: Path, sensor: Sensor | None = None, *, bands: Sequence[str] | None = None, reading: Reading | None = None
) -> Iterator[Scene]:
    """Open a product as a scene, on the grid of its finest band.

    Args:
        path: A raster with named bands, local or remote; a Sentinel-2 SAFE folder or zip, a Landsat Collection 2 folder or tar.
        sensor: Whose convention it is brought to; None to recognise it.
        bands: The bands wanted, in order; the sensor's by default.
        reading: What the user says of it.

    Yields:
        The open scene.

    Raises:
        InputError: If it is no such product or of another sensor, lacks a band or a CRS, lies on a turned grid, or
            does not say which band is which or what its numbers hold.
    """
    reading = reading or Reading()
    stored = path.look() if isinstance(path, RemotePath) else None
    with ExitStack() as stack:
        rasters: dict[str, Raster] = {}

        def opened(address: str) -> Raster:
            if address not in rasters:
                named = len(reading.stored_bands) if reading.stored_bands and address == str(path) else None
                rasters[address] = Raster(address, bands=named, gsd_m=reading.gsd_m)
                stack.callback(rasters[address].close)
                check_grid(rasters[address].grid, address)
            return rasters[address]

        product = read_product(path, opened, sensor=sensor, stored_bands=reading.stored_bands)
        names = tuple(bands or product.sensor.band_names)
        yield replace(_scene(product, names, reading, opened), stored=stored)


def _scene(product: Product, names: tuple[str, ...], reading: Reading, opened: Opener) -> Scene:
    """The scene that a product's wanted bands make."""
    bands = [product.sensor.band(name) for name in names]
    _check_bands(product, bands)
    applied = radiometry(product.sensor, product.facts, reading.offset)
    derived = {band.name for band in bands if band.kind == "slope" and band.name not in product.files}
    files = {band.name: product.files[ELEVATION if band.name in derived else band.name] for band in bands}
    grid = min((opened(file.address).grid for file in files.values()), key=_cell_area)
    layers: list[tuple[tuple[int, ...], Layer | SlopeLayer]] = []
    for address in dict.fromkeys(file.address for file in files.values()):
        raster = opened(address)
        here = [n for n, band in enumerate(bands) if files[band.name].address == address and band.name not in derived]
        if here:
            stored = tuple(bands[n] for n in here)
            _check_stored_numbers(raster, stored[0], files[stored[0].name].index, product.sensor)
            layers.append((tuple(here), _layer(raster, stored, files, applied.added, grid)))
        for n, band in enumerate(bands):
            if files[band.name].address == address and band.name in derived:
                elevation = product.sensor.band(ELEVATION)
                layers.append(((n,), SlopeLayer(_layer(raster, (elevation,), product.files, 0, grid))))
    return Scene(
        path=product.path,
        sensor=product.sensor,
        recognised=product.recognised,
        grid=grid,
        bands=tuple(band.name for band in bands),
        acquired=product.acquired,
        radiometry=applied,
        layers=tuple(layers),
        masks=tuple(_masks(product, reading, opened, grid)),
    )


def _layer(raster: Raster, bands: tuple[Band, ...], files: Mapping[str, BandFile], added: int, grid: GeoBox) -> Layer:
    indexes = tuple(files[band.name].index for band in bands)
    return Layer(raster, bands, indexes, added, Alignment(raster.grid, grid))


def _masks(product: Product, reading: Reading, opened: Opener, grid: GeoBox) -> Iterator[HiddenLand]:
    if product.quality and product.sensor.quality and not reading.keep_clouds:
        raster = opened(product.quality.address)
        yield HiddenLand(raster, product.quality.index, product.sensor.quality.hides, Alignment(raster.grid, grid))
    if reading.mask is not None:
        raster = opened(str(reading.mask))
        yield HiddenLand(raster, 1, _not_zero, Alignment(raster.grid, grid))


def _not_zero(codes: NDArray[Any]) -> NDArray[np.bool_]:
    return np.asarray(codes != 0)


def _check_bands(product: Product, bands: Sequence[Band]) -> None:
    there = {*product.files, *({"slope"} if ELEVATION in product.files else ())}
    missing = [band.name for band in bands if band.name not in there]
    if missing:
        raise InputError(
            f"{product.path}: lacks band {', '.join(missing)}; it has {', '.join(product.files) or 'none'}."
        )


def _check_stored_numbers(raster: Raster, band: Band, index: int, sensor: Sensor) -> None:
    """Refuse scenes in reflectance, which look like a very dark scene in stored numbers."""
    if band.kind != "reflectance" or raster.dtype.kind != "f":
        return
    height, width = raster.shape
    shape = (min(height, LOOK), min(width, LOOK))
    values = raster.read([index], slice(0, height), slice(0, width), shape=shape)
    told = values[np.isfinite(values) & ~np.isin(values, [*band.fill, raster.nodata[index - 1]])]
    brightest = told.max(initial=0)
    if 0 < brightest <= BRIGHTEST_REFLECTANCE:
        raise InputError(
            f"{raster.address}: holds reflectance (at most {brightest:.2f}); store (reflectance - {band.offset:g}) / "
            f"{band.scale:g}: {sensor.convention}."
        )


def _cell_area(grid: GeoBox) -> float:
    return abs(grid.affine.a * grid.affine.e)
