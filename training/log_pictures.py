"""Pictures for the log of a run: the confusion matrix, and what the network maps beside the truth."""

from collections.abc import Sequence

import lightning
import numpy as np
from lightning.pytorch.loggers import TensorBoardLogger
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageDraw

from pitscape.imagery.confusion import Counts
from pitscape.imagery.legend import UNOBSERVED, Legend
from pitscape.imagery.radiometry import UNOBSERVED_STORED
from pitscape.imagery.sensor import Sensor
from pitscape.training.task import SegmentationTask
from pitscape.training.windows import Sample

CELL = 72
MARGIN = 96
MOST = 4
"""Windows shown at each look at the judging land."""

INK, PAPER, BLUE = (20, 20, 20), (255, 255, 255), np.array([8, 64, 129])
SHOWN = ("red", "green", "blue")
NO_CLASS = (225, 225, 225)

Picture = NDArray[np.uint8]
"""Shape (y, x, 3)."""


class LogPictures(lightning.Callback):
    """Puts pictures into TensorBoard after each look at the judging land."""

    def on_validation_batch_end(  # noqa: PLR0917 - Lightning's signature
        self,
        trainer: lightning.Trainer,
        task: lightning.LightningModule,
        outputs: object,
        batch: Sample,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Show the first windows."""
        del outputs, dataloader_idx
        for logger in _boards(trainer) if batch_idx == 0 else []:
            stored, labels = batch
            mapped = task(stored[:MOST]).argmax(dim=1)
            assert isinstance(task, SegmentationTask)
            data = task.data
            picture = examples(
                stored[:MOST].cpu().numpy(),
                labels[:MOST].cpu().numpy(),
                mapped.cpu().numpy(),
                sensor=data.channels.sensor,
                bands=data.channels.bands,
                legend=data.legend,
            )
            logger.experiment.add_image("image, labels, map", picture, task.global_step, dataformats="HWC")

    def on_validation_end(self, trainer: lightning.Trainer, task: lightning.LightningModule) -> None:
        """Show the confusion matrix."""
        for logger in _boards(trainer):
            assert isinstance(task, SegmentationTask)
            picture = matrix(task.counts.cpu().numpy(), task.data.legend)
            logger.experiment.add_image("confusion matrix", picture, task.global_step, dataformats="HWC")


def matrix(counts: Counts, legend: Legend) -> Picture:
    """Confusion counts as a table: columns are the labels' classes, shaded by the share mapped to each row's class."""
    size = len(legend)
    image = Image.new("RGB", (MARGIN + size * CELL, MARGIN // 2 + size * CELL), PAPER)
    draw = ImageDraw.Draw(image)
    draw.text((4, 4), "labels across", fill=INK)
    draw.text((4, 18), "map down", fill=INK)
    share = counts / np.maximum(counts.sum(axis=0), 1)
    for row, name in enumerate(legend.names):
        draw.text((4, MARGIN // 2 + row * CELL + CELL // 2 - 6), name, fill=INK)
        draw.text((MARGIN + row * CELL + 4, MARGIN // 4), name[:11], fill=INK)
        for column in range(size):
            left, top = MARGIN + column * CELL, MARGIN // 2 + row * CELL
            part = float(share[row, column])
            shade = tuple(int(value) for value in 255 + part * (BLUE - 255))
            draw.rectangle((left, top, left + CELL - 2, top + CELL - 2), fill=shade)
            words = f"{counts[row, column]}\n{part:.1%}"
            draw.multiline_text((left + 6, top + CELL // 2 - 14), words, fill=PAPER if part > 0.5 else INK)
    return np.asarray(image)


def examples(
    stored: NDArray[np.float32],
    labels: NDArray[np.integer],
    mapped: NDArray[np.integer],
    *,
    sensor: Sensor,
    bands: Sequence[str],
    legend: Legend,
) -> Picture:
    """Windows one below the other: the image, its labels and what the network maps, side by side.

    Args:
        stored: Stored numbers (N, band, y, x).
        labels: Class ids (N, y, x), 255 where unlabelled, grey in the picture.
        mapped: Class ids (N, y, x).
        sensor: Says what the numbers mean.
        bands: Names of the bands.
        legend: Names the colours.
    """
    colours = np.full((UNOBSERVED + 1, 3), NO_CLASS, np.uint8)
    for land in legend.classes:
        colours[land.id] = ImageColor.getrgb(land.colour)
    rows = [
        np.hstack([_visible(one, sensor, bands), colours[truth], colours[found]])
        for one, truth, found in zip(stored, labels, mapped, strict=True)
    ]
    return np.vstack(rows)


def _visible(stored: NDArray[np.float32], sensor: Sensor, bands: Sequence[str]) -> Picture:
    """Red, green and blue, or the first bands, stretched between the 2nd and the 98th percentile."""
    common = [sensor.band(name).common_name for name in bands]
    chosen = [common.index(name) for name in SHOWN] if set(SHOWN) <= set(common) else [0, len(bands) // 2, -1]
    shown = np.moveaxis(stored[chosen], 0, -1)
    seen = shown[(stored != UNOBSERVED_STORED).any(axis=0)]
    low, high = np.percentile(seen, (2, 98), axis=0) if len(seen) else np.zeros((2, 3))
    return np.asarray(np.clip((shown - low) / np.maximum(high - low, 1e-6), 0, 1) * 255, np.uint8)


def _boards(trainer: lightning.Trainer) -> list[TensorBoardLogger]:
    return [] if trainer.sanity_checking else [each for each in trainer.loggers if isinstance(each, TensorBoardLogger)]
