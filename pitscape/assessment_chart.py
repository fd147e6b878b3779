"""The chart of an assessment: the error matrix in shares of the area, and mapped beside adjusted areas."""

from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from pitscape.charts import INK, SERIES, styled

SHADES = ((0.0, "#ffffff"), (0.02, "#f7e7d6"), (0.2, "#eab68b"), (1.0, SERIES[0]))
MOST_SHOWN = 8
"""Classes up to which each cell of the matrix has its number."""


def accuracy_chart(content: dict[str, Any]) -> go.Figure:
    """The chart.

    Args:
        content: Of ``accuracy.json``: ``matrix`` and ``classes``; with ``changes``, gain and loss stand for areas.
    """
    figure = make_subplots(cols=2, column_widths=[0.45, 0.55], horizontal_spacing=0.12)
    _matrix(figure, content["matrix"])
    if content.get("changes"):
        _changes(figure, content)
    else:
        _areas(figure, content["classes"])
    styled(figure, "")
    figure.update_layout(barmode="group", legend={"x": 1, "xanchor": "right", "y": 1.02})
    figure.update_xaxes(title="reference", side="bottom", showgrid=False, col=1)
    figure.update_yaxes(title="mapped", autorange="reversed", showgrid=False, automargin=True, type="category", col=1)
    if len(content["matrix"]["names"]) > MOST_SHOWN:
        small = {"dtick": 1, "tickfont": {"size": 9}}
        figure.update_xaxes(**small, tickangle=-60, col=1)
        figure.update_yaxes(**small, col=1)
    figure.update_yaxes(title="area [km²]", rangemode="tozero", col=2)
    return figure


def _matrix(figure: go.Figure, matrix: dict[str, Any]) -> None:
    shares = [[100 * value for value in row] for row in matrix["area_shares"]]
    names = matrix["names"]
    texts = [[f"{value:.2f}" if value else "0" for value in row] for row in shares]
    figure.add_heatmap(
        z=shares,
        x=names,
        y=names,
        colorscale=[list(shade) for shade in SHADES],
        zmin=0,
        zmax=100,
        xgap=2,
        ygap=2,
        text=texts if len(names) <= MOST_SHOWN else None,
        texttemplate="%{text} %" if len(names) <= MOST_SHOWN else None,
        textfont={"color": INK},
        customdata=matrix["counts"],
        hovertemplate="mapped %{y}, reference %{x}: %{z:.3f} % of the area, %{customdata} labelled<extra></extra>",
        showscale=False,
        row=1,
        col=1,
    )


def _areas(figure: go.Figure, classes: list[dict[str, Any]]) -> None:
    names = [each["name"] for each in classes]
    mapped = [each["mapped_km2"] for each in classes]
    figure.add_bar(x=names, y=mapped, name="mapped", marker_color=SERIES[3], opacity=0.6, row=1, col=2)
    _bars(figure, names, [each["adjusted_km2"] for each in classes], "adjusted, 95 % interval", SERIES[1])


def _changes(figure: go.Figure, content: dict[str, Any]) -> None:
    names = [each["name"] for each in content["changes"]]
    for kind, colour in (("gain", SERIES[2]), ("loss", SERIES[0])):
        _bars(figure, names, [each[f"{kind}_km2"] for each in content["changes"]], f"{kind}, 95 % interval", colour)


def _bars(figure: go.Figure, names: list[str], areas: list[dict[str, Any]], title: str, colour: str) -> None:
    """Bars with their intervals."""
    error = {
        "type": "data",
        "symmetric": False,
        "array": [area["high"] - area["value"] for area in areas],
        "arrayminus": [area["value"] - area["low"] for area in areas],
        "color": INK,
        "thickness": 1.5,
    }
    values = [area["value"] for area in areas]
    figure.add_bar(x=names, y=values, name=title, marker_color=colour, error_y=error, row=1, col=2)
