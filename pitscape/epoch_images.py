"""What the scenes of an epoch are: the sources of a model, and the one that people see and NDVI comes from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pitscape.epoch_settings import Epoch
from pitscape.imagery.errors import InputError
from pitscape.imagery.reading import Reading
from pitscape.imagery.sensor import Sensor, load_sensor
from pitscape.inference.predictor import card_of
from pitscape.inference.scene_source import SceneSource
from pitscape.models.card import ModelCard
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


def cards_of(settings: SiteSettings) -> Iterator[tuple[int, Epoch, ModelCard]]:
    """Place, epoch and model card of each epoch that is mapped.

    Raises:
        InputError: If a model cannot be read, has another legend than the first one, or lacks a sensor of ``images``.
    """
    first: tuple[Path, ModelCard] | None = None
    for place, epoch in enumerate(settings.epochs):
        model = settings.model_of(epoch)
        if epoch.classes or model is None:
            continue
        card = card_of(model)
        first = first or (model, card)
        if card.legend.names != first[1].legend.names:
            raise InputError(f"{model}: has another legend than {first[0]}; map all epochs with models of one legend.")
        sensors = [source.sensor.name for source in card.sources]
        if unknown := sorted(set(epoch.images) - set(sensors)):
            raise InputError(f"{model}: takes {', '.join(sensors)}, not {unknown[0]}; correct images of {epoch.name}.")
        yield place, epoch, card


def _has_colours(sensor: Sensor) -> bool:
    """Whether a sensor has the bands of pictures and NDVI."""
    known = {band.common_name for band in sensor.bands}
    return known >= {"red", "green", "blue"} and bool(known & {"nir", "nir08"})
