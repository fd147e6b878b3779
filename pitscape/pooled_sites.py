"""Thresholds of many sites together: are the constants constant?"""

import argparse
from collections import defaultdict
from dataclasses import asdict
from typing import Any

import numpy as np

from pitscape.imagery.outputs import write_json
from pitscape.plain import plain
from pitscape.record import made_of
from pitscape.resilience.pooling import by_stage, errors_of, pool, slope_on
from pitscape.resilience.stages import POINTS
from pitscape.site_results import read_sites

ATTRIBUTES = {
    "scale_mt": "plateau of the output, or its maximum [Mt a year]",
    "service_years": "years since first output",
}


def run_sites(arguments: argparse.Namespace) -> None:
    """``pitscape thresholds --sites``."""
    sites = read_sites(arguments.sites)
    points = [point for site in sites for point in site_points(site, arguments.form)]
    content = plain(
        {
            "form": arguments.form,
            "sites": len(sites),
            "points": points,
            "pooled": [row for name in POINTS for row in _pooled(name, points)],
            "by_stage": by_stage([row for site in sites for row in stage_rows(site, arguments.form)]),
        }
    )
    _print(content)
    if arguments.output:
        write_json(arguments.output, {"schema": 1} | content | made_of(arguments, *arguments.sites))
    if arguments.figure:
        from pitscape.figures import write_figure
        from pitscape.pooled_chart import pooled

        write_figure(pooled(content), arguments.figure, "ThV at the points, by site")


def site_points(site: dict[str, Any], form: str) -> list[dict[str, Any]]:
    """Detected points of a site with its attributes; none where they were given as constants or not found."""
    found = (site.get("thresholds") or {}).get(form)
    if not found or found["method"] != "breaks":
        return []
    life = site.get("life_cycle") or {}
    attributes = {
        "site": site["site"]["name"],
        "technology": (site.get("mine") or {}).get("technology"),
        "scale_mt": _scale(life),
        "service_years": _service(life, site),
    }
    return [point | attributes for point in found["points"]]


def stage_rows(site: dict[str, Any], form: str) -> list[dict[str, float | str | None]]:
    """E, ECI and ThV of each epoch of a site with its life-cycle stage; E only where it is over ecosystem types."""
    stages = {row["year"]: row["stage"] for row in (site.get("life_cycle") or {}).get("stages", [])}
    series = {row["epoch"]: row for row in site["integrity"]["series"].get(form, [])}
    elastic = {row["epoch"]: row.get("e") for row in site["resilience"] if not row.get("coarse_legend")}
    rows: list[dict[str, float | str | None]] = []
    for epoch in site["epochs"]:
        if epoch["year"] in stages:
            found = series.get(epoch["name"], {})
            row = {"stage": stages[epoch["year"]], "e": elastic.get(epoch["name"])}
            rows.append(row | {key: found.get(key) for key in ("eci", "thv")})
    return rows


def _scale(life: dict[str, Any]) -> float | None:
    if life.get("curve"):
        return float(life["curve"]["plateau_mt"])
    return max((row["production_mt"] for row in life.get("production", []) if row["production_mt"]), default=None)


def _service(life: dict[str, Any], site: dict[str, Any]) -> float | None:
    began = life.get("accelerated_from")
    return None if began is None else float(site["epochs"][-1]["year"] - began)


def _pooled(name: str, points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """ThV at a point: over all sites, by technology, and its slopes on the attributes; empty where no site has it."""
    own = [point for point in points if point["name"] == name]
    if not own:
        return []
    groups = defaultdict(list)
    for point in own:
        groups[point["technology"] or "not given"].append(point)
    slopes = {key: asdict(slope_on(_column(own, key), *_values(own))) for key in ATTRIBUTES}
    technologies = {key: asdict(pool(*_values(rows))) for key, rows in sorted(groups.items())}
    return [{"point": name, "all": asdict(pool(*_values(own))), "by_technology": technologies, "slopes": slopes}]


def _values(points: list[dict[str, Any]]) -> tuple[list[float], np.ndarray[Any, np.dtype[np.float64]]]:
    low, high = ([point[key] for point in points] for key in ("thv_low", "thv_high"))
    return [point["thv"] for point in points], errors_of(low, high)


def _column(points: list[dict[str, Any]], key: str) -> list[float]:
    return [np.nan if point[key] is None else point[key] for point in points]


def _print(content: dict[str, Any]) -> None:
    print(
        f"{content['sites']} sites, {content['form']} form; points detected at {len({p['site'] for p in content['points']})}"
    )
    if content["pooled"]:
        print(f"{'point':10} {'sites':>5} {'ThV':>7} {'95 % interval':>17} {'sd between':>11}")
    for row in content["pooled"]:
        found = row["all"]
        span = "-" if found["low"] is None else f"{found['low']:.3f} - {found['high']:.3f}"
        print(f"{row['point']:10} {found['sites']:5} {found['mean']:7.3f} {span:>17} {found['between']:11.3f}")
        for key, slope in row["slopes"].items():
            if slope["slope"] is not None:
                print(f"  for each unit of {key}: {slope['slope']:+.4f} ({slope['low']:+.4f} to {slope['high']:+.4f})")
    if content["by_stage"]:
        print(f"{'stage':14} {'':5} {'n':>3} {'mean':>8} {'smallest':>9} {'largest':>8}")
    for row in content["by_stage"]:
        numbers = f"{row['n']:3} {row['mean']:8.3f} {row['low']:9.3f} {row['high']:8.3f}"
        print(f"{row['stage']:14} {row['measure']:5} {numbers}")
