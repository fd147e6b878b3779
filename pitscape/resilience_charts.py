"""Charts of resilience and integrity: E and ThV with their bands, what moved E, what it rests on."""

import math
from typing import Any

import plotly.graph_objects as go

from pitscape.charts import INK, SERIES, styled

OUTPUTS = {
    "e": "E",
    "eci_published": "ECI, published",
    "eci_departure": "ECI, departure",
    "thv_published": "ThV, published",
    "thv_departure": "ThV, departure",
    "eco_res": "ECO_res",
}
"""Outputs of the Monte Carlo run that the report shows."""

FACTORS = {"diversity": "H", "vegetation": "NDVI", "scores": "Σ P·S", "climate": "C1 · C2"}
INPUTS = {"shares": "areas", "ndvi": "NDVI", "climate": "C1, C2", "scores": "score set", "weights": "weights"}
COLOURS = {
    "diversity": SERIES[1],
    "vegetation": SERIES[2],
    "ndvi": SERIES[2],
    "scores": SERIES[3],
    "climate": SERIES[4],
    "shares": SERIES[0],
    "weights": "#5c554d",
}
"""Of factors and inputs: NDVI, scores and climate have one colour in all charts."""

DASHES = ("solid", "dot", "dash", "dashdot", "longdash")
FORMS = {"published": SERIES[0], "departure": SERIES[1]}


def elasticity(site: dict[str, Any]) -> go.Figure | None:
    """E over the epochs with the band of its draws; None where E is not known."""
    rows = site["resilience"]
    if all(row["e"] is None for row in rows):
        return None
    figure = go.Figure()
    _band(figure, site, "e", SERIES[0])
    x, y = [row["epoch"] for row in rows], [row["e"] for row in rows]
    figure.add_scatter(x=x, y=y, name="E", mode="lines+markers", line_color=SERIES[0])
    return styled(figure, "E")


def what_moved(site: dict[str, Any]) -> go.Figure | None:
    """Factors of E over the baseline's, as bars of their logarithms that add up to that of E."""
    rows = [row for row in site["what_moved_e"] if row["e"] is not None]
    if len(rows) < 2:
        return None
    figure = go.Figure()
    x = [row["epoch"] for row in rows]
    for key, name in FACTORS.items():
        y = [row[key] for row in rows]
        times = [f"{name} × {math.exp(each):.2f}" for each in y]
        figure.add_bar(x=x, y=y, name=name, marker_color=COLOURS[key], hovertext=times, hoverinfo="text")
    figure.add_scatter(x=x, y=[row["e"] for row in rows], name="E", mode="lines+markers", line_color=SERIES[0])
    figure.update_layout(barmode="relative")
    figure.add_hline(y=0, line_color=INK, line_width=1)
    return styled(figure, "ln of the ratio to the baseline")


def definitions(site: dict[str, Any]) -> go.Figure | None:
    """E over the baseline's for each score set of the types and exponent of H; None for a single epoch.

    Lines over land classes would hide the others, where the site has types.
    """
    coarse = site["resilience"][0]["coarse_legend"]
    rows = [row for row in site["sensitivity"] if row["change"] is not None and row["coarse_legend"] == coarse]
    if not rows or len(site["epochs"]) < 2:
        return None
    figure = go.Figure()
    powers = sorted({row["h_exponent"] for row in rows}, reverse=True)
    sets = list(dict.fromkeys(row["score_set"] for row in rows))
    base = site["integrity"]["baseline"]
    for row in rows:
        values = row["values"]
        figure.add_scatter(
            x=list(values),
            y=[value / values[base] if value is not None else None for value in values.values()],
            name=f"H^{row['h_exponent']:g}, {row['score_set']}",
            mode="lines+markers",
            line={
                "color": SERIES[powers.index(row["h_exponent"])],
                "dash": DASHES[sets.index(row["score_set"]) % len(DASHES)],
            },
        )
    figure.add_hline(y=1, line_dash="dot", line_color=INK)
    return styled(figure, "E / E of the baseline")


def contributions(site: dict[str, Any]) -> go.Figure | None:
    """First-order shares of the variance at the last epoch, one bar for each output; None if fewer than two vary."""
    if not site["uncertainty"] or sum(site["uncertainty"]["varies"].values()) < 2:
        return None
    series = {title: site["uncertainty"]["series"].get(key) for key, title in OUTPUTS.items()}
    rows = {title: found[-1] for title, found in series.items() if found and _varies(found[-1])}
    if not rows:
        return None
    figure = go.Figure()
    for key, name in INPUTS.items():
        shares = [100 * max(row["first_order"].get(key) or 0.0, 0.0) for row in rows.values()]
        if any(shares):
            figure.add_bar(y=list(rows), x=shares, name=name, orientation="h", marker_color=COLOURS[key])
    together = [100 * row["interactions"] for row in rows.values()]
    figure.add_bar(y=list(rows), x=together, name="together only", orientation="h", marker_color="#d8d2c7")
    figure.update_layout(barmode="stack")
    styled(figure, "")
    figure.update_xaxes(type="linear", title="share of the variance [%]", range=[0, 105])
    figure.update_yaxes(type="category", autorange="reversed", automargin=True, ticksuffix="  ")
    return figure


def thv(site: dict[str, Any]) -> go.Figure | None:
    """ThV in both forms with their bands, and the baseline's 1; None where it is not known."""
    figure = _forms(site, "thv")
    if figure is None:
        return None
    figure.add_hline(y=1, line_dash="dot", line_color=INK)
    return styled(figure, "ThV = ECI / ECI of the baseline")


def eci(site: dict[str, Any]) -> go.Figure | None:
    """ECI in both forms with their bands, SC where ECI is not known; None where neither is."""
    key = "sc" if site["integrity"]["missing"] else "eci"
    figure = _forms(site, key)
    return None if figure is None else styled(figure, f"{key.upper()}, 0 to 1")


def monthly_ndvi(site: dict[str, Any]) -> go.Figure | None:
    """NDVI month by month, one line a year; None where the site has no such table."""
    rows = site.get("ndvi_months") or []
    if not rows:
        return None
    figure = go.Figure()
    for number, row in enumerate(rows):
        months = [name[5:] for name in row["months"]]
        colour = SERIES[number % len(SERIES)]
        y = list(row["months"].values())
        figure.add_scatter(x=months, y=y, name=row["epoch"], mode="lines+markers", line_color=colour)
    return styled(figure, "NDVI, monthly mean")


def _forms(site: dict[str, Any], key: str) -> go.Figure | None:
    figure = go.Figure()
    for form, rows in site["integrity"]["series"].items():
        if any(row.get(key) is not None for row in rows):
            _band(figure, site, f"{key}_{form}", FORMS[form])
            x, y = [row["epoch"] for row in rows], [row[key] for row in rows]
            figure.add_scatter(x=x, y=y, name=form, mode="lines+markers", line_color=FORMS[form])
    return figure if figure.data else None


def _band(figure: go.Figure, site: dict[str, Any], output: str, colour: str) -> None:
    """The 5 to 95 % quantiles of the draws, where there are any."""
    rows = (site["uncertainty"] or {"series": {}})["series"].get(output, [])
    known = [row for row in rows if row["low"] is not None]
    if not known:
        return
    x = [row["epoch"] for row in known]
    edge = {"mode": "lines", "line_width": 0, "hoverinfo": "skip", "showlegend": False}
    figure.add_scatter(x=x, y=[row["high"] for row in known], **edge)
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    fill = f"rgba({red},{green},{blue},0.18)"
    figure.add_scatter(x=x, y=[row["low"] for row in known], fill="tonexty", fillcolor=fill, **edge)


def _varies(row: dict[str, Any]) -> bool:
    return any(share is not None for share in row["first_order"].values())
