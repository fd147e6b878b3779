"""Areas that a sample has adjusted, with their standard errors."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from pitscape.ecosystem_types import EcosystemTypes
from pitscape.frame import Frame
from pitscape.inference.sample.accuracy import Z95
from pitscape.measures import Measures

ROLES = ("mined", "occupied", "vegetated", "water")


def adjusted_areas(measures: Sequence[Measures], frame: Frame, content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Area of each kind of land at the epochs that have a sample.

    Args:
        measures: One for each epoch, with adjusted shares and their covariance where there are some.
        frame: The types of the site.
        content: ``areas`` and ``legend`` of ``site.json``; the sum of the areas of an epoch is its observed land.

    Returns:
        Rows of ``epoch``, ``role``, ``mapped_km2``, ``adjusted_km2``, ``se_km2`` and the 95 % interval ``low_km2``, ``high_km2``: the
        assessment's own where it has one of this land, else the normal one, cut at 0. None where no epoch has a sample
        or areas are not known.
    """
    found = []
    for each in measures:
        whole = observed_km2(content["areas"], each.epoch)
        if each.adjusted is None or whole is None:
            continue
        for role in ROLES:
            area, error = area_of({role}, each, frame.types, whole)
            own = _interval(role, each.adjusted.intervals, frame.types)
            low, high = (end * whole for end in own) if own else (max(area - Z95 * error, 0.0), area + Z95 * error)
            row = {"epoch": each.epoch, "role": role, "mapped_km2": _mapped_km2(role, each.epoch, content)}
            found.append(row | {"adjusted_km2": area, "se_km2": error, "low_km2": low, "high_km2": high})
    return found


def _mapped_km2(role: str, epoch: str, content: Mapping[str, Any]) -> float:
    """Mapped area of the classes of a role."""
    ids = {land["id"] for land in content["legend"] if land["role"] == role}
    rows = [row for row in content["areas"] if row["epoch"] == epoch and row["zone"] == "all"]
    return float(sum(row["area_km2"] for row in rows if row["class_id"] in ids))


def _interval(
    role: str, intervals: Mapping[str, tuple[float, float]], types: EcosystemTypes
) -> tuple[float, float] | None:
    """Own interval of a kind of land, by its name or as that of its only type; None for a sum of types."""
    names = [name for name, of in types.roles.items() if of == role]
    if len(names) == 1 and names[0] in intervals:
        return intervals[names[0]]
    return None if role in types.names else intervals.get(role)


def observed_km2(areas: Sequence[dict[str, Any]], epoch: str) -> float | None:
    """Observed land of an epoch [km2]; None where areas are not known."""
    rows = [row["area_km2"] for row in areas if row["epoch"] == epoch and row["zone"] == "all"]
    return float(sum(rows)) if rows and None not in rows else None


def area_of(names: Collection[str], each: Measures, types: EcosystemTypes, whole: float) -> tuple[float, float]:
    """Area of types, named by themselves or by their land class, with its standard error, both in the unit of ``whole``."""
    taken = np.array([float(name in names or types.roles[name] in names) for name in types.names])
    assert each.covariance is not None
    variance = float(taken @ each.covariance @ taken)
    return float(taken @ types.vector(each.shares)) * whole, max(variance, 0.0) ** 0.5 * whole
