"""The record of a network rounded to 8 bits: how it was done, and what it changed."""

from pydantic import BaseModel, ConfigDict, Field


class Quantisation(BaseModel):
    """How a variant in 8 bits was made of a network in float, and how it differs on windows that did not set its ranges.

    Attributes:
        method: Kinds of numbers, and how ranges of activations were set.
        float_sha256: SHA-256 of the ONNX file in float it was made of.
        samples: Windows that set the ranges.
        samples_from: Where they come from, in words.
        float_layers: Names of the convolutions that stay in float.
        pixels: Observed pixels on which the two were compared.
        other_classes: Share of them that change class.
        mean_iou_float: Of the network in float against labels; None: there were none.
        mean_iou: Of the variant.
        iou_change: Change of IoU by class [points, hundredths of IoU]; None where a class does not occur.
        bound: How many points of mean IoU might be lost, or without labels how many percent of the pixels change class.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str
    float_sha256: str
    samples: int = Field(gt=0)
    samples_from: str
    float_layers: tuple[str, ...]
    pixels: int = Field(gt=0)
    other_classes: float = Field(ge=0, le=1)
    mean_iou_float: float | None = None
    mean_iou: float | None = None
    iou_change: dict[str, float | None] = Field(default_factory=dict)
    bound: float = Field(ge=0)
