"""Pre-trained weights of encoders: TorchGeo's of Sentinel-2, or a file's, fitted to other bands."""

import re
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pitscape.imagery.errors import InputError
from pitscape.models.card import SourceInput
from pitscape.models.fusion import FusedEncoders
from pitscape.models.network import TORCHGEO, NetworkSettings, SegmentationNetwork

FIRST = "conv1.weight"
"""The first convolution of a ResNet, as torchvision and timm name it."""

CLASSIFIER = "fc."

ENUMS = {"resnet18": "ResNet18_Weights"}
"""TorchGeo's lists of weights by encoder."""

Band = tuple[str, str]
"""Satellite and band, such as ("SENTINEL2", "B2")."""


@dataclass(frozen=True)
class Pretrained:
    """Weights of an encoder.

    Attributes:
        weights: By name.
        bands: What the first convolution takes, in order; empty where that is not known.
    """

    weights: dict[str, Tensor]
    bands: tuple[Band, ...] = ()


def begin_pretrained(network: SegmentationNetwork, settings: NetworkSettings, sources: Sequence[SourceInput]) -> None:
    """Give the encoder, or each source's, the weights that ``encoder_weights`` names.

    Nothing happens for None and for the network library's own names, which are loaded when the network is built.

    Raises:
        InputError: If there are no such weights, they cannot be had, or they are of another encoder or of other bands alone.
    """
    if not settings.own_weights:
        return
    assert settings.encoder_weights is not None
    name = settings.encoder_weights
    given = torchgeo_weights(name, settings.encoder) if name.startswith(TORCHGEO) else weights_of(Path(name))
    wanted = [band for source in sources for band in bands_of(source)]
    if given.bands and not set(given.bands) & set(wanted):
        raise InputError(
            f"encoder_weights {name}: are of {_words(given.bands)}, the network's bands are {_words(wanted)}; none is the same: "
            "leave them out, or take weights of the sensor."
        )
    encoder: Any = network.network.encoder
    if isinstance(encoder, FusedEncoders):
        for each, source in zip(encoder.encoders, sources, strict=True):
            _load(each, given, bands_of(source), name)
    else:
        _load(encoder, given, wanted, name)


def torchgeo_weights(name: str, encoder: str) -> Pretrained:
    """Weights of TorchGeo, from torch.hub's folder or the network; the SHA-256 in the file's name is checked.

    Args:
        name: Such as "torchgeo:SENTINEL2_ALL_MOCO".
        encoder: Of the network.

    Raises:
        InputError: If there are none of that name for the encoder, or they cannot be had.
    """
    if encoder not in ENUMS:
        raise InputError(f"encoder_weights {name}: there are none for {encoder}; take {', '.join(ENUMS)}.")
    try:
        from torchgeo import models
    except ImportError as error:
        raise InputError(f"encoder_weights {name}: needs TorchGeo; pip install 'pitscape[torchgeo]'.") from error
    known = {key: each for key, each in getattr(models, ENUMS[encoder]).__members__.items() if "SENTINEL" in key}
    key = name.removeprefix(TORCHGEO)
    if key not in known:
        raise InputError(f"encoder_weights {name}: not among those for {encoder}; take {', '.join(sorted(known))}.")
    entry = known[key]
    place = Path(torch.hub.get_dir()) / "checkpoints" / entry.url.rsplit("/", maxsplit=1)[-1]
    try:
        with redirect_stdout(StringIO()):
            weights = torch.hub.load_state_dict_from_url(
                entry.url, map_location="cpu", progress=False, check_hash=True, weights_only=True
            )
    except Exception as error:  # a damaged file answers with whatever its bytes lead to
        raise InputError(
            f"encoder_weights {name}: cannot be had ({error}); put the file {entry.url} at {place}, "
            "or name a file of weights."
        ) from error
    satellite = key.split("_", maxsplit=1)[0]
    return Pretrained(weights, tuple((satellite, _plain(band)) for band in entry.meta["bands"]))


def weights_of(path: Path) -> Pretrained:
    """Weights by name from a file of torch; nothing in it is executed.

    Raises:
        InputError: If the file is none.
    """
    if not path.is_file():
        raise InputError(f"encoder_weights {path}: no such file; give a path, imagenet, or {TORCHGEO}NAME.")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        weights = {str(name): weight for name, weight in content.items() if isinstance(weight, Tensor)}
    except Exception as error:  # the same
        raise InputError(
            f"encoder_weights {path}: is no file of weights; save a state_dict with torch.save."
        ) from error
    return Pretrained(weights)


def first_convolution(weight: Tensor, given: Sequence[Band], wanted: Sequence[Band]) -> Tensor:
    """The first convolution for other bands.

    A band that both know keeps its weights, any other gets the mean of all given ones. All are multiplied by the number of
    given over that of wanted bands, so that bands that show much the same give activations of the same size. Where the given
    bands are not known, as many channels are taken in their order.

    Args:
        weight: Shape (out, given bands, y, x).
        given: What it takes; may be empty.
        wanted: What it shall take.

    Returns:
        Shape (out, wanted bands, y, x).

    >>> weight = torch.tensor([1.0, 3.0]).reshape(1, 2, 1, 1)
    >>> bands = [("SENTINEL2", "B2"), ("SENTINEL2", "B3")]
    >>> first_convolution(weight, bands, [*bands[::-1], ("DEM", "ELEVATION")]).flatten() * 3 / 2
    tensor([3., 1., 2.])
    """
    channels = weight.shape[1]
    if not given and channels == len(wanted):
        return weight
    place = {band: number for number, band in enumerate(given)}
    mean = weight.mean(dim=1)
    parts = [weight[:, place[band]] if band in place else mean for band in wanted]
    return torch.stack(parts, dim=1) * channels / len(wanted)


def _load(encoder: nn.Module, given: Pretrained, wanted: Sequence[Band], name: str) -> None:
    weights = {key: weight for key, weight in given.weights.items() if not key.startswith(CLASSIFIER)}
    own = encoder.state_dict()
    if FIRST in weights and FIRST in own and weights[FIRST].ndim == 4:
        weights[FIRST] = first_convolution(weights[FIRST], given.bands, wanted)
    fitting = [key for key in own if key in weights and weights[key].shape == own[key].shape]
    if len(fitting) < len(own):
        raise InputError(
            f"encoder_weights {name}: only {len(fitting)} of {len(own)} weights fit; take those of the same encoder, and of the same "
            "bands where it is no ResNet."
        )
    encoder.load_state_dict({key: weights[key] for key in own})


def bands_of(source: SourceInput) -> list[Band]:
    """Satellite and band of each channel of a source."""
    satellite = source.sensor.name.split("_", maxsplit=1)[0].upper()
    return [(satellite, _plain(band)) for band in source.bands]


def _words(bands: Sequence[Band]) -> str:
    return ", ".join(" ".join(band) for band in bands)


def _plain(band: str) -> str:
    """A band's name without leading zeros, in capitals: B02 and B2 are one."""
    return re.sub(r"^B0+", "B", band.upper())
