"""What the scenes of an epoch are: the sources of a model, and the one that people see and NDVI comes from."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pitscape.epoch_settings import Epoch
from pitscape.imagery.errors import InputError
from pitscape.imagery.reading import Reading
from pitscape.imagery.scene import open_scene
from pitscape.imagery.sensor import Sensor, load_sensor
from pitscape.inference.scene_source import SceneSource
from pitscape.model_look import card_at
from pitscape.site_settings import SiteSettings

COLOURS = ("red", "green", "blue")
"""Common names of the bands of a picture."""

INDEX = ("red", "nir")
"""Those of NDVI."""


@dataclass(frozen=True)
class OpticalImage:
    """A scene that has a picture and NDVI.

    Attributes:
        path: The scene.
        sensor: Whose it is.
        reading: How it is read.
    """

    path: Path
    sensor: Sensor
    reading: Reading


def scene_of(epoch: Epoch) -> Path | Sequence[SceneSource]:
    """The scenes of an epoch as a run takes them."""
    if epoch.image:
        return Path(epoch.image)
    return [SceneSource(Path(path), sensor) for sensor, path in epoch.images.items()]


def optical_image(epoch: Epoch, settings: SiteSettings, bands: Sequence[str]) -> OpticalImage | None:
    """The first scene of an epoch, in the order of its model's sensors, that has some bands.

    Args:
        epoch: The epoch.
        settings: Of its site.
        bands: Common names of the bands that are needed: ``COLOURS`` or ``INDEX``.

    Returns:
        The scene; None where there is none.

    Raises:
        InputError: If the model, or a sensor that no model names, cannot be read.
    """
    for image in likely_images(epoch, settings, bands):
        with suppress(InputError):
            check_image(image, bands)
            return image
    return None


def likely_images(epoch: Epoch, settings: SiteSettings, bands: Sequence[str]) -> Iterator[OpticalImage]:
    """Scenes of an epoch whose sensor has some bands, in the order of its model's sensors; their files may lack them."""
    model = settings.model_of(epoch)
    known = [source.sensor for source in card_at(model).sources] if model else []
    if epoch.image:
        sensor = known[0] if known else load_sensor(settings.sensor)
        order = [(epoch.image, sensor)]
    else:
        of_images = known or map(load_sensor, epoch.images)
        order = [(epoch.images[sensor.name], sensor) for sensor in of_images if sensor.name in epoch.images]
    for place, (path, sensor) in enumerate(order):
        if _has(sensor, bands):
            yield OpticalImage(Path(path), sensor, epoch.reading if place == 0 else Reading())


def check_image(image: OpticalImage, bands: Sequence[str]) -> None:
    """Open a scene with some bands.

    Raises:
        InputError: If it cannot be read or lacks one of them.
    """
    names = [image.sensor.named(name) for name in bands]
    with open_scene(image.path, image.sensor, bands=names, reading=image.reading):
        pass


def index_from_image(epoch: Epoch, settings: SiteSettings) -> bool:
    """Whether NDVI of an epoch is to come from its image: neither files nor a table give it."""
    return epoch.has_image and not epoch.ndvi and not (settings.tables and settings.tables.ndvi)


def site_sensor(settings: SiteSettings) -> Sensor:
    """The sensor of a site: its model's first, else the one that it names."""
    return card_at(Path(settings.model)).sensor if settings.model else load_sensor(settings.sensor)


def mapped_epochs(settings: SiteSettings) -> list[tuple[int, Epoch]]:
    """Place and epoch of those that a model maps."""
    return [(place, epoch) for place, epoch in enumerate(settings.epochs) if epoch.has_image and not epoch.classes]


def check_model(epoch: Epoch, settings: SiteSettings) -> None:
    """Before any map is made: the model of an epoch can be read and takes its images, and all models have one legend.

    Raises:
        InputError: If not.
    """
    models = [settings.model_of(each) for _, each in mapped_epochs(settings)]
    model, first = settings.model_of(epoch), models[0]
    assert model is not None
    assert first is not None
    card = card_at(model)
    if card.legend.names != card_at(first).legend.names:
        raise InputError(f"{model}: has another legend than {first}; map all epochs with models of one legend.")
    sensors = [source.sensor.name for source in card.sources]
    if unknown := sorted(set(epoch.images) - set(sensors)):
        raise InputError(f"{model}: takes {', '.join(sensors)}, not {unknown[0]}; correct images of {epoch.name}.")


def _has(sensor: Sensor, bands: Sequence[str]) -> bool:
    """Whether a sensor has bands of these common names."""
    known = {band.common_name for band in sensor.bands}
    return known | ({"nir"} if "nir08" in known else set()) >= set(bands)
