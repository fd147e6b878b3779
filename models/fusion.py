"""Fusion of several sources at every scale of a network."""

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import segmentation_models_pytorch as smp
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from pitscape.models.network import NetworkSettings

LEAST = 1e-3
"""Share of a cell that a source must have observed to count for anything."""


def parts_of(channels: Sequence[int]) -> list[slice]:
    """Where the channels of each source lie among those of all.

    >>> parts_of([10, 2])
    [slice(0, 10, None), slice(10, 12, None)]
    """
    ends = list(accumulate(channels))
    return [slice(end - count, end) for end, count in zip(ends, channels, strict=True)]


class FusedEncoders(nn.Module):
    """One encoder for each source, whose features are averaged at every scale, weighted by what was observed.

    A source that is missing, or was not observed in a part of the image, has weight 0 there: the others alone count. Where
    none was observed the features are 0.

    Args:
        settings: Which encoder, and how deep.
        channels: Number of channels of each source.
    """

    def __init__(self, settings: "NetworkSettings", channels: Sequence[int]) -> None:
        super().__init__()
        self.parts = parts_of(channels)
        self.encoders = nn.ModuleList(
            smp.encoders.get_encoder(
                settings.encoder, in_channels=count, depth=settings.encoder_depth, weights=settings.library_weights
            )
            for count in channels
        )
        first: Any = self.encoders[0]
        self.out_channels: list[int] = [sum(channels), *first.out_channels[1:]]
        self.output_stride: int = first.output_stride

    def forward(self, images: Tensor) -> list[Tensor]:
        """Features at full resolution (the images) and of each stage, of standardised images (N, channels, H, W)."""
        parts = [images[:, part] for part in self.parts]
        features = [encoder(part) for encoder, part in zip(self.encoders, parts, strict=True)]
        presence = torch.stack([(part != 0).any(dim=1, keepdim=True).float() for part in parts])
        fused = [images]
        for stage in range(1, len(features[0])):
            presence = torch.stack([nn.functional.avg_pool2d(each, 2) for each in presence])
            weights = presence / presence.sum(dim=0).clamp(min=LEAST)
            fused.append(sum(w * each[stage] for w, each in zip(weights, features, strict=True)))
        return fused
