"""Scenes and maps of a site's epochs, opened before anything runs."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from pitscape.epoch_images import (
    COLOURS,
    INDEX,
    check_image,
    check_model,
    likely_images,
    mapped_epochs,
    optical_image,
    scene_of,
)
from pitscape.epoch_settings import Epoch
from pitscape.imagery.class_map import open_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import grid_of
from pitscape.imagery.raster import open_raster
from pitscape.inference.joint_scene import open_joint
from pitscape.inference.scene_source import SceneSource
from pitscape.model_look import card_at
from pitscape.site_files import Location
from pitscape.site_settings import SiteSettings


def image_problems(settings: SiteSettings) -> Iterator[tuple[Location, InputError]]:
    """All scenes and maps of a loaded site file that cannot be used, with where it names them."""
    mapped = [place for place, _ in mapped_epochs(settings)]
    for place, epoch in enumerate(settings.epochs):
        for key, check in _checks(epoch, settings, mapped=place in mapped):
            try:
                check()
            except InputError as error:
                yield ("epochs", place, key), error


def mapped_shape(epoch: Epoch, settings: SiteSettings) -> tuple[int, int]:
    """Rows and columns of the map that a model makes of an epoch.

    Raises:
        InputError: If a scene or the model cannot be read, or they do not fit.
    """
    model, source = settings.model_of(epoch), scene_of(epoch)
    assert model is not None
    card = card_at(model)
    given = [SceneSource(source, card.sensor.name)] if isinstance(source, Path) else source
    with open_joint(given, card, epoch.reading) as scene:
        height, width = scene.grid.shape
    return int(height), int(width)


def _checks(epoch: Epoch, settings: SiteSettings, *, mapped: bool) -> Iterator[tuple[str, Callable[[], object]]]:
    if epoch.has_image:
        key = "image" if epoch.image else "images"
        yield key, partial(_check_scenes if mapped else _check_picture, epoch, settings)
    own_legend = bool(settings.legend or settings.crosswalk)
    for key in ("mask", "classes", "reference"):
        if file := getattr(epoch, key):
            yield key, partial(_check_map, Path(file), with_legend=key != "mask" and not own_legend)


def _check_scenes(epoch: Epoch, settings: SiteSettings) -> None:
    check_model(epoch, settings)
    mapped_shape(epoch, settings)


def _check_picture(epoch: Epoch, settings: SiteSettings) -> None:
    """An image beside a ready map is of use: it gives a picture or NDVI."""
    if any(optical_image(epoch, settings, bands) for bands in (COLOURS, INDEX)):
        return
    for bands in (COLOURS, INDEX):
        for image in likely_images(epoch, settings, bands):
            check_image(image, bands)
    if epoch.image:
        raise InputError(f"{epoch.image}: its sensor has neither colours nor red and near infrared; leave it out.")


def _check_map(path: Path, *, with_legend: bool) -> None:
    if with_legend:
        with open_class_map(path):
            return
    with open_raster(path) as dataset:
        grid_of(dataset)
