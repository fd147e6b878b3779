"""Charts of a site's results."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

INK = "#33302c"
GRID = "#e4dfd6"
SERIES = ("#c0562f", "#3e7cb1", "#5a8f4a", "#8a7f98", "#b58a2b")


def areas_over_time(site: dict[str, Any]) -> go.Figure | None:
    """Area of each class at each epoch, stacked; shares where areas are not known, None where neither is."""
    if not site["areas"]:
        return None
    figure = go.Figure()
    epochs = [epoch["name"] for epoch in site["epochs"]]
    known = site["areas"][0]["area_km2"] is not None
    for land in site["legend"]:
        key = "area_km2" if known else "share"
        rows = {row["epoch"]: row[key] for row in site["areas"] if row["class_id"] == land["id"]}
        figure.add_bar(x=epochs, y=[rows[e] for e in epochs], name=land["name"], marker_color=land["colour"])
    figure.update_layout(barmode="stack")
    return styled(figure, "area [km²]" if known else "share")


def mined_over_time(site: dict[str, Any]) -> go.Figure | None:
    """Area of the mined land at each epoch: mapped in all, of the largest polygon, and adjusted; None without maps."""
    if not site["extents"]:
        return None
    epochs = [row["epoch"] for row in site["extents"]]
    figure = go.Figure()
    for key, name, colour in (("area_km2", "all polygons", SERIES[0]), ("largest_km2", "largest polygon", SERIES[3])):
        y = [row[key] for row in site["extents"]]
        figure.add_scatter(x=epochs, y=y, name=name, mode="lines+markers", line_color=colour)
    if adjusted := [row for row in site["adjusted_areas"] if row["role"] == "mined"]:
        figure.add_scatter(
            x=[row["epoch"] for row in adjusted],
            y=[row["adjusted_km2"] for row in adjusted],
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [row["high_km2"] - row["adjusted_km2"] for row in adjusted],
                "arrayminus": [row["adjusted_km2"] - row["low_km2"] for row in adjusted],
                "thickness": 1.5,
                "width": 5,
            },
            name="adjusted, 95 %",
            mode="markers",
            marker={"color": SERIES[1], "size": 9, "symbol": "diamond"},
        )
    figure.update_yaxes(rangemode="tozero")
    return styled(figure, "area [km²]")


def adjusted_over_time(site: dict[str, Any]) -> go.Figure | None:
    """Areas by kind of land with their 95 % intervals, at the epochs that have a sample; None without one."""
    rows = site["adjusted_areas"]
    if not rows:
        return None
    colours = {land["role"]: land["colour"] for land in reversed(site["legend"])}
    figure = go.Figure()
    for role in dict.fromkeys(row["role"] for row in rows):
        of = [row for row in rows if row["role"] == role]
        y = [row["adjusted_km2"] for row in of]
        ends = {
            "array": [row["high_km2"] - row["adjusted_km2"] for row in of],
            "arrayminus": [row["adjusted_km2"] - row["low_km2"] for row in of],
        }
        error = {"type": "data", "symmetric": False, "thickness": 1.5, "width": 6, **ends}
        marker = {"color": colours.get(role, INK), "size": 9}
        x = [row["epoch"] for row in of]
        figure.add_scatter(x=x, y=y, error_y=error, name=role, mode="lines+markers", marker=marker)
    figure.update_yaxes(rangemode="tozero")
    return styled(figure, "area [km²]")


def series(rows: Sequence[dict[str, Any]], keys: dict[str, str], unit: str) -> go.Figure | None:
    """Several values over the epochs; None where no row has one.

    Args:
        rows: One per epoch.
        keys: Name in the legend by key of the row.
        unit: Title of the value axis.
    """
    figure = go.Figure()
    for number, (key, name) in enumerate(keys.items()):
        values = [row.get(key) for row in rows]
        if any(value is not None for value in values):
            x = [row["epoch"] for row in rows]
            colour = SERIES[number % len(SERIES)]
            figure.add_scatter(x=x, y=values, name=name, mode="lines+markers", line_color=colour)
    figure.update_layout(showlegend=True)
    return styled(figure, unit) if figure.data else None


def styled(figure: go.Figure, unit: str) -> go.Figure:
    """A figure in the report's style, with a title of its value axis."""
    figure.update_layout(
        template="none",
        font={"family": "system-ui, sans-serif", "size": 13, "color": INK},
        height=320,
        margin={"l": 60, "r": 36, "t": 40, "b": 40},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    figure.update_xaxes(type="category", linecolor=INK, automargin=True)
    figure.update_yaxes(title=unit, gridcolor=GRID, zeroline=False)
    return figure
