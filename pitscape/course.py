"""The course of a site: life cycle, thresholds and succession, from what its epochs hold."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from pitscape.ecology import naming
from pitscape.imagery.cell_area import cell_areas
from pitscape.imagery.class_map import open_class_map
from pitscape.life_cycles import COLUMN, describe, find_life_cycle
from pitscape.mine_settings import MineSettings
from pitscape.resilience.detection import DRAWS
from pitscape.resilience.life_cycle import LifeCycle
from pitscape.resilience.succession import NEWLY_DISTURBED, ROLES, succession, transition_areas
from pitscape.series import Series, read_series
from pitscape.threshold_series import find_thresholds


def course(
    mine: MineSettings,
    production: str | None,
    *,
    epochs: Sequence[dict[str, Any]],
    integrity: dict[str, Any],
    classes: Sequence[Path],
) -> dict[str, Any]:
    """The sections ``mine``, ``thresholds``, ``life_cycle`` and ``succession`` of ``site.json``.

    Args:
        mine: What the site file says of the mine.
        production: Its production table.
        epochs: Name and year of each.
        integrity: Its section, with the series of ThV.
        classes: Class maps of the epochs on one grid; none for a site of tables.

    Returns:
        The sections; each is None where there is nothing to make it of.

    Raises:
        InputError: If a table is wrong.
    """
    record = read_series(Path(production), COLUMN) if production else None
    with naming(production or "site file"):
        life, why = find_life_cycle(record, first_production=mine.first_production, decline=mine.decline)
    years = sorted({int(epoch["year"]) for epoch in epochs})
    stage = life.stage(years[-1]) if life else ""
    return {
        "mine": mine.model_dump(),
        "life_cycle": describe(life, why, record, years) if life or record else None,
        "thresholds": _thresholds(mine, epochs, integrity, life),
        "succession": _succession(classes, stage) if len(classes) > 1 else None,
    }


def _thresholds(
    mine: MineSettings, epochs: Sequence[dict[str, Any]], integrity: dict[str, Any], life: LifeCycle | None
) -> dict[str, Any] | None:
    """Thresholds by form of ThV; of several epochs in a year, ThV is the mean."""
    years = {epoch["name"]: float(epoch["year"]) for epoch in epochs}
    found = {}
    for form, rows in integrity["series"].items():
        values: dict[float, list[float]] = {}
        for row in rows:
            if row.get("thv") is not None:
                values.setdefault(years[row["epoch"]], []).append(row["thv"])
        if len(values) > 1:
            rising = sorted(values)
            series = Series(np.array(rising), np.array([float(np.mean(values[year])) for year in rising]))
            found[form] = find_thresholds(series, mine.constants, life, draws=DRAWS, seed=0)
    return found or None


def _succession(classes: Sequence[Path], stage: str) -> dict[str, Any]:
    """Succession with its evidence, and the areas by role at the first and the last epoch."""
    maps = []
    for path in classes:
        with open_class_map(path) as found:
            maps.append(found.read())
            legend, grid = found.legend, found.grid
    roles = {land.id: land.role for land in legend.classes}
    place = np.full(256, len(ROLES), np.int64)
    for class_id, role in roles.items():
        place[class_id] = ROLES.index(role)
    of_role = [place[ids] for ids in maps]
    cells = cell_areas(grid)
    reached = succession(of_role, ROLES, cell_area=cells, stage=stage)
    seen = np.logical_and.reduce([each < len(ROLES) for each in of_role])
    first, last = (np.where(seen, each, len(ROLES)) for each in (of_role[0], of_role[-1]))
    areas = transition_areas(first, last, classes=len(ROLES), cell_area=cells) / 1e6
    newly = next(each.share for each in reached.evidence if each.finding == NEWLY_DISTURBED)
    return asdict(reached) | {
        "disturbed_km2": newly * float(areas.sum()),
        "transitions": {"roles": list(ROLES), "area_km2": areas.tolist()},
    }
