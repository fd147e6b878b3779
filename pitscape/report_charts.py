"""The charts of a site's report, as content that the page draws."""

import json
from typing import Any

from plotly.graph_objects import Figure

from pitscape import charts, life_charts, resilience_charts
from pitscape.growth_chart import site_rose
from pitscape.national_chart import of_the_paper
from pitscape.report_language import Language
from pitscape.stage_chart import stages
from pitscape.transition_chart import transitions

NO_WORDS = {"template", "type", "mode", "side", "visible", "orientation", "hoverinfo", "symbol", "family", "fill"}
"""Keys of plotly whose strings are no texts for people."""


def _life_figures(site: dict[str, Any]) -> dict[str, Figure | None]:
    """Charts of life cycle, thresholds and succession."""
    life, found, changes = site["life_cycle"], site["thresholds"] or {}, site["succession"]
    form = "published" if found.get("published", {}).get("points") else "departure"
    return {
        "production": life_charts.production(life) if life else None,
        "stages": stages(site, form),
        "national": of_the_paper(site["national"]),
        "transitions": transitions(changes) if changes else None,
        **{f"thresholds {name}": life_charts.site_thresholds(site, name) for name in found},
    }


def report_charts(site: dict[str, Any], language: Language) -> dict[str, dict[str, Any]]:
    """Data and layout of the charts by name, their words in the language of the page; what has nothing to draw is left out."""
    figures = {name: figure for name, figure in _figures(site).items() if figure is not None}
    return {name: in_language(json.loads(figure.to_json()), language) for name, figure in figures.items()}


def _figures(site: dict[str, Any]) -> dict[str, Figure | None]:
    integrity = site["integrity"]["series"]["published"]
    components = {"h_bits": "H [bits]", "eco_res": "ECO_res", "ndvi": "NDVI", "c1": "C1", "c2": "C2"}
    eci = "sc_bands" if site["integrity"]["missing"] else "eci_bands"
    return {
        "areas": charts.areas_over_time(site),
        "areas_interval": charts.adjusted_over_time(site),
        "mined": charts.mined_over_time(site),
        "growth": site_rose(site),
        "pattern": charts.series(site["landscape"], {"SHEI": "SHEI", "FRAC_MN": "MPFD", "FRAC_AM": "FRAC_AM"}, "index"),
        "contag": charts.series(site["landscape"], {"CONTAG": "CONTAG", "CONNECT": "CONNECT"}, "%"),
        "resilience": charts.series(site["resilience"], components, "value"),
        "e": resilience_charts.elasticity(site),
        "moved": resilience_charts.what_moved(site),
        "definitions": resilience_charts.definitions(site),
        "contributions": resilience_charts.contributions(site),
        "eci": charts.series(integrity, {"sc": "SC", "fc": "FC", "e": "E, normalised", "eci": "ECI"}, "score, 0 to 1"),
        "thv": resilience_charts.thv(site),
        eci: resilience_charts.eci(site),
        "ndvi": resilience_charts.monthly_ndvi(site),
        **_life_figures(site),
    }


def in_language(content: Any, language: Language) -> Any:  # noqa: ANN401 - of JSON
    """Texts of a chart in a language; template, colours and dates hold no terms."""
    if isinstance(content, str):
        return language.terms(content)
    if isinstance(content, list):
        return [in_language(each, language) for each in content]
    if isinstance(content, dict):
        return {key: value if key in NO_WORDS else in_language(value, language) for key, value in content.items()}
    return content
