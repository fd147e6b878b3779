"""NDVI of an epoch on the grid of its map, from whatever source the site has."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.enums import Resampling

from pitscape.ecology import raster_on_grid
from pitscape.epoch_images import INDEX, OpticalImage
from pitscape.imagery.cog import BLOCK
from pitscape.imagery.errors import InputError
from pitscape.imagery.indices import normalised_difference
from pitscape.imagery.raster import open_raster
from pitscape.imagery.scene import Scene, open_scene
from pitscape.imagery.sensor import Band, Sensor, load_sensor

MODIS_NDVI = "modis_ndvi"
PRODUCTS = ("MOD13", "MYD13")
ARCHIVES = (".zip", ".tar")


@dataclass(frozen=True)
class IndexMap:
    """NDVI of an epoch.

    Attributes:
        values: (y, x), NaN where not observed.
        source: Sensor, or kind of file: series of one source compare.
        dates: How many dates are in it.
    """

    values: NDArray[np.float32]
    source: str
    dates: int


def index_of_image(image: OpticalImage, grid: GeoBox) -> IndexMap:
    """NDVI of an epoch's own image.

    Args:
        image: On any grid.
        grid: Where it is wanted.

    Raises:
        InputError: If it shows nothing of the grid, or has no red or near infrared band.
    """
    bands = [image.sensor.named(name) for name in INDEX]
    with open_scene(image.path, image.sensor, bands=bands, reading=image.reading) as scene:
        if not scene.meets(grid):
            raise InputError(f"{image.path}: shows nothing of the land of the class maps; check which epoch it is of.")
        return IndexMap(_of_scene(scene.on(grid)), image.sensor.name, 1)


def index_of_files(paths: Sequence[Path], grid: GeoBox, sensor: Sensor, *, composite: str = "mean") -> IndexMap:
    """Mean or maximum NDVI of files of one date each, negatives of each as 0.

    Args:
        paths: Rasters of one band, of NDVI or of MODIS NDVI as stored, or scenes with red and near infrared.
        grid: Where it is wanted.
        sensor: The site's: scenes whose bands it has are of it, others are recognised.
        composite: ``mean`` or ``maximum`` of the dates.

    Raises:
        InputError: If a file is none of these, or files have different sources.
    """
    total, count = np.zeros(grid.shape, np.float32), np.zeros(grid.shape, np.int32)
    sources = []
    for path in paths:
        values, source = _of_file(path, grid, sensor)
        seen = np.isfinite(values)
        values = np.maximum(np.where(seen, values, 0), 0)
        total = np.maximum(total, values) if composite == "maximum" else total + values
        count += seen
        sources.append(source)
    if len(set(sources)) > 1:
        raise InputError(f"{paths[0]}: is of {sources[0]}, another file of this epoch is not; give one source.")
    by = np.minimum(count, 1) if composite == "maximum" else count
    found = np.divide(total, by, out=np.full(grid.shape, np.nan, np.float32), where=count > 0)
    return IndexMap(found, sources[0], len(paths))


def check_index_file(path: Path, sensor: Sensor) -> None:
    """Before any work: a file can be read as NDVI or as a scene.

    Raises:
        InputError: If not.
    """
    if _is_one_band(path):
        _modis_band(path)
        return
    with open_scene(path, _likely(path, sensor)) as scene:
        scene.sensor.named("red"), scene.sensor.named("nir")


def _of_file(path: Path, grid: GeoBox, sensor: Sensor) -> tuple[NDArray[np.float32], str]:
    if not _is_one_band(path):
        with open_scene(path, _likely(path, sensor)) as scene:
            bands = [scene.sensor.named("red"), scene.sensor.named("nir")]
        with open_scene(path, scene.sensor, bands=bands) as scene:
            return _of_scene(scene.on(grid)), scene.sensor.name
    band = _modis_band(path)
    values = raster_on_grid(path, grid, Resampling.nearest, band=band).astype(np.float32)
    if np.nanmax(np.abs(values), initial=0) > 1 + 1e-6:
        raise InputError(
            f"{path}: holds {np.nanmax(np.abs(values)):g}; NDVI is in -1 to 1: scale it, or keep MOD13 in the name of "
            "a file with stored numbers."
        )
    return values, MODIS_NDVI if band else "NDVI raster"


def _of_scene(scene: Scene) -> NDArray[np.float32]:
    height, width = scene.grid.shape
    found = np.empty((height, width), np.float32)
    for start in range(0, height, BLOCK):
        rows = slice(start, min(start + BLOCK, height))
        stored, observed = scene.read(rows, slice(0, width))
        red, nir = scene.sensor.physical(stored, scene.bands)
        found[rows] = np.where(observed, normalised_difference(nir, red), np.nan)
    return found


def _likely(path: Path, sensor: Sensor) -> Sensor | None:
    """The site's sensor, where a raster has bands of it alone; None to recognise it."""
    if path.is_dir() or path.suffix.lower() in ARCHIVES:
        return None
    with open_raster(path) as dataset:
        names = [name or "" for name in dataset.descriptions]
    known = frozenset().union(*(band.names for band in sensor.bands))
    return sensor if set(names) <= known else None


def _is_one_band(path: Path) -> bool:
    if path.is_dir() or path.suffix.lower() in ARCHIVES:
        return False
    with open_raster(path) as dataset:
        return bool(dataset.count <= 1)


def _modis_band(path: Path) -> Band | None:
    band = load_sensor(MODIS_NDVI).bands[0]
    with open_raster(path) as dataset:
        named = bool(band.names & set(dataset.descriptions) - {"ndvi"})
        whole = all(np.dtype(kind).kind in "iu" for kind in dataset.dtypes)
    stored = named or any(product in path.name.upper() for product in PRODUCTS)
    return band if stored and whole else None
