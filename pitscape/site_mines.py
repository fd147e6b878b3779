"""Sites as mines of a national figure: their areas with errors, and their output, from ``site.json``."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pitscape.imagery.errors import InputError
from pitscape.site_results import read_sites

Mine = dict[str, Any]

NAMED = "affected land as the site file names it"
ESTIMATED = "the influence scope, estimated from the maps of all epochs"
DISTURBED = "what was newly mined or occupied at any epoch"
STANDING = "what is mined or occupied at the last epoch, with what was so before the mine"

CAUTION = {
    NAMED: "",
    ESTIMATED: "a count of mapped pixels",
    DISTURBED: "relief, rivers and the spread of industry, which bound the paper's, are not considered",
    STANDING: "a table of areas does not tell where land changed",
}


def read_mines(paths: Sequence[Path]) -> list[Mine]:
    """Sites as rows of ``mines.csv``, with ``affected_of``: what their affected land is.

    Raises:
        InputError: If a file is no ``site.json``, or has no areas in km2.
    """
    return [mine_of(site, path) for path, site in zip(paths, read_sites(paths), strict=True)]


def mine_of(site: dict[str, Any], path: Path) -> Mine:
    """A site as a mine.

    Mined land is that of the last epoch, adjusted with its error where that epoch has a sample. Affected land is what
    the site file names; else what was newly disturbed on the maps; else, from tables, mined and occupied land at the
    last epoch. Output is the last one above 0.

    Args:
        site: Content of its ``site.json``.
        path: That file, for messages.

    Raises:
        InputError: If it has no areas in km2.
    """
    areas = _areas(site, path)
    adjusted = {
        row["role"]: row for row in site.get("adjusted_areas", []) if row["epoch"] == site["epochs"][-1]["name"]
    }
    mined = adjusted.get("mined", {"adjusted_km2": areas.get("mined", 0.0), "se_km2": None})
    affected, of = _affected(site, areas)
    output = [row["production_mt"] for row in (site.get("life_cycle") or {}).get("production", [])]
    return {
        "name": site["site"]["name"],
        "excavated_km2": mined["adjusted_km2"],
        "affected_km2": affected["area_km2"],
        "excavated_se_km2": mined["se_km2"],
        "affected_se_km2": affected["se_km2"],
        "production_mt": next((each for each in reversed(output) if each), None),
        "affected_of": of,
    }


def notes_of(mines: Sequence[Mine]) -> list[str]:
    """What the affected land of the sites is, each meaning once, and what that leaves out."""
    said = []
    for meaning, caution in CAUTION.items():
        names = [mine["name"] for mine in mines if mine["affected_of"] == meaning]
        if names:
            said.append(f"affected land of {', '.join(names)} is {meaning}" + (f"; {caution}" if caution else ""))
    return said


def _areas(site: dict[str, Any], path: Path) -> dict[str, float]:
    """Area of each role at the last epoch [km2]."""
    roles = {land["id"]: land["role"] for land in site["legend"]}
    last = site["epochs"][-1]["name"]
    rows = [row for row in site["areas"] if row["epoch"] == last and row["zone"] == "all"]
    if not rows:
        raise InputError(
            f"{path}: has no areas at {last}; leave this site out, or give it class maps or a table of areas."
        )
    if any(row["area_km2"] is None for row in rows):
        raise InputError(f"{path}: has shares and no areas; give its table of areas in ha, km2 or m2, or leave it out.")
    found: dict[str, float] = {}
    for row in rows:
        role = roles[row["class_id"]]
        found[role] = found.get(role, 0.0) + row["area_km2"]
    return found


def _affected(site: dict[str, Any], areas: dict[str, float]) -> tuple[dict[str, Any], str]:
    """Affected land with its standard error, and what it is."""
    if site.get("affected"):
        return site["affected"], ESTIMATED if "epochs" in site["affected"] else NAMED
    if site.get("succession"):
        return {"area_km2": site["succession"]["disturbed_km2"], "se_km2": None}, DISTURBED
    return {"area_km2": areas.get("mined", 0.0) + areas.get("occupied", 0.0), "se_km2": None}, STANDING
