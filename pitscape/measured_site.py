"""What a site's maps or tables gave, before anything is made of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pitscape.frame import Frame
from pitscape.measures import Measures


@dataclass(frozen=True)
class MeasuredSite:
    """What maps or tables gave.

    Attributes:
        measures: One for each epoch.
        frame: What the epochs share.
        content: Parts of ``site.json``: epochs, legend, areas, extents, growth, affected, accuracy, zones, maps of resilience.
        maps: Class map by name of the epochs that are compared, on one grid; none for a site of tables.
        made_of: What each map was made of.
        notes: Of the legend.
    """

    measures: list[Measures]
    frame: Frame
    content: dict[str, Any]
    maps: Mapping[str, Path] = field(default_factory=dict)
    made_of: tuple[dict[str, Any], ...] = ()
    notes: tuple[str, ...] = ()
