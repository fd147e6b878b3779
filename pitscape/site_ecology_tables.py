"""Flat tables of ``site.json`` about ecology: pattern, resilience, integrity, uncertainty, thresholds, life cycle."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

Row: TypeAlias = dict[str, Any]
Site: TypeAlias = Mapping[str, Any]

METRICS = {
    "ha": ("TA", "AREA", "MESH"),
    "m": ("TE", "ENN"),
    "percent": ("LPI", "PLADJ", "AI", "COHESION", "CONTAG", "CONNECT"),
    "per_100ha": ("PD",),
    "m_per_ha": ("ED",),
    "nats": ("SHDI",),
    "bits": ("H",),
}
"""Landscape metrics by unit, as ``pitscape.resilience.landscape`` has them; others have none."""

UNIT_OF = {name: unit for unit, names in METRICS.items() for name in names}
COMPONENTS = (
    *("e", "h_bits", "ndvi", "c1", "c2", "mu", "weighted_score", "eco_res"),
    *("sigma", "h_exponent", "score_set", "coarse_legend"),
)
"""Columns of resilience, whether a site has them all or not."""

INDICATORS = {"contag": "contag_percent", "connect": "connect_percent", "npp": "npp_kgc_m2_y", "q": "q_mm_y"}
WATER = {"precipitation_mm", "evapotranspiration_mm", "runoff_mm", "q_mm"}
POINT = {"name": "point", "low": "low_year", "high": "high_year"}
DRAWN = {"low": "percentile_5", "median": "percentile_50", "high": "percentile_95", "defined": "defined_share"}


YEARS = {key: title if key == "defined" else f"{title}_year" for key, title in DRAWN.items()} | {"name": "point"}


def ecology_rows(site: Site) -> dict[str, Iterable[Row]]:
    """Rows of each table by its name; none for what a site lacks."""
    integrity, uncertainty = site["integrity"], site["uncertainty"] or {}
    life, course = site["life_cycle"] or {}, site["succession"] or {}
    return {
        "landscape": [{metric(key): value for key, value in row.items()} for row in site["landscape"]],
        "resilience": [resilience(row) for row in site["resilience"]],
        "resilience_maps": _maps(site),
        "zones": [resilience(row) for row in site["zones"]],
        "what_moved_e": [_prefixed(row, "ln_", keep=("epoch",)) for row in site["what_moved_e"]],
        "sensitivity": _sensitivity(site),
        "vegetation": [_quantity(row, "ndvi") for row in site["vegetation"]],
        "ndvi_months": _months(site),
        "npp": [_quantity(row, "npp_kgc_m2_y") for row in site["npp"]],
        "et": [_quantity(row, "et_mm_y") for row in site["et"]],
        "water": [{f"{key}_y" if key in WATER else key: value for key, value in row.items()} for row in site["water"]],
        "indicators": [
            {INDICATORS.get(key, key): value for key, value in row.items()} for row in integrity["indicators"]
        ],
        "integrity": [flat(row) for rows in integrity["series"].values() for row in rows],
        "undefined": [flat(row) for row in integrity["undefined"]],
        "weights": [{"parameter": key, "weight": value} for key, value in integrity["weights"].items()],
        "bounds": [{"parameter": key} | row for key, row in integrity["bounds"].items()],
        "uncertainty": _drawn(uncertainty),
        "threshold_years": _threshold_years(uncertainty),
        "thresholds": _of_forms(site, "points"),
        "threshold_stages": _of_forms(site, "stages"),
        "life_cycle": [flat({key: value for key, value in life.items() if key not in {"production", "stages"}})]
        * bool(life),
        "production": life.get("production") or [],
        "stages": life.get("stages") or [],
        "succession": course.get("epochs") or [],
        "evidence": course.get("evidence") or [],
        "transitions": _transitions(course),
    }


def metric(name: str) -> str:
    """A landscape metric with its unit.

    >>> metric("AREA_MN"), metric("FRAC_CV"), metric("SHEI")
    ('AREA_MN_ha', 'FRAC_CV_percent', 'SHEI')
    """
    unit = "percent" if name.endswith("_CV") else UNIT_OF.get(name.split("_", maxsplit=1)[0])
    return f"{name}_{unit}" if unit else name


def flat(row: Row) -> Row:
    """A row without rows in it: keys of objects follow theirs, values of a list stand in one cell.

    >>> flat({"curve": {"k": 1.0}, "cut": ["npp", "q"]})
    {'curve_k': 1.0, 'cut': 'npp; q'}
    """
    found: Row = {}
    for key, value in row.items():
        if isinstance(value, dict):
            found |= {f"{key}_{name}": each for name, each in flat(value).items()}
        elif isinstance(value, list):
            found[key] = "; ".join(map(str, value))
        else:
            found[key] = value
    return found


def resilience(row: Row) -> Row:
    """A row of resilience, or of a zone's, with one column for the share of each type."""
    shares = {f"share_{name}": share for name, share in row["shares"].items()}
    place = {key: row[key] for key in ("zone", "epoch") if key in row}
    return place | {"eco_res_bits" if key == "eco_res" else key: row.get(key) for key in COMPONENTS} | shares


def _prefixed(row: Row, prefix: str, *, keep: tuple[str, ...]) -> Row:
    return {key if key in keep else prefix + key: value for key, value in row.items()}


def _quantity(row: Row, name: str) -> Row:
    return flat({{"value": name, "gap": "gap_share"}.get(key, key): value for key, value in row.items()})


def _maps(site: Site) -> Iterator[Row]:
    for row in site["resilience_maps"]:
        for band, unit in row["bands"].items():
            yield {"epoch": row["epoch"], "file": row["file"], "side_m": row["side_m"], "band": band, "unit": unit}


def _sensitivity(site: Site) -> Iterator[Row]:
    for row in site["sensitivity"]:
        told = {key: value for key, value in row.items() if key != "values"}
        for epoch, value in row["values"].items():
            yield told | {"epoch": epoch, "value": value}


def _months(site: Site) -> Iterator[Row]:
    for row in site["ndvi_months"]:
        for month, value in row["months"].items():
            yield {"epoch": row["epoch"], "month": month, "ndvi": value}


def _drawn(uncertainty: Row) -> Iterator[Row]:
    """Ends of the draws by output and epoch, with the shares of variance of each input."""
    for output, rows in uncertainty.get("series", {}).items():
        for row in rows:
            yield {"output": output} | {DRAWN.get(key, key): value for key, value in flat(row).items()}
    for output, row in uncertainty.get("further", {}).items():
        yield {"output": output} | {DRAWN.get(key, key): value for key, value in flat(row).items()}


def _threshold_years(uncertainty: Row) -> Iterator[Row]:
    for form, found in uncertainty.get("threshold_years", {}).items():
        for row in found["points"]:
            yield {"form": form, "method": found["method"]} | {YEARS.get(k, k): v for k, v in flat(row).items()}


def _of_forms(site: Site, key: str) -> Iterator[Row]:
    for form, found in (site["thresholds"] or {}).items():
        for row in found[key]:
            yield {"form": form} | {POINT.get(name, name): value for name, value in flat(row).items()}


def _transitions(course: Row) -> Iterator[Row]:
    """Area that went from one role to another between the first and the last epoch."""
    found = course.get("transitions") or {"roles": [], "area_km2": []}
    for first, areas in zip(found["roles"], found["area_km2"], strict=True):
        for last, area in zip(found["roles"], areas, strict=True):
            yield {"from": first, "to": last, "area_km2": area}
