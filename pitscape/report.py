"""The report of a site: one page that opens without a network."""

import json
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from pitscape.imagery.outputs import write_text
from pitscape.report_charts import report_charts
from pitscape.report_pictures import class_maps, epoch_pictures, outlines, resilience_pictures, scale_bar
from pitscape.report_tables import INDICATOR_COLUMNS, RESILIENCE_COLUMNS, contributors, definitions, known_columns
from pitscape.report_text import caveats, summary, years_over_draws
from pitscape.site_settings import load_site


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
    maps = epoch_pictures(settings, out) if has_maps else []
    page = environment.get_template("report.html").render(
        site=site,
        summary=summary(site),
        maps=maps,
        outlines=outlines(site, settings, out, maps) if has_maps else "",
        scale=scale_bar(class_maps(settings, out)[0]) if has_maps else {},
        charts={name: Markup(html) for name, html in report_charts(site).items()},  # noqa: S704 - plotly's own fragments
        fields=resilience_pictures(site, out),
        plotly=Markup(get_plotlyjs()),  # noqa: S704 - the library itself
        caveats=caveats(site),
        resilience_columns=known_columns(RESILIENCE_COLUMNS, site["resilience"]),
        indicator_columns=known_columns(INDICATOR_COLUMNS, site["integrity"]["indicators"]),
        definitions=definitions(site),
        contributors=contributors(site),
        drawn={form: years_over_draws(site, form) for form in site["thresholds"] or {}},
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
