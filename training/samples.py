"""Samples of a training run's land: windows that train set ranges, windows that judge judge."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import UNOBSERVED
from pitscape.inference.tiles import Area
from pitscape.models.card import SourceInput
from pitscape.models.samples import SETTING, SIDE, LabelledWindow, Samples, spread
from pitscape.training.data import LabelledScenes
from pitscape.training.run import data_of
from pitscape.training.windows import RegularWindows


def training_samples(config: Path, sources: Sequence[SourceInput], *, side: int = SIDE) -> Samples:
    """Windows of the land that a training configuration names, as it was stored, without augmentation.

    Windows of training land, spread evenly, set ranges. All windows of the land that judges judge, by their labels; where no
    land judges, other windows of training land do, without labels.

    Args:
        config: YAML with ``trainer``, ``model`` and ``data``, or the ``config.yaml`` of a run. It is code: trust it.
        sources: Of the network.
        side: Of the windows [px].

    Raises:
        InputError: If the configuration does not fit, or is of other sensors or bands than the network.
    """
    data = data_of(config)
    if [(each.sensor.name, each.bands) for each in data.sources] != [(s.sensor.name, s.bands) for s in sources]:
        wanted = "; ".join(f"{each.sensor.name} {', '.join(each.bands)}" for each in sources)
        raise InputError(f"--config {config}: is of other bands than the network, which takes {wanted}.")
    training = RegularWindows(data.training, size=side, context=0)
    chosen = spread(len(training), SETTING if data.judging else 2 * SETTING)
    setting = chosen if data.judging else chosen[::2]
    files = [source.path for scene in data.scenes for source in scene.images if source]
    return Samples(
        f"training land of {config.name}",
        (config, *files, *dict.fromkeys(scene.labels_from.path for scene in data.scenes)),
        [_of_training_land(training, number) for number in setting],
        _judging(data, side) if data.judging else _unlabelled(training, chosen[1::2]),
    )


def _of_training_land(windows: RegularWindows, number: int) -> NDArray[np.float32]:
    """A window in which all other land is unobserved: what judges has no part in the ranges."""
    land, core = windows.windows[number]
    around = Area(core.top, core.top + windows.size, core.left, core.left + windows.size)
    return land.pixels(around)[0]


def _judging(data: LabelledScenes, side: int) -> Iterator[LabelledWindow]:
    windows = RegularWindows(data.judging, size=side, context=min(data.context, side // 4))
    for number in range(len(windows)):
        stored, labels = windows[number]
        yield stored.numpy(), labels.numpy()


def _unlabelled(windows: RegularWindows, chosen: Sequence[int]) -> Iterator[LabelledWindow]:
    for number in chosen:
        stored, labels = windows[number]
        yield stored.numpy(), labels.fill_(UNOBSERVED).numpy()
