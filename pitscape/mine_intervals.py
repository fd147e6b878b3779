"""Areas of mines with intervals, from the assessments of the mines' own zones."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import geopandas

from pitscape.adjusted import load_adjusted
from pitscape.imagery.errors import InputError
from pitscape.inference.outlines.extents import INTERVAL
from pitscape.inference.sample.accuracy import Z95


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

    The area is that of the zone times the adjusted share. The interval is the assessment's own of the class where it has
    one; else the normal one of 95 % from the covariance, cut at 0 and the zone. A mine of several rows gets none: the
    sample is of their sum.

    A sample without disagreement, of variance 0, tells no interval either.

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
        table.loc[place, list(INTERVAL)] = found
    return table


def _interval(file: Path, class_name: str) -> tuple[float, float, float]:
    """Area of a class and the ends of its interval [km2]; these are NaN where the sample tells none."""
    assessed = load_adjusted(file)
    if assessed.area_km2 is None:
        raise InputError(f"{file}: has no area_km2, of which the shares are; give the area of the mine's zone.")
    if class_name not in assessed.names:
        raise InputError(
            f"{file}: assesses {', '.join(assessed.names)}, not {class_name}; assess the class of the map."
        )
    place, area = assessed.names.index(class_name), assessed.area_km2
    share, variance = assessed.shares[place], assessed.covariance[place][place]
    if own := assessed.interval_of(class_name):
        return (share * area, *own)
    half = Z95 * math.sqrt(variance)
    ends = (max(share - half, 0.0), min(share + half, 1.0)) if half > 0 else (math.nan, math.nan)
    return share * area, ends[0] * area, ends[1] * area
