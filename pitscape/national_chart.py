"""Chart of the national area: estimates with their intervals, and provinces."""

import math
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from pitscape.charts import INK, SERIES, styled
from pitscape.resilience.mines import MINES
from pitscape.resilience.national import MINES_MT, NATIONAL_MT
from pitscape.resilience.national_draws import sensitivity
from pitscape.resilience.provinces import by_province

WIDE = 4
"""An interval that ends at more than so many times the estimate is drawn on a logarithmic axis, unless one ends below 0."""


def national(content: dict[str, Any]) -> go.Figure:
    """Estimates of the national area with their spreads, beside the provinces' parts.

    Args:
        content: As ``pitscape scale`` writes it.
    """
    titles = ("national area, with what each interval holds", "by number of mines")
    figure = make_subplots(cols=2, column_widths=[0.58, 0.42], subplot_titles=titles, horizontal_spacing=0.2)
    rows = _rows(content)
    for name, area, low, high, colour in reversed(rows):
        spread = {"type": "data", "symmetric": False, "array": [high - area], "arrayminus": [area - low], "width": 6}
        figure.add_scatter(
            x=[area],
            y=[name],
            error_x=spread,
            mode="markers+text",
            marker={"size": 11, "color": colour},
            text=[f"{area:,.0f}"],
            textposition="top center",
            col=1,
            row=1,
        )
    measured = content["sums"]["affected_km2"]
    positive = min(row[2] for row in rows) > 0
    wide = positive and max(row[3] for row in rows) > WIDE * content["national"]["area_km2"]
    figure.add_vline(x=measured, line_dash="dot", line_color=INK, col=1, row=1)
    figure.add_annotation(
        x=math.log10(measured) if wide else measured,
        y=1,
        yref="y domain",
        text="measured",
        showarrow=False,
        xanchor="left",
        yanchor="top",
        col=1,
        row=1,
    )
    provinces = list(reversed(content["provinces"].items()))
    figure.add_bar(
        x=[area for _, area in provinces],
        y=[name for name, _ in provinces],
        orientation="h",
        marker_color=SERIES[3],
        text=[f"{area:,.0f}" for _, area in provinces],
        textposition="outside",
        cliponaxis=False,
        col=2,
        row=1,
    )
    figure = styled(figure, "")
    figure.update_layout(showlegend=False, height=400, margin={"l": 150, "r": 60})
    figure.update_yaxes(type="category", gridcolor="rgba(0,0,0,0)", ticksuffix="  ")
    figure.update_yaxes(range=[-0.6, len(rows) - 0.2], col=1)
    figure.update_xaxes(type="linear", rangemode="tozero", title="km²", tickformat=",d")
    if wide:
        figure.update_xaxes(type="log", dtick=1, col=1)
    return figure


def of_the_paper(found: dict[str, Any]) -> go.Figure:
    """The chart for the section ``national`` of ``site.json``, which is of the paper's five mines."""
    measured = sum(mine.affected_km2 for mine in MINES)
    return national(
        {
            "national": found,
            "sums": {"affected_km2": measured},
            "estimators": [],
            "draws": None,
            "sensitivity": sensitivity(measured, mines_mt=MINES_MT, national_mt=NATIONAL_MT),
            "provinces": by_province(found["area_km2"]),
        }
    )


def _rows(content: dict[str, Any]) -> list[tuple[str, float, float, float, str]]:
    """Name, estimate, ends and colour of each spread."""
    found, drawn = content["national"], content["draws"]
    if content["estimators"]:
        rows = [
            (f"{each['estimator']},<br>jackknife 95 %", each["area_km2"], each["low_km2"], each["high_km2"], SERIES[n])
            for n, each in enumerate(content["estimators"])
        ]
    else:
        label = "ratio; range with<br>one mine left out"
        rows = [(label, found["area_km2"], found["low_km2"], found["high_km2"], SERIES[0])]
    if drawn:
        label = "ratio; errors of<br>" + drawn["of"].replace("output totals", "outputs").replace(" and ", "<br>and ")
        rows.append((label, drawn["median_km2"], drawn["low_km2"], drawn["high_km2"], SERIES[2]))
    areas = [row["area_km2"] for row in content["sensitivity"]]
    rows.append(("ratio; output totals<br>± 10 %", found["area_km2"], min(areas), max(areas), SERIES[4]))
    return rows
