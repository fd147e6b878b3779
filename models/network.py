"""Segmentation networks behind one wrapper, and the layers that make them deployable."""

from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
import segmentation_models_pytorch as smp
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from pitscape.imagery.errors import InputError
from pitscape.imagery.radiometry import UNOBSERVED_STORED
from pitscape.models.card import SourceInput
from pitscape.models.fusion import FusedEncoders, parts_of

PAIRS = frozenset(
    {
        ("deeplabv3plus", "resnet18"),
        ("fpn", "resnet18"),
        ("linknet", "resnet18"),
        ("manet", "resnet18"),
        ("segformer", "mit_b0"),
        ("unet", "efficientnet-b0"),
        ("unet", "mobilenet_v2"),
        ("unet", "resnet18"),
        ("unet", "resnet34"),
        ("unet", "tu-mobilenetv3_large_100"),
        ("unetplusplus", "resnet18"),
    }
)
"""Architectures with the encoders that are tested: any size, missing sources, save and load, export equal to PyTorch (the last by ``make slow``)."""

FREE_DEPTH = frozenset({"unet", "unetplusplus", "manet"})
"""Architectures whose depth and decoder can be chosen."""

LEAST_SIDE = {"efficientnet-b0": 32}
"""Encoders that pad too little in images smaller than this [px], whatever their depth."""

ENCODER, DETAIL = "network.encoder.", "detail."

TORCHGEO = "torchgeo:"
"""How the names of TorchGeo's weights begin."""

DECODER_CHANNELS = (256, 128, 64, 32, 16)


class NetworkSettings(BaseModel):
    """Which network to build.

    Attributes:
        architecture: A network of segmentation-models-pytorch, by its name there.
        encoder: An encoder of segmentation-models-pytorch; see ``PAIRS`` for what goes together.
        encoder_depth: Stages of the encoder, each halving the resolution; other than 5 for the U-Nets and MAnet alone.
        decoder_channels: Channels of the decoder's stages, as many as ``encoder_depth``; the last ones of 256, 128, 64,
            32, 16 by default.
        detail: Channels of two convolutions at full resolution that join the decoder's output, 0 for none: encoders see
            no pixel by itself, and roads and houses are one or two pixels wide.
        fusion: How several sources join: "early", all channels in one encoder, or "middle", an encoder for each, averaged at
            every scale over those that were observed there (U-Nets and MAnet alone).
        encoder_weights: Pre-trained weights: the library's name ("imagenet"), "torchgeo:" and TorchGeo's name, or a file
            that ends with .pth or .pt; None starts from random ones.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    architecture: str = "unet"
    encoder: str = "resnet18"
    encoder_depth: int = Field(default=5, ge=3, le=5)
    decoder_channels: tuple[int, ...] | None = None
    detail: int = Field(default=0, ge=0)
    fusion: Literal["early", "middle"] = "early"
    encoder_weights: str | None = None

    @property
    def title(self) -> str:
        """Network, encoder and depth in a few words."""
        detail = f", detail {self.detail}" if self.detail else ""
        fusion = ", middle fusion" if self.fusion == "middle" else ""
        return f"{self.architecture}/{self.encoder}, depth {self.encoder_depth}{detail}{fusion}"

    @property
    def own_weights(self) -> bool:
        """Whether the weights are loaded by ``models.pretrained`` and not by the library."""
        name = self.encoder_weights or ""
        return name.startswith(TORCHGEO) or name.endswith((".pth", ".pt"))

    @property
    def library_weights(self) -> str | None:
        """The library's name of the weights, where it loads them."""
        return None if self.own_weights else self.encoder_weights

    @property
    def chosen(self) -> dict[str, Any]:
        """What the library takes beside names: depth and channels, where they can be chosen.

        Raises:
            InputError: If the pair is not among those tested, or the depth cannot be chosen.
        """
        if (self.architecture, self.encoder) not in PAIRS:
            encoders = sorted(encoder for network, encoder in PAIRS if network == self.architecture)
            known = ", ".join(encoders or sorted({network for network, _ in PAIRS}))
            raise InputError(f"network {self.architecture}/{self.encoder}: is not among the tested ones; take {known}.")
        if self.fusion == "middle" and self.architecture not in FREE_DEPTH:
            raise InputError(
                f"network {self.architecture}: takes sources by early fusion alone; take a U-Net or MAnet."
            )
        if self.architecture in FREE_DEPTH:
            channels = self.decoder_channels or DECODER_CHANNELS[-self.encoder_depth :]
            return {"encoder_depth": self.encoder_depth, "decoder_channels": channels}
        if self.encoder_depth != 5 or self.decoder_channels:
            raise InputError(f"network {self.architecture}: its depth and channels are fixed; leave them out.")
        return {}


class SegmentationNetwork(nn.Module):
    """A network that gives class scores for images of any size.

    The image is extended at its lower and right edge, by its last row and column, to what the encoder needs, and the
    scores are cut back.

    Args:
        settings: Which network.
        channels: Number of channels of each source.
        classes: Number of classes.

    Attributes:
        idle: Weights that no score depends on.
        fresh: Weights of the encoder that began at random where others did not; they learn while it is frozen.
    """

    def __init__(self, settings: NetworkSettings, *, channels: Sequence[int], classes: int) -> None:
        super().__init__()
        self.frozen = False
        self.fresh: frozenset[str] = frozenset()
        bands = sum(channels)
        self.multiple = max(2**settings.encoder_depth, LEAST_SIDE.get(settings.encoder, 1))
        try:
            self.network = smp.create_model(
                settings.architecture,
                encoder_name=settings.encoder,
                encoder_weights=settings.library_weights,
                in_channels=bands,
                classes=settings.detail or classes,
                **settings.chosen,
            )
        except OSError as error:
            raise InputError(
                f"network {settings.title}: encoder_weights {settings.encoder_weights} cannot be had; go online once, set "
                "HF_HOME to a folder that holds them, or name a file of weights."
            ) from error
        except (KeyError, ValueError) as error:
            message = " ".join(str(error).split())[:200]
            raise InputError(f"network {settings.title}: cannot be built ({message}).") from error
        if settings.fusion == "middle" and len(channels) > 1:
            self.network.encoder = FusedEncoders(settings, channels)
        self.detail = DetailHead(bands, settings.detail, classes) if settings.detail else None
        self.idle = self._idle(bands)
        self.freeze_encoder(frozen=False)

    def forward(self, images: Tensor) -> Tensor:
        """Class scores (N, classes, H, W) of standardised images (N, bands, H, W)."""
        height, width = images.shape[-2:]
        rows = _extended(height, self.multiple, images.device)
        columns = _extended(width, self.multiple, images.device)
        scores: Tensor = self.network(images[:, :, rows][:, :, :, columns])[:, :, :height, :width]
        return scores if self.detail is None else self.detail(images, scores)

    def freeze_encoder(self, *, frozen: bool) -> None:
        """Let the encoder's weights learn, or not; what it knows of the spread of features stays as well."""
        self.frozen = frozen
        for name, weight in self.named_parameters():
            if name in self.idle or name.startswith(ENCODER):
                weight.requires_grad_(name not in self.idle and (not frozen or name in self.fresh))
        self.train(self.training)

    def train(self, mode: bool = True) -> Self:  # noqa: FBT001, FBT002 - as torch has it
        """Switch between training and use; batch normalisation of a frozen encoder stays as it is."""
        super().train(mode)
        if self.frozen:
            encoder: Any = self.network.encoder
            for module in encoder.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):  # noqa: SLF001 - of one, two, three dimensions
                    module.eval()
        return self

    def _idle(self, bands: int) -> frozenset[str]:
        """Weights that no score depends on: the library keeps stages of the encoder that a lesser depth leaves out."""
        trained = self.training
        self.eval()
        self(torch.zeros(1, bands, self.multiple, self.multiple)).sum().backward()
        idle = frozenset(name for name, weight in self.named_parameters() if weight.grad is None)
        self.zero_grad(set_to_none=True)
        self.train(trained)
        return idle


class DetailHead(nn.Module):
    """Joins what the decoder gives with what two convolutions see at full resolution, and gives class scores."""

    def __init__(self, bands: int, channels: int, classes: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(*_convolution(bands, channels), *_convolution(channels, channels))
        self.head = nn.Sequential(*_convolution(2 * channels, channels), nn.Conv2d(channels, classes, 1))

    def forward(self, images: Tensor, decoded: Tensor) -> Tensor:
        """Class scores (N, classes, H, W) of images (N, bands, H, W) and the decoder's (N, channels, H, W)."""
        scores: Tensor = self.head(torch.cat([decoded, self.branch(images)], dim=1))
        return scores


class Standardiser(nn.Module):
    """Stored numbers to standardised physical values: (scale x stored + offset - mean) / std, and 0 where unobserved.

    Each source counts for itself: where all its bands are stored 0, it was not observed.
    """

    def __init__(self, sources: Sequence[SourceInput]) -> None:
        super().__init__()
        self.parts = parts_of([len(source.bands) for source in sources])
        self.gain: Tensor
        self.shift: Tensor
        gains, shifts = zip(*(_linear(source) for source in sources), strict=True)
        self.register_buffer("gain", torch.cat(gains)[:, None, None], persistent=False)
        self.register_buffer("shift", torch.cat(shifts)[:, None, None], persistent=False)

    def forward(self, stored: Tensor) -> Tensor:
        """Standardised images of stored numbers (N, channels, H, W), float32."""
        standardised: Tensor = stored * self.gain + self.shift
        pairs = [(stored[:, part], standardised[:, part]) for part in self.parts]
        return torch.cat(
            [torch.where(_observed(raw), values, torch.zeros_like(values)) for raw, values in pairs], dim=1
        )


class DeployedNetwork(nn.Module):
    """The whole way from stored numbers to class probabilities: what is exported.

    Args:
        standardiser: From stored numbers to what the network takes.
        network: Gives class scores.
        temperature: Scores are divided by it, so that probabilities are calibrated.
    """

    def __init__(self, standardiser: Standardiser, network: SegmentationNetwork, *, temperature: float = 1.0) -> None:
        super().__init__()
        self.temperature = temperature
        self.standardiser = standardiser
        self.network = network

    def forward(self, stored: Tensor) -> Tensor:
        """Class probabilities (N, classes, H, W) of stored numbers (N, bands, H, W)."""
        return torch.softmax(self.network(self.standardiser(stored)) / self.temperature, dim=1)


def _linear(source: SourceInput) -> tuple[Tensor, Tensor]:
    """Gain and shift of each band from stored numbers to standardised values."""
    mean, std = torch.tensor(source.normalisation.mean), torch.tensor(source.normalisation.std)
    scaling = source.sensor.scaling(source.bands, np.ones(1, np.float32))
    scale, offset = (torch.from_numpy(values).flatten() for values in scaling)
    return scale / std, (offset - mean) / std


def _observed(stored: Tensor) -> Tensor:
    return (stored != UNOBSERVED_STORED).any(dim=1, keepdim=True)


def _convolution(channels: int, out: int) -> list[nn.Module]:
    return [nn.Conv2d(channels, out, 3, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU()]


def _extended(size: int, multiple: int, device: torch.device) -> Tensor:
    """Indices 0 ... size - 1, the last one repeated up to the next multiple."""
    padded = (size + multiple - 1) // multiple * multiple
    return torch.arange(padded, device=device).clamp(max=size - 1)
