"""The tiled scene inference of TorchGeo, terratorch and geoai with one and the same network, on the CPU.

Each peer runs its own loop in a process of its own: from opening the scene to the written class raster; imports and the
network's loading come before the clock starts, and the scene is in the file system's cache. Speeds count the scene's pixels
once, whatever the overlap. Needs torchgeo, terratorch with rioxarray, geoai-py, each where it is asked for.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import rasterio

if TYPE_CHECKING:
    import torch

BANDS, CLASSES = 10, 4
REFLECTANCE = 10_000  # stored value of reflectance 1
Loop = Callable[[Path, Path], None]  # from a scene to its classes


class Peer(NamedTuple):
    """What pip calls a peer, how it cuts a scene [px] and batches tiles, and what makes its loop of a network."""

    package: str
    tile: int
    overlap: int
    batch: int
    prepare: "Callable[[torch.nn.Module, Peer], Loop]"


@dataclass(frozen=True)
class PeerResult:
    """What one run of a peer took: ``idle_mb`` before opening the scene, network pixels per scene pixel, network's seconds."""

    name: str
    version: str
    mpx_per_s: float
    seconds: float
    peak_mb: float
    idle_mb: float
    network_passes: float
    network_seconds: float
    tile: int
    overlap: int
    batch: int

    def __str__(self) -> str:
        return (
            f"{self.name} {self.version}: {self.mpx_per_s:.3f} Mpx/s, peak {self.peak_mb:.0f} MB ({self.idle_mb:.0f} MB before "
            f"the scene); tile {self.tile}, overlap {self.overlap}, batch {self.batch}; {self.network_passes:.2f} network px "
            f"per scene px, {self.network_seconds:.1f} of {self.seconds:.1f} s in the network"
        )


def torchgeo_loop(network: "torch.nn.Module", peer: Peer) -> Loop:
    """Dataset, sampler and loader as in TorchGeo's tutorials; stitching is the caller's, here at the overlaps' middles."""
    import torch
    from torch.utils.data import DataLoader
    from torchgeo.datasets import RasterDataset, stack_samples
    from torchgeo.samplers import GridGeoSampler

    def kept(start: int, size: int) -> slice:
        low = start + peer.overlap // 2 if start > 0 else 0
        return slice(low, start + peer.tile - peer.overlap // 2 if start + peer.tile < size else size)

    def run(scene: Path, out: Path) -> None:
        dataset = RasterDataset(str(scene), transforms=lambda item: item | {"image": item["image"] / REFLECTANCE})
        sampler = GridGeoSampler(dataset, size=peer.tile, stride=peer.tile - peer.overlap)
        loader = DataLoader(dataset, sampler=sampler, batch_size=peer.batch, collate_fn=stack_samples)
        places = iter(sampler)
        with rasterio.open(scene) as source:
            profile, (height, width) = source.profile, source.shape
        classes = np.zeros((height, width), np.uint8)
        for batch in loader:
            with torch.inference_mode():
                predicted = network(batch["image"]).argmax(dim=1).numpy()
            for part, (x, y, *_) in zip(predicted, places, strict=False):
                left, top = (round(value) for value in ~profile["transform"] @ (x.start, y.stop))
                to = kept(top, height), kept(left, width)
                classes[to] = part[to[0].start - top : to[0].stop - top, to[1].start - left : to[1].stop - left]
        with rasterio.open(out, "w", **{**profile, "count": 1, "dtype": "uint8", "nodata": None}) as target:
            target.write(classes, 1)

    return run


def terratorch_loop(network: "torch.nn.Module", peer: Peer) -> Loop:
    """As in terratorch's guide, "Tiled inference via Python", with the defaults of ``tiled_inference``."""
    import rioxarray
    import torch
    from terratorch.tasks.tiled_inference import tiled_inference

    def run(scene: Path, out: Path) -> None:
        image = rioxarray.open_rasterio(scene)
        place = image[0]
        place.attrs.pop("long_name", None)  # names of all bands, which one band cannot be written with
        image = image / np.float32(REFLECTANCE)
        image = torch.tensor(image.values, dtype=torch.float, device="cpu").unsqueeze(0)
        scores = tiled_inference(network, image, crop=peer.tile, stride=peer.tile - peer.overlap, batch_size=peer.batch)
        classes = scores.squeeze(0).argmax(dim=0).numpy().astype(np.uint8)
        place.copy(data=classes).rio.write_nodata(None).rio.to_raster(out)

    return run


def geoai_loop(network: "torch.nn.Module", peer: Peer) -> Loop:
    """What ``geoai.semantic_segmentation`` runs on a GeoTIFF after loading a network; it divides stored values by 255."""
    import torch
    from geoai.train import semantic_inference_on_geotiff

    network.get_parameter("encoder.conv1.weight").data.mul_(255 / REFLECTANCE)
    cuts = {"window_size": peer.tile, "overlap": peer.overlap, "batch_size": peer.batch}
    options = {"num_channels": BANDS, "num_classes": CLASSES, "device": torch.device("cpu"), "quiet": True}
    return lambda scene, out: semantic_inference_on_geotiff(network, str(scene), str(out), **cuts, **options)


PEERS = {
    # no defaults: tile and batch of the Earth Surface Water tutorial, and "some small overlap", as GridGeoSampler advises
    "torchgeo": Peer("torchgeo", 512, 64, 4, torchgeo_loop),
    # the defaults; 8 px of each tile's edges are cropped, and the rest of the overlap is blended
    "terratorch": Peer("terratorch", 224, 32, 16, terratorch_loop),
    # the defaults, which its examples repeat
    "geoai": Peer("geoai-py", 512, 256, 4, geoai_loop),
}


def peak_mb() -> float:
    """Peak memory of this process alone (``ru_maxrss`` starts at that of its parent)."""
    return int(Path("/proc/self/status").read_text(encoding="utf-8").split("VmHWM:")[1].split()[0]) / 1024


def measure(name: str, scene: Path, network_path: Path, threads: int, out: Path) -> PeerResult:
    """Run a peer in this process."""
    import segmentation_models_pytorch as smp
    import torch

    torch.set_num_threads(threads)
    network = smp.Unet("resnet18", encoder_weights=None, in_channels=BANDS, classes=CLASSES)
    network.load_state_dict(torch.load(network_path, weights_only=True))
    loop = PEERS[name].prepare(network.eval(), PEERS[name])
    meter = Counter[str]()
    network.register_forward_pre_hook(
        lambda _, inputs: meter.update(px=inputs[0][:, 0].numel(), ns=-time.perf_counter_ns())
    )
    network.register_forward_hook(lambda *_: meter.update(ns=time.perf_counter_ns()))
    with scene.open("rb") as file:
        deque(iter(lambda: file.read(1 << 20), b""), maxlen=0)
    idle = peak_mb()
    start = time.perf_counter()
    loop(scene, out)
    seconds, peak = time.perf_counter() - start, peak_mb()
    with rasterio.open(scene) as source, rasterio.open(out) as target:
        if (target.shape, target.transform, target.count) != (source.shape, source.transform, 1):
            raise ValueError(f"{name} wrote {target.count} bands of {target.shape} px, not one on the scene's grid")
        pixels = source.width * source.height
    package, *cuts, _ = PEERS[name]
    figures = (pixels / seconds / 1e6, seconds, peak, idle, meter["px"] / pixels, meter["ns"] / 1e9)
    return PeerResult(name, version(package), *figures, *cuts)


def run_peer(
    name: str, scene: Path, network: Path, threads: int = 2, *, out: Path | None = None, python: str = sys.executable
) -> PeerResult | None:
    """Run a peer in a process of its own, with an interpreter that has it; None if it is not installed.

    Args:
        name: One of ``PEERS``.
        scene: Ten bands of stored reflectances.
        network: State dict of smp.Unet("resnet18", encoder_weights=None, in_channels=10, classes=4), for reflectances.
        threads: Of PyTorch.
        out: Where the class raster is kept; thrown away by default.
        python: The interpreter.

    Raises:
        RuntimeError: The peer failed; the message ends with its error's line.
    """
    counts = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
    with tempfile.TemporaryDirectory() as folder:
        output = out or Path(folder) / "classes.tif"
        command = [python, __file__, name, str(scene), str(network), str(threads), str(output)]
        done = subprocess.run(  # noqa: S603 - our own command
            command, capture_output=True, text=True, check=False, env={**os.environ, **counts}
        )
    if done.returncode:
        lines = done.stderr.strip().splitlines()[::-1]
        reason = next((line for line in lines if line.partition(":")[0].endswith("Error")), "".join(lines[:1]))
        raise RuntimeError(f"exit status {done.returncode}: {reason}")
    found = json.loads(done.stdout.splitlines()[-1])
    return None if found is None else PeerResult(**found)


def main() -> None:
    """Measure one peer in this process, and print its figures as JSON: ``run_peer`` calls it."""
    name, scene, network, threads, out = sys.argv[1:]
    found = measure(name, Path(scene), Path(network), int(threads), Path(out)) if find_spec(name) else None
    print("\n" + json.dumps(found and asdict(found)))


if __name__ == "__main__":
    main()
