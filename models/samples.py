"""Samples: windows of stored numbers, some to set the ranges of a variant in 8 bits and others to judge it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import UNOBSERVED
from pitscape.imagery.radiometry import UNOBSERVED_STORED
from pitscape.imagery.raster import rasters_in
from pitscape.imagery.scene import Scene, open_scene
from pitscape.models.card import SourceInput

SETTING = 48
"""Windows that set ranges, at most; from 8 on more of them change little (docs/results.md)."""

SIDE = 128

LabelledWindow = tuple[NDArray[np.float32], NDArray[np.integer]]
"""Stored numbers (channels, H, W), 0 where not observed, and class ids (H, W), 255 where unlabelled."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Windows of the land that a network is for.

    Attributes:
        origin: Where they come from, in words.
        files: The files they were read from.
        setting: Stored numbers (channels, H, W) of windows that set ranges.
        judging: Windows that judge, none of which sets ranges; they are read once.
    """

    origin: str
    files: tuple[Path, ...]
    setting: Sequence[NDArray[np.float32]]
    judging: Iterable[LabelledWindow]


def folder_samples(folder: Path, sources: Sequence[SourceInput], *, side: int = SIDE) -> Samples:
    """Windows of the images of a folder, spread evenly; every second one sets ranges, the others judge without labels.

    Args:
        folder: Holds rasters of the sensor, with named bands.
        sources: Of the network: one.
        side: Of the windows [px]; what lies beyond an image is unobserved.

    Raises:
        InputError: If the network takes several sources, or the folder holds no image of the sensor, or fewer than two windows
            with observed pixels.
    """
    if len(sources) > 1:
        raise InputError(f"--int8-samples {folder}: the network takes several sources; give --config instead.")
    paths = tuple(rasters_in(folder))
    places = [(path, *at) for path in paths for at in _places(path, sources[0], side)]
    chosen = [places[number] for number in spread(len(places), 2 * SETTING)]
    read = [_window(path, sources[0], row, column, side) for path, row, column in chosen]
    windows = [window for window in read if (window != UNOBSERVED_STORED).any()]
    if len(windows) < 2:
        raise InputError(
            f"--int8-samples {folder}: holds {len(windows)} observed windows of {side} px; give more images of "
            f"{sources[0].sensor.name}: at least one window sets ranges and one judges."
        )
    unlabelled = np.full((side, side), UNOBSERVED, np.uint8)
    origin = f"windows of {len(paths)} images of {sources[0].sensor.name}"
    return Samples(origin, paths, windows[::2], [(window, unlabelled) for window in windows[1::2]])


def spread(count: int, most: int) -> list[int]:
    """At most so many of ``count`` indices, evenly over all.

    >>> spread(5, 9), spread(9, 3)
    ([0, 1, 2, 3, 4], [0, 4, 8])
    """
    return [int(number) for number in np.unique(np.linspace(0, max(count - 1, 0), min(count, most)).astype(int))]


def _places(path: Path, source: SourceInput, side: int) -> list[tuple[int, int]]:
    """Rows and columns at which whole windows of an image start; its corner where it is smaller than a window."""
    with open_scene(path, source.sensor, bands=source.bands) as scene:
        down, across = (range(0, max(size - side, 0) + 1, side) for size in scene.grid.shape)
    return [(row, column) for row in down for column in across]


def _window(path: Path, source: SourceInput, row: int, column: int, side: int) -> NDArray[np.float32]:
    window = np.full((len(source.bands), side, side), UNOBSERVED_STORED, np.float32)
    with open_scene(path, source.sensor, bands=source.bands) as scene:
        found = _read(scene, row, column, side)
    window[:, : found.shape[1], : found.shape[2]] = found
    return window


def _read(scene: Scene, row: int, column: int, side: int) -> NDArray[np.float32]:
    height, width = scene.grid.shape
    values, _ = scene.read(slice(row, min(row + side, height)), slice(column, min(column + side, width)))
    return values.astype(np.float32)
