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

from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import UNOBSERVED, Legend
from pitscape.imagery.outputs import sha256_of
from pitscape.imagery.product import date_of
from pitscape.imagery.raster import SUFFIXES, rasters_in
from pitscape.imagery.reading import Reading
from pitscape.imagery.stack import Channels, Source, Stack, open_stack, slices_of
from pitscape.inference.tiles import Area
from pitscape.training.label_source import VECTORS, Crosswalk, LabelSource, label_source


@dataclass(frozen=True)
class MoreImages:
    """A folder of further images of the same places and days, of another sensor, on any grid.

    Attributes:
        folder: Where they lie, under the names of the first source's images.
        channels: How they are read.
        reading: What the user says of them.
    """

    folder: Path
    channels: Channels
    reading: Reading | None = None

    def of(self, name: str, site: Path) -> Source | None:
        """The image of a name, in the folder of a site; None where there is none."""
        path = self.folder / site / name
        return Source(path, self.channels.sensor, self.channels.bands, self.reading) if path.exists() else None


PICTURES = (".png", ".jpg", ".jpeg")
"""Further ends of names of tiles without a place; beside georeferenced images such files are previews."""

SHAPEFILE = (".shp", ".dbf", ".prj", ".cpg")
"""Ends of the files that a shapefile is made of, but for its index."""

DATE = re.compile(r"\d{4}-?\d{2}-?\d{2}")


@dataclass(frozen=True)
class LabelledScene:
    """Images of one place and day with their labels.

    Attributes:
        images: One per source; None where the scene lacks it. The first is always there.
        channels: What each source adds to the channels.
        labels_from: The labels.
        grid: Where the pixels are: that of the first image.
        folder: Where it lies below the folder of all images.
    """

    images: tuple[Source | None, ...]
    channels: tuple[Channels, ...]
    labels_from: LabelSource
    grid: GeoBox
    folder: str = "."

    @property
    def image(self) -> Path:
        """The image of the first source, whose name is the scene's."""
        assert self.images[0] is not None
        return self.images[0].path

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

    def open(self) -> AbstractContextManager[Stack]:
        """Open the images that it has."""
        return open_stack([source for source in self.images if source is not None], self.grid)

    def pixels(self, region: Area) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Image and labels of a region, which may reach beyond the scene.

        Returns:
            Stored numbers (channel, y, x), 0 where a source was unobserved, is missing, or outside; class ids (y, x), 255
            where unlabelled, observed by no source, or outside.
        """
        rows, columns = self._within(region)
        at = (
            slice(rows.start - region.top, rows.stop - region.top),
            slice(columns.start - region.left, columns.stop - region.left),
        )
        stored = np.zeros((sum(len(source.bands) for source in self.channels), *region.shape), np.float32)
        labels = np.full(region.shape, UNOBSERVED, np.uint8)
        parts = [part for part, source in zip(slices_of(self.channels), self.images, strict=True) if source]
        with self.open() as stack:
            values, observed = stack.read(rows, columns)
        stored[np.r_[*parts], *at] = values
        labels[at] = np.where(observed.any(axis=0), self.labels_from.read(rows, columns), UNOBSERVED)
        return stored, labels

    def labels(self, region: Area) -> NDArray[np.uint8]:
        """Class ids (y, x) of a region inside the scene, 255 where unlabelled; the image is not read."""
        return self.labels_from.read(*self._within(region))

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
    channels: Channels,
    legend: Legend,
    crosswalk: Crosswalk,
    column: str = "class",
    reading: Reading | None = None,
    more: Sequence[MoreImages] = (),
) -> tuple[LabelledScene, ...]:
    """Pair the images of one folder with the labels of the same name in another.

    Folders of sites may lie in both, one level deep. Labels are rasters of codes or files of polygons.

    Args:
        images: Folder of images.
        masks: Folder of labels; one file of polygons serves all images.
        channels: How the images are read: their sensor and the bands wanted, in order.
        legend: The classes.
        crosswalk: From codes or words of the labels to classes; "ignore" stands for no class.
        column: Of the polygons' classes.
        reading: What the user says of the images.
        more: Further sources, whose images have the same names; a scene may lack them.

    Raises:
        InputError: If a folder is empty, labels are missing or do not fit, or an image lacks a band.
    """
    found = []
    gsd_m = reading.gsd_m if reading else None
    paths = images_in(images, SUFFIXES if gsd_m is None else (*SUFFIXES, *PICTURES))
    if any(path.parent == images for path in paths):
        _check_mixed(images, masks)
    for image in paths:
        folder = image.parent.relative_to(images)
        labels = masks if masks.is_file() else _labels_of(image, masks / folder)
        first = Source(image, channels.sensor, channels.bands, reading)
        sources = (first, *(each.of(image.name, folder) for each in more))
        with open_stack([source for source in sources if source]) as stack:
            source = label_source(labels, stack.grid, legend, crosswalk, column=column, gsd_m=gsd_m)
            kinds = (channels, *(each.channels for each in more))
            found.append(LabelledScene(sources, kinds, source, stack.grid, str(folder)))
    for number, each in enumerate(more, start=1):
        if not any(scene.images[number] for scene in found):
            raise InputError(f"{each.folder}: holds no image of the name of one in {images}; check the path.")
    return tuple(found)


def images_in(folder: Path, suffixes: Sequence[str] = SUFFIXES) -> list[Path]:
    """The rasters of a folder; where it has none, those of its folders, one for each site.

    Raises:
        InputError: If there is none, or there are pictures alone, which are not wanted.
    """
    sites = sorted(each for each in folder.iterdir() if each.is_dir()) if folder.is_dir() else []
    if sites and not any(each.suffix.lower() in suffixes for each in folder.iterdir()):
        return [image for site in sites for image in _images_of(site, suffixes)]
    return _images_of(folder, suffixes)


def _check_mixed(images: Path, masks: Path) -> None:
    """Refuse images in folders of sites beside ones that lie in none: the former would not be read."""
    beside = [each for each in images.iterdir() if each.is_dir() and not masks.resolve().is_relative_to(each.resolve())]
    for site in sorted(beside):
        if hidden := next((each.name for each in sorted(site.iterdir()) if each.suffix.lower() in SUFFIXES), None):
            raise InputError(
                f"{site / hidden}: lies in a folder of a site, and other images of {images} in none; put all into folders, or "
                "take the folder out."
            )


def _images_of(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    if folder.is_dir():
        ends = {each.suffix.lower() for each in folder.iterdir()}
        if ends & set(PICTURES) and not ends & set(suffixes):
            raise InputError(f"{folder}: holds pictures, which do not say how large a pixel is; give gsd_m [m].")
    return rasters_in(folder, suffixes)


def _labels_of(image: Path, folder: Path) -> Path:
    """The file of labels that has an image's name."""
    named = [folder / image.name, *(folder / f"{image.stem}{suffix}" for suffix in (*VECTORS, ".png", ".tif"))]
    return next((path for path in named if path.exists()), named[0])


def fingerprint(scenes: Sequence[LabelledScene]) -> str:
    """SHA-256 over the SHA-256s of all images and labels, in order of name."""
    digest = hashlib.sha256()
    for scene in sorted(scenes, key=lambda s: s.image.name):
        files = [*(source.path for source in scene.images if source), *_files_of(scene.labels_from.path)]
        digest.update("".join(map(sha256_of, files)).encode())
    return digest.hexdigest()


def _files_of(labels: Path) -> list[Path]:
    """A file of labels; of a shapefile, with those that hold its words and its projection."""
    if labels.suffix.lower() != ".shp":
        return [labels]
    return [path for end in SHAPEFILE if (path := labels.with_suffix(end)).exists()]
