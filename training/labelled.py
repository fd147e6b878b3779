"""Labelled scenes: images and the masks that belong to them, read window by window."""

import hashlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import grid_of, same_grid
from pitscape.imagery.legend import UNOBSERVED
from pitscape.imagery.outputs import sha256_of
from pitscape.imagery.raster import open_raster, rasters_in
from pitscape.imagery.reading import Reading
from pitscape.imagery.scene import Scene, open_scene
from pitscape.imagery.sensor import Sensor
from pitscape.inference.tiles import Area


@dataclass(frozen=True)
class LabelledScene:
    """One image with its mask.

    Attributes:
        image: Raster of the sensor's bands.
        mask: One band of label codes on the same grid.
        shape: Rows and columns.
        sensor: How the image is read.
        bands: Names of the bands wanted, in order.
        codes: Class id by label code, shape (256,); 255 for codes without a class.
        reading: What the user says of the image.
    """

    image: Path
    mask: Path
    shape: tuple[int, int]
    sensor: Sensor
    bands: tuple[str, ...]
    codes: NDArray[np.uint8]
    reading: Reading | None = None

    def open(self) -> AbstractContextManager[Scene]:
        """Open its image."""
        return open_scene(self.image, self.sensor, bands=self.bands, reading=self.reading)

    def pixels(self, region: Area) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Image and labels of a region, which may reach beyond the scene.

        Returns:
            Stored numbers (band, y, x), 0 where unobserved or outside; class ids (y, x), 255 where unlabelled,
            unobserved or outside.
        """
        rows, columns = self._within(region)
        at = (
            slice(rows.start - region.top, rows.stop - region.top),
            slice(columns.start - region.left, columns.stop - region.left),
        )
        stored = np.zeros((len(self.bands), *region.shape), np.float32)
        labels = np.full(region.shape, UNOBSERVED, np.uint8)
        with self.open() as scene:
            stored[:, *at], observed = scene.read(rows, columns)
        labels[at] = np.where(observed, self._mask(rows, columns), UNOBSERVED)
        return stored, labels

    def labels(self, region: Area) -> NDArray[np.uint8]:
        """Class ids (y, x) of a region inside the scene, 255 where unlabelled; the image is not read."""
        return self._mask(*self._within(region))

    def _mask(self, rows: slice, columns: slice) -> NDArray[np.uint8]:
        with open_raster(self.mask) as dataset:
            codes = dataset.read(1, window=Window.from_slices(rows, columns))
        classes: NDArray[np.uint8] = self.codes[codes]
        return classes

    def _within(self, region: Area) -> tuple[slice, slice]:
        height, width = self.shape
        return (
            slice(max(region.top, 0), min(region.bottom, height)),
            slice(max(region.left, 0), min(region.right, width)),
        )


def labelled_scenes(
    images: Path,
    masks: Path,
    *,
    sensor: Sensor,
    bands: Sequence[str],
    codes: NDArray[np.uint8],
    reading: Reading | None = None,
) -> tuple[LabelledScene, ...]:
    """Pair the images of one folder with the masks of the same name in another.

    Raises:
        InputError: If a folder is empty, a mask is missing, has another grid or is not of bytes, or an image lacks a
            band.
    """
    found = []
    for image in rasters_in(images):
        mask = masks / image.name
        with open_scene(image, sensor, bands=bands, reading=reading) as scene, open_raster(mask) as labels:
            if labels.dtypes[0] != "uint8":
                raise InputError(f"{mask}: holds {labels.dtypes[0]}; label codes must be uint8.")
            if not same_grid(scene.grid, grid_of(labels)):
                raise InputError(f"{mask}: is on another grid than {image}; bring it to the image's grid.")
            found.append(LabelledScene(image, mask, labels.shape, sensor, tuple(bands), codes, reading))
    return tuple(found)


def fingerprint(scenes: Sequence[LabelledScene]) -> str:
    """SHA-256 over the SHA-256s of all images and masks, in order of name."""
    digest = hashlib.sha256()
    for scene in sorted(scenes, key=lambda s: s.image.name):
        digest.update((sha256_of(scene.image) + sha256_of(scene.mask)).encode())
    return digest.hexdigest()
