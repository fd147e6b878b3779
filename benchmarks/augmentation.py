"""Our augmentation, window by window, beside kornia's on the batch, as a ratio.

    pip install kornia
    python benchmarks/augmentation.py

Both take a batch of windows of ten bands through the same changes: a flip and quarter turn, a scale within 1.25, a gain of all
bands and of each, an offset of each. Ours vary physical values of observed pixels alone; kornia's vary every number. One
thread, processor time in turn, the first round not counted.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from kornia.augmentation import AugmentationSequential, RandomAffine, RandomHorizontalFlip, RandomRotation90
from torch import Tensor

from pitscape.imagery.sensor import load_sensor
from pitscape.imagery.stack import Channels
from pitscape.training.augmentation import Jitter, drawn_side, jittered, rescaled, turned

SENSOR = load_sensor("sentinel2_l2a")
TILE, BATCH, ROUNDS = 128, 8, 15
SCALE = 1.25
FULL, STILL = Jitter(scale=SCALE - 1), Jitter()
WHOLE = TILE * 2
Work = Callable[[], object]


def ours(jitter: Jitter) -> Work:
    """Windows one by one, as the data module's worker makes them, joined to a batch."""
    rng = np.random.default_rng(0)
    image = rng.uniform(1100, 5000, (len(SENSOR.band_names), WHOLE, WHOLE)).astype(np.float32)
    codes = rng.integers(0, 4, (WHOLE, WHOLE)).astype(np.uint8)
    channels = (Channels(SENSOR, SENSOR.band_names),)

    def window() -> tuple[Tensor, Tensor]:
        side = drawn_side(TILE, jitter, rng)
        stored, labels = turned(image[:, :side, :side], codes[:side, :side], rng)
        stored, labels = rescaled(stored.copy(), labels, channels, TILE)
        stored = jittered(stored, SENSOR, SENSOR.band_names, jitter, rng)
        return torch.from_numpy(stored), torch.from_numpy(labels.astype(np.int64))

    def work() -> None:
        windows = [window() for _ in range(BATCH)]
        torch.stack([image for image, _ in windows]), torch.stack([labels for _, labels in windows])

    return work


def kornias(jitter: Jitter) -> Work:
    """The batch at once."""
    images = torch.rand(BATCH, len(SENSOR.band_names), TILE, TILE)
    labels = torch.randint(0, 4, (BATCH, 1, TILE, TILE)).float()
    scaled = [RandomAffine(degrees=0, scale=(1 / SCALE, SCALE), p=1.0)] if jitter.scale else []
    changes = AugmentationSequential(
        RandomHorizontalFlip(), RandomRotation90((0, 3), p=1.0), *scaled, data_keys=["input", "mask"]
    )

    def work() -> None:
        stored, _ = changes(images, labels)
        per_band = (BATCH, len(SENSOR.band_names), 1, 1)
        gain = torch.exp(jitter.gain * torch.randn(BATCH, 1, 1, 1) + jitter.band_gain * torch.randn(per_band))
        stored * gain + jitter.offset * torch.randn(per_band)

    return work


def seconds(work: Work) -> float:
    """Processor time."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    """Print the ratios."""
    torch.set_num_threads(1)
    for title, jitter in (("turns, gains and offsets", STILL), ("these and scale", FULL)):
        own, other = ours(jitter), kornias(jitter)
        rounds = [(seconds(own), seconds(other)) for _ in range(1 + ROUNDS)][1:]
        window = statistics.median(1000 * mine / BATCH for mine, _ in rounds)
        ratios = sorted(theirs / mine for mine, theirs in rounds)
        print(
            f"{title}: ours {window:.2f} ms a window; kornia over ours {statistics.median(ratios):.2f} "
            f"({ratios[0]:.2f} to {ratios[-1]:.2f})"
        )


if __name__ == "__main__":
    main()
