"""Chart of what became of each kind of land."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from pitscape.charts import styled

ROLE_COLOURS = {"mined": "#c0562f", "occupied": "#8a7f98", "vegetated": "#5a8f4a", "water": "#3e7cb1"}


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


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[n : n + 2], 16) for n in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.35)"
