"""Scenes that are given as the sources of a model, and which is which."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from pitscape.imagery.errors import InputError
from pitscape.imagery.radiometry import OffsetWord
from pitscape.imagery.reading import Reading
from pitscape.imagery.scene import open_scene
from pitscape.models.card import ModelCard, SourceInput


@dataclass(frozen=True)
class SceneSource:
    """A scene as one of a model's sources.

    Attributes:
        path: A raster, SAFE or Landsat product.
        sensor: Name of its sensor; None to recognise it among those of the model.
        bands: Its bands by name, in its order, where it does not name them.
        offset: Whether its numbers hold the agency's offset, where its metadata do not say.
    """

    path: Path
    sensor: str | None = None
    bands: tuple[str, ...] | None = None
    offset: OffsetWord | None = None

    def reading(self, usual: Reading) -> Reading:
        """What the user says of it: of itself, else as usual."""
        return replace(usual, stored_bands=self.bands or usual.stored_bands, offset=self.offset or usual.offset)


Given: TypeAlias = Path | Sequence[SceneSource]
"""A scene, or the sources of one."""


def path_of(given: Given) -> Path:
    """The path that a run is named by."""
    return given if isinstance(given, Path) else given[0].path


def by_sensor(given: Sequence[SceneSource], card: ModelCard) -> dict[str, SceneSource]:
    """Scenes by the name of their sensor, in the order given.

    Raises:
        InputError: If one is of none of the model's sensors, or two are of one.
    """
    sensors = [source.sensor.name for source in card.sources]
    found: dict[str, SceneSource] = {}
    for each in given:
        name = each.sensor or _recognised(each, card.sources)
        if name not in sensors:
            raise InputError(f"--source {name}={each.path}: the model takes {', '.join(sensors)}; give one of these.")
        if name in found:
            raise InputError(
                f"--source {name}={each.path}: a scene of {name} is given already; give one of each sensor."
            )
        found[name] = each
    return found


def _recognised(given: SceneSource, sources: Sequence[SourceInput]) -> str:
    """The one source of a model that a scene can be."""
    if len(sources) == 1:
        return sources[0].sensor.name
    fitting = [source.sensor.name for source in sources if _fits(given, source)]
    if len(fitting) != 1:
        names = ", ".join(fitting or (source.sensor.name for source in sources))
        raise InputError(
            f"--source {given.path}: {'may be any of' if fitting else 'is not known as one of'} {names}; say SENSOR=PATH."
        )
    return fitting[0]


def _fits(given: SceneSource, source: SourceInput) -> bool:
    """Whether a scene can be read as a source; what its numbers hold is asked later."""
    try:
        with open_scene(given.path, source.sensor, bands=source.bands, reading=Reading(given.bands, offset="included")):
            return True
    except InputError:
        if not given.path.exists():
            raise
        return False
