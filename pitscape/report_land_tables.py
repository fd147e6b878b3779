"""Tables of a report about land: areas, extents, growth, affected land, accuracy, the national figure."""

from collections.abc import Iterator
from typing import Any

from pitscape.report_language import Language
from pitscape.report_tables import Table, table

AREA = {"epoch": 0, "role": 0, "mapped_km2": 3, "adjusted_km2": 3, "se_km2": 3, "low_km2": 3, "high_km2": 3}


def land_tables(site: dict[str, Any], language: Language) -> list[Table]:
    """All of a site that it has something for."""
    found = [
        _areas(site, language),
        table(language, "extents", {"epoch": 0, "area_km2": 3, "largest_km2": 3, "polygons": 0}, site["extents"]),
        table(language, "adjusted", AREA, site["adjusted_areas"]),
        _growth(site, language),
        _affected(site, language),
        table(language, "national", {"area_km2": 0, "low_km2": 0, "high_km2": 0}, [site["national"]]),
    ]
    return [each for each in (*found, *_accuracy(site, language)) if each]


def _areas(site: dict[str, Any], language: Language) -> Table | None:
    """One row an epoch, one column a class; shares where areas are not known."""
    if not site["areas"]:
        return None
    key = "share" if site["areas"][0]["area_km2"] is None else "area_km2"
    mapped = site["areas"][0]["unobserved_km2"] is not None
    rows = []
    for epoch in site["epochs"]:
        of = [row for row in site["areas"] if row["epoch"] == epoch["name"]]
        by_class = {row["class_id"]: row[key] for row in of}
        row = [epoch["name"], *(by_class.get(land["id"]) for land in site["legend"])]
        rows.append([*row, of[0]["unobserved_km2"] if of else None] if mapped else row)
    titles = [language.say("columns.epoch"), *(language.term(land["name"]) for land in site["legend"])]
    titles += [language.say("columns.unobserved")] if mapped else []
    return Table(f"areas_{key}", titles, [0] + [3] * (len(titles) - 1), rows, {})


def _growth(site: dict[str, Any], language: Language) -> Table | None:
    columns = {"from": 0, "to": 0, "new_mined_km2": 3, "direction": 0, "azimuth_deg": 0, "concentration": 2}
    blank = {"azimuth_deg": None, "concentration": None}
    rows = []
    for row in (site["growth"] or {"pairs": []})["pairs"]:
        towards = "opening" if row["opening"] else row["direction"] or "none"
        told = {"direction": language.say(f"direction.{towards}")}
        rows.append(row | told | (blank if row["opening"] else {}))
    return table(language, "growth", columns, rows)


def _affected(site: dict[str, Any], language: Language) -> Table | None:
    columns = {"epoch": 0, "area_km2": 3, "changed_km2": 3, "mined_before_km2": 3, "cut_off_m": 0, "flags": 0}
    epochs = (site["affected"] or {}).get("epochs", [])
    told = [row | {"flags": ", ".join(row["flags"]).replace("_", " ") or None} for row in epochs]
    return table(language, "affected", columns, told)


def _accuracy(site: dict[str, Any], language: Language) -> Iterator[Table | None]:
    """Scores by method and by class, the error matrix, and areas against the truth."""
    found = site["accuracy"]
    if not found:
        return
    names = [language.term(row["class_name"]) for row in found["network"]["classes"]]
    scored = [(name, found[name]) for name in ("network", "random_forest") if name in found]
    methods = [
        {"method": name.replace("_", " "), "mean_iou": each["mean_iou"], "overall": each["overall"]}
        for name, each in scored
    ]
    yield table(language, "accuracy", {"method": 0, "mean_iou": 3, "overall": 3}, methods)
    scores = {"class_name": 0, "iou": 3, "f1": 3, "users_accuracy": 3, "producers_accuracy": 3}
    yield table(language, "class_accuracy", scores, found["network"]["classes"])
    rows = [[name, *counts] for name, counts in zip(names, found["network"]["confusion"], strict=True)]
    yield Table("matrix", [language.say("columns.map_reference"), *names], [0] * (len(names) + 1), rows, {})
    truth = {"epoch": 0, "area_km2": 3, "truth_km2": 3, "error_percent": 1}
    for name in ("excavated_area", "affected_area"):
        yield table(language, name, truth, found.get(name, []))
