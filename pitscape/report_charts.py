"""The charts of a site's report, as fragments of its page."""

from typing import Any

from plotly.graph_objects import Figure

from pitscape import charts, life_charts, resilience_charts
from pitscape.growth_chart import site_rose
from pitscape.national_chart import of_the_paper
from pitscape.stage_chart import stages
from pitscape.transition_chart import transitions


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


def report_charts(site: dict[str, Any]) -> dict[str, str]:
    """All charts by name; empty where a site has nothing to draw."""
    integrity = site["integrity"]["series"]["published"]
    figures = {
        "areas": charts.areas_over_time(site),
        "mined": charts.mined_over_time(site),
        "growth": site_rose(site),
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
        **_life_figures(site),
    }
    return {name: charts.as_html(figure) for name, figure in figures.items()}
