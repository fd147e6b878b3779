"""Splits: which pixels of which scene train, and which judge."""

import datetime
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from scipy import ndimage

from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import is_placed
from pitscape.imagery.slope import cell_sides
from pitscape.inference.tiles import Area
from pitscape.training.labelled import LabelledScene

UNUSED, TRAINS, JUDGES = range(3)
"""The roles of a pixel."""

Roles = NDArray[np.uint8]
"""A role for each pixel of a window (y, x)."""

GOLDEN = 0.382
M_PER_DEGREE = 111_320.0
MOST_NAMED = 12


class Split(BaseModel, ABC):
    """Gives each pixel of a scene its role. It depends on the place alone, so that any window can be asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @abstractmethod
    def roles(self, scene: LabelledScene, window: Area) -> Roles:
        """Roles in a window of a scene, shape (y, x)."""

    @abstractmethod
    def __str__(self) -> str:
        """The split in words, for cards and reports."""

    def check(self, scenes: Sequence[LabelledScene]) -> None:
        """Make sure that it means what it says of some scenes.

        Raises:
            InputError: If it does not.
        """


class ColumnSplit(Split):
    """Columns of every scene for training and for validation, with a buffer between them.

    Neighbouring pixels are alike: without distance between them, validation would reward memory. Columns of the
    training range that lie within ``buffer`` pixels of the validation range are not used at all.

    Attributes:
        train: First column and end (excluded); an end of None is the scene's.
        validate_on: The same for validation.
        buffer: Width of the strip between them [px].
    """

    kind: Literal["columns"] = "columns"
    train: tuple[int, int | None]
    validate_on: tuple[int, int | None]
    buffer: int = Field(default=16, ge=0)

    @model_validator(mode="after")
    def _ranges_rise(self) -> "ColumnSplit":
        for first, end in (self.train, self.validate_on):
            if first < 0 or (end is not None and end <= first):
                raise ValueError(f"columns {first} to {end}: the end must lie beyond the start")
        return self

    def roles(self, scene: LabelledScene, window: Area) -> Roles:
        """Roles by column."""
        columns = np.arange(window.left, window.right)
        first, end = _columns(self.validate_on, scene)
        roles = np.full(len(columns), UNUSED, np.uint8)
        roles[_between(columns, *_columns(self.train, scene))] = TRAINS
        roles[_between(columns, first - self.buffer, end + self.buffer)] = UNUSED
        roles[_between(columns, first, end)] = JUDGES
        return np.broadcast_to(roles, window.shape)

    def __str__(self) -> str:
        """The split in words."""
        return f"columns {self.train}, validated on {self.validate_on}, buffer {self.buffer} px"


class BlockSplit(Split):
    """Square blocks of ground, every ``folds``-th of which judges; with a buffer around each.

    Blocks lie in the coordinates of the scenes' projection: all dates of a place are split alike. Folds are dealt out
    along a lattice, so that those that judge are spread evenly (a k-fold run takes ``fold`` 0 to ``folds`` - 1 in turn).

    Attributes:
        side_m: Side of a block [m]; that of a scene in degrees is taken along the equator.
        folds: Number of folds.
        fold: The one that judges.
        buffer_m: Width of the unused strip around what judges [m].
    """

    kind: Literal["blocks"] = "blocks"
    side_m: float = Field(default=1280.0, gt=0)
    folds: int = Field(default=5, ge=2)
    fold: int = Field(default=0, ge=0)
    buffer_m: float = Field(default=160.0, ge=0)

    @model_validator(mode="after")
    def _fold_exists(self) -> "BlockSplit":
        if self.fold >= self.folds:
            raise ValueError(f"fold {self.fold}: of {self.folds} folds the last is {self.folds - 1}")
        return self

    def roles(self, scene: LabelledScene, window: Area) -> Roles:
        """Roles by block; the buffer is a square around each pixel that judges."""
        if not is_placed(scene.grid):
            raise InputError(
                f"{scene.image}: does not say where it is, which a split by blocks needs; put what judges into a folder "
                "below images and give leave_out with its name in sites, or split by columns."
            )
        metres = M_PER_DEGREE if scene.grid.crs and scene.grid.crs.geographic else 1.0
        affine = scene.grid.affine
        across, down = (math.ceil(self.buffer_m / side) for side in _least_sides(scene.grid))
        columns = np.arange(window.left - across, window.right + across) + 0.5
        rows = np.arange(window.top - down, window.bottom + down) + 0.5
        east = np.floor((affine.c + affine.a * columns) * metres / self.side_m).astype(np.int64)
        north = np.floor((affine.f + affine.e * rows) * metres / self.side_m).astype(np.int64)
        held = (east[None, :] + self._step * north[:, None]) % self.folds == self.fold
        near = ndimage.maximum_filter(held, size=(2 * down + 1, 2 * across + 1), mode="nearest")
        inner = (slice(down, down + window.shape[0]), slice(across, across + window.shape[1]))
        return np.where(held, JUDGES, np.where(near, UNUSED, TRAINS)).astype(np.uint8)[inner]

    def check(self, scenes: Sequence[LabelledScene]) -> None:
        """Refuse scenes of the same land in two projections: blocks of one would not be those of the other."""
        placed = [(each, each.grid.geographic_extent.boundingbox) for each in scenes if is_placed(each.grid)]
        for number, (one, here) in enumerate(placed):
            for other, there in placed[:number]:
                apart = here.left >= there.right or there.left >= here.right
                apart |= here.bottom >= there.top or there.bottom >= here.top
                if one.grid.crs != other.grid.crs and not apart:
                    raise InputError(
                        f"{one.image}: shows land of {other.image} in another projection, so that blocks of one are not those "
                        "of the other; bring both to one with gdalwarp, or split by sites."
                    )

    @property
    def _step(self) -> int:
        """By how many folds the next row of blocks is shifted: near the golden section, and prime to ``folds``."""
        steps = [n for n in range(1, self.folds) if math.gcd(n, self.folds) == 1]
        return min(steps, key=lambda n: (abs(n - GOLDEN * self.folds), n))

    def __str__(self) -> str:
        """The split in words."""
        return f"blocks of {self.side_m:g} m, fold {self.fold} of {self.folds} judges, buffer {self.buffer_m:g} m"


class RandomSplit(Split):
    """Small patches drawn at random in each scene, without a buffer: what most published accuracies rest on.

    What judges lies beside what trains, and at another date trains itself. For comparison only: it flatters.

    Attributes:
        patch: Side of a patch [px].
        share: Of the patches that judge.
        seed: Of the draw.
    """

    kind: Literal["random"] = "random"
    patch: int = Field(default=16, ge=1)
    share: float = Field(default=0.25, gt=0, lt=1)
    seed: int = Field(default=0, ge=0)

    def roles(self, scene: LabelledScene, window: Area) -> Roles:
        """Roles by patch, drawn for each scene by itself."""
        height, width = scene.shape
        key = np.frombuffer(scene.image.name.encode(), np.uint8)
        rng = np.random.default_rng((self.seed, *key.tolist()))
        drawn = rng.random((height // self.patch + 1, width // self.patch + 1)) < self.share
        rows = np.clip(np.arange(window.top, window.bottom), 0, height - 1) // self.patch
        columns = np.clip(np.arange(window.left, window.right), 0, width - 1) // self.patch
        return np.where(drawn[np.ix_(rows, columns)], JUDGES, TRAINS).astype(np.uint8)

    def __str__(self) -> str:
        """The split in words."""
        return f"random patches of {self.patch} px, {self.share:.0%} judge, no buffer"


class LeaveOut(Split):
    """Whole sites or dates judge; the others train.

    Dates of one place see the same land: leave out a date together with land (``space``), or the network judges land
    that it knows. Then a scene left out judges on the land that ``space`` holds out, and trains nowhere.

    Attributes:
        sites: Names of sites: a scene's folder below ``images``, or its name without the date.
        dates: Dates as 2023-07-09, compared with those in the scenes' names.
        space: Split of the land as well.
    """

    kind: Literal["leave_out"] = "leave_out"
    sites: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    space: Annotated[ColumnSplit | BlockSplit, Field(discriminator="kind")] | None = None

    @model_validator(mode="after")
    def _leaves_something_out(self) -> "LeaveOut":
        if not self.sites and not self.dates:
            raise ValueError("sites, dates: name at least one to leave out")
        for date in self.dates:
            datetime.date.fromisoformat(date)
        return self

    def check(self, scenes: Sequence[LabelledScene]) -> None:
        """Refuse names that no scene has."""
        if self.space:
            self.space.check(scenes)
        for key, wanted, there in (
            ("sites", self.sites, {scene.site for scene in scenes}),
            ("dates", self.dates, {str(scene.acquired) for scene in scenes if scene.acquired}),
        ):
            for name in wanted:
                if name not in there:
                    known = ", ".join(sorted(there)[:MOST_NAMED]) or "none"
                    raise InputError(f"data: split.{key}: {name} is of no scene; there are {known}.")

    def roles(self, scene: LabelledScene, window: Area) -> Roles:
        """One role for a whole scene, or those of ``space``."""
        wanted = JUDGES if scene.site in self.sites or str(scene.acquired) in self.dates else TRAINS
        if self.space is None:
            return np.full(window.shape, wanted, np.uint8)
        return np.where(self.space.roles(scene, window) == wanted, wanted, UNUSED).astype(np.uint8)

    def __str__(self) -> str:
        """The split in words."""
        left = ", ".join([*self.sites, *self.dates])
        return f"{left} left out" + (f"; {self.space}" if self.space else "")


class NoSplit(Split):
    """All land trains, and the same land judges: for a final model whose accuracy was measured by other splits."""

    kind: Literal["none"] = "none"

    def roles(self, scene: LabelledScene, window: Area) -> Roles:
        """Training everywhere."""
        del scene
        return np.full(window.shape, TRAINS, np.uint8)

    def __str__(self) -> str:
        """The split in words."""
        return "all land trains, none judges"


SPLITS: TypeAdapter[BlockSplit | ColumnSplit | RandomSplit | LeaveOut | NoSplit] = TypeAdapter(
    Annotated[BlockSplit | ColumnSplit | RandomSplit | LeaveOut | NoSplit, Field(discriminator="kind")]
)


def split_of(content: Mapping[str, Any]) -> Split:
    """The split that a configuration names: its ``kind`` (blocks, columns, random, leave_out, none) and its options.

    Raises:
        InputError: If there is no such kind, or an option does not fit.
    """
    try:
        return SPLITS.validate_python({"kind": "blocks", **content})
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(["split", *(str(key) for key in problem["loc"][1:])])
        raise InputError(
            f"data: {where}: {problem['msg'].removeprefix('Value error, ')}; check its spelling and value."
        ) from error


@lru_cache(maxsize=4096)
def _least_sides(grid: GeoBox) -> tuple[float, float]:
    """Width and height of the smallest cell [m]."""
    width, height = cell_sides(grid)
    return float(width.min()), float(height.min())


def _columns(columns: tuple[int, int | None], scene: LabelledScene) -> tuple[int, int]:
    width = scene.shape[1]
    return columns[0], width if columns[1] is None else min(columns[1], width)


def _between(values: NDArray[np.int64], first: int, end: int) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = (values >= first) & (values < end)
    return inside
