"""The report of a site: one page that opens without a network."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from pitscape.imagery.outputs import write_text
from pitscape.report_charts import report_charts
from pitscape.report_ecology_tables import ecology_tables
from pitscape.report_headline import confidence, headline
from pitscape.report_land_tables import land_tables
from pitscape.report_language import Language, load_language
from pitscape.report_map import site_map
from pitscape.report_pictures import outlines, resilience_pictures
from pitscape.report_text import caveats, flags, summary, years_over_draws
from pitscape.site_files import load_site

PAGE = "report_page"
SECTIONS = (
    "summary",
    "map",
    "areas",
    "landscape",
    "resilience",
    "integrity",
    "course",
    "accuracy",
    "national",
    "method",
    "downloads",
)
LAYERS = ("scene", "classes", "extents", "affected")


def write_report(out: Path, *, site_file: Path, language: str | None = None) -> Path:
    """Write ``report.html`` from ``site.json`` and the class maps of a folder.

    Args:
        out: Folder of a site's results.
        site_file: Its site file, for the images.
        language: ``en`` or ``zh``; the site file's by default.

    Returns:
        The page.

    Raises:
        InputError: If there is no such language.
    """
    site = json.loads((out / "site.json").read_text(encoding="utf-8"))
    settings = load_site(site_file)
    spoken = load_language(language or settings.language)
    environment = Environment(loader=PackageLoader("pitscape", PAGE), autoescape=True, undefined=StrictUndefined)
    environment.globals |= {"say": spoken.say, "term": spoken.term, "language": spoken}
    tables = [*land_tables(site, spoken), *ecology_tables(site, spoken)]
    land = site_map(site, settings, out)
    page = environment.get_template("page.html").render(
        site=site,
        sections=SECTIONS,
        headline=headline(site, spoken),
        confidence=confidence(site, spoken),
        summary=summary(site, spoken),
        flags=flags(site, spoken),
        caveats=caveats(site, spoken),
        map=land,
        layers=[layer for layer in LAYERS if any(epoch[layer] for epoch in land.get("epochs", []))],
        areas_of=_areas_of(site, spoken),
        outlines=outlines(site, settings, out, spoken),
        fields=resilience_pictures(site, out),
        charts=report_charts(site, spoken),
        tables={each.name: each for each in tables},
        drawn={form: years_over_draws(site, form, spoken) for form in site["thresholds"] or {}},
        settings=_yaml(site["provenance"]["settings"]),
        made=_yaml(site["provenance"]["maps"]),
        style=_inlined("page.css", "map.css", "print.css"),
        plotly=Markup(get_plotlyjs()),  # noqa: S704 - the library itself
        script=_inlined("map.js", "charts.js"),
    )
    path = out / "report.html"
    write_text(path, page)
    return path


def _areas_of(site: dict[str, Any], language: Language) -> dict[str, str]:
    """Areas of the classes of each epoch, for those who do not see the map."""
    of: dict[str, list[str]] = {epoch["name"]: [] for epoch in site["epochs"]}
    for row in site["areas"]:
        if row["area_km2"] is not None:
            km2 = language.say("headline.km2", area=row["area_km2"])
            of[row["epoch"]].append(f"{language.term(row['class_name'])} {km2}")
    return {epoch: ", ".join(told) for epoch, told in of.items()}


def _inlined(*names: str) -> Markup:
    """Files of the page, one after another."""
    texts = [(files("pitscape") / PAGE / name).read_text(encoding="utf-8") for name in names]
    return Markup("\n".join(texts))  # noqa: S704 - our own


def _yaml(content: Any) -> str:  # noqa: ANN401 - of JSON
    text: str = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    return text
