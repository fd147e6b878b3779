"""Chart of stages and states: the life cycle of the mine, the stages of the ecosystem, and its state at each epoch."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import plotly.graph_objects as go

from pitscape.charts import GRID, INK, styled

STAGE_COLOURS = {
    "initial": "#ece7db",
    "accelerated": "#f2d3bd",
    "stable": "#d5e3c8",
    "early stable": "#d5e3c8",
    "late stable": "#b5cda3",
    "decline": "#d9cfe0",
    "compaction": "#dbe7f0",
    "resilience": "#b9d3e6",
    "yield": "#f0cf9c",
    "mutation": "#dd9a80",
}
FIRST_EPOCH = "first epoch, what the others are compared with"
STATE_COLOURS = {
    FIRST_EPOCH: "#cfc9bd",
    "primitive": "#5a8f4a",
    "damaged": "#e3bd5b",
    "degraded": "#cf8345",
    "extremely degraded": "#8e3b22",
    "rebuilt": "#93bcd8",
    "stable": "#3e7cb1",
}
STAGE_ROWS = ("stage of the mine", "stage of the ecosystem", "state of the ecosystem")
NO_BAR = "rgba(0,0,0,0)"

Span = tuple[float, float, str]


def stages(site: dict[str, Any], form: str) -> go.Figure | None:
    """Stages of the life cycle, stages of the ecosystem and its state at each epoch, in time; None without any."""
    life, found = site.get("life_cycle"), (site.get("thresholds") or {}).get(form)
    first, last = (float(site["epochs"][n]["year"]) for n in (0, -1))
    figure = go.Figure()
    rows = {STAGE_ROWS[0]: list(life_spans(life, first, last)) if life and life["basis"] else []}
    rows[STAGE_ROWS[1]] = list(_runs(found["stages"], last)) if found else []
    for row, spans in rows.items():
        for start, end, stage in spans:
            figure.add_bar(
                y=[row],
                x=[end - start],
                base=[start],
                orientation="h",
                marker={
                    "color": STAGE_COLOURS.get(stage.split(" or ")[0], GRID),
                    "line": {"color": "#fff", "width": 2},
                },
                text=stage,
                textposition="inside",
                textangle=0,
                insidetextanchor="middle",
                textfont={"color": INK},
                hovertext=f"{stage}, {start:.1f} to {end:.1f}",
                showlegend=False,
            )
    _states(figure, (site.get("succession") or {}).get("epochs", []))
    if not figure.data:
        return None
    used = [row for row in reversed(STAGE_ROWS) if any(row in drawn.y for drawn in figure.data)]
    figure = over_years(figure, "")
    figure.update_layout(barmode="overlay", height=110 + 60 * len(used), margin={"l": 170})
    figure.update_yaxes(type="category", categoryorder="array", categoryarray=used, range=[-0.5, len(used) - 0.5])
    return figure.update_yaxes(gridcolor=NO_BAR, ticksuffix="  ")


def _states(figure: go.Figure, epochs: Sequence[dict[str, Any]]) -> None:
    """The state of the ecosystem at each epoch as a mark; the epochs of a year stand side by side."""
    in_year = Counter(epoch["year"] for epoch in epochs)
    before: Counter[int] = Counter()
    marks: dict[str, list[tuple[float, str]]] = {}
    for epoch in epochs:
        year = epoch["year"]
        place = year + before[year] / in_year[year]
        before[year] += 1
        marks.setdefault(epoch["state"] or FIRST_EPOCH, []).append((place, epoch["epoch"]))
    for state, colour in STATE_COLOURS.items():
        if state in marks:
            x, names = zip(*marks[state], strict=True)
            figure.add_scatter(
                x=x,
                y=[STAGE_ROWS[2]] * len(x),
                name=state,
                mode="markers",
                marker={"symbol": "square", "size": 18, "color": colour, "line": {"color": "#fff", "width": 1}},
                hovertext=[f"{state}, {name}" for name in names],
                hoverinfo="text",
                showlegend=True,
            )


def life_spans(life: dict[str, Any], first: float, last: float) -> Iterator[Span]:
    """Begin, end and name of each stage of the life cycle between two years."""
    late = None
    if life["basis"] == "dates":
        late = life["accelerated_from"] + 25
    stable = "stable" if late is None else "early stable"
    begins = [(-math.inf, "initial"), (life["accelerated_from"], "accelerated"), (life["stable_from"], stable)]
    begins += [(late, "late stable"), (life["decline_from"], "decline")]
    known = [(begin, name) for begin, name in begins if begin is not None]
    for place, (begin, name) in enumerate(known):
        start, stop = max(begin, first), min([last, *(later for later, _ in known[place + 1 :])])
        if start < stop:
            yield start, stop, name


def _runs(rows: Sequence[dict[str, Any]], last: float) -> Iterator[Span]:
    """Years of the same stage as spans."""
    begins = [row for n, row in enumerate(rows) if n == 0 or row["stage"] != rows[n - 1]["stage"]]
    for row, end in zip(begins, [*(row["year"] for row in begins[1:]), last], strict=False):
        yield row["year"], end, row["stage"]


def over_years(figure: go.Figure, unit: str) -> go.Figure:
    """A figure in the report's style over years, with a title of its value axis."""
    figure = styled(figure, unit)
    return figure.update_xaxes(type="linear", tickformat="d", showgrid=False)
