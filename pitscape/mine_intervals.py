"""Areas of mines with intervals, from the assessments of the mines' own zones."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import geopandas
import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from pitscape.adjusted import load_adjusted
from pitscape.imagery.errors import InputError
from pitscape.imagery.settings import checked

Z95 = 1.959964


class ZoneArea(BaseModel):
    """What an assessment must say beside shares and covariance.

    Attributes:
        area_km2: Of the whole zone that was sampled, of which the shares are.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    area_km2: float = Field(gt=0)


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

    The area is that of the zone times the adjusted share of the class; the interval is the normal one of 95 % from the
    covariance, within 0 and the zone. A mine of several rows gets none: the sample is of their sum.

    Args:
        table: Extents with column ``mine``.
        assessments: By mine, see ``assessments_of``. Each file holds ``names``, ``shares``, ``covariance`` and ``area_km2``.

    Raises:
        InputError: If there is no such assessment, or it lacks the class.
    """
    table = table.copy()
    rows = table["mine"].value_counts()
    for mine, file in assessments.items():
        if rows[mine] > 1:
            continue
        place = table.index[table["mine"] == mine][0]
        low, middle, high = _interval(file, str(table.loc[place, "class_name"]))
        table.loc[place, ["area_low_km2", "adjusted_km2", "area_high_km2"]] = (low, middle, high)
    return table


def _interval(file: Path, class_name: str) -> tuple[float, float, float]:
    """Low end, area and high end [km2]."""
    shares = load_adjusted(file)
    whole = checked(json.loads(file.read_text(encoding="utf-8")), ZoneArea, file).area_km2
    if class_name not in shares.names:
        raise InputError(f"{file}: assesses {', '.join(shares.names)}, not {class_name}; assess the class of the map.")
    place = shares.names.index(class_name)
    half = Z95 * float(np.sqrt(shares.covariance[place][place]))
    share = shares.shares[place]
    return max(share - half, 0.0) * whole, share * whole, min(share + half, 1.0) * whole
