"""Labelled scenes and land that tests of training share."""

from collections.abc import Sequence
from pathlib import Path

from small_scenes import BANDS

from pitscape.imagery.legend import load_legend
from pitscape.imagery.sensor import load_sensor
from pitscape.imagery.stack import Channels
from pitscape.training.labelled import LabelledScene, labelled_scenes
from pitscape.training.land import Land, lands
from pitscape.training.split import TRAINS, ColumnSplit

CODES: dict[int | str, str] = {0: "ignore", 1: "mined", 2: "occupied", 3: "vegetated", 4: "water"}


def read_labelled_scenes(folder: Path) -> tuple[LabelledScene, ...]:
    """The scenes that ``write_labelled_scenes`` wrote."""
    return labelled_scenes(
        folder / "images",
        folder / "masks",
        channels=Channels(load_sensor("sentinel2_l2a"), BANDS),
        legend=load_legend(),
        crosswalk=CODES,
    )


def columns_of(scenes: Sequence[LabelledScene], first: int, end: int | None) -> tuple[Land, ...]:
    """Land of some columns of scenes, all of which trains."""
    return lands(scenes, ColumnSplit(train=(first, end), validate_on=(10_000, None)), TRAINS)
