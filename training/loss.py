"""The loss of a batch: a weighted sum of losses, each over labelled pixels alone."""

from collections.abc import Sequence
from typing import Literal

import segmentation_models_pytorch as smp
import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn

from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import UNOBSERVED


class LossSettings(BaseModel):
    """What is summed up, and how much each counts; 0 leaves a loss out.

    Attributes:
        cross_entropy: Weight of cross entropy, the mean over labelled pixels.
        dice: Weight of 1 - Dice, the mean over the classes that a batch holds.
        focal: Weight of the focal loss (Lin et al. 2017), in which sure pixels hardly count.
        lovasz: Weight of the Lovasz-softmax loss (Berman et al. 2018), a surrogate of 1 - IoU.
        gamma: Exponent of the focal loss.
        label_smoothing: Of cross entropy; keeps probabilities from growing overconfident.
        class_weights: Of cross entropy: "none", "balanced" by one over the square root of each class's labelled pixels,
            or one weight per class.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cross_entropy: float = Field(default=1.0, ge=0)
    dice: float = Field(default=0.5, ge=0)
    focal: float = Field(default=0.0, ge=0)
    lovasz: float = Field(default=0.0, ge=0)
    gamma: float = Field(default=2.0, ge=0)
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    class_weights: Literal["none", "balanced"] | tuple[float, ...] = "none"

    @model_validator(mode="after")
    def _sums_something(self) -> "LossSettings":
        if not self.cross_entropy + self.dice + self.focal + self.lovasz > 0:
            raise ValueError("cross_entropy, dice, focal, lovasz: one must be above 0")
        if isinstance(self.class_weights, tuple) and not all(weight > 0 for weight in self.class_weights):
            raise ValueError(
                "class_weights: each must be above 0; a class that shall not count is ignored by the crosswalk"
            )
        return self


class Loss(nn.Module):
    """The weighted sum of losses; 0 for a batch without a label.

    Args:
        settings: What is summed up.
        pixels: Labelled pixels of each class in the training land; a class of 0 is left out of the weights.

    Raises:
        InputError: If the weights given are not one per class.
    """

    def __init__(self, settings: LossSettings, pixels: Sequence[int]) -> None:
        super().__init__()
        weights = class_weights(settings.class_weights, pixels)
        smooth, ignore = settings.label_smoothing, UNOBSERVED
        self.parts = nn.ModuleList()
        self.amounts: list[float] = []
        for amount, part in (
            (settings.cross_entropy, nn.CrossEntropyLoss(weights, label_smoothing=smooth, ignore_index=ignore)),
            (settings.dice, smp.losses.DiceLoss("multiclass", ignore_index=ignore)),
            (settings.focal, FocalLoss(settings.gamma)),
            (settings.lovasz, smp.losses.LovaszLoss("multiclass", ignore_index=ignore)),
        ):
            if amount:
                self.parts.append(part)
                self.amounts.append(amount)

    def forward(self, scores: Tensor, labels: Tensor) -> Tensor:
        """The loss of class scores (N, classes, H, W) against class ids (N, H, W), 255 where unlabelled."""
        if not (labels != UNOBSERVED).any():
            return scores.sum() * 0
        return torch.stack(
            [amount * part(scores, labels) for amount, part in zip(self.amounts, self.parts, strict=True)]
        ).sum()


class FocalLoss(nn.Module):
    """Cross entropy weighted by (1 - p)^gamma, p the probability of the true class: the mean over labelled pixels.

    That of segmentation-models-pytorch takes each class by itself against all others, which softmax does not.
    """

    def __init__(self, gamma: float) -> None:
        super().__init__()
        self.gamma = gamma

    def forward(self, scores: Tensor, labels: Tensor) -> Tensor:
        """The loss of class scores (N, classes, H, W) against class ids (N, H, W), 255 where unlabelled."""
        entropy = nn.functional.cross_entropy(scores, labels, ignore_index=UNOBSERVED, reduction="none")
        known = entropy[labels != UNOBSERVED]
        return ((1 - torch.exp(-known)) ** self.gamma * known).mean()


def class_weights(wanted: str | tuple[float, ...], pixels: Sequence[int]) -> Tensor | None:
    """Weights of classes, with a mean of 1 over those that occur; None: all alike.

    >>> [round(weight, 3) for weight in class_weights("balanced", [100, 400, 0]).tolist()]
    [1.333, 0.667, 0.0]
    """
    if isinstance(wanted, tuple):
        if len(wanted) != len(pixels):
            raise InputError(f"class_weights: {len(wanted)} weights for {len(pixels)} classes; give one for each.")
        return torch.tensor(wanted)
    if wanted == "none":
        return None
    counts = torch.tensor(pixels, dtype=torch.float32)
    weights = torch.where(counts > 0, counts.clamp(min=1).rsqrt(), torch.zeros(()))
    return weights / weights[counts > 0].mean()
