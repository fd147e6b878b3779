"""Charts of a mine's life: output with its curve, thresholds, and stages of the mine beside those of the ecosystem."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import plotly.graph_objects as go

from pitscape.charts import INK, SERIES
from pitscape.resilience.production_curve import ProductionCurve
from pitscape.stage_chart import STAGE_COLOURS, Span, life_spans, over_years

POINT_COLOURS = {"elastic": "#3e7cb1", "yield": "#b58a2b", "mutation": "#c0562f"}


def production(life: dict[str, Any]) -> go.Figure | None:
    """Yearly output with the fitted curve over the stages of the life cycle; None without output."""
    rows = life["production"]
    if not rows:
        return None
    figure = go.Figure()
    years = [row["year"] for row in rows]
    output = [row["production_mt"] for row in rows]
    figure.add_bar(x=years, y=output, name="output", marker_color=SERIES[3], opacity=0.75)
    if life.get("curve"):
        curve = _curve(life["curve"])
        fine = np.linspace(years[0], years[-1], 200)
        name = f"{curve.kind} logistic curve"
        figure.add_scatter(x=fine, y=curve.at(fine), name=name, mode="lines", line={"color": SERIES[0], "width": 2.5})
    if life["basis"]:
        _bands(figure, life_spans(life, years[0] - 0.5, years[-1] + 0.5), "top left")
    figure.update_yaxes(range=[0, 1.15 * max(each or 0 for each in output) or 1])
    return over_years(figure, "output [Mt a⁻¹]")


def thresholds(content: dict[str, Any]) -> go.Figure:
    """ThV with its curve and points, over the stages of the life cycle where they are known.

    Args:
        content: ``series`` with ``year`` and ``thv``, ``thresholds`` and ``life_cycle``, as the verb writes them.
    """
    rows, found, life = content["series"], content["thresholds"], content["life_cycle"]
    years = [row["year"] for row in rows]
    figure = go.Figure()
    if life and life["basis"]:
        _bands(figure, life_spans(life, years[0], years[-1]), "bottom left")
    thv = [row["thv"] for row in rows]
    figure.add_scatter(x=years, y=thv, name="ThV", mode="markers", marker={"color": INK, "size": 6})
    if found["knots"]:
        x, y = zip(*found["knots"], strict=True)
        figure.add_scatter(x=x, y=y, name="piecewise linear fit", mode="lines", line={"color": SERIES[0], "width": 2})
    figure.add_hline(y=1, line_dash="dot", line_color=INK)
    for point in found["points"]:
        if point["year"] is not None:
            _mark(figure, point, years[-1])
    if not found["points"]:
        say_above(figure, found["status"])
    known = [*(each for each in thv if each is not None), 1.0]
    room = max(max(known) - min(known), 0.05)
    figure.update_yaxes(range=[min(known) - 0.15 * room, max(known) + 0.3 * room])
    return over_years(figure, "ThV")


def site_thresholds(site: dict[str, Any], form: str) -> go.Figure:
    """The chart of :func:`thresholds` for a site and a form of ThV."""
    years = {epoch["name"]: epoch["year"] for epoch in site["epochs"]}
    rows = site["integrity"]["series"][form]
    series = [{"year": years[row["epoch"]], "thv": row.get("thv")} for row in rows]
    return thresholds({"series": series, "thresholds": site["thresholds"][form], "life_cycle": site["life_cycle"]})


def _curve(content: dict[str, Any]) -> ProductionCurve:
    known: dict[str, Any] = {key: math.nan if value is None else value for key, value in content.items()}
    return ProductionCurve(**known)


def _bands(figure: go.Figure, spans: Iterator[Span], place: str) -> None:
    """Stages as bands behind a chart."""
    for start, end, name in spans:
        figure.add_vrect(
            x0=start,
            x1=end,
            fillcolor=STAGE_COLOURS[name],
            opacity=0.6,
            line_width=0,
            layer="below",
            annotation={"text": name, "font": {"size": 11}},
            annotation_position=place,
        )


def _mark(figure: go.Figure, point: dict[str, Any], last: float) -> None:
    """A point with its interval, open at the end of the record where it has no end."""
    colour = POINT_COLOURS[point["name"]]
    low, high = (point["year"] if point["low"] is None else point["low"]), (point["high"] or last)
    figure.add_vrect(x0=low, x1=high, fillcolor=colour, opacity=0.18, line_width=0)
    text = f"{point['name']} {point['year']:.0f}<br>ThV {point['thv']:.2f}"
    figure.add_vline(
        x=point["year"],
        line_color=colour,
        annotation={"text": text, "font": {"size": 11, "color": colour}, "align": "left"},
        annotation_position="top right",
    )


def say_above(figure: go.Figure, text: str) -> None:
    """A sentence above a chart."""
    figure.add_annotation(text=text, xref="paper", yref="paper", x=0.5, y=1.08, showarrow=False, font={"color": INK})
