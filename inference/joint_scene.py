"""What a run maps: the scenes of a model's sources, on one grid and read as one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from odc.geo.geobox import GeoBox

from pitscape.imagery.errors import InputError
from pitscape.imagery.layer import Pixels
from pitscape.imagery.reading import Reading
from pitscape.imagery.scene import Scene
from pitscape.imagery.stack import Channels, Source, Stack, open_stack, slices_of
from pitscape.inference.scene_source import SceneSource, by_sensor
from pitscape.models.card import ModelCard, SourceInput

TERRAIN = frozenset({"elevation", "slope"})
"""Kinds of bands that say nothing of what covers the land."""


class Mappable(Protocol):
    """Pixels that tiles are cut from; any thread may read them."""

    @property
    def block_shape(self) -> tuple[int, int]:
        """Rows and columns in which it is best read."""
        ...

    def read(self, rows: slice, columns: slice) -> Pixels:
        """Stored numbers (channel, y, x) of a window, 0 where not observed, and where it was observed (y, x)."""
        ...


@dataclass(frozen=True)
class JointScene:
    """Scenes of a model's sources on one grid, whose channels are those of its card.

    A pixel counts as observed where any source has observed it; terrain alone does not say what covers the land, and counts
    only where the model has nothing else.

    Attributes:
        stack: The scenes that there are; the first gives the grid.
        readings: How each is read.
        places: Where the channels of each lie.
        telling: Which of them say whether the land was observed.
        channels: Of the model.
        missing: Sensors of the model of which there is no scene.
    """

    stack: Stack
    readings: tuple[Reading, ...]
    places: tuple[slice, ...]
    telling: tuple[bool, ...]
    channels: int
    missing: tuple[str, ...]

    @property
    def grid(self) -> GeoBox:
        """Where the pixels are."""
        return self.stack.grid

    @property
    def first(self) -> Scene:
        """The scene that gives the grid."""
        return self.stack.scenes[0]

    @property
    def block_shape(self) -> tuple[int, int]:
        """Rows and columns in which it is best read."""
        return self.first.block_shape

    def read(self, rows: slice, columns: slice) -> Pixels:
        """Read a window; it equals the same part of a whole read.

        Args:
            rows: Start and stop on the grid.
            columns: The same across.

        Returns:
            Stored numbers (channel, y, x) in the order of the card, 0 where a source was not observed or is missing; and
            where the land was observed (y, x).
        """
        if len(self.places) == 1 and not self.missing:
            return self.first.read(rows, columns)
        shape = rows.stop - rows.start, columns.stop - columns.start
        stored, observed = np.zeros((self.channels, *shape), np.float32), np.zeros(shape, np.bool_)
        for scene, place, tells in zip(self.stack.scenes, self.places, self.telling, strict=True):
            stored[place], seen = scene.read(rows, columns)
            if tells:
                observed |= seen
        return stored, observed


@contextmanager
def open_joint(given: Sequence[SceneSource], card: ModelCard, reading: Reading) -> Iterator[JointScene]:
    """Open the scenes of a model's sources.

    The grid is that of the card's first source; where it is missing, that of the first scene given.

    Args:
        given: At least one; at most one for each source of the card.
        card: Of the model.
        reading: What the user says of the scene that gives the grid; of the others, whether clouds are kept.

    Yields:
        The open scenes.

    Raises:
        InputError: If a scene is of none of the model's sensors, two are of one, only terrain is given to a model that
            takes more, or scenes cannot be opened or do not meet.
    """
    named = by_sensor(given, card)
    order = [source for source in card.sources if source.sensor.name in named]
    if order[0] is not card.sources[0]:
        order.sort(key=lambda source: source.sensor.name != next(iter(named)))
    only_terrain = all(map(_is_terrain, card.sources))
    telling = tuple(only_terrain or not _is_terrain(source) for source in order)
    if not any(telling):
        raise InputError(
            f"{given[0].path}: is terrain, which does not say what covers the land; give another source too."
        )
    usual = [reading, *(Reading(keep_clouds=reading.keep_clouds) for _ in order[1:])]
    readings = [named[source.sensor.name].reading(each) for source, each in zip(order, usual, strict=True)]
    slices = slices_of([Channels(source.sensor, source.bands) for source in card.sources])
    place = dict(zip((source.sensor.name for source in card.sources), slices, strict=True))
    wanted = [
        Source(named[source.sensor.name].path, source.sensor, source.bands, each)
        for source, each in zip(order, readings, strict=True)
    ]
    with open_stack(wanted) as stack:
        yield JointScene(
            stack=stack,
            readings=tuple(readings),
            places=tuple(place[source.sensor.name] for source in order),
            telling=telling,
            channels=card.channels,
            missing=tuple(name for name in place if name not in named),
        )


def _is_terrain(source: SourceInput) -> bool:
    return all(source.sensor.band(name).kind in TERRAIN for name in source.bands)
