"""Charts of a mine's life: output with its curve, thresholds, stages beside states, transitions, and many mines."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import plotly.graph_objects as go

from pitscape.charts import GRID, INK, SERIES, styled
from pitscape.resilience.production_curve import ProductionCurve

STAGE_COLOURS = {
    "initial": "#ece7db",
    "accelerated": "#f2d3bd",
    "stable": "#d5e3c8",
    "early stable": "#d5e3c8",
    "late stable": "#b5cda3",
    "decline": "#d9cfe0",
    "compaction": "#dbe7f0",
    "resilience": "#b9d3e6",
    "yield": "#f0cf9c",
    "mutation": "#dd9a80",
}
POINT_COLOURS = {"elastic": "#3e7cb1", "yield": "#b58a2b", "mutation": "#c0562f"}
ROLE_COLOURS = {"mined": "#c0562f", "occupied": "#8a7f98", "vegetated": "#5a8f4a", "water": "#3e7cb1"}
NO_BAR = "rgba(0,0,0,0)"

Span = tuple[float, float, str]


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
        _bands(figure, _life_spans(life, years[0] - 0.5, years[-1] + 0.5), "top left")
    figure.update_yaxes(range=[0, 1.15 * max(each or 0 for each in output) or 1])
    return _over_years(figure, "output [Mt a⁻¹]")


def thresholds(content: dict[str, Any]) -> go.Figure:
    """ThV with its curve and points, over the stages of the life cycle where they are known.

    Args:
        content: ``series`` with ``year`` and ``thv``, ``thresholds`` and ``life_cycle``, as the verb writes them.
    """
    rows, found, life = content["series"], content["thresholds"], content["life_cycle"]
    years = [row["year"] for row in rows]
    figure = go.Figure()
    if life and life["basis"]:
        _bands(figure, _life_spans(life, years[0], years[-1]), "bottom left")
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
        _say(figure, found["status"])
    known = [*(each for each in thv if each is not None), 1.0]
    room = max(max(known) - min(known), 0.05)
    figure.update_yaxes(range=[min(known) - 0.15 * room, max(known) + 0.3 * room])
    return _over_years(figure, "ThV")


def site_thresholds(site: dict[str, Any], form: str) -> go.Figure:
    """The chart of :func:`thresholds` for a site and a form of ThV."""
    years = {epoch["name"]: epoch["year"] for epoch in site["epochs"]}
    rows = site["integrity"]["series"][form]
    series = [{"year": years[row["epoch"]], "thv": row.get("thv")} for row in rows]
    return thresholds({"series": series, "thresholds": site["thresholds"][form], "life_cycle": site["life_cycle"]})


def stages(site: dict[str, Any], form: str) -> go.Figure | None:
    """Stages of the life cycle beside those of the ecosystem, in time; None where neither is known."""
    life, found = site.get("life_cycle"), (site.get("thresholds") or {}).get(form)
    first, last = (float(site["epochs"][n]["year"]) for n in (0, -1))
    figure = go.Figure()
    spans = {"mine": list(_life_spans(life, first, last)) if life and life["basis"] else []}
    spans["ecosystem"] = list(_runs(found["stages"], last)) if found else []
    for row, own in spans.items():
        for start, end, stage in own:
            colour = STAGE_COLOURS.get(stage.split(" or ")[0], GRID)
            hover = f"{stage}, {start:.1f} to {end:.1f}"
            figure.add_bar(
                y=[row],
                x=[end - start],
                base=[start],
                orientation="h",
                marker={"color": colour, "line": {"color": "#fff", "width": 2}},
                text=stage,
                textposition="inside",
                insidetextanchor="middle",
                textfont={"color": INK},
                hovertext=hover,
                showlegend=False,
            )
    if not figure.data:
        return None
    state = (site.get("succession") or {}).get("state")
    if state:
        _say(figure, f"state of the ecosystem now: {state}")
    figure = _over_years(figure, "")
    figure.update_layout(barmode="overlay", height=240, margin={"l": 100})
    return figure.update_yaxes(categoryorder="array", categoryarray=["ecosystem", "mine"], gridcolor=NO_BAR)


def transitions(succession: dict[str, Any]) -> go.Figure:
    """Area that went from each kind of land to each, between the first and the last epoch."""
    roles, areas = succession["transitions"]["roles"], np.array(succession["transitions"]["area_km2"])
    pairs = [(i, j) for i in range(len(roles)) for j in range(len(roles)) if areas[i, j] > 0]
    before, after = areas.sum(axis=1), areas.sum(axis=0)
    colours = [ROLE_COLOURS[role] for role in roles]
    names = [f"{role}, {sums[n]:.2f} km²" for sums in (before, after) for n, role in enumerate(roles)]
    figure = go.Figure(
        go.Sankey(
            arrangement="snap",
            node={"label": names, "color": colours * 2, "pad": 18, "thickness": 14, "line": {"width": 0}},
            link={
                "source": [i for i, _ in pairs],
                "target": [j + len(roles) for _, j in pairs],
                "value": [areas[pair] for pair in pairs],
                "color": [_faint(colours[j]) for _, j in pairs],
            },
        )
    )
    return styled(figure, "")


def pooled(content: dict[str, Any]) -> go.Figure:
    """ThV at each point by site, with the pooled mean and its interval."""
    figure = go.Figure()
    for name, colour in POINT_COLOURS.items():
        rows = [row for row in content["points"] if row["name"] == name]
        if not rows:
            continue
        thv = np.array([row["thv"] for row in rows])
        ends = {key: np.array([row[key] for row in rows]) for key in ("thv_low", "thv_high")}
        spread = {"type": "data", "array": ends["thv_high"] - thv, "arrayminus": thv - ends["thv_low"]}
        x = [row["site"] for row in rows]
        figure.add_scatter(x=x, y=thv, name=name, mode="markers", error_y=spread, marker={"color": colour, "size": 9})
        mean = next(row["all"] for row in content["pooled"] if row["point"] == name)
        figure.add_hline(y=mean["mean"], line_color=colour, line_width=1.5)
        if mean["low"] is not None:
            figure.add_hrect(y0=mean["low"], y1=mean["high"], fillcolor=colour, opacity=0.12, line_width=0)
    if not figure.data:
        _say(figure, "no point was detected at any site")
    return styled(figure, "ThV at the point")


def _curve(content: dict[str, Any]) -> ProductionCurve:
    known: dict[str, Any] = {key: math.nan if value is None else value for key, value in content.items()}
    return ProductionCurve(**known)


def _life_spans(life: dict[str, Any], first: float, last: float) -> Iterator[Span]:
    """Begin, end and name of each stage of the life cycle between two years."""
    late = None
    if life["basis"] == "dates":
        late = life["accelerated_from"] + 25
    stable = "stable" if late is None else "early stable"
    begins = [(-math.inf, "initial"), (life["accelerated_from"], "accelerated"), (life["stable_from"], stable)]
    begins += [(late, "late stable"), (life["decline_from"], "decline")]
    known = [(begin, name) for begin, name in begins if begin is not None]
    for (begin, name), (end, _) in pairwise([*known, (math.inf, "")]):
        start, stop = max(begin, first), min(end, last)
        if start < stop:
            yield start, stop, name


def _runs(rows: Sequence[dict[str, Any]], last: float) -> Iterator[Span]:
    """Years of the same stage as spans."""
    begins = [row for n, row in enumerate(rows) if n == 0 or row["stage"] != rows[n - 1]["stage"]]
    for row, end in zip(begins, [*(row["year"] for row in begins[1:]), last], strict=False):
        yield row["year"], end, row["stage"]


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


def _say(figure: go.Figure, text: str) -> None:
    figure.add_annotation(text=text, xref="paper", yref="paper", x=0.5, y=1.08, showarrow=False, font={"color": INK})


def _over_years(figure: go.Figure, unit: str) -> go.Figure:
    figure = styled(figure, unit)
    return figure.update_xaxes(type="linear", tickformat="d", showgrid=False)


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[n : n + 2], 16) for n in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.35)"
