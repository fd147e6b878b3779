"""What a site's maps or tables gave, before anything is made of it."""

from dataclasses import dataclass
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
        maps: The class map of each epoch, none for a site of tables.
        made_of: What each map was made of.
        notes: Of the legend.
    """

    measures: list[Measures]
    frame: Frame
    content: dict[str, Any]
    maps: tuple[Path, ...] = ()
    made_of: tuple[dict[str, Any], ...] = ()
    notes: tuple[str, ...] = ()
