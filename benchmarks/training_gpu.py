"""A training step on the GPU, where there is one: images per second, share of peak arithmetic, where the time goes.

    python benchmarks/training_gpu.py [--batch N] [--tile N] [--steps N] [--architecture A] [--encoder E]

The step is that of pitscape fit: standardising, network, loss, gradients, AdamW; in bfloat16 on a GPU, in float32 on one
thread of a CPU. Its operations are counted by torch.utils.flop_counter (convolutions and products of matrices); the peak is
what a product of large square matrices reaches in the same type. Batches lie ready: reading is benchmarks/loader.py's.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence

import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from pitscape.imagery.sensor import load_sensor
from pitscape.models.card import Normalisation, SourceInput
from pitscape.models.network import NetworkSettings, SegmentationNetwork, Standardiser
from pitscape.training.loss import Loss, LossSettings

CLASSES, WARM_UP, REPEATS, OPERATIONS = 4, 2, 5, 12
SENSOR = load_sensor("sentinel2_l2a")
Work = Callable[[], object]


def training_step(settings: NetworkSettings, device: torch.device, *, batch: int, tile: int) -> Work:
    """A step on one batch of random windows."""
    bands = len(SENSOR.band_names)
    normalisation = Normalisation(mean=(0.2,) * bands, std=(0.1,) * bands)
    source = SourceInput(sensor=SENSOR, bands=SENSOR.band_names, normalisation=normalisation)
    standardiser = Standardiser((source,)).to(device)
    network = SegmentationNetwork(settings, channels=[bands], classes=CLASSES)
    network = network.to(device, memory_format=torch.channels_last)
    loss = Loss(LossSettings(), [1] * CLASSES).to(device)
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3)
    stored = torch.randint(1100, 5000, (batch, bands, tile, tile), device=device).float()
    labels = torch.randint(0, CLASSES, (batch, tile, tile), device=device)

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            lost = loss(network(standardiser(stored).contiguous(memory_format=torch.channels_last)), labels)
        lost.backward()
        optimiser.step()

    return step


def operations(work: Work) -> int:
    """Floating-point operations of the convolutions and products of matrices in some work, gradients included."""
    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops()


def seconds(work: Work, device: torch.device, repeats: int) -> float:
    """Median time of some work: the clock's on a GPU, the processor's on a CPU, which others may share."""
    clock = time.perf_counter if device.type == "cuda" else time.process_time
    found = []
    for number in range(WARM_UP + repeats):
        _wait(device)
        start = clock()
        work()
        _wait(device)
        if number >= WARM_UP:
            found.append(clock() - start)
    return statistics.median(found)


def peak(device: torch.device, side: int) -> float:
    """Operations per second of a product of two square matrices."""
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    one, other = (torch.rand(side, side, device=device, dtype=dtype) for _ in range(2))
    return 2 * side**3 / seconds(lambda: one @ other, device, REPEATS)


def table(work: Work, device: torch.device) -> str:
    """The operations of a step that take longest, by their own time."""
    gpu = device.type == "cuda"
    with profile(activities=[ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if gpu else [])]) as found:
        work()
        _wait(device)
    key = "self_cuda_time_total" if gpu else "self_cpu_time_total"
    return found.key_averages().table(sort_by=key, row_limit=OPERATIONS, max_name_column_width=48)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures and the table."""
    gpu = torch.cuda.is_available()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=64 if gpu else 8)
    parser.add_argument("--tile", type=int, default=256 if gpu else 128)
    parser.add_argument("--steps", type=int, default=30 if gpu else 5)
    parser.add_argument("--matrix", type=int, default=8192 if gpu else 1024, help="side of those that give the peak")
    parser.add_argument("--architecture", default=NetworkSettings().architecture)
    parser.add_argument("--encoder", default=NetworkSettings().encoder)
    given = parser.parse_args(arguments)
    device = torch.device("cuda" if gpu else "cpu")
    torch.set_num_threads(1)
    settings = NetworkSettings(architecture=given.architecture, encoder=given.encoder)
    step = training_step(settings, device, batch=given.batch, tile=given.tile)
    counted, took, most = operations(step), seconds(step, device, given.steps), peak(device, given.matrix)
    where = torch.cuda.get_device_name(device) if gpu else "one thread of a CPU"
    print(f"{settings.title} on {where}: {given.batch} images of {given.tile} px a step")
    print(f"{given.batch / took:.1f} images/s; {counted / given.batch / 1e9:.2f} GFLOP an image")
    print(f"{counted / took / 1e12:.3f} of {most / 1e12:.3f} TFLOP/s: {counted / took / most:.0%} of peak")
    print(table(step, device))


if __name__ == "__main__":
    main()
