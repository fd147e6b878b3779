"""Splits by space: which land trains and which judges."""

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pitscape.imagery.errors import InputError
from pitscape.inference.tiles import Area
from pitscape.training.labelled import LabelledScene


class ColumnSplit(BaseModel):
    """Columns of every scene for training and for validation, with a buffer between them.

    Neighbouring pixels are alike: without distance between them, validation would reward memory. Columns of the
    training range that lie within ``buffer`` pixels of the validation range are not used at all.

    Attributes:
        train: First column and end (excluded); an end of None is the scene's.
        validate_on: The same for validation.
        buffer: Width of the strip between them [px].
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    train: tuple[int, int | None]
    validate_on: tuple[int, int | None]
    buffer: int = Field(default=16, ge=0)

    @model_validator(mode="after")
    def _ranges_rise(self) -> "ColumnSplit":
        for first, end in (self.train, self.validate_on):
            if first < 0 or (end is not None and end <= first):
                raise ValueError(f"columns {first} to {end}: the end must lie beyond the start")
        return self

    def training_region(self, scene: LabelledScene) -> Area:
        """The land of a scene that trains.

        Raises:
            InputError: If the buffer leaves none.
        """
        left, right = _columns(self.train, scene)
        first, end = _columns(self.validate_on, scene)
        if left < first:
            right = min(right, first - self.buffer)
        else:
            left = max(left, end + self.buffer)
        return _region(left, right, scene)

    def validation_region(self, scene: LabelledScene) -> Area:
        """The land of a scene that judges.

        Raises:
            InputError: If the scene ends before it.
        """
        return _region(*_columns(self.validate_on, scene), scene)

    def __str__(self) -> str:
        """The split in words, for cards and reports."""
        return f"columns {self.train}, validated on {self.validate_on}, buffer {self.buffer} px"


def _columns(columns: tuple[int, int | None], scene: LabelledScene) -> tuple[int, int]:
    width = scene.shape[1]
    return columns[0], width if columns[1] is None else min(columns[1], width)


def _region(left: int, right: int, scene: LabelledScene) -> Area:
    if right <= left:
        raise InputError(
            f"{scene.image}: the split leaves no columns of its {scene.shape[1]}; change its ranges or buffer."
        )
    return Area(0, scene.shape[0], left, right)
