"""A small network of Sentinel-2, Sentinel-1 and a DEM, with random weights."""

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from small_scenes import BANDS

from pitscape.imagery.legend import load_legend
from pitscape.imagery.sensor import load_sensor
from pitscape.models.card import ModelCard, Normalisation, SourceInput, TrainingRecord
from pitscape.models.network import DeployedNetwork, NetworkSettings, SegmentationNetwork, Standardiser

BANDS_OF = {"sentinel2_l2a": BANDS, "sentinel1_grd_db": ("VV", "VH"), "dem": ("elevation", "slope")}

MEAN = {"sentinel2_l2a": (0.2,) * 10, "sentinel1_grd_db": (-11.0, -17.0), "dem": (300.0, 5.0)}
STD = {"sentinel2_l2a": (0.1,) * 10, "sentinel1_grd_db": (3.0, 3.0), "dem": (40.0, 4.0)}


def several_card() -> ModelCard:
    """Its card, with small tiles."""
    sources = tuple(
        SourceInput(sensor=load_sensor(name), bands=bands, normalisation=Normalisation(mean=MEAN[name], std=STD[name]))
        for name, bands in BANDS_OF.items()
    )
    return ModelCard(
        name="several",
        architecture="unet",
        sources=sources,
        legend=load_legend(),
        gsd_m=10,
        tile=64,
        overlap=16,
        training=TrainingRecord(fingerprint="0", scenes=(), region="none", licence="none", steps=0),
        metrics={},
        versions={},
    )


def several_network(card: ModelCard, fusion: Literal["early", "middle"]) -> DeployedNetwork:
    """The network of a card, untrained; scores are spread so that sources tell."""
    torch.manual_seed(0)
    settings = NetworkSettings(encoder="resnet18", encoder_depth=3, decoder_channels=(16, 8, 8), fusion=fusion)
    channels = [len(source.bands) for source in card.sources]
    network = SegmentationNetwork(settings, channels=channels, classes=len(card.legend)).eval()
    return DeployedNetwork(Standardiser(card.sources), network, temperature=0.2).eval()


def stored_of(card: ModelCard, batch: int, height: int, width: int) -> NDArray[np.float32]:
    """Stored numbers (N, channels, H, W) of all sources of a card; a corner of the first was not observed."""
    rng = np.random.default_rng(0)
    parts = []
    for source in card.sources:
        mean, std = (np.array(v)[:, None, None, None] for v in (source.normalisation.mean, source.normalisation.std))
        physical = mean + std * rng.normal(size=(len(source.bands), batch, height, width))
        parts.append(np.moveaxis(source.sensor.stored(physical, source.bands), 0, 1))
    stored = np.concatenate(parts, axis=1).astype(np.float32)
    stored[:, : len(card.bands), : height // 3, : width // 3] = 0
    return stored
