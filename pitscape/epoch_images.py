"""What the scenes of an epoch are: the sources of a model, and the one that people see and NDVI comes from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pitscape.epoch_settings import Epoch
from pitscape.imagery.errors import InputError
from pitscape.imagery.reading import Reading
from pitscape.imagery.sensor import Sensor, load_sensor
from pitscape.inference.predictor import card_of
from pitscape.inference.scene_source import SceneSource
from pitscape.site_settings import SiteSettings


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


def optical_image(epoch: Epoch, settings: SiteSettings) -> OpticalImage | None:
    """The first scene of an epoch, in the order of its model's sensors, that has red, green, blue and near infrared.

    Raises:
        InputError: If the model, or a sensor that no model names, cannot be read.
    """
    model = settings.model_of(epoch)
    known = [source.sensor for source in card_of(model).sources] if model else []
    if epoch.image:
        sensor = known[0] if known else load_sensor(settings.sensor)
        return OpticalImage(Path(epoch.image), sensor, epoch.reading)
    order = [sensor for sensor in known or map(load_sensor, epoch.images) if sensor.name in epoch.images]
    for place, sensor in enumerate(order):
        if _has_colours(sensor):
            reading = epoch.reading if place == 0 else Reading()
            return OpticalImage(Path(epoch.images[sensor.name]), sensor, reading)
    return None


def site_sensor(settings: SiteSettings) -> Sensor:
    """The sensor of a site: its model's first, else the one that it names."""
    return card_of(Path(settings.model)).sensor if settings.model else load_sensor(settings.sensor)


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
    card = card_of(model)
    if card.legend.names != card_of(first).legend.names:
        raise InputError(f"{model}: has another legend than {first}; map all epochs with models of one legend.")
    sensors = [source.sensor.name for source in card.sources]
    if unknown := sorted(set(epoch.images) - set(sensors)):
        raise InputError(f"{model}: takes {', '.join(sensors)}, not {unknown[0]}; correct images of {epoch.name}.")


def _has_colours(sensor: Sensor) -> bool:
    """Whether a sensor has the bands of pictures and NDVI."""
    known = {band.common_name for band in sensor.bands}
    return known >= {"red", "green", "blue"} and bool(known & {"nir", "nir08"})
