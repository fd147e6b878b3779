"""What ``bench`` makes for itself: a textured scene and, with ``--random``, a U-Net with random weights."""

from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from rasterio.windows import Window

from pitscape.imagery.legend import load_legend
from pitscape.imagery.sensor import load_sensor
from pitscape.models.card import ModelCard, Normalisation, SourceInput, TrainingRecord

BLOCK = 512
WAVES = 24


def write_scene(path: Path, size: int, card: ModelCard, *, seed: int = 0) -> Path:
    """A scene of smooth land of many scales with noise, in deflated tiles with a predictor, as catalogues deliver, written band of rows by band of rows.

    Args:
        path: A GeoTIFF; its name tells the date.
        size: Its side [px].
        card: Whose bands it has, with stored numbers of 1100 to 5000.
        seed: Another seed, other land.
    """
    rng = np.random.default_rng(seed)
    lengths = np.geomspace(12, 1500, WAVES)
    down, across = 2 * np.pi / lengths * rng.uniform(-1, 1, (2, WAVES))
    phases = rng.uniform(0, 2 * np.pi, (2, WAVES))
    heights = 25 * lengths**0.35 * rng.normal(1, 0.4, (len(card.bands), 1, WAVES))
    columns = np.cos(across[:, None] * np.arange(size) + phases[0][:, None])
    layout = {"tiled": True, "blockxsize": BLOCK, "blockysize": BLOCK, "compress": "deflate", "predictor": 2}
    shape = {"count": len(card.bands), "height": size, "width": size, "dtype": "uint16"}
    place = {"crs": "EPSG:32633", "transform": Affine(card.gsd_m, 0, 5e5, 0, -card.gsd_m, 5.6e6)}
    with rasterio.open(path, "w", driver="GTiff", bigtiff="if_safer", **shape, **layout, **place) as dataset:
        for top in range(0, size, BLOCK):
            rows = np.arange(top, min(top + BLOCK, size))
            land = 2800 + (heights * np.sin(down * rows[:, None] + phases[1])) @ columns
            land += 40 * rng.standard_normal(land.shape, dtype=np.float32)
            dataset.write(land.clip(1100, 5000).astype(np.uint16), window=Window(0, top, size, len(rows)))
        dataset.descriptions = card.bands
    return path


def write_model(path: Path, architecture: str = "unet", encoder: str = "resnet18") -> Path:
    """An exported network with random weights, and beside it, with the suffix ``.pt``, its weights for PyTorch.

    It needs the extra ``train``.
    """
    import torch

    from pitscape.models.export import write_graph
    from pitscape.models.network import DeployedNetwork, NetworkSettings, SegmentationNetwork, Standardiser

    sensor = load_sensor("sentinel2_l2a")
    settings = NetworkSettings(architecture=architecture, encoder=encoder)
    bands = sensor.band_names
    normalisation = Normalisation(mean=(0.2,) * len(bands), std=(0.1,) * len(bands))
    card = ModelCard(
        name=path.stem,
        architecture=settings.title,
        sources=(SourceInput(sensor=sensor, bands=bands, normalisation=normalisation),),
        legend=load_legend(),
        gsd_m=10,
        tile=256,
        overlap=64,
        training=TrainingRecord(fingerprint="none", scenes=(), region="none", licence="none", steps=0),
        metrics={},
        versions={},
    )
    torch.manual_seed(0)
    network = SegmentationNetwork(settings, channels=[card.channels], classes=len(card.legend))
    deployed = DeployedNetwork(Standardiser(card.sources), network).eval()
    write_graph(deployed, card, path)
    torch.save(network.network.state_dict(), path.with_suffix(".pt"))
    return path
