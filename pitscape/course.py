"""The course of a site: life cycle, thresholds and succession, from what its epochs hold."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitscape.ecology import naming
from pitscape.imagery.cell_area import cell_areas
from pitscape.imagery.class_map import ClassMap, open_class_map
from pitscape.life_cycles import COLUMN, describe, find_life_cycle
from pitscape.mine_settings import MineSettings
from pitscape.resilience.detection import DRAWS
from pitscape.resilience.life_cycle import LifeCycle
from pitscape.resilience.succession import NEWLY_DISTURBED, ROLES, states_of, succession
from pitscape.resilience.transitions import transition_areas
from pitscape.series import Series, read_series
from pitscape.threshold_series import find_thresholds


def course(
    mine: MineSettings,
    production: str | None,
    *,
    epochs: Sequence[dict[str, Any]],
    integrity: dict[str, Any],
    classes: Mapping[str, Path],
) -> dict[str, Any]:
    """The sections ``mine``, ``thresholds``, ``life_cycle`` and ``succession`` of ``site.json``.

    Args:
        mine: What the site file says of the mine.
        production: Its production table.
        epochs: Name and year of each.
        integrity: Its section, with the series of ThV.
        classes: Class map by name of the epochs that are compared, on one grid; none for a site of tables.

    Returns:
        The sections; each is None where there is nothing to make it of.

    Raises:
        InputError: If a table is wrong.
    """
    record = read_series(Path(production), COLUMN) if production else None
    with naming(production or "site file"):
        life, why = find_life_cycle(record, first_production=mine.first_production, decline=mine.decline)
    years = sorted({int(epoch["year"]) for epoch in epochs})
    compared = [epoch for epoch in epochs if epoch["name"] in classes]
    stages = [life.stage(epoch["year"]) if life else "" for epoch in compared]
    return {
        "mine": mine.model_dump(),
        "life_cycle": describe(life, why, record, years) if life or record else None,
        "thresholds": _thresholds(mine, epochs, integrity, life),
        "succession": _succession([*classes.values()], compared, stages) if len(classes) > 1 else None,
    }


def _thresholds(
    mine: MineSettings, epochs: Sequence[dict[str, Any]], integrity: dict[str, Any], life: LifeCycle | None
) -> dict[str, Any] | None:
    """Thresholds by form of ThV; of several epochs in a year, ThV is the mean of those that have it."""
    years = {epoch["name"]: float(epoch["year"]) for epoch in epochs}
    found = {}
    for form, rows in integrity["series"].items():
        values: dict[float, list[float]] = {}
        for row in rows:
            known = values.setdefault(years[row["epoch"]], [])
            if math.isfinite(row.get("thv", math.nan)):
                known.append(row["thv"])
        if any(values.values()):
            rising = sorted(values)
            means = [float(np.mean(values[year])) if values[year] else math.nan for year in rising]
            series = Series(np.array(rising), np.array(means))
            found[form] = find_thresholds(series, mine.constants, life, draws=DRAWS, seed=0)
    return found or None


def _succession(classes: Sequence[Path], epochs: Sequence[dict[str, Any]], stages: Sequence[str]) -> dict[str, Any]:
    """Succession with its evidence, the state at each epoch, and areas by role at the first and the last epoch."""
    land = []
    for path in classes:
        with open_class_map(path) as found:
            land.append(_roles(found))
            cells = cell_areas(found.grid)
    reached = succession(land, ROLES, cell_area=cells, stage=stages[-1])
    states = (None, *states_of(land, ROLES, stages, cell_area=cells))
    seen = np.logical_and.reduce([each < len(ROLES) for each in land])
    first, last = (np.where(seen, each, np.uint8(len(ROLES))) for each in (land[0], land[-1]))
    areas = transition_areas(first, last, classes=len(ROLES), cell_area=cells) / 1e6
    newly = next(each.share for each in reached.evidence if each.finding == NEWLY_DISTURBED)
    return asdict(reached) | {
        "disturbed_km2": newly * float(areas.sum()),
        "transitions": {"roles": list(ROLES), "area_km2": areas.tolist()},
        "epochs": [
            {"epoch": epoch["name"], "year": epoch["year"], "stage": stage or None, "state": state}
            for epoch, stage, state in zip(epochs, stages, states, strict=True)
        ],
    }


def _roles(classes: ClassMap) -> NDArray[np.uint8]:
    """A class map as places of roles, beyond the last one where unobserved."""
    place = np.full(256, len(ROLES), np.uint8)
    for land in classes.legend.classes:
        place[land.id] = ROLES.index(land.role)
    return place[classes.read()]
