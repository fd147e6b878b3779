"""Cards that people write for graphs of other makers: what the graph takes and gives, and what is done around it."""

import math
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import Legend, load_legend
from pitscape.imagery.sensor import Sensor, load_sensor
from pitscape.imagery.settings import checked, expand_path, read_yaml
from pitscape.models.card import ModelCard, Normalisation, SourceInput, TrainingRecord, card_from_json

UNKNOWN = "not told by the card"
FILES = {".yaml", ".yml"}
OVERLAP = 64


class Graph(BaseModel):
    """A graph, and what is done before and after it.

    Attributes:
        input: Name of its input; None: its only one.
        output: Name of the output that holds the scores; None: its first.
        layout: Order of the axes of input and output.
        values: What enters: stored numbers, physical values, or physical values less mean over standard deviation.
            Unobserved pixels enter as 0.
        activation: What the graph has done last: none (logits; the softmax is added), softmax, or sigmoid (each class by
            itself; they are divided by their sum).
        side: Rows and columns of its images where they are fixed and the file does not say so [px].
        multiple: Rows and columns must be multiples of this [px]; 32 for most encoders.
        stride: Pixels to each side of one value of the output, which is interpolated bilinearly.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: str | None = None
    output: str | None = None
    layout: Literal["NCHW", "NHWC"] = "NCHW"
    values: Literal["stored", "physical", "standardised"] = "standardised"
    activation: Literal["logits", "softmax", "sigmoid"] = "logits"
    side: int | None = Field(default=None, gt=0)
    multiple: int = Field(default=1, gt=0)
    stride: int = Field(default=1, gt=0)

    @model_validator(mode="after")
    def _fits_together(self) -> "Graph":
        if self.multiple % self.stride or (self.side or 0) % self.stride:
            raise ValueError("side and multiple must be multiples of stride")
        return self


class GraphCard(BaseModel):
    """A card as a person writes it; see ``ModelCard`` for what is not told here.

    Attributes:
        sensor: Name of a sensor that comes with pitscape, path of a YAML file from the card's folder, or a sensor itself.
        normalisation: Mean and standard deviation of physical values; needed for standardised ones.
        legend: Name of a legend that comes with pitscape, path of a YAML file from the card's folder, or a legend itself.
        overlap: Of neighbouring tiles [px]; None: 64, and at most a quarter of ``graph.side``.
        licence: Of the training data.
        graph: Of the file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    card_version: Literal[1] = 1
    name: str
    architecture: str = UNKNOWN
    sensor: Sensor
    bands: tuple[str, ...] = Field(min_length=1)
    normalisation: Normalisation | None = None
    legend: Legend = Field(default_factory=load_legend)
    gsd_m: float = Field(gt=0)
    overlap: int | None = Field(default=None, ge=0)
    class_bias: tuple[float, ...] | None = None
    licence: str = UNKNOWN
    graph: Graph = Graph()

    @field_validator("sensor", mode="before")
    @classmethod
    def _sensor_by_name(cls, given: Any) -> Any:  # noqa: ANN401 - what is validated
        return load_sensor(given) if isinstance(given, str) else given

    @field_validator("legend", mode="before")
    @classmethod
    def _legend_by_name(cls, given: Any) -> Any:  # noqa: ANN401 - what is validated
        return load_legend(given) if isinstance(given, str) else given

    @model_validator(mode="after")
    def _fits_together(self) -> "GraphCard":
        if (self.normalisation is not None) != (self.graph.values == "standardised"):
            raise ValueError("normalisation and graph.values: standardised go together; give both or neither")
        if self.normalisation and not all(map(math.isfinite, (*self.normalisation.mean, *self.normalisation.std))):
            raise ValueError("normalisation.mean and normalisation.std must be finite")
        if self.normalisation and not all(std > 0 for std in self.normalisation.std):
            raise ValueError("normalisation.std must be above 0")
        return self

    def model_card(self) -> ModelCard:
        """The card of the network with all that is done around its graph."""
        side, ones = self.graph.side, (1.0,) * len(self.bands)
        overlap = self.overlap
        if overlap is None:
            overlap = min(OVERLAP, side // 4) if side else OVERLAP
        plain = Normalisation(mean=(0.0,) * len(self.bands), std=ones)
        source = SourceInput(sensor=self.sensor, bands=self.bands, normalisation=self.normalisation or plain)
        return ModelCard(
            name=self.name,
            architecture=self.architecture,
            sources=(source,),
            nodata="stored 0 in every band; enters the graph as 0, after what is done before it",
            legend=self.legend,
            gsd_m=self.gsd_m,
            tile=side or max(256, 2 * overlap),
            overlap=overlap,
            training=TrainingRecord(fingerprint=UNKNOWN, scenes=(), region=UNKNOWN, licence=self.licence, steps=0),
            metrics={},
            class_bias=self.class_bias,
            versions={},
        )


def read_card(path: Path) -> tuple[ModelCard, Graph | None]:
    """Read a card that stands in a file of its own, YAML or JSON.

    Returns:
        The card; and the graph where the card is one that a person wrote, None where it is one of ``pitscape export``.

    Raises:
        InputError: If the file is no card.
    """
    content = read_yaml(path)
    if isinstance(content, dict) and "sources" in content:
        if path.suffix == ".json":
            return card_from_json(path.read_text(encoding="utf-8"), path), None
        return checked(content, ModelCard, path), None
    try:
        given = checked(_with_paths(content, path.parent), GraphCard, path)
        return given.model_card(), given.graph
    except ValidationError as error:
        problem = error.errors()[0]
        where = "".join(f"{part}." for part in problem["loc"]).removesuffix(".")
        message = problem["msg"].removeprefix("Value error, ")
        raise InputError(f"{path}: {f'{where}: ' if where else ''}{message}; correct it.") from error


def _with_paths(content: Any, folder: Path) -> Any:  # noqa: ANN401 - whatever YAML can hold
    """What a card says, with the files of its sensor and legend found from its folder."""
    if not isinstance(content, dict):
        return content
    named = {key: content.get(key) for key in ("sensor", "legend")}
    files = {key: name for key, name in named.items() if isinstance(name, str) and Path(name).suffix in FILES}
    return content | {key: str(expand_path(name, folder)) for key, name in files.items()}
