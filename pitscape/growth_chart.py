"""A rose of the directions in which mined land grew."""

from typing import Any

import plotly.graph_objects as go

from pitscape.charts import GRID, INK, SERIES, styled
from pitscape.inference.scope.octants import OCTANTS


def site_rose(site: dict[str, Any]) -> go.Figure | None:
    """The rose of a site's growth, for a column of its report; None where no mined land is new."""
    content = site["growth"]
    if not content or not content["since_first"]["new_mined_km2"]:
        return None
    figure = growth_rose(content)
    return figure.update_layout(
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": -0.12, "yanchor": "top"},
        height=380 + 20 * len(content["pairs"]),
        margin={"t": 30, "b": 20, "l": 20, "r": 20},
    )


def growth_rose(content: dict[str, Any]) -> go.Figure:
    """New mined land by octant, epochs stacked from the middle outwards, and the mean direction since the first.

    Args:
        content: As ``pitscape growth`` writes it.
    """
    figure = go.Figure()
    pairs = [row for row in content["pairs"] if row["new_mined_km2"] > 0 and not row["opening"]]
    for number, row in enumerate(pairs):
        figure.add_barpolar(
            theta=list(range(0, 360, 45)),
            r=[row["octants_km2"][name] for name in OCTANTS],
            width=[43] * len(OCTANTS),
            name=f"{row['from']} to {row['to']}",
            marker={"color": SERIES[number % len(SERIES)], "line": {"color": "#ffffff", "width": 1}},
        )
    mean = content["since_first"]
    if mean and mean["direction"]:
        longest = max(sum(row["octants_km2"][name] for row in pairs) for name in OCTANTS)
        figure.add_scatterpolar(
            theta=[0, mean["azimuth_deg"]],
            r=[0, longest * mean["concentration"]],
            mode="lines",
            line={"color": INK, "width": 3},
            name=f"mean direction, {mean['azimuth_deg']:.0f}°; its length is the concentration, {mean['concentration']:.2f}",
        )
    figure = styled(figure, "")
    sums = [sum(row["octants_km2"][name] for row in pairs) for name in OCTANTS]
    least = min(range(len(OCTANTS)), key=lambda n: sums[n] + sums[(n + 1) % len(OCTANTS)])
    label_angle = (90 - 45 * least - 22.5) % 360  # between the two octants that leave it most room
    axis = {"rotation": 90, "direction": "clockwise", "tickvals": list(range(0, 360, 45)), "ticktext": list(OCTANTS)}
    radial = {
        "gridcolor": GRID,
        "ticksuffix": " km²",
        "showticksuffix": "last",
        "side": "counterclockwise",
        "angle": label_angle,
        "tickangle": label_angle,
        "nticks": 4,
        "linecolor": GRID,
    }
    figure.update_layout(
        polar={"angularaxis": axis, "radialaxis": radial, "bgcolor": "rgba(0,0,0,0)"},
        legend={"orientation": "v", "x": 1.02, "xanchor": "left", "y": 1, "yanchor": "top"},
    )
    return figure
