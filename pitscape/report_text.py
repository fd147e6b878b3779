"""The sentences of a site's report: the result in plain words, and what a reader must know."""

import math
from typing import Any

from pitscape.imagery.legend import mined_word
from pitscape.inference.sample.accuracy import Z95
from pitscape.report_language import Language, load_language
from pitscape.resilience_charts import INPUTS

COMPONENTS = {"h_bits": "H", "eco_res": "ECO_res", "ndvi": "NDVI", "c1": "C1", "c2": "C2"}
FACTORS = ("diversity", "vegetation", "scores", "climate")


def summary(site: dict[str, Any], language: Language | None = None) -> list[str]:
    """The result in a few plain sentences, in English if no language is given."""
    language = language or load_language()
    said = []
    if site["extents"]:
        said += [_of_mined(site, language), _of_sample(site, language)]
        said += _of_growth(site, language) + _of_affected(site, language)
    if site["accuracy"]:
        said.append(language.say("summary.accuracy", iou=site["accuracy"]["network"]["mean_iou"]))
    return said + _of_resilience(site, language) + _of_integrity(site, language)


def _of_mined(site: dict[str, Any], language: Language) -> str:
    """Mined land at the first and at the last epoch, as the maps have it."""
    first, last = site["extents"][0], site["extents"][-1]
    one = "mined_one" if last["polygons"] == 1 else "mined"
    return language.say(
        f"summary.{one if len(site['extents']) > 1 else 'mined_now'}",
        first=first["epoch"],
        last=last["epoch"],
        kind=language.term(mined_word(site["site"]["notes"])),
        before=first["area_km2"],
        after=last["area_km2"],
        n=last["polygons"],
        largest=last["largest_km2"],
    )


def _of_sample(site: dict[str, Any], language: Language) -> str:
    """The adjusted mined area of the last epoch that has a sample; else that there is none."""
    rows = [row for row in site["adjusted_areas"] if row["role"] == "mined"]
    if not rows:
        return language.say("summary.no_sample")
    row = rows[-1]
    ends = {"low": row["low_km2"], "high": row["high_km2"]}
    return language.say("summary.sample", epoch=row["epoch"], area=row["adjusted_km2"], **ends)


def _of_growth(site: dict[str, Any], language: Language) -> list[str]:
    """In which direction mined land grew since the first epoch with a mine."""
    if not site["growth"] or not site["growth"]["since_first"]["new_mined_km2"]:
        return []
    grown = site["growth"]["since_first"]
    values = {"since": grown["from"], "area": grown["new_mined_km2"]}
    if not grown["direction"]:
        return [language.say("summary.growth_unclear", **values)]
    towards = language.say(f"direction.{grown['direction']}")
    spread = {"azimuth": grown["azimuth_deg"], "concentration": grown["concentration"]}
    return [language.say("summary.growth", **values, direction=towards, **spread)]


def _of_affected(site: dict[str, Any], language: Language) -> list[str]:
    """The affected land of the last epoch, and how far from the mine it goes where it is estimated."""
    found = site["affected"]
    if not found:
        return []
    area = language.number(found["area_km2"], 2)
    if found["se_km2"] is not None:
        area += f" ± {language.number(Z95 * found['se_km2'], 2)}"
    how = language.term(found["of"])
    if "epochs" in found and (end := found["epochs"][-1]["cut_off_m"]) is not None:
        how = language.say("summary.reach" if end else "summary.reach_none", of=how, metres=end)
    return [language.say("summary.affected", epoch=site["epochs"][-1]["name"], area=area, how=how)]


def _of_resilience(site: dict[str, Any], language: Language) -> list[str]:
    """What moved E between the baseline and the last epoch; without E, how far its components went.

    Nothing over land classes instead of types, which does not belong in a summary.
    """
    if len(site["epochs"]) < 2 or site["resilience"][0]["coarse_legend"]:
        return []
    if not site["what_moved_e"]:
        first, last = site["resilience"][0], site["resilience"][-1]
        known = [key for key in COMPONENTS if None not in (first.get(key), last.get(key))]
        moves = ", ".join(
            language.say("summary.move", name=COMPONENTS[key], before=first[key], after=last[key]) for key in known
        )
        ends = {"first": first["epoch"], "last": last["epoch"]}
        return [language.say("summary.moves", **ends, moves=moves)] if known else []
    last = site["what_moved_e"][-1]
    if last["e"] is None:
        return []
    factors = ", ".join(
        f"{language.say(f'factor.{key}')} × {language.number(math.exp(last[key]), 2)}" for key in FACTORS
    )
    return [language.say("summary.e", epoch=last["epoch"], times=math.exp(last["e"]), factors=factors)]


def _of_integrity(site: dict[str, Any], language: Language) -> list[str]:
    """ThV at the last epoch, with its interval."""
    said = []
    spread = (site["uncertainty"] or {"series": {}})["series"]
    for form, rows in site["integrity"]["series"].items():
        value = rows[-1].get("thv")
        if value is not None:
            found = spread.get(f"thv_{form}")
            ends = {"low": found[-1]["low"], "high": found[-1]["high"]} if found else {}
            direction = language.say("summary.below" if value < 1 else "summary.not_below")
            key = "summary.thv_interval" if found else "summary.thv"
            said.append(language.say(key, form=language.term(form), value=value, direction=direction, **ends))
    return said


def caveats(site: dict[str, Any], language: Language) -> list[str]:
    """What holds for all numbers."""
    said = []
    share = site["observed_share_of_all_epochs"]
    if share is not None:
        said.append(language.say("method.observed", share=100 * share))
    if site["sensitivity"]:
        said.append(language.say("method.h_squared"))
    return said


def flags(site: dict[str, Any], language: Language) -> list[tuple[str, str]]:
    """Flags: what each means in plain words, empty for one that is not known; and as ``site.json`` has it."""
    named = [(f"flag.{each['flag']}", each["text"]) for each in site["flags"]]
    return [(language.say(key) if language.has(key) else "", text) for key, text in named]


def years_over_draws(site: dict[str, Any], form: str, language: Language) -> list[str]:
    """What the draws of the uncertain inputs say of the years of the points, for a form of ThV."""
    found = ((site["uncertainty"] or {}).get("threshold_years") or {}).get(form)
    if found is None:
        return []
    if found["status"] != "drawn":
        return [language.say("course.drawn_few")]
    how = language.say(f"course.drawn_{found['method']}", draws=2 * site["uncertainty"]["draws"])
    return [how, *(_drawn(point, language) for point in found["points"])]


def _drawn(point: dict[str, Any], language: Language) -> str:
    """The year of a point over the draws that have it, and which input spreads it most."""
    name = language.term(point["name"])
    if point["median"] is None:
        return language.say("course.point_never", point=name)
    years = {key: f"{point[key]:.1f}" for key in ("median", "low", "high")}
    values = {"point": name, "share": 100 * point["defined"]} | years
    for key, what in (("first_order", "of_year"), ("defined_first_order", "of_defined")):
        known = {name: each for name, each in point[key].items() if each is not None}
        if known:
            most = max(known, key=lambda each: known[each])
            part = 100 * min(max(known[most], 0.0), 1.0)
            rests = {"what": language.say(f"course.{what}"), "input": language.term(INPUTS[most]), "part": part}
            return language.say("course.point_rests", **values, **rests)
    return language.say("course.point", **values)
