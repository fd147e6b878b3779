"""Segmentation networks behind one wrapper, and the layers that make them deployable."""

from collections.abc import Sequence

import numpy as np
import segmentation_models_pytorch as smp
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from pitscape.imagery.errors import InputError
from pitscape.imagery.radiometry import UNOBSERVED_STORED
from pitscape.imagery.sensor import Sensor
from pitscape.models.card import Normalisation


class NetworkSettings(BaseModel):
    """Which network to build.

    Attributes:
        architecture: A network of segmentation-models-pytorch, by its name there.
        encoder: An encoder of segmentation-models-pytorch.
        encoder_depth: Stages of the encoder, each halving the resolution.
        decoder_channels: Channels of the decoder's stages, as many as ``encoder_depth``.
        encoder_weights: Pre-trained weights, by the library's name; None starts from random ones.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    architecture: str = "unet"
    encoder: str = "resnet18"
    encoder_depth: int = Field(default=5, ge=3, le=5)
    decoder_channels: tuple[int, ...] = (256, 128, 64, 32, 16)
    encoder_weights: str | None = None

    @property
    def title(self) -> str:
        """Network, encoder and depth in a few words."""
        return f"{self.architecture}/{self.encoder}, depth {self.encoder_depth}"


class SegmentationNetwork(nn.Module):
    """A network that gives class scores for images of any size.

    The image is extended at its lower and right edge, by its last row and column, to what the encoder needs, and the
    scores are cut back.
    """

    def __init__(self, settings: NetworkSettings, *, bands: int, classes: int) -> None:
        super().__init__()
        self.multiple = 2**settings.encoder_depth
        try:
            self.network = smp.create_model(
                settings.architecture,
                encoder_name=settings.encoder,
                encoder_depth=settings.encoder_depth,
                encoder_weights=settings.encoder_weights,
                decoder_channels=settings.decoder_channels,
                in_channels=bands,
                classes=classes,
            )
        except (KeyError, ValueError) as error:
            message = " ".join(str(error).split())[:200]
            raise InputError(f"network {settings.title}: cannot be built ({message}).") from error

    def forward(self, images: Tensor) -> Tensor:
        """Class scores (N, classes, H, W) of standardised images (N, bands, H, W)."""
        height, width = images.shape[-2:]
        rows = _extended(height, self.multiple, images.device)
        columns = _extended(width, self.multiple, images.device)
        scores: Tensor = self.network(images[:, :, rows][:, :, :, columns])
        return scores[:, :, :height, :width]


class Standardiser(nn.Module):
    """Stored numbers to standardised physical values: (scale x stored + offset - mean) / std, and 0 where unobserved."""

    def __init__(self, sensor: Sensor, bands: Sequence[str], normalisation: Normalisation) -> None:
        super().__init__()
        mean, std = torch.tensor(normalisation.mean), torch.tensor(normalisation.std)
        self.gain: Tensor
        self.shift: Tensor
        scale, offset = (torch.from_numpy(values) for values in sensor.scaling(bands, np.ones(1, np.float32)))
        self.register_buffer("gain", (scale / std)[:, None, None], persistent=False)
        self.register_buffer("shift", ((offset - mean) / std)[:, None, None], persistent=False)

    def forward(self, stored: Tensor) -> Tensor:
        """Standardised images of stored numbers (N, bands, H, W), float32."""
        observed = (stored != UNOBSERVED_STORED).any(dim=1, keepdim=True)
        standardised: Tensor = stored * self.gain + self.shift
        return torch.where(observed, standardised, torch.zeros_like(standardised))


class DeployedNetwork(nn.Module):
    """The whole way from stored numbers to class probabilities: what is exported."""

    def __init__(self, standardiser: Standardiser, network: SegmentationNetwork) -> None:
        super().__init__()
        self.standardiser = standardiser
        self.network = network

    def forward(self, stored: Tensor) -> Tensor:
        """Class probabilities (N, classes, H, W) of stored numbers (N, bands, H, W)."""
        return torch.softmax(self.network(self.standardiser(stored)), dim=1)


def _extended(size: int, multiple: int, device: torch.device) -> Tensor:
    """Indices 0 ... size - 1, the last one repeated up to the next multiple."""
    padded = (size + multiple - 1) // multiple * multiple
    return torch.arange(padded, device=device).clamp(max=size - 1)
