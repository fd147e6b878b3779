"""The affected land of a site as the influence scope of its mine, from the class maps up to each epoch."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import geopandas
import shapely

from pitscape.imagery.cell_area import M2_PER_KM2
from pitscape.inference.areas.epochs import open_maps
from pitscape.inference.scope.changed_land import ChangedLand, changed_land
from pitscape.inference.scope.friction import Resistance
from pitscape.inference.scope.influence import MINED_BEFORE, Influence, influence
from pitscape.inference.scope.influence_layers import scope_polygon
from pitscape.inference.scope.mine_patches import LEAST_HA, NoMineError, mine_patches
from pitscape.inference.scope.octants import area_of
from pitscape.inference.scope.reach import reach_of
from pitscape.influence_ground import friction_of
from pitscape.mine_settings import InfluenceSettings

OF = "influence scope"
NO_MINE = {"no_mine": f"no patch of mined land has {LEAST_HA:g} ha up to this epoch"}


def site_influence(
    wanted: InfluenceSettings, maps: Mapping[str, Path], say: Callable[[str], None]
) -> tuple[dict[str, Any], geopandas.GeoDataFrame]:
    """Estimate what a mine has changed since the first epoch, as ``pitscape influence`` does, at every later one.

    Land that was mined when first observed is part of it. Water, relief and barriers are the same for all epochs: what
    was water is read from all maps.

    Args:
        wanted: Settings of the site file.
        maps: Class map by name of epoch, in order of time, at least two.
        say: Told what is being done.

    Returns:
        ``area_km2`` at the last epoch, ``of`` in words, ``epochs`` with a row for each after the first, ``flags`` of the
        last and ``settings``; and its outline on the map's projection, one shape, empty where there is no mine.

    Raises:
        InputError: If the elevation model or the barriers do not fit the maps.
    """
    names, paths = list(maps), list(maps.values())
    rows: list[dict[str, Any]] = []
    with open_maps(paths) as opened:
        whole = changed_land(opened, into=wanted.into)
        friction, of_ground = friction_of(
            whole,
            Resistance(),
            source=paths[0],
            dem=Path(wanted.dem) if wanted.dem else None,
            barriers=Path(wanted.barriers) if wanted.barriers else None,
        )
        for number, name in enumerate(names[1:], 1):
            say(f"influence scope up to {name}")
            land = changed_land(opened[: number + 1], into=wanted.into) if number < len(names) - 1 else whole
            found = _found(land, friction, paths[number], wanted)
            flags = {**found.flags, **of_ground} if found else NO_MINE
            rows.append({"epoch": name, **_areas(land, found), "flags": list(flags)})
    section = {
        "area_km2": rows[-1]["area_km2"],
        "of": OF,
        "epochs": rows,
        "flags": [{"name": name, "text": text} for name, text in flags.items()],
        "settings": _told(wanted),
    }
    return section, _outline(land, found, names[-1])


def flags_of(affected: Mapping[str, Any] | None) -> list[dict[str, str]]:
    """What a reader must know of an affected land that is an influence scope, as flags of the site."""
    told = (affected or {}).get("flags", [])
    return [{"flag": f"affected_{each['name']}", "text": f"Affected land: {each['text']}."} for each in told]


def _found(land: ChangedLand, friction: Any, last: Path, wanted: InfluenceSettings) -> Influence | None:  # noqa: ANN401
    """The scope; None where there is no mine."""
    try:
        seeds = mine_patches(land.mined, land.grid, least_ha=LEAST_HA, source=last)
    except NoMineError:
        return None
    return influence(
        land,
        reach_of(land, seeds, friction),
        far=wanted.far,
        least_ha=wanted.min_area_ha,
        link_m=wanted.link_m,
        fill_ha=wanted.fill_ha,
    )


def _areas(land: ChangedLand, found: Influence | None) -> dict[str, float | None]:
    """Areas [km2] and cut-off [m] of an epoch."""
    if found is None:
        return {"area_km2": 0.0, "changed_km2": 0.0, "mined_before_km2": 0.0, "scope_km2": 0.0, "cut_off_m": None}
    changed, before, scope = (
        area_of(mask, land.grid) / M2_PER_KM2 for mask in (found.changed, found.parts == MINED_BEFORE, found.scope)
    )
    return {
        "area_km2": changed + before,
        "changed_km2": changed,
        "mined_before_km2": before,
        "scope_km2": scope,
        "cut_off_m": found.gradient.cut_off_m,
    }


def _outline(land: ChangedLand, found: Influence | None, epoch: str) -> geopandas.GeoDataFrame:
    if found is None:
        return geopandas.GeoDataFrame(geometry=[shapely.MultiPolygon()], crs=str(land.grid.crs))
    affected = found.changed | (found.parts == MINED_BEFORE)
    return scope_polygon(affected, land.grid, epoch=epoch, cut_off_m=found.gradient.cut_off_m)


def _told(wanted: InfluenceSettings) -> dict[str, Any]:
    """The settings, files by their names."""
    told = wanted.model_dump()
    files = {key: Path(told[key]).name if told[key] else None for key in ("dem", "barriers")}
    return told | files | {"link_m": "inf" if told["link_m"] == math.inf else told["link_m"]}
