"""Training windows beside a training step, and beside TorchGeo's loader on the same files, as ratios.

    pip install torchgeo
    python benchmarks/loader.py

Scenes of ten bands, tiled and deflated, with masks; GDAL's cache is too small to spare the decoding. Ours draws class-balanced
windows with all augmentation; TorchGeo's RasterDataset and RandomGeoSampler read image and mask windows as they are. One
thread each, in turn, processor time, the first round not counted. The step is forward, backward and AdamW of a U-Net /
ResNet-18 on a batch of the same windows.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import rasterio
import torch
from affine import Affine
from torchgeo.datasets import RasterDataset
from torchgeo.samplers import RandomGeoSampler

from pitscape.imagery.block_cache import block_cache
from pitscape.imagery.legend import load_legend
from pitscape.imagery.sensor import load_sensor
from pitscape.imagery.stack import Channels
from pitscape.models.network import NetworkSettings, SegmentationNetwork
from pitscape.training.augmentation import Jitter
from pitscape.training.labelled import labelled_scenes
from pitscape.training.land import lands
from pitscape.training.loss import Loss, LossSettings
from pitscape.training.split import TRAINS, NoSplit
from pitscape.training.windows import BalancedWindows, plots

SENSOR, LEGEND = load_sensor("sentinel2_l2a"), load_legend()
SIDE, TILE, BATCH, WINDOWS, ROUNDS = 2048, 128, 8, 64, 5
CACHE_MB = 1
ALL = Jitter(haze=0.02, shadow=0.2, band_dropout=0.2, scale=0.25)
Work = Callable[[], object]


class Images(RasterDataset):
    """The scenes."""

    filename_glob = "*.tif"
    filename_regex = r"\w+_(?P<date>\d{8})"
    is_image = True


class Masks(Images):
    """Their labels."""

    is_image = False


def write_scenes(folder: Path, count: int = 2) -> None:
    """Smooth land with noise, and masks of four classes."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    layout = {
        "driver": "GTiff",
        "height": SIDE,
        "width": SIDE,
        "tiled": True,
        "compress": "deflate",
        "crs": "EPSG:32633",
    }
    for number in range(count):
        rng = np.random.default_rng(number)
        land = 2500 + 800 * np.sin(rows / 60) * np.cos(columns / 90)
        place = {"transform": Affine(10, 0, 600_000 + 10 * SIDE * number, 0, -10, 5_700_000)}
        for part, bands, dtype in (("images", len(SENSOR.band_names), "uint16"), ("masks", 1, "uint8")):
            (folder / part).mkdir(exist_ok=True)
            path = folder / part / f"scene_2023070{number + 1}.tif"
            with rasterio.open(path, "w", count=bands, dtype=dtype, nodata=0, **layout, **place) as dataset:
                for band in range(1, bands + 1):
                    values = land + rng.normal(0, 30, land.shape) if bands > 1 else 1 + (rows // 40 + columns // 60) % 4
                    dataset.write(values.astype(dtype), band)
                if bands > 1:
                    dataset.descriptions = SENSOR.band_names


def ours(folder: Path) -> Work:
    """Windows as the data module draws them."""
    scenes = labelled_scenes(
        folder / "images",
        folder / "masks",
        channels=Channels(SENSOR, SENSOR.band_names),
        legend=LEGEND,
        crosswalk={1 + number: name for number, name in enumerate(LEGEND.names)},
    )
    means = np.full(len(SENSOR.band_names), 2500, np.float32)
    found = plots(lands(scenes, NoSplit(), TRAINS))
    windows = BalancedWindows(found, size=TILE, per_epoch=WINDOWS, seed=0, jitter=ALL, means=means)
    return lambda: [windows[index] for index in range(WINDOWS)]


def torchgeo(folder: Path) -> Work:
    """Windows of TorchGeo."""
    dataset = Images(str(folder / "images")) & Masks(str(folder / "masks"))
    sampler = RandomGeoSampler(dataset, size=TILE, length=WINDOWS)
    return lambda: [dataset[place] for place in sampler]


def steps() -> Work:
    """As many windows through training steps."""
    network = SegmentationNetwork(NetworkSettings(), channels=[len(SENSOR.band_names)], classes=len(LEGEND))
    network = network.to(memory_format=torch.channels_last)
    loss, optimiser = Loss(LossSettings(), [1] * len(LEGEND)), torch.optim.AdamW(network.parameters())
    images = torch.rand(BATCH, 10, TILE, TILE).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(0, 4, (BATCH, TILE, TILE))

    def work() -> None:
        for _ in range(WINDOWS // BATCH):
            optimiser.zero_grad()
            loss(network(images), labels).backward()
            optimiser.step()

    return work


def seconds(work: Work) -> float:
    """Processor time."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    """Print the ratios."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name, block_cache(CACHE_MB):
        folder = Path(name)
        write_scenes(folder)
        works = {"pitscape": ours(folder), "torchgeo": torchgeo(folder), "steps": steps()}
        rounds = [{key: seconds(work) for key, work in works.items()} for _ in range(1 + ROUNDS)][1:]
    step, peer = (statistics.median(each[key] / each["pitscape"] for each in rounds) for key in ("steps", "torchgeo"))
    each = statistics.median(1000 * r["pitscape"] / WINDOWS for r in rounds)
    print(f"a window takes {each:.1f} ms; loader over training step {step:.1f}, over TorchGeo {peer:.2f}")


if __name__ == "__main__":
    main()
