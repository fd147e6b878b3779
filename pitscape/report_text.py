"""The sentences of a site's report: the result in plain words, and what a reader must know."""

import math
from typing import Any

from pitscape.imagery.legend import mined_word
from pitscape.resilience_charts import INPUTS


def summary(site: dict[str, Any]) -> list[str]:
    """The result in a few plain sentences."""
    said = []
    if site["extents"]:
        first, last = site["extents"][0], site["extents"][-1]
        said.append(
            f"Between {first['epoch']} and {last['epoch']} the {mined_word(site['site']['notes'])} land went from "
            f"{first['area_km2']:.2f} to {last['area_km2']:.2f} km², in {last['polygons']} "
            f"polygon{'' if last['polygons'] == 1 else 's'} at the end; the largest covers {last['largest_km2']:.2f} km²."
        )
        said.append(_of_sample(site))
        said += _of_growth(site) + _of_affected(site)
    if site["accuracy"]:
        found = site["accuracy"]["network"]
        said.append(f"Against the reference maps the class maps have a mean IoU of {found['mean_iou']:.3f}.")
    return said + _of_resilience(site) + _of_integrity(site)


def _of_sample(site: dict[str, Any]) -> str:
    """The adjusted mined area of the last epoch that has a sample; else that there is none."""
    rows = [row for row in site["adjusted_areas"] if row["role"] == "mined"]
    if not rows:
        return (
            "These areas are counts of mapped pixels, without an interval: no epoch has a sample of reference points."
        )
    row = rows[-1]
    span = f"{row['low_km2']:.2f} to {row['high_km2']:.2f}"
    return f"These are counts of mapped pixels; adjusted by the sample of {row['epoch']}: {row['area_km2']:.2f} km² (95 %: {span})."


def _of_growth(site: dict[str, Any]) -> list[str]:
    """In which direction mined land grew since the first epoch with a mine."""
    if not site["growth"] or not site["growth"]["since_first"]["new_mined_km2"]:
        return []
    grown = site["growth"]["since_first"]
    where = (
        f"on average to the {grown['direction']} (azimuth {grown['azimuth_deg']:.0f}°, concentration "
        f"{grown['concentration']:.2f} on a scale of 0 to 1)"
        if grown["direction"]
        else "in no clear direction"
    )
    return [f"Since {grown['from']} {grown['new_mined_km2']:.2f} km² were newly mined, {where}."]


def _of_affected(site: dict[str, Any]) -> list[str]:
    """The affected land of the last epoch, and how far from the mine it goes where it is estimated."""
    found = site["affected"]
    if not found:
        return []
    error = "" if found["se_km2"] is None else f" ± {1.96 * found['se_km2']:.2f}"
    how = found["of"]
    if "epochs" in found and (end := found["epochs"][-1]["cut_off_m"]) is not None:
        reach = f"up to {end:,.0f} m of cost distance from mined land" if end else "mined land alone"
        how += f", {reach}; a count of mapped pixels"
    return [f"Affected land at {site['epochs'][-1]['name']}: {found['area_km2']:.2f}{error} km² ({how})."]


def _of_resilience(site: dict[str, Any]) -> list[str]:
    """What moved E between the baseline and the last epoch; without E, how far its components went.

    Nothing over land classes instead of types, which does not belong in a summary.
    """
    if len(site["epochs"]) < 2 or site["resilience"][0]["coarse_legend"]:
        return []
    if not site["what_moved_e"]:
        first, last = site["resilience"][0], site["resilience"][-1]
        names = {"h_bits": "H", "eco_res": "ECO_res", "ndvi": "NDVI", "c1": "C1", "c2": "C2"}
        known = [key for key in names if None not in (first.get(key), last.get(key))]
        moves = ", ".join(f"{names[key]} from {first[key]:.3f} to {last[key]:.3f}" for key in known)
        return [f"Between {first['epoch']} and {last['epoch']}: {moves}."] if known else []
    last = site["what_moved_e"][-1]
    if last["e"] is None:
        return []
    parts = {"diversity": "H", "vegetation": "NDVI", "scores": "the scores", "climate": "C1 and C2"}
    factors = ", ".join(f"{name} × {math.exp(last[key]):.2f}" for key, name in parts.items())
    return [f"E at {last['epoch']} is {math.exp(last['e']):.2f} times the baseline's: {factors} (H with its exponent)."]


def _of_integrity(site: dict[str, Any]) -> list[str]:
    """ThV at the last epoch, with its interval."""
    said = []
    spread = (site["uncertainty"] or {"series": {}})["series"]
    for form, rows in site["integrity"]["series"].items():
        value = rows[-1].get("thv")
        if value is not None:
            found = spread.get(f"thv_{form}")
            interval = f" ({found[-1]['low']:.3f} to {found[-1]['high']:.3f} in 90 % of the draws)" if found else ""
            direction = "below" if value < 1 else "not below"
            said.append(f"Integrity, {form} form: ThV is {value:.3f}{interval} at the end, {direction} the baseline.")
    return said


def caveats(site: dict[str, Any]) -> list[str]:
    """What a reader must know before using the numbers."""
    said = list(site["site"]["notes"])
    share = site["observed_share_of_all_epochs"]
    if share is not None:
        said.append(f"Indices compare the {100 * share:.1f} % of cells that were observed at every epoch.")
    said += [each["text"] for each in site["flags"]]
    if site["sensitivity"]:
        said.append(
            "H enters E squared: cutting up homogeneous land raises E, and land of one type has E = 0. Read E with its "
            "components, and with the table of other definitions."
        )
    return said


def years_over_draws(site: dict[str, Any], form: str) -> list[str]:
    """What the draws of the uncertain inputs say of the years of the points, for a form of ThV."""
    found = ((site["uncertainty"] or {}).get("threshold_years") or {}).get(form)
    if found is None:
        return []
    if found["status"] != "drawn":
        return ["Too few epochs have a ThV for years over the draws of the uncertain inputs."]
    how = "by the known constants" if found["method"] == "constants" else "detected in each of them"
    draws = 2 * site["uncertainty"]["draws"]
    return [f"Over {draws:,} draws of the uncertain inputs, {how}:", *(_drawn(point) for point in found["points"])]


def _drawn(point: dict[str, Any]) -> str:
    """The year of a point over the draws that have it, and which input spreads it most."""
    share = 100 * point["defined"]
    if point["median"] is None:
        return f"the {point['name']} point is in none."
    span = f"{point['low']:.1f} to {point['high']:.1f}"
    said = f"the {point['name']} point is in {share:.0f} % of the draws, in {point['median']:.1f} ({span} in 90 % of these)"
    for key, what in (
        ("first_order", "its year"),
        ("defined_first_order", "whether a draw has it"),
    ):
        known = {name: each for name, each in point[key].items() if each is not None}
        if known:
            most = max(known, key=lambda name: known[name])
            return f"{said}; {what} rests on {INPUTS[most]} alone by {100 * min(max(known[most], 0.0), 1.0):.0f} %."
    return said + "."
