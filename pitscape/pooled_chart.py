"""Chart of threshold values over many mines."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from pitscape.charts import styled
from pitscape.life_charts import POINT_COLOURS, say_above


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
        say_above(figure, "no point was detected at any site")
    return styled(figure, "ThV at the point")
