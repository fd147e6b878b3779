"""Labelled scenes: images and the labels that belong to them, read window by window."""

import datetime
import hashlib
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from pitscape.imagery.legend import UNOBSERVED, Legend
from pitscape.imagery.outputs import sha256_of
from pitscape.imagery.product import date_of
from pitscape.imagery.raster import SUFFIXES, rasters_in
from pitscape.imagery.reading import Reading
from pitscape.imagery.scene import Scene, open_scene
from pitscape.imagery.sensor import Sensor
from pitscape.inference.tiles import Area
from pitscape.training.label_source import VECTORS, Crosswalk, LabelSource, label_source

DATE = re.compile(r"\d{4}-?\d{2}-?\d{2}")


@dataclass(frozen=True)
class LabelledScene:
    """One image with its labels.

    Attributes:
        image: Raster of the sensor's bands.
        source: Its labels.
        grid: Where its pixels are.
        sensor: How the image is read.
        bands: Names of the bands wanted, in order.
        reading: What the user says of the image.
        folder: Where it lies below the folder of all images.
    """

    image: Path
    source: LabelSource
    grid: GeoBox
    sensor: Sensor
    bands: tuple[str, ...]
    reading: Reading | None = None
    folder: str = "."

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        height, width = self.grid.shape
        return int(height), int(width)

    @property
    def acquired(self) -> datetime.date | None:
        """Its date, where the file's name holds one."""
        return date_of(self.image)

    @property
    def site(self) -> str:
        """Its folder below the folder of images; in that folder itself, its name without the date."""
        if self.folder != ".":
            return self.folder
        return DATE.sub("", self.image.stem).strip("_-. ") or self.image.stem

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
        labels[at] = np.where(observed, self.source.read(rows, columns), UNOBSERVED)
        return stored, labels

    def labels(self, region: Area) -> NDArray[np.uint8]:
        """Class ids (y, x) of a region inside the scene, 255 where unlabelled; the image is not read."""
        return self.source.read(*self._within(region))

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
    legend: Legend,
    crosswalk: Crosswalk,
    column: str = "class",
    reading: Reading | None = None,
) -> tuple[LabelledScene, ...]:
    """Pair the images of one folder with the labels of the same name in another.

    Folders of sites may lie in both, one level deep. Labels are rasters of codes or files of polygons.

    Args:
        images: Folder of images.
        masks: Folder of labels; one file of polygons serves all images.
        sensor: How the images are read.
        bands: Names of the bands wanted, in order.
        legend: The classes.
        crosswalk: From codes or words of the labels to classes; "ignore" stands for no class.
        column: Of the polygons' classes.
        reading: What the user says of the images.

    Raises:
        InputError: If a folder is empty, labels are missing or do not fit, or an image lacks a band.
    """
    found = []
    for image in images_in(images):
        folder = image.parent.relative_to(images)
        labels = masks if masks.is_file() else _labels_of(image, masks / folder)
        with open_scene(image, sensor, bands=bands, reading=reading) as scene:
            source = label_source(labels, scene.grid, legend, crosswalk, column=column)
            found.append(LabelledScene(image, source, scene.grid, sensor, tuple(bands), reading, str(folder)))
    return tuple(found)


def images_in(folder: Path) -> list[Path]:
    """The rasters of a folder; where it has none, those of its folders, one for each site.

    Raises:
        InputError: If there is none.
    """
    sites = sorted(each for each in folder.iterdir() if each.is_dir()) if folder.is_dir() else []
    if sites and not any(each.suffix.lower() in SUFFIXES for each in folder.iterdir()):
        return [image for site in sites for image in rasters_in(site)]
    return rasters_in(folder)


def _labels_of(image: Path, folder: Path) -> Path:
    """The file of labels that has an image's name."""
    named = [folder / image.name, *(folder / f"{image.stem}{suffix}" for suffix in VECTORS)]
    return next((path for path in named if path.exists()), named[0])


def fingerprint(scenes: Sequence[LabelledScene]) -> str:
    """SHA-256 over the SHA-256s of all images and labels, in order of name."""
    digest = hashlib.sha256()
    for scene in sorted(scenes, key=lambda s: s.image.name):
        digest.update((sha256_of(scene.image) + sha256_of(scene.source.path)).encode())
    return digest.hexdigest()
