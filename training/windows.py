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
from pitscape.imagery.radiometry import UNOBSERVED_STORED
from pitscape.imagery.stack import slices_of
from pitscape.inference.tiles import Area
from pitscape.training.augmentation import (
    Jitter,
    drawn_side,
    jittered,
    rescaled,
    turned,
    without_a_band,
    without_a_source,
)
from pitscape.training.land import Land

POSITIONS_PER_CLASS = 20_000
"""Labelled pixels of each class and scene that windows are centred on; more bring no more variety."""

Sample = tuple[Tensor, Tensor]
"""Stored numbers (band, y, x), float32, and class ids (y, x), int64, 255 where unlabelled."""


@dataclass(frozen=True)
class Plot:
    """Training land, and where it has labelled pixels of each class: (class id -> (n, 2) rows and columns)."""

    land: Land
    positions: dict[int, NDArray[np.int32]]


def plots(training: Sequence[Land], *, seed: int = 0) -> tuple[Plot, ...]:
    """Find the labelled pixels of training land.

    Raises:
        InputError: If there is none.
    """
    rng = np.random.default_rng(seed)
    found = tuple(Plot(land, _positions(land, rng)) for land in training)
    if not any(plot.positions for plot in found):
        where = f"{training[0].scene.labels_from.path.parent}: " if training else ""
        raise InputError(f"{where}no labelled pixel in the training land; check the crosswalk and the split.")
    return found


class BalancedWindows(Dataset[Sample]):
    """Windows around labelled pixels, every class as often as every other, turned and jittered.

    Land that does not train is unobserved in a window, so that none of it is seen. The same index always gives the
    same window, in whatever process it is drawn.

    Args:
        plots: The training land with its labelled pixels.
        size: Side of a window [px].
        per_epoch: Windows of one epoch.
        seed: Of all draws.
        jitter: Augmentation, of the first source; scale and source dropout are those of all.
        means: Stored number of each channel's mean, shape (channel,), for band dropout.
        more_jitter: Augmentation of each further source.
    """

    def __init__(
        self,
        plots: Sequence[Plot],
        *,
        size: int,
        per_epoch: int,
        seed: int,
        jitter: Jitter,
        means: NDArray[np.float32],
        more_jitter: Sequence[Jitter] = (),
    ) -> None:
        self.plots = plots
        self.size = size
        self.per_epoch = per_epoch
        self.seed = seed
        self.jitter = jitter
        self.jitters = (jitter, *more_jitter)
        self.means = means
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
        area, scene = plot.land.area, plot.land.scene
        side = drawn_side(self.size, self.jitter, rng)
        top = _start(int(row), area.top, area.bottom, side, rng)
        left = _start(int(column), area.left, area.right, side, rng)
        stored, labels = plot.land.pixels(Area(top, top + side, left, left + side))
        turned_stored, turned_labels = turned(stored, labels, rng)
        stored, labels = rescaled(turned_stored.copy(), turned_labels, scene.channels, self.size)
        for part, source, jitter in zip(slices_of(scene.channels), scene.channels, self.jitters, strict=True):
            varied = jittered(stored[part], source.sensor, source.bands, jitter, rng)
            stored[part] = without_a_band(varied, self.means[part], jitter, rng)
        stored = without_a_source(stored, scene.channels, self.jitter, rng)
        seen = (stored != UNOBSERVED_STORED).any(axis=0)  # a source that covers a part may be the only one left
        return _sample(stored, np.where(seen, labels, np.uint8(UNOBSERVED)))


class RegularWindows(Dataset[Sample]):
    """All judging land, in windows with some land around them that is seen and not judged."""

    def __init__(self, judging: Sequence[Land], *, size: int, context: int) -> None:
        self.windows = [(land, core) for land in judging for core in _cores(land, size - 2 * context)]
        self.size = size
        self.context = context

    def __len__(self) -> int:
        """The number of windows."""
        return len(self.windows)

    def __getitem__(self, index: int) -> Sample:
        """The window of an index."""
        land, core = self.windows[index]
        around = Area(
            core.top - self.context,
            core.top - self.context + self.size,
            core.left - self.context,
            core.left - self.context + self.size,
        )
        stored, labels = land.scene.pixels(around)
        judged = np.full_like(labels, UNOBSERVED)
        part = (slice(self.context, self.context + core.shape[0]), slice(self.context, self.context + core.shape[1]))
        judged[part] = np.where(land.mask(core), labels[part], UNOBSERVED)
        return _sample(stored, judged)


class CountingSampler(Sampler[int]):
    """Indices that go on counting from epoch to epoch, so that no epoch repeats the windows of another.

    Args:
        per_epoch: Indices of one epoch, of all processes together.
        first: The next one: a run that goes on counts on.
        rank: Number of this process; each takes every ``world``-th index.
        world: Number of processes.
    """

    def __init__(self, per_epoch: int, *, first: int = 0, rank: int = 0, world: int = 1) -> None:
        self.per_epoch, self.next, self.rank, self.world = per_epoch, first, rank, world

    def __len__(self) -> int:
        """Indices of one epoch in this process."""
        return self.per_epoch // self.world

    def __iter__(self) -> Iterator[int]:
        """The indices of the next epoch."""
        first = self.next + self.rank
        self.next += self.per_epoch
        return iter(range(first, self.next, self.world))


def _positions(land: Land, rng: np.random.Generator) -> dict[int, NDArray[np.int32]]:
    found: dict[int, list[NDArray[np.int32]]] = {}
    for strip in land.strips():
        labels = land.labels(strip)
        for class_id in np.unique(labels[labels != UNOBSERVED]):
            at = np.argwhere(labels == class_id).astype(np.int32)
            found.setdefault(int(class_id), []).append(at + np.array([strip.top, strip.left], np.int32))
    every = {class_id: np.concatenate(parts) for class_id, parts in found.items()}
    return {class_id: at[rng.permutation(len(at))[:POSITIONS_PER_CLASS]] for class_id, at in every.items()}


def _start(position: int, first: int, end: int, size: int, rng: np.random.Generator) -> int:
    """A start of a window that holds ``position`` and, where the region is large enough, stays in it."""
    lowest, highest = max(first, position - size + 1), min(position, end - size)
    return int(rng.integers(lowest, highest + 1)) if lowest < highest else max(first, highest)


def _cores(land: Land, size: int) -> Iterator[Area]:
    area = land.area
    for top in range(area.top, area.bottom, size):
        for left in range(area.left, area.right, size):
            core = Area(top, min(top + size, area.bottom), left, min(left + size, area.right))
            if land.mask(core).any():
                yield core


def _sample(stored: NDArray[np.float32], labels: NDArray[np.uint8]) -> Sample:
    return torch.from_numpy(np.ascontiguousarray(stored)), torch.from_numpy(labels.astype(np.int64))
