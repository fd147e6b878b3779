"""What a person does between ``pitscape sample`` and ``pitscape assess``: each point of the sample gets its label."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import rasterio

from pitscape.imagery.legend import load_legend

SPATIAL_TRIGGERS = ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY")


def label_points(path: Path, name_at: Callable[[float, float], str | None]) -> None:
    """Fill in the column ``reference`` from what is at an easting and a northing."""
    with closing(sqlite3.connect(path)) as database:
        for name in SPATIAL_TRIGGERS:
            database.create_function(name, 1, lambda _: 0)
        rows = database.execute("SELECT id, x, y FROM points").fetchall()
        database.executemany(
            "UPDATE points SET reference = ? WHERE id = ?", [(name_at(x, y), number) for number, x, y in rows]
        )
        database.commit()


def label_sample(arguments: Sequence[str]) -> None:
    """Label what ``pitscape sample`` drew with these arguments, as the maps say but for one point in twenty."""
    names = load_legend().names
    maps = [Path(arguments[0])]
    if "--before" in arguments:
        maps.insert(0, Path(arguments[arguments.index("--before") + 1]))
    layers = []
    for path in maps:
        with rasterio.open(path) as classes:
            layers.append((classes.read(1), ~classes.transform))

    def name_at(x: float, y: float) -> str:
        seen = []
        for ids, to_cells in layers:
            column, row = to_cells @ (x, y)
            wrong = (int(row) * 31 + int(column)) % 20 == 0
            seen.append(names[(int(ids[int(row), int(column)]) + wrong) % len(names)])
        return " to ".join(seen)

    label_points(Path(arguments[arguments.index("--output") + 1]), name_at)
