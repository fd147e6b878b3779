"""Pictures of scenes and class maps for people: PNG and WebP, small enough for a page."""

import base64
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile

from pitscape.epoch_images import COLOURS, OpticalImage
from pitscape.imagery.class_map import open_class_map
from pitscape.imagery.legend import UNOBSERVED
from pitscape.imagery.raster import open_raster
from pitscape.imagery.scene import open_scene

FIELD_SIDE = 512
OUTLINES_SIDE = 640
QUALITY = 82
RAMP = ("#f3efe6", "#d5e3c0", "#86b56b", "#3b7d4a", "#123d24")
"""Colours from the smallest value of a field to its largest."""

STRETCH = (1.0, 99.0)
"""Percentiles of reflectance that become black and white."""


def class_pixels(path: Path, *, side: int) -> NDArray[np.uint8]:
    """A class map in the colours of its legend, at most ``side`` wide and high: unobserved land is transparent."""
    with open_class_map(path) as classes:
        shape = _small(classes.dataset.shape, side)
        ids = classes.dataset.read(1, out_shape=shape, resampling=Resampling.mode)
        colours = np.zeros((256, 4), np.uint8)
        for land in classes.legend.classes:
            colours[land.id] = (*land.rgb, 255)
        colours[UNOBSERVED] = 0
    return np.moveaxis(colours[ids], -1, 0)


def scene_pixels(image: OpticalImage, grid: GeoBox, *, side: int) -> NDArray[np.uint8]:
    """A scene on a grid in natural colours with alpha, each scene stretched by its own percentiles."""
    bands = [image.sensor.named(name) for name in COLOURS]
    with open_scene(image.path, image.sensor, bands=bands, reading=image.reading) as own:
        scene = own.on(grid)
        height, width = grid.shape
        shape = _small((height, width), side)
        stored, observed = scene.read(slice(0, height), slice(0, width), shape=shape)
    if not observed.any():
        return np.zeros((4, *shape), np.uint8)
    low, high = np.percentile(stored[:, observed], STRETCH)
    scaled = np.clip((stored - low) / max(high - low, 1e-9), 0, 1) ** 0.8 * 255
    alpha = np.where(observed, 255, 0)[None]
    pixels: NDArray[np.uint8] = np.concatenate([scaled, alpha]).astype(np.uint8)
    return pixels


def field_picture(path: Path, band: str, low: float, high: float) -> bytes:
    """A band of a raster of numbers between two ends in ``RAMP``, PNG with alpha: NaN is transparent."""
    with open_raster(path) as dataset:
        shape = _small(dataset.shape, FIELD_SIDE)
        index = dataset.descriptions.index(band) + 1
        values = dataset.read(index, out_shape=shape, resampling=Resampling.nearest)
    place = np.clip((values - low) / max(high - low, 1e-12), 0, 1) * (len(RAMP) - 1)
    stops = np.array([[int(each[at : at + 2], 16) for at in (1, 3, 5)] for each in RAMP], np.float64)
    known = np.isfinite(place)
    colours = [np.interp(np.where(known, place, 0), np.arange(len(RAMP)), stops[:, channel]) for channel in range(3)]
    return png(np.stack([*colours, np.where(known, 255.0, 0.0)]).astype(np.uint8))


def field_ends(paths: Sequence[Path], band: str) -> tuple[float, float]:
    """Smallest and largest value of a band over several rasters; 0 and 1 where none is known."""
    ends = []
    for path in paths:
        with open_raster(path) as dataset:
            values = dataset.read(dataset.descriptions.index(band) + 1)
        known = values[np.isfinite(values)]
        ends += [float(known.min()), float(known.max())] if known.size else []
    return (min(ends), max(ends)) if ends else (0.0, 1.0)


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Pixels (3 or 4 bands, y, x) as a PNG file."""
    return _encoded(pixels, "PNG")


def webp(pixels: NDArray[np.uint8], *, lossless: bool = False) -> bytes:
    """Pixels (3 or 4 bands, y, x) as a WebP file, a tenth of a PNG for a scene."""
    return _encoded(pixels, "WEBP", **({"LOSSLESS": "YES"} if lossless else {"QUALITY": str(QUALITY)}))


def data_uri(picture: bytes, kind: str = "png") -> str:
    """A picture as an address that holds it."""
    return f"data:image/{kind};base64," + base64.b64encode(picture).decode("ascii")


def _encoded(pixels: NDArray[np.uint8], driver: str, **options: str) -> bytes:
    bands, height, width = pixels.shape
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # a picture has no place on the ground
        with MemoryFile() as memory:
            with memory.open(
                driver=driver, count=bands, height=height, width=width, dtype="uint8", **options
            ) as dataset:
                dataset.write(pixels)
            content: bytes = memory.read()
    return content


def _small(shape: tuple[int, int], side: int) -> tuple[int, int]:
    """The shape reduced to a largest side; never enlarged."""
    factor = min(1.0, side / max(shape))
    return max(1, round(shape[0] * factor)), max(1, round(shape[1] * factor))
