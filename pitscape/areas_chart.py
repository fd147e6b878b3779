"""Chart of the shares of classes in zones."""

from collections.abc import Sequence

import plotly.graph_objects as go

from pitscape.charts import styled
from pitscape.imagery.legend import Legend
from pitscape.inference.areas.proportions import ClassArea

MOST_BARS = 40


def shares_by_zone(rows: Sequence[ClassArea], epochs: Sequence[str], legend: Legend) -> go.Figure:
    """Shares as one stacked bar for each zone and epoch; of more than 40 bars the zones with most observed land.

    Args:
        rows: All classes of each zone and epoch.
        epochs: Of each row.
        legend: For names and colours.
    """
    observed: dict[str, float] = {}
    for row in rows:
        observed[row.zone] = observed.get(row.zone, 0.0) + row.area_km2
    most = max(MOST_BARS // len(set(epochs)), 1)
    shown = set(sorted(observed, key=lambda zone: -observed[zone])[:most])
    several = len(set(epochs)) > 1
    figure = go.Figure()
    for land in legend.classes:
        bars = [(row, epoch) for row, epoch in zip(rows, epochs, strict=True) if row.class_id == land.id]
        bars = sorted((each for each in bars if each[0].zone in shown), key=lambda each: each[0].zone)
        names = [row.zone for row, _ in bars]
        x = [names, [epoch for _, epoch in bars]] if several else names
        figure.add_bar(x=x, y=[row.share for row, _ in bars], name=land.name, marker_color=land.colour)
    figure.update_layout(barmode="stack", bargap=0.25)
    chart = styled(figure, "share")
    if several:
        chart.update_xaxes(type="multicategory")
    return chart
