"""The headline numbers of a site, from its ``site.json``, for lists of many."""

from collections.abc import Mapping, Sequence
from typing import Any

ADJUSTED = ("adjusted_km2", "se_km2", "low_km2", "high_km2")


def numbers_of(site: dict[str, Any]) -> dict[str, Any]:
    """The headline numbers of a ``site.json``, None for what it lacks.

    Mined land is that of the maps or tables, by epoch; adjusted where the epoch has a sample. ECI, ThV, stage and state are
    those of the last epoch.
    """
    roles = {land["id"]: land["role"] for land in site["legend"]}
    adjusted = {row["epoch"]: row for row in site.get("adjusted_areas", []) if row["role"] == "mined"}
    mined = [
        _mined(epoch["name"], site["areas"], roles) | _sampled(adjusted.get(epoch["name"])) for epoch in site["epochs"]
    ]
    affected, last = site.get("affected") or {}, site["integrity"]["series"]["published"][-1:]
    stages = (site.get("life_cycle") or {}).get("stages") or [{}]
    return {
        "title": site["site"].get("title", site["site"]["name"]),
        "epochs": mined,
        "affected_km2": affected.get("area_km2"),
        "affected_se_km2": affected.get("se_km2"),
        "eci": last[0].get("eci") if last else None,
        "thv": last[0].get("thv") if last else None,
        "stage": stages[-1].get("stage"),
        "state": (site.get("succession") or {}).get("state"),
        "flags": len(site.get("flags", [])),
    }


def _mined(epoch: str, areas: Sequence[dict[str, Any]], roles: Mapping[int, str]) -> dict[str, Any]:
    rows = [row for row in areas if (row["epoch"], row["zone"], roles[row["class_id"]]) == (epoch, "all", "mined")]
    known = [row["area_km2"] for row in rows if row["area_km2"] is not None]
    return {"epoch": epoch, "mined_km2": sum(known) if rows and len(known) == len(rows) else None}


def _sampled(row: dict[str, Any] | None) -> dict[str, Any]:
    return {key: row.get(key) if row else None for key in ADJUSTED}
