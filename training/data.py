"""The data of a training run: scenes, classes and split, as a Lightning data module."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator
from torch.utils.data import DataLoader, Subset

from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import metric_cell_size
from pitscape.imagery.legend import load_legend
from pitscape.imagery.radiometry import OffsetWord
from pitscape.imagery.reading import Reading
from pitscape.imagery.sensor import load_sensor
from pitscape.imagery.settings import expand_path
from pitscape.imagery.stack import Channels
from pitscape.models.card import SourceInput
from pitscape.training.augmentation import Jitter
from pitscape.training.labelled import LabelledScene, MoreImages, fingerprint, labelled_scenes
from pitscape.training.land import lands
from pitscape.training.split import JUDGES, TRAINS, NoSplit, split_of
from pitscape.training.statistics import band_statistics, labelled_pixels
from pitscape.training.windows import BalancedWindows, CountingSampler, RegularWindows, Sample, plots


class MoreSettings(BaseModel):
    """A further source.

    Attributes:
        images: Folder of its images, under the names of the first source's.
        sensor: Name of a sensor that comes with pitscape, or a YAML file.
        bands: Names of the bands to use; all of the sensor's by default.
        offset: Whether the images' numbers hold the agency's offset, where metadata do not say.
        stored_bands: The images' bands by name, in their order, where they do not name them.
        gsd_m: Side of a pixel of images that do not say where they are [m].
        jitter: Augmentation; scale and source dropout are given once for all sources, with the first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    images: str
    sensor: str
    bands: tuple[str, ...] | None = None
    offset: OffsetWord | None = None
    stored_bands: tuple[str, ...] | None = None
    gsd_m: float | None = Field(default=None, gt=0)
    jitter: Jitter = Jitter()

    @field_validator("jitter")
    @classmethod
    def _of_its_own(cls, jitter: Jitter) -> Jitter:
        if jitter.scale or jitter.source_dropout:
            raise ValueError("scale, source_dropout: are of all sources; give them with the first one's jitter")
        return jitter

    def images_from(self, here: Path) -> MoreImages:
        """Its images, paths taken from a folder."""
        channels = channels_of(self.sensor, self.bands)
        reading = Reading(offset=self.offset, stored_bands=self.stored_bands, gsd_m=self.gsd_m)
        return MoreImages(expand_path(self.images, here), channels, reading)


class LabelledScenes(lightning.LightningDataModule):
    """Scenes with label rasters of the same names, trained and validated on different land.

    Args:
        images: Folder of images, or of folders of images, one for each site; environment variables are replaced.
        masks: Folder of labels of the same names: rasters of label codes on the same grid, or polygons (GeoPackage,
            GeoJSON, shapefile) in any projection; or one file of polygons for all images.
        crosswalk: Class name by label code or word of the polygons; "ignore" stands for no class.
        column: Of the polygons' words.
        split: Which land trains and which judges: its ``kind`` (blocks by default, columns, leave_out, random, none) and
            options; see ``pitscape.training.split``.
        licence: Terms of the training data, for the model card.
        sensor: Name of a sensor that comes with pitscape, or a YAML file.
        bands: Names of the bands to use; all of the sensor's by default.
        offset: Whether the images' numbers hold the agency's offset ("included", "missing"), where metadata do not say.
        stored_bands: The images' bands by name, in their order, where they do not name them.
        gsd_m: Side of a pixel of images that do not say where they are [m]: tiles without a place, PNG and JPEG among them.
        legend: Name of a legend that comes with pitscape, or a YAML file.
        legend_notes: Sentences that every report repeats, such as "mined includes dumps".
        tile: Side of the training windows [px].
        batch_size: Windows per step and process.
        steps_per_epoch: Steps between two looks at the validation land; a shorter run looks once, at its end.
        context: Land around validation windows that is seen and not judged [px].
        jitter: Augmentation.
        more: Further sources, whose images have the same names; a scene may lack them.
        workers: Processes that read ahead; 0 reads in the training process.
        seed: Of the windows drawn; in a run ``seed_everything`` by default, else 0.
    """

    def __init__(  # noqa: PLR0913 - one keyword per key of the configuration
        self,
        *,
        images: str,
        masks: str,
        crosswalk: dict[int | str, str],
        split: dict[str, Any] | None = None,
        licence: str,
        sensor: str = "sentinel2_l2a",
        bands: list[str] | None = None,
        offset: OffsetWord | None = None,
        stored_bands: list[str] | None = None,
        gsd_m: float | None = None,
        column: str = "class",
        legend: str = "four_class",
        legend_notes: list[str] | None = None,
        tile: int = 128,
        batch_size: int = 8,
        steps_per_epoch: int = 100,
        context: int = 16,
        jitter: Jitter = Jitter(),  # noqa: B008 - immutable
        more: list[MoreSettings] | None = None,
        workers: int = 0,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        if gsd_m is not None and not gsd_m > 0:
            raise InputError(f"gsd_m {gsd_m:g}: the side of a pixel must be above 0 m.")
        self.images, self.masks = images, masks
        self.reading = Reading(offset=offset, stored_bands=stored_bands, gsd_m=gsd_m)
        self.crosswalk, self.column, self.licence = crosswalk, column, licence
        self.wanted_split = split or {}
        self.channels = channels_of(sensor, bands)
        self.more = tuple(more or ())
        self.legend = load_legend(legend).model_copy(update={"notes": tuple(legend_notes or ())})
        if tile <= 2 * context:
            raise InputError(f"tile {tile} with context {context}: the tile must be larger than twice the context.")
        self.tile, self.batch_size, self.steps_per_epoch = tile, batch_size, steps_per_epoch
        self.context, self.jitter, self.workers = context, jitter, workers
        self.seed = seed or 0
        self.scenes: tuple[LabelledScene, ...] = ()
        self.next_window = 0

    def setup(self, stage: str | None = None) -> None:
        """Pair images and masks, and take the band statistics of the training land."""
        del stage
        if self.scenes:
            return
        _check_different([self.channels, *(channels_of(each.sensor, each.bands) for each in self.more)])
        self.split = split_of(self.wanted_split)
        here = Path.cwd()
        images, masks = expand_path(self.images, here), expand_path(self.masks, here)
        self.scenes = labelled_scenes(
            images,
            masks,
            channels=self.channels,
            legend=self.legend,
            crosswalk=self.crosswalk,
            column=self.column,
            reading=self.reading,
            more=[each.images_from(here) for each in self.more],
        )
        self.split.check(self.scenes)
        self.training = lands(self.scenes, self.split, TRAINS)
        self.judging = lands(self.scenes, self.split, JUDGES)
        if not self.training:
            raise InputError(f"{self.images}: the split ({self.split}) leaves no land to train on; change it.")
        self.class_pixels = labelled_pixels(self.training, len(self.legend))
        if not any(self.class_pixels):
            raise InputError(
                f"{self.masks}: no labelled pixel in the training land; check the crosswalk and the split."
            )
        if not isinstance(self.split, NoSplit) and not any(labelled_pixels(self.judging, len(self.legend))):
            raise InputError(
                f"{self.images}: the split ({self.split}) leaves no labelled pixel to judge by; change it, or train on all land "
                'with {"kind": "none"}.'
            )
        self.sources = band_statistics(self.training)
        self.fingerprint = fingerprint(self.scenes)
        self.gsd_m = _ground_sampling_distance(self.scenes)

    def train_dataloader(self) -> DataLoader[Sample]:
        """Balanced, turned and jittered windows of the training land."""
        rank, world = self._place
        per_epoch = self.batch_size * self._steps_of_an_epoch * world
        windows = BalancedWindows(
            plots(self.training, seed=self.seed),
            size=self.tile,
            per_epoch=per_epoch,
            seed=self.seed,
            jitter=self.jitter,
            means=stored_means(self.sources),
            more_jitter=[each.jitter for each in self.more],
        )
        self.sampler = CountingSampler(per_epoch, first=self.next_window, rank=rank, world=world)
        return DataLoader(
            windows,
            batch_size=self.batch_size,
            sampler=self.sampler,
            num_workers=self.workers,
            persistent_workers=self.workers > 0,
        )

    def val_dataloader(self) -> DataLoader[Sample]:
        """All of the validation land, once; each process judges a part of it."""
        rank, world = self._place
        windows = RegularWindows(self.judging, size=self.tile, context=self.context)
        if windows and world > len(windows):
            raise InputError(f"{world} processes share {len(windows)} windows that judge; start fewer.")
        own = Subset(windows, range(rank, len(windows), world))
        return DataLoader(own, batch_size=self.batch_size, num_workers=self.workers)

    def state_dict(self) -> dict[str, int]:
        """The number of the next window to draw."""
        return {"next_window": self.sampler.next}

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Go on with the next window."""
        self.next_window = state_dict["next_window"]

    @property
    def _steps_of_an_epoch(self) -> int:
        """Those wanted, or all of a shorter run, which would end without a look otherwise."""
        most = self.trainer.max_steps if self.trainer else -1
        return self.steps_per_epoch if most <= 0 else min(self.steps_per_epoch, most)

    @property
    def _place(self) -> tuple[int, int]:
        """Number of this process, and of all."""
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)


def channels_of(sensor: str, bands: Sequence[str] | None) -> Channels:
    """A sensor with the bands wanted; all of the sensor's by default."""
    found = load_sensor(sensor)
    return Channels(found, tuple(bands or found.band_names))


def _check_different(sources: Sequence[Channels]) -> None:
    """Refuse two sources of one sensor: an exported network tells its inputs apart by it."""
    sensors = [source.sensor.name for source in sources]
    for name in sensors:
        if sensors.count(name) > 1:
            raise InputError(f"more: sensor {name} is named twice; each source needs a sensor of its own.")


def stored_means(sources: Sequence[SourceInput]) -> NDArray[np.float32]:
    """Stored number of the mean of each channel, shape (channel,)."""
    means = [source.sensor.stored(np.array(source.normalisation.mean, np.float32), source.bands) for source in sources]
    return np.concatenate(means).astype(np.float32)


def _ground_sampling_distance(scenes: Sequence[LabelledScene]) -> float:
    """That of all scenes, which must be the same within a hundredth."""
    found = []
    for scene in scenes:
        with scene.open() as image:
            found.append(max(metric_cell_size(image.grid, scene.image)))
        if not math.isclose(found[-1], found[0], rel_tol=0.01):
            first = scenes[0].image
            raise InputError(f"{scene.image}: has pixels of {found[-1]:g} m, {first} of {found[0]:g} m; resample one.")
    return found[0]
