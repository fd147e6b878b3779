"""The model card: all that a scene must be and all that a class means, in one value that travels with the network."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import Legend
from pitscape.imagery.sensor import Sensor
from pitscape.models.quantisation import Quantisation

CARD_KEY = "pitscape_card"
"""Where the card stands in the metadata of an ONNX file."""

GRAPH_KEY = "graph_sha256"
"""Where the SHA-256 of the serialised graph stands there, weights included."""

CARD_VERSION = 1


class Normalisation(BaseModel):
    """Mean and standard deviation of physical values (reflectance) per band, over observed training pixels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: tuple[float, ...]
    std: tuple[float, ...]


class SourceInput(BaseModel):
    """Some bands of a sensor, which enter the graph as channels.

    Attributes:
        sensor: The sensor, with the convention of stored numbers that enter the graph.
        bands: Names of the bands in the order of the channels.
        normalisation: What the graph does after turning stored numbers into physical values.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sensor: Sensor
    bands: tuple[str, ...] = Field(min_length=1)
    normalisation: Normalisation

    @model_validator(mode="after")
    def _fits_together(self) -> "SourceInput":
        if not len(self.bands) == len(self.normalisation.mean) == len(self.normalisation.std):
            raise ValueError("bands and normalisation differ in length")
        if unknown := set(self.bands) - {band.name for band in self.sensor.bands}:
            raise ValueError(f"bands {sorted(unknown)} are not of sensor {self.sensor.name}")
        return self


class TrainingRecord(BaseModel):
    """What a network was trained on.

    Attributes:
        fingerprint: SHA-256 over the SHA-256s of all training images and masks, in order of name.
        scenes: Names of the scenes.
        region: Which part of them was used for training, in words.
        licence: Terms of the training data.
        steps: Optimiser steps.
        begun_from: The record of the network whose weights it began with; what that one has seen, this one has.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    fingerprint: str
    scenes: tuple[str, ...]
    region: str
    licence: str
    steps: int
    begun_from: "TrainingRecord | None" = None


class Calibration(BaseModel):
    """How probabilities were calibrated, on land that did not train.

    Attributes:
        method: Temperature scaling (Guo et al. 2017): scores are divided by ``temperature`` in the graph.
        temperature: What the graph divides by. Above 1 the network was too sure; 1 where the fitted one was rejected.
        ece_before: Expected calibration error of raw probabilities, over 15 bins of confidence.
        ece_after: The same with temperatures fitted to other pixels. Not below ``ece_before``: the fitted temperature was
            rejected, and the error of the graph's probabilities is ``ece_before``.
        pixels: Pixels that it rests on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal["temperature"] = "temperature"
    temperature: float = Field(gt=0)
    ece_before: float = Field(ge=0, le=1)
    ece_after: float = Field(ge=0, le=1)
    pixels: int = Field(gt=0)

    def __str__(self) -> str:
        """What was done, and why, in a line.

        >>> print(Calibration(temperature=1, ece_before=0.008, ece_after=0.019, pixels=5000))
        temperature 1 kept: a fitted one gives an expected calibration error of 0.019 on other pixels, none 0.008
        >>> print(Calibration(temperature=1.4, ece_before=0.03, ece_after=0.01, pixels=5000))
        temperature 1.40: expected calibration error 0.030 before, 0.010 after, on pixels that did not choose it
        """
        if self.ece_after < self.ece_before:
            return (
                f"temperature {self.temperature:.2f}: expected calibration error {self.ece_before:.3f} before, "
                f"{self.ece_after:.3f} after, on pixels that did not choose it"
            )
        return (
            f"temperature 1 kept: a fitted one gives an expected calibration error of {self.ece_after:.3f} on other "
            f"pixels, none {self.ece_before:.3f}"
        )


class ModelCard(BaseModel):
    """What a network takes and gives.

    Attributes:
        name: Of the model.
        architecture: Network and encoder.
        sources: What enters the graph, in the order of the channels, no sensor twice. The first gives the grid, and others,
            whatever their own ground sampling distance, enter on it; the inputs' names are in ``models.inputs``.
        nodata: How unobserved pixels of a source enter: as stored 0 in all its bands, which the graph turns into the mean.
        legend: The classes in the order of the output's channels.
        gsd_m: Ground sampling distance of the training imagery [m].
        tile: Side of the square tiles of scene inference [px].
        overlap: By how much neighbouring tiles overlap [px].
        training: What it was trained on.
        metrics: Accuracies on its validation land, by name.
        class_bias: Added to the logarithm of each class's probability when a pixel's class is chosen; a threshold t of a
            class is the bias -ln t. None: the most probable class.
        calibration: How probabilities were calibrated; None: they are raw softmax.
        quantisation: How it was rounded to 8 bits; None: it is in float.
        versions: Of the libraries that made it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    card_version: Literal[1] = 1
    name: str
    architecture: str
    sources: tuple[SourceInput, ...] = Field(min_length=1)
    nodata: str = "stored 0 in every band of a source; enters the network as the mean of each band"
    legend: Legend
    gsd_m: float = Field(gt=0)
    tile: int = Field(gt=0)
    overlap: int = Field(ge=0)
    training: TrainingRecord
    metrics: dict[str, float | None]
    class_bias: tuple[float, ...] | None = None
    calibration: Calibration | None = None
    quantisation: Quantisation | None = None
    versions: dict[str, str]

    @model_validator(mode="after")
    def _fits_together(self) -> "ModelCard":
        if self.class_bias is not None and len(self.class_bias) != len(self.legend):
            raise ValueError("class_bias and legend differ in length")
        sensors = [source.sensor.name for source in self.sources]
        if twice := {name for name in sensors if sensors.count(name) > 1}:
            raise ValueError(f"two sources are of sensor {', '.join(sorted(twice))}; make them one")
        if 2 * self.overlap > self.tile:
            raise ValueError("overlap must be at most half of the tile")
        return self

    @property
    def sensor(self) -> Sensor:
        """The first source's sensor."""
        return self.sources[0].sensor

    @property
    def bands(self) -> tuple[str, ...]:
        """The first source's bands."""
        return self.sources[0].bands

    @property
    def channels(self) -> int:
        """Number of channels of the input."""
        return sum(len(source.bands) for source in self.sources)

    @property
    def radiometry(self) -> str:
        """The conventions of stored numbers that enter the graph, in words."""
        return "; ".join(source.sensor.convention for source in self.sources)


def card_from_json(text: str, source: Path) -> ModelCard:
    """Read a card from JSON.

    Raises:
        InputError: If it is not a card that this version knows.
    """
    _check_version(text, source)
    try:
        return ModelCard.model_validate_json(text)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        raise InputError(
            f"{source}: its model card is not valid ({where}: {problem['msg']}); export it again."
        ) from error


def _check_version(text: str, source: Path) -> None:
    """Say of a card of a later version what it is, before what is wrong with it."""
    with suppress(ValueError):
        content = json.loads(text)
        version = content.get("card_version") if isinstance(content, dict) else None
        if isinstance(version, int) and version > CARD_VERSION:
            raise InputError(f"{source}: its card_version {version} was made by a newer pitscape; update pitscape.")
