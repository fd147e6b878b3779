"""Tables of a report about ecology: landscape, resilience, integrity, what they rest on, life cycle and thresholds."""

from collections.abc import Sequence
from typing import Any

from pitscape.report_language import Language
from pitscape.report_tables import Table, measured, table
from pitscape.resilience_charts import INPUTS, OUTPUTS

MOST_COLUMNS = 6
RESILIENCE = {"h_bits": 3, "ndvi": 3, "weighted_score": 3, "eco_res": 3, "c1": 3, "c2": 3, "mu": 3, "e": 3}
INDICATORS = {"shei": 3, "mpfd": 3, "contag": 1, "connect": 1, "npp": 3, "q": 1, "e": 3}
SCORES = {"sc": 3, "fc": 3, "e_score": 3, "eci": 3, "eci_low": 3, "eci_high": 3, "thv": 3, "thv_5": 3, "thv_95": 3}
SPREAD = {"output": 0, "low": 3, "median": 3, "high": 3}
POINTS = {"point": 0, "year": 1, "low_year": 1, "high_year": 1, "thv": 3, "thv_low": 3, "thv_high": 3}


def ecology_tables(site: dict[str, Any], language: Language) -> list[Table]:
    """All of a site that it has something for."""
    pattern = {"SHDI": 3, "SHEI": 3, "FRAC_MN": 3, "FRAC_AM": 3, "CONTAG": 1, "CONNECT": 1}
    integrity, uncertainty = site["integrity"], site["uncertainty"] or {}
    parameters = [{"parameter": key, "weight": value} for key, value in integrity["weights"].items()]
    life = site["life_cycle"] or {"production": []}
    further = [
        {"output": name.replace("_", " "), "defined_share": 100 * each["defined"]}
        | {key: _year(each[key]) for key in ("low", "median", "high")}
        for name, each in uncertainty.get("further", {}).items()
    ]
    succession = site["succession"] or {"epochs": [], "evidence": []}
    found = [
        table(language, "pattern", {"epoch": 0} | pattern, measured(site["landscape"], pattern)),
        table(language, "resilience", {"epoch": 0} | RESILIENCE, measured(site["resilience"], RESILIENCE)),
        table(language, "zones", {"zone": 0, "epoch": 0} | RESILIENCE, site["zones"]),
        definitions(site, language),
        table(language, "indicators", {"epoch": 0} | INDICATORS, measured(integrity["indicators"], INDICATORS)),
        _scores(site, language),
        contributors(site, language),
        table(language, "parameters", {"parameter": 0, "weight": 3}, parameters),
        table(language, "bounds", {"parameter": 0, "bound_low": 3, "bound_high": 3}, _bounds(integrity)),
        table(language, "production", {"year_of": 0, "production_mt": 3}, _years(life["production"])),
        _points(site, language),
        table(language, "further", SPREAD | {"defined_share": 0}, further),
        table(language, "states", {"epoch": 0, "stage": 0, "state": 0}, succession["epochs"]),
        table(language, "evidence", {"finding": 0, "share_of": 1, "of": 0}, _percent(succession["evidence"])),
    ]
    return [each for each in found if each]


def definitions(site: dict[str, Any], language: Language) -> Table | None:
    """E under each definition; of many epochs the baseline and the last one, the rest is drawn."""
    if not site["sensitivity"]:
        return None
    epochs = [epoch["name"] for epoch in site["epochs"]]
    if len(epochs) > MOST_COLUMNS:
        epochs = list(dict.fromkeys([site["integrity"]["baseline"], epochs[-1]]))
    rows = [
        [
            language.say(
                "columns.definition_row", power=f"{each['h_exponent']:g}", scores=language.terms(each["score_set"])
            ),
            *(each["values"][epoch] for epoch in epochs),
            each["change"],
        ]
        for each in site["sensitivity"]
    ]
    titles = [language.say("columns.definition"), *epochs, language.say("columns.change")]
    name = "definitions" if site["sensitivity"][0]["measure"] == "e" else "definitions_relative"
    return Table(name, titles, [0, *[3] * len(epochs), 2], rows, {})


def contributors(site: dict[str, Any], language: Language) -> Table | None:
    """Interval and first-order shares [%] at the last epoch; outputs that do not vary are left out."""
    series = (site["uncertainty"] or {"series": {}})["series"]
    last = {title: series[key][-1] for key, title in OUTPUTS.items() if series.get(key)}
    rows = [
        {"output": language.terms(title)}
        | row
        | {INPUTS[name]: _bounded(share) for name, share in row["first_order"].items()}
        for title, row in last.items()
        if any(share is not None for share in row["first_order"].values())
    ]
    columns = SPREAD | dict.fromkeys(INPUTS.values(), 0)
    return table(language, "contributors", columns, rows, epoch=site["epochs"][-1]["name"])


def _scores(site: dict[str, Any], language: Language) -> Table | None:
    """Both forms of the scores, ECI and ThV with the interval of their draws."""
    drawn = (site["uncertainty"] or {"series": {}})["series"]
    rows = []
    for form, of in site["integrity"]["series"].items():
        eci, thv = (drawn.get(f"{key}_{form}") or [{}] * len(of) for key in ("eci", "thv"))
        for row, around_eci, around_thv in zip(of, eci, thv, strict=True):
            ends = {"eci_low": around_eci.get("low"), "eci_high": around_eci.get("high")}
            ends |= {"thv_5": around_thv.get("low"), "thv_95": around_thv.get("high")}
            rows.append(row | {"form": form, "e_score": row.get("e")} | ends)
    return table(language, "integrity", {"epoch": 0, "form": 0} | SCORES, measured(rows, SCORES))


def _points(site: dict[str, Any], language: Language) -> Table | None:
    rows = [
        point
        | {"form": form, "point": point["name"]}
        | {to: _year(point[key]) for to, key in (("year", "year"), ("low_year", "low"), ("high_year", "high"))}
        for form, found in (site["thresholds"] or {}).items()
        for point in found["points"]
    ]
    return table(language, "points", {"form": 0} | POINTS, rows)


def _bounds(integrity: dict[str, Any]) -> list[dict[str, Any]]:
    found = integrity["bounds"].items()
    return [{"parameter": key, "bound_low": each["low"], "bound_high": each["high"]} for key, each in found]


def _years(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Years as texts, which have no thousands."""
    return [row | {"year_of": str(row["year"])} for row in rows]


def _year(year: float | None) -> str | None:
    return None if year is None else f"{year:.1f}"


def _percent(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row | {"share_of": None if row["share"] is None else 100 * row["share"]} for row in rows]


def _bounded(share: float | None) -> float | None:
    return None if share is None else 100 * min(max(share, 0.0), 1.0)
