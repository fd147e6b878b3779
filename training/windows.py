"""Windows of labelled scenes: drawn class by class for training, laid out regularly for validation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import UNOBSERVED
from pitscape.inference.tiles import Area
from pitscape.training.augmentation import Jitter, jittered, turned
from pitscape.training.labelled import LabelledScene

POSITIONS_PER_CLASS = 20_000
"""Labelled pixels of each class and scene that windows are centred on; more bring no more variety."""

Sample = tuple[Tensor, Tensor]
"""Stored numbers (band, y, x), float32, and class ids (y, x), int64, 255 where unlabelled."""


@dataclass(frozen=True)
class Plot:
    """A region of a scene, and where it has labelled pixels of each class: (class id -> (n, 2) rows and columns)."""

    scene: LabelledScene
    region: Area
    positions: dict[int, NDArray[np.int32]]


def plots(scenes: Sequence[LabelledScene], regions: Sequence[Area], *, seed: int = 0) -> tuple[Plot, ...]:
    """Find the labelled pixels of each scene's region.

    Raises:
        InputError: If no scene has a labelled pixel there.
    """
    rng = np.random.default_rng(seed)
    found = tuple(Plot(s, r, _positions(s, r, rng)) for s, r in zip(scenes, regions, strict=True))
    if not any(plot.positions for plot in found):
        raise InputError(
            f"{scenes[0].mask.parent}: no labelled pixel in the training region; check the crosswalk and the split."
        )
    return found


class BalancedWindows(Dataset[Sample]):
    """Windows around labelled pixels, every class as often as every other, turned and jittered.

    A window never reaches out of its region, so that no pixel of other land is seen. The same index always gives the
    same window, in whatever process it is drawn.
    """

    def __init__(self, plots: Sequence[Plot], *, size: int, per_epoch: int, seed: int, jitter: Jitter) -> None:
        self.plots = plots
        self.size = size
        self.per_epoch = per_epoch
        self.seed = seed
        self.jitter = jitter
        self.classes = sorted({c for plot in plots for c in plot.positions})

    def __len__(self) -> int:
        """Windows of one epoch."""
        return self.per_epoch

    def __getitem__(self, index: int) -> Sample:
        """The window of an index, which may be of any epoch."""
        rng = np.random.default_rng((self.seed, index))
        wanted = self.classes[rng.integers(len(self.classes))]
        candidates = [plot for plot in self.plots if wanted in plot.positions]
        plot = candidates[rng.integers(len(candidates))]
        row, column = plot.positions[wanted][rng.integers(len(plot.positions[wanted]))]
        top = _start(int(row), plot.region.top, plot.region.bottom, self.size, rng)
        left = _start(int(column), plot.region.left, plot.region.right, self.size, rng)
        stored, labels = _inside(plot, Area(top, top + self.size, left, left + self.size))
        stored, labels = turned(stored, labels, rng)
        stored = jittered(stored, plot.scene.sensor, plot.scene.bands, self.jitter, rng)
        return _sample(stored, labels)


class RegularWindows(Dataset[Sample]):
    """All of each scene's region, in windows with some land around them that is seen and not judged."""

    def __init__(self, scenes: Sequence[LabelledScene], regions: Sequence[Area], *, size: int, context: int) -> None:
        self.windows = [
            (scene, core)
            for scene, region in zip(scenes, regions, strict=True)
            for core in _cores(region, size - 2 * context)
        ]
        self.size = size
        self.context = context

    def __len__(self) -> int:
        """The number of windows."""
        return len(self.windows)

    def __getitem__(self, index: int) -> Sample:
        """The window of an index."""
        scene, core = self.windows[index]
        around = Area(
            core.top - self.context,
            core.top - self.context + self.size,
            core.left - self.context,
            core.left - self.context + self.size,
        )
        stored, labels = scene.pixels(around)
        judged = np.full_like(labels, UNOBSERVED)
        part = (slice(self.context, self.context + core.shape[0]), slice(self.context, self.context + core.shape[1]))
        judged[part] = labels[part]
        return _sample(stored, judged)


class CountingSampler(Sampler[int]):
    """Indices that go on counting from epoch to epoch, so that no epoch repeats the windows of another."""

    def __init__(self, per_epoch: int) -> None:
        self.per_epoch = per_epoch
        self.next = 0

    def __len__(self) -> int:
        """Indices of one epoch."""
        return self.per_epoch

    def __iter__(self) -> Iterator[int]:
        """The indices of the next epoch."""
        first = self.next
        self.next += self.per_epoch
        return iter(range(first, self.next))


def _positions(scene: LabelledScene, region: Area, rng: np.random.Generator) -> dict[int, NDArray[np.int32]]:
    labels = scene.labels(region)
    found = {}
    for class_id in np.unique(labels[labels != UNOBSERVED]):
        at = np.argwhere(labels == class_id).astype(np.int32) + np.array([region.top, region.left], np.int32)
        found[int(class_id)] = at[rng.permutation(len(at))[:POSITIONS_PER_CLASS]]
    return found


def _start(position: int, first: int, end: int, size: int, rng: np.random.Generator) -> int:
    """A start of a window that holds ``position`` and, where the region is large enough, stays in it."""
    lowest, highest = max(first, position - size + 1), min(position, end - size)
    return int(rng.integers(lowest, highest + 1)) if lowest < highest else max(first, highest)


def _inside(plot: Plot, window: Area) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """The pixels of a window; where it is larger than its region, nothing of the land beyond."""
    region = plot.region
    cut = Area(window.top, min(window.bottom, region.bottom), window.left, min(window.right, region.right))
    stored, labels = plot.scene.pixels(cut)
    missing = (window.shape[0] - cut.shape[0], window.shape[1] - cut.shape[1])
    edges = ((0, missing[0]), (0, missing[1]))
    return np.pad(stored, ((0, 0), *edges)), np.pad(labels, edges, constant_values=UNOBSERVED)


def _cores(region: Area, size: int) -> Iterator[Area]:
    for top in range(region.top, region.bottom, size):
        for left in range(region.left, region.right, size):
            yield Area(top, min(top + size, region.bottom), left, min(left + size, region.right))


def _sample(stored: NDArray[np.float32], labels: NDArray[np.uint8]) -> Sample:
    return torch.from_numpy(np.ascontiguousarray(stored)), torch.from_numpy(labels.astype(np.int64))
