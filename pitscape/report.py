"""The report of a site: one page that opens without a network."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.graph_objects import Figure
from plotly.offline import get_plotlyjs

from pitscape import charts, life_charts, resilience_charts
from pitscape.imagery.class_map import open_class_map
from pitscape.imagery.legend import mined_word
from pitscape.imagery.outputs import write_text
from pitscape.imagery.sensor import load_sensor
from pitscape.inference.predictor import OnnxPredictor
from pitscape.national_chart import of_the_paper
from pitscape.outlines import ground_km, round_length, write_outlines
from pitscape.pictures import RAMP, class_picture, data_uri, field_ends, field_picture, scene_picture
from pitscape.site_settings import SiteSettings, load_site
from pitscape.transition_chart import transitions

RESILIENCE_COLUMNS = {
    "h_bits": "H [bits]",
    "ndvi": "NDVI",
    "weighted_score": "Σ P·S",
    "eco_res": "ECO_res",
    "c1": "C1",
    "c2": "C2",
    "mu": "μ",
    "e": "E",
}
INDICATOR_COLUMNS = {
    "shei": "SHEI",
    "mpfd": "MPFD",
    "contag": "CONTAG [%]",
    "connect": "CONNECT [%]",
    "npp": "NPP [kg C m⁻² a⁻¹]",
    "q": "Q [mm]",
    "e": "E",
}


def write_report(out: Path, *, site_file: Path) -> Path:
    """Write ``report.html`` from ``site.json`` and the class maps of a folder.

    Args:
        out: Folder of a site's results.
        site_file: Its site file, for the images.

    Returns:
        The page.
    """
    site = json.loads((out / "site.json").read_text(encoding="utf-8"))
    settings = load_site(site_file)
    has_maps = settings.has_maps
    environment = Environment(loader=PackageLoader("pitscape", "."), autoescape=True, undefined=StrictUndefined)
    environment.filters["number"] = number
    maps = _maps(settings, out) if has_maps else []
    page = environment.get_template("report.html").render(
        site=site,
        summary=summary(site),
        maps=maps,
        outlines=_outlines(site, settings, out, maps) if has_maps else "",
        scale=_scale_bar(_class_maps(settings, out)[0]) if has_maps else {},
        charts={name: Markup(html) for name, html in _charts(site).items()},  # noqa: S704 - plotly's own fragments
        fields=_fields(site, out),
        plotly=Markup(get_plotlyjs()),  # noqa: S704 - the library itself
        caveats=caveats(site),
        resilience_columns=_known(RESILIENCE_COLUMNS, site["resilience"]),
        indicator_columns=_known(INDICATOR_COLUMNS, site["integrity"]["indicators"]),
        definitions=_definitions(site),
        contributors=_contributors(site),
    )
    path = out / "report.html"
    write_text(path, page)
    return path


def number(value: float | None, digits: int = 3) -> str:
    """A number for people; a dash where there is none.

    >>> number(1234.5678, 1), number(None)
    ('1,234.6', '–')
    """
    return "–" if value is None else f"{value:,.{digits}f}"


def summary(site: dict[str, Any]) -> list[str]:
    """The result in a few plain sentences."""
    said = []
    if site["extents"]:
        first, last = site["extents"][0], site["extents"][-1]
        said.append(
            f"Between {first['epoch']} and {last['epoch']} the {_mined(site)} land went from "
            f"{first['area_km2']:.2f} to {last['area_km2']:.2f} km², in {last['polygons']} "
            f"polygon{'' if last['polygons'] == 1 else 's'} at the end; the largest covers {last['largest_km2']:.2f} km²."
        )
        said.append(_of_sample(site))
    if site["accuracy"]:
        found = site["accuracy"]["network"]
        said.append(f"Against the reference maps the network has a mean IoU of {found['mean_iou']:.3f}.")
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


def _definitions(site: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of the sensitivity table: what E would be at the first and last epoch, and its change."""
    return [
        {
            "title": f"H to the power {each['h_exponent']:g}, scores: {each['score_set']}",
            "values": list(each["values"].values()),
            "change": each["change"],
        }
        for each in site["sensitivity"]
    ]


def _contributors(site: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of the table of first-order shares at the last epoch [%]; outputs that do not vary are left out."""
    if not site["uncertainty"]:
        return []
    found = []
    for key, title in resilience_charts.OUTPUTS.items():
        rows = site["uncertainty"]["series"].get(key)
        if rows and any(share is not None for share in rows[-1]["first_order"].values()):
            first = rows[-1]["first_order"].items()
            shares = {resilience_charts.INPUTS[name]: 100 * min(max(share, 0.0), 1.0) for name, share in first}
            found.append({"title": title, "row": rows[-1], "shares": shares})
    return found


def _known(columns: dict[str, str], rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    """The columns in which some row has a value."""
    return {key: title for key, title in columns.items() if any(row.get(key) is not None for row in rows)}


def _mined(site: dict[str, Any]) -> str:
    """*Disturbed* where the legend's notes say that pits and dumps are one class."""
    return "disturbed" if mined_word(site["site"]["notes"]) == "disturbed" else "mined"


def _class_maps(settings: SiteSettings, out: Path) -> list[Path]:
    return [settings.map_of(epoch, out) for epoch in settings.epochs]


def _maps(settings: SiteSettings, out: Path) -> Sequence[dict[str, str]]:
    """Name, class map and scene of each epoch."""
    sensor = OnnxPredictor(Path(settings.model)).card.sensor if settings.model else load_sensor(settings.sensor)
    found = []
    for epoch, classes in zip(settings.epochs, _class_maps(settings, out), strict=True):
        scene = data_uri(scene_picture(Path(epoch.image), sensor, epoch.reading)) if epoch.image else ""
        found.append({"name": epoch.name, "classes": data_uri(class_picture(classes)), "scene": scene})
    return found


def _fields(site: dict[str, Any], out: Path) -> dict[str, Any]:
    """Maps of E, or of ECO_RES where E is not known, from a moving window; all in one scale."""
    maps = site["resilience_maps"]
    if not maps:
        return {}
    band = "E" if all("E" in each["bands"] for each in maps) else "ECO_RES"
    paths = [out / "resilience" / each["file"] for each in maps]
    low, high = field_ends(paths, band)
    pictures = [data_uri(field_picture(path, band, low, high)) for path in paths]
    named = [{"name": each["epoch"], "picture": picture} for each, picture in zip(maps, pictures, strict=True)]
    return {"band": band, "side_m": maps[0]["side_m"], "low": low, "high": high, "ramp": RAMP, "maps": named}


def _scale_bar(path: Path) -> dict[str, float]:
    """A round length of about a quarter of the map's width: in km, and in percent of the width."""
    with open_class_map(path) as classes:
        width_km, _ = ground_km(tuple(classes.dataset.bounds), classes.dataset.crs)
    length = round_length(width_km)
    return {"km": length, "percent": 100 * length / width_km}


def _outlines(site: dict[str, Any], settings: SiteSettings, out: Path, maps: Sequence[dict[str, str]]) -> Markup:
    """The picture of excavated and affected land, over the last scene or class map."""
    background = maps[-1]["scene"] or maps[-1]["classes"]
    kind = mined_word(site["site"]["notes"])
    last = _class_maps(settings, out)[-1]
    return Markup(write_outlines(site, out, last, background=background, kind=kind))  # noqa: S704 - escaped there


def life_figures(site: dict[str, Any]) -> dict[str, Figure | None]:
    """Charts of life cycle, thresholds and succession."""
    life, found, changes = site["life_cycle"], site["thresholds"] or {}, site["succession"]
    form = "published" if found.get("published", {}).get("points") else "departure"
    return {
        "production": life_charts.production(life) if life else None,
        "stages": life_charts.stages(site, form),
        "national": of_the_paper(site["national"]),
        "transitions": transitions(changes) if changes else None,
        **{f"thresholds {name}": life_charts.site_thresholds(site, name) for name in found},
    }


def _charts(site: dict[str, Any]) -> dict[str, str]:
    integrity = site["integrity"]["series"]["published"]
    figures = {
        "areas": charts.areas_over_time(site),
        "mined": charts.mined_over_time(site),
        "pattern": charts.series(site["landscape"], {"SHEI": "SHEI", "FRAC_MN": "MPFD", "FRAC_AM": "FRAC_AM"}, "index"),
        "contag": charts.series(site["landscape"], {"CONTAG": "CONTAG", "CONNECT": "CONNECT"}, "%"),
        "resilience": charts.series(
            site["resilience"],
            {"h_bits": "H [bits]", "eco_res": "ECO_res", "ndvi": "NDVI", "c1": "C1", "c2": "C2"},
            "value",
        ),
        "e": resilience_charts.elasticity(site),
        "moved": resilience_charts.what_moved(site),
        "definitions": resilience_charts.definitions(site),
        "contributions": resilience_charts.contributions(site),
        "eci": charts.series(integrity, {"sc": "SC", "fc": "FC", "e": "E, normalised", "eci": "ECI"}, "score, 0 to 1"),
        "thv": resilience_charts.thv(site),
        "eci_bands": resilience_charts.eci(site),
        "ndvi": resilience_charts.monthly_ndvi(site),
        **life_figures(site),
    }
    return {name: charts.as_html(figure) for name, figure in figures.items()}
