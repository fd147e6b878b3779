"""Areas of mines with intervals, from the assessments of the mines' own zones."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import geopandas
from pydantic import BaseModel, ConfigDict, Field

from pitscape.adjusted import load_adjusted
from pitscape.imagery.errors import InputError
from pitscape.imagery.settings import checked
from pitscape.inference.extents import INTERVAL

Z95 = 1.96


class AssessedArea(BaseModel):
    """An area with its 95 % interval [km2]."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    value: float = Field(ge=0)
    low: float = Field(ge=0)
    high: float = Field(ge=0)


class AssessedClass(BaseModel):
    """What an assessment says of a class."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    adjusted_km2: AssessedArea


class AssessedZone(BaseModel):
    """What an assessment says beside shares and covariance.

    Attributes:
        area_km2: Of the whole zone that was sampled, of which the shares are.
        classes: Areas with the assessment's own intervals; without them those of the covariance are taken.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    area_km2: float = Field(gt=0)
    classes: tuple[AssessedClass, ...] = ()


def assessments_of(path: Path, mines: Sequence[str]) -> dict[str, Path]:
    """The assessment of each mine that has one.

    Args:
        path: A folder with ``MINE.json`` or ``MINE/accuracy.json``, or a JSON file of paths by the mines' names,
            relative to it.
        mines: Names.

    Raises:
        InputError: If it is neither, none of the mines has one, or a mine that is named is not there.
    """
    if path.is_dir():
        places = {mine: [path / f"{mine}.json", path / mine / "accuracy.json"] for mine in mines}
        found = {mine: each for mine, files in places.items() for each in files if each.is_file()}
    else:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            found = {str(mine): path.parent / each for mine, each in content.items()}
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise InputError(
                f"{path}: is no folder nor JSON of assessments; give paths of accuracy.json by mine."
            ) from error
        if strange := sorted(found.keys() - set(mines)):
            raise InputError(f"{path}: no mine is named {strange[0]!r}; there are {', '.join(mines) or 'none'}.")
    if mines and not found:
        raise InputError(f"{path}: holds no assessment of {', '.join(mines[:5])}; name them by mine.")
    return found


def with_intervals(table: geopandas.GeoDataFrame, assessments: Mapping[str, Path]) -> geopandas.GeoDataFrame:
    """Fill adjusted_km2, area_low_km2 and area_high_km2 where the row's own zone has a sample.

    Area and interval are the assessment's own of the class where it has them; else the area of the zone times the
    adjusted share, with the normal interval of 95 % from the covariance, cut at 0 and the zone. A mine of several rows
    gets none: the sample is of their sum. Nor does a sample without disagreement, of variance 0, tell an interval.

    Args:
        table: Extents with column ``mine``.
        assessments: By mine, see ``assessments_of``. Each file holds ``names``, ``shares``,
            ``covariance`` and ``area_km2``.

    Raises:
        InputError: If there is no such assessment, or it lacks the class.
    """
    table = table.copy()
    rows = table["mine"].value_counts()
    for mine, file in assessments.items():
        if rows[mine] > 1:
            continue
        place = table.index[table["mine"] == mine][0]
        found = _interval(file, str(table.loc[place, "class_name"]))
        table.loc[place, list(INTERVAL)] = (found.value, found.low, found.high)
    return table


def _interval(file: Path, class_name: str) -> AssessedArea:
    shares = load_adjusted(file)
    zone = checked(json.loads(file.read_text(encoding="utf-8")), AssessedZone, file)
    if class_name not in shares.names:
        raise InputError(f"{file}: assesses {', '.join(shares.names)}, not {class_name}; assess the class of the map.")
    for each in zone.classes:
        if each.name == class_name:
            return each.adjusted_km2
    place = shares.names.index(class_name)
    share, variance = shares.shares[place], shares.covariance[place][place]
    half = Z95 * math.sqrt(variance)
    ends = (max(share - half, 0.0), min(share + half, 1.0)) if half > 0 else (math.nan, math.nan)
    low, high = (each * zone.area_km2 for each in ends)
    return AssessedArea.model_construct(value=share * zone.area_km2, low=low, high=high)
