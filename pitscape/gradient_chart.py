"""Chart of a disturbance gradient: share of changed land against cost distance."""

from typing import Any

import plotly.graph_objects as go

from pitscape.charts import GRID, INK, SERIES, styled


def gradient_chart(content: dict[str, Any]) -> go.Figure:
    """Shares of the rings with their intervals, the fitted curve, the background and the cut-off.

    Args:
        content: As ``pitscape influence`` writes it.
    """
    rows = [row for row in content["gradient"] if row["changed_share"] is not None]
    middle = [(row["from_m"] + row["to_m"]) / 2 for row in rows]
    percent = {
        key: [None if row[key] is None else 100 * row[key] for row in rows]
        for key in ("changed_share", "low", "high", "fitted", "background_bound")
    }
    figure = go.Figure()
    figure.add_scatter(x=middle, y=percent["high"], mode="lines", line_width=0, showlegend=False, hoverinfo="skip")
    figure.add_scatter(
        x=middle,
        y=percent["low"],
        mode="lines",
        line_width=0,
        fill="tonexty",
        fillcolor="rgba(192,86,47,0.16)",
        name="95 % interval over octants",
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=middle, y=percent["changed_share"], mode="markers", marker={"color": SERIES[0], "size": 7}, name="ring"
    )
    figure.add_scatter(
        x=middle, y=percent["fitted"], mode="lines", line={"color": SERIES[0], "shape": "hvh"}, name="falling curve"
    )
    figure.add_scatter(
        x=middle,
        y=percent["background_bound"],
        mode="lines",
        line={"color": SERIES[1], "dash": "dash"},
        name="most that background shows",
    )
    end, far = content["cut_off_m"], content["background"]["from_m"]
    figure.add_vline(x=end, line_color=INK, line_dash="dot", annotation_text=f"cut-off {end:,.0f} m")
    figure.add_annotation(
        x=(far + rows[-1]["to_m"]) / 2 if rows else far, y=0.92, yref="paper", text="background", showarrow=False
    )
    figure.add_vrect(
        x0=far, x1=rows[-1]["to_m"] if rows else far, fillcolor=GRID, opacity=0.5, line_width=0, layer="below"
    )
    figure = styled(figure, "changed land [%]")
    figure.update_xaxes(type="linear", title="cost distance from mined land [m]", tickformat=",d", rangemode="tozero")
    figure.update_yaxes(rangemode="tozero")
    return figure
