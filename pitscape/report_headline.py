"""The numbers on which a report opens: then and now, with intervals, and how sure the change is."""

import math
from dataclasses import dataclass
from typing import Any

from pitscape.inference.sample.accuracy import Z95
from pitscape.report_language import Language


@dataclass(frozen=True)
class Figure:
    """One number of the headline.

    Attributes:
        title: What it is.
        value: With its unit, or a word.
        interval: Its interval, or that there is none.
        before: The same at the first epoch; empty where there is none.
    """

    title: str
    value: str
    interval: str = ""
    before: str = ""


def headline(site: dict[str, Any], language: Language) -> list[Figure]:
    """What a site has of mined and affected land, ECI, ThV, life cycle and state."""
    found = [_mined(site, language), _affected(site, language)]
    found += [_integrity(site, key, language) for key in ("eci", "thv")]
    life, succession = site["life_cycle"], site["succession"]
    if life and life["stages"]:
        year = str(life["stages"][-1]["year"])
        title = language.say("headline.life_cycle")
        basis = language.say("headline.basis", basis=language.term(life["basis"] or ""), year=year)
        found.append(Figure(title, language.term(life["stages"][-1]["stage"]), basis))
    if succession:
        kind = language.say("headline.kind", kind=language.term(succession["kind"]))
        found.append(Figure(language.say("headline.state"), language.term(succession["state"]), kind))
    return [each for each in found if each]


def confidence(site: dict[str, Any], language: Language) -> str:
    """How sure it is that mined land changed between the first and the last epoch.

    Both areas need a sample. Their samples are taken as independent: the error of the change is the root of the sum of
    squares.
    """
    epochs = [epoch["name"] for epoch in site["epochs"]]
    if len(epochs) < 2:
        return language.say("headline.one_epoch")
    mined = {row["epoch"]: row for row in site["adjusted_areas"] if row["role"] == "mined"}
    if not {epochs[0], epochs[-1]} <= set(mined):
        return language.say("headline.no_sample")
    first, last = mined[epochs[0]], mined[epochs[-1]]
    change = last["adjusted_km2"] - first["adjusted_km2"]
    half = Z95 * math.hypot(first["se_km2"], last["se_km2"])
    key = "headline.change_sure" if abs(change) > half else "headline.change_unsure"
    return language.say(key, change=change, low=change - half, high=change + half)


def _mined(site: dict[str, Any], language: Language) -> Figure | None:
    """Adjusted where the last epoch has a sample, else mapped."""
    if not site["extents"]:
        return None
    adjusted = {row["epoch"]: row for row in site["adjusted_areas"] if row["role"] == "mined"}
    told = [
        _area(adjusted.get(row["epoch"]), row["area_km2"], language)
        for row in (site["extents"][0], site["extents"][-1])
    ]
    before = language.say("headline.before", epoch=site["extents"][0]["epoch"], value=told[0][0], interval=told[0][1])
    several = len(site["extents"]) > 1
    return Figure(language.say("headline.mined"), *told[1], before if several else "")


def _area(row: dict[str, Any] | None, mapped: float, language: Language) -> tuple[str, str]:
    if row is None:
        return language.say("headline.km2", area=mapped), language.say("headline.mapped")
    interval = language.say("headline.interval_95", low=row["low_km2"], high=row["high_km2"])
    return language.say("headline.km2", area=row["adjusted_km2"]), interval


def _affected(site: dict[str, Any], language: Language) -> Figure | None:
    found = site["affected"]
    if not found:
        return None
    interval = language.say("headline.mapped")
    if found["se_km2"] is not None:
        half = Z95 * found["se_km2"]
        low, high = max(found["area_km2"] - half, 0.0), found["area_km2"] + half
        interval = language.say("headline.interval_95", low=low, high=high)
    return Figure(language.say("headline.affected"), language.say("headline.km2", area=found["area_km2"]), interval)


def _integrity(site: dict[str, Any], key: str, language: Language) -> Figure | None:
    rows = site["integrity"]["series"]["published"]
    if rows[-1].get(key) is None:
        return None
    drawn = (site["uncertainty"] or {"series": {}})["series"].get(f"{key}_published")
    known = drawn and drawn[-1]["low"] is not None
    interval = language.say("headline.interval_90", low=drawn[-1]["low"], high=drawn[-1]["high"]) if known else ""
    before = language.say("headline.was", epoch=rows[0]["epoch"], value=language.number(rows[0].get(key)))
    title = language.say(f"headline.{key}")
    return Figure(title, language.number(rows[-1][key]), interval, before if len(rows) > 1 else "")
