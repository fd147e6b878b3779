"""Chart of what became of each kind of land."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from pitscape.charts import styled

ROLE_COLOURS = {"mined": "#c0562f", "occupied": "#8a7f98", "vegetated": "#5a8f4a", "water": "#3e7cb1"}


def transitions(succession: dict[str, Any]) -> go.Figure:
    """Area that went from each kind of land to each, between the first and the last epoch."""
    roles, areas = succession["transitions"]["roles"], np.array(succession["transitions"]["area_km2"])
    return flows([areas], roles, [ROLE_COLOURS[role] for role in roles])


def flows(areas: Sequence[NDArray[np.float64]], names: Sequence[str], colours: Sequence[str]) -> go.Figure:
    """Area that went from each class to each, between one epoch and the next.

    Args:
        areas: By class before and after [km2], shape (class, class), a table for each step; on the same land.
        names: Of the classes.
        colours: Of the classes, hexadecimal.
    """
    sums = [areas[0].sum(axis=1), *(each.sum(axis=0) for each in areas)]
    links = [(step, i, j) for step, each in enumerate(areas) for i, j in np.argwhere(each > 0).tolist()]
    outer = (0, len(areas))  # names between them would run into one another
    starts = [[f"{name}, " for name in names] if n in outer else [""] * len(names) for n in range(len(sums))]
    labels = [
        f"{start}{km2:.2f} km²"
        for each, of in zip(starts, sums, strict=True)
        for start, km2 in zip(each, of, strict=True)
    ]
    figure = go.Figure(
        go.Sankey(
            arrangement="snap",
            node={
                "label": labels,
                "color": list(colours) * len(sums),
                "pad": 18,
                "thickness": 14,
                "line": {"width": 0},
            },
            link={
                "source": [step * len(names) + i for step, i, _ in links],
                "target": [(step + 1) * len(names) + j for step, _, j in links],
                "value": [areas[step][i, j] for step, i, j in links],
                "color": [_faint(colours[j]) for _, _, j in links],
            },
        )
    )
    return styled(figure, "")


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[n : n + 2], 16) for n in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.35)"
