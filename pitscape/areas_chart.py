"""Chart of the shares of classes in zones."""

from collections.abc import Sequence

import plotly.graph_objects as go

from pitscape.charts import styled
from pitscape.imagery.legend import Legend
from pitscape.inference.proportions import ClassArea

MOST_BARS = 40


def shares_by_zone(rows: Sequence[ClassArea], epochs: Sequence[str], legend: Legend) -> go.Figure:
    """Shares as one stacked bar for each zone and epoch; of more than 40 those with most observed land.

    Args:
        rows: All classes of each zone and epoch.
        epochs: Of each row.
        legend: For names and colours.
    """
    bars: dict[tuple[str, str], list[ClassArea]] = {}
    for row, epoch in zip(rows, epochs, strict=True):
        bars.setdefault((row.zone, epoch), []).append(row)
    largest = sorted(bars, key=lambda each: -sum(row.area_km2 for row in bars[each]))[:MOST_BARS]
    shown = [each for each in bars if each in set(largest)]
    several = len(set(epochs)) > 1
    labels = [f"{zone}, {epoch}" if several else zone for zone, epoch in shown]
    figure = go.Figure()
    for land in legend.classes:
        shares = [row.share for each in shown for row in bars[each] if row.class_id == land.id]
        figure.add_bar(x=labels, y=shares, name=land.name, marker_color=land.colour)
    figure.update_layout(barmode="stack", bargap=0.35)
    return styled(figure, "share")
