"""The verb ``change``: class maps of several epochs to transitions, gain and loss, with and without flicker."""

import argparse
import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pitscape.figures import check_figure, write_figure
from pitscape.imagery.class_map import names_file, new_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import load_legend
from pitscape.imagery.outputs import check_writable, keep_inputs, replacing, write_json
from pitscape.imagery.virtual import with_sources
from pitscape.inference.areas.change import ZoneChange, zone_changes
from pitscape.inference.areas.epochs import Epochs, open_epochs
from pitscape.inference.areas.persistence import Persistence
from pitscape.inference.areas.transitions import Transitions
from pitscape.option_values import names_of
from pitscape.progress import bar
from pitscape.record import made_of
from pitscape.transition_chart import flows
from pitscape.zone_options import check_zone_options, chosen_zones, zone_notes

Row = dict[str, Any]


def change(arguments: argparse.Namespace) -> None:
    """``pitscape change``."""
    inputs = with_sources([*arguments.classes, *([arguments.zones] if arguments.zones else [])])
    tables = {name: arguments.output.with_suffix(f".{name}.csv") for name in ("transitions", "classes")}
    rule = _check(arguments, [arguments.output, *tables.values()], inputs)
    legend = load_legend(arguments.legend) if arguments.legend else None
    opened = open_epochs(arguments.classes, names=names_of(arguments.epochs), legend=legend, target=arguments.resample)
    with opened as epochs, _filtered_maps(arguments.filtered, epochs) as write, bar("change") as progress:
        zones = chosen_zones(arguments, epochs)
        found = zone_changes(epochs, zones, edges=arguments.edges, rule=rule, write=write, progress=progress)
    content = {"schema": 1} | _content(epochs, found, rule) | zone_notes(arguments, zones, epochs.grid)
    write_json(arguments.output, content | made_of(arguments, *inputs))
    _write_table(tables["transitions"], [row for each in found for row in _transition_rows(each, epochs)])
    _write_table(tables["classes"], [row for each in found for row in _class_rows(each, epochs)])
    if arguments.figure:
        _draw(arguments.figure, found[0], epochs)
    _print(found[0], epochs)


def _check(arguments: argparse.Namespace, outputs: list[Path], inputs: Sequence[Path]) -> Persistence | None:
    """Before any work: the outputs can be written, and are no inputs; the options go together."""
    filtered = [arguments.filtered / path.name for path in arguments.classes] if arguments.filtered else []
    if len({path.name for path in filtered}) < len(filtered):
        raise InputError(
            f"{arguments.filtered}: two maps have one file name, and would be written there as one; rename."
        )
    outputs = [*outputs, *filtered, *map(names_file, filtered), *([arguments.figure] if arguments.figure else [])]
    for path in outputs:
        check_writable(path)
    keep_inputs(outputs, inputs)
    check_figure(arguments.figure)
    check_zone_options(arguments)
    if not arguments.persist:
        if arguments.filtered:
            raise InputError("--filtered: needs a rule of what is flicker; give --persist, for example 2/3.")
        return None
    numbers = re.fullmatch(r"(\d{1,4})/(\d{1,4})", arguments.persist.strip())
    try:
        return Persistence(*map(int, numbers.groups())) if numbers else _refuse(arguments.persist)
    except ValueError as error:
        raise InputError(f"--persist {arguments.persist}: {error}") from error


def _refuse(rule: str) -> Persistence:
    raise InputError(f"--persist {rule}: is no rule K/N; give for example 2/3.")


@contextmanager
def _filtered_maps(
    folder: Path | None, epochs: Epochs
) -> Iterator[Callable[[NDArray[np.uint8], int, int], None] | None]:
    """Maps without flicker, under the names of the maps they come from; None where none are wanted."""
    if folder is None:
        yield None
        return
    with ExitStack() as stack:
        maps = [stack.enter_context(new_class_map(folder / p.name, epochs.grid, epochs.legend)) for p in epochs.paths]

        def write(ids: NDArray[np.uint8], row: int, column: int) -> None:
            for write_ids, of_epoch in zip(maps, ids, strict=True):
                write_ids(row, of_epoch, column)

        yield write


def _content(epochs: Epochs, found: Sequence[ZoneChange], rule: Persistence | None) -> Row:
    return {
        "epochs": [{"name": name, "map": path.name} for name, path in zip(epochs.names, epochs.paths, strict=True)],
        "classes": [{"id": land.id, "name": land.name} for land in epochs.legend.classes],
        "rows_are": "before",
        "persistence": asdict(rule) if rule else None,
        "change": [_zone_content(each, epochs, rule) for each in found],
    }


def _zone_content(zone: ZoneChange, epochs: Epochs, rule: Persistence | None) -> Row:
    content: Row = {
        "zone": zone.zone,
        "observed_km2": zone.observed_km2,
        "unobserved_km2": zone.unobserved_km2,
        "outside_km2": zone.outside_km2,
        "transitions": [_pair_content(each, epochs) for each in zone.raw],
    }
    if rule is None:
        return content
    return content | {
        "filtered": [_pair_content(each, epochs) for each in zone.filtered],
        "flicker_km2": zone.flicker_km2,
        "flicker_share": zone.flicker_km2 / zone.observed_km2 if zone.observed_km2 else None,
        "unconfirmed_km2": zone.unconfirmed_km2,
    }


def _pair_content(table: Transitions, epochs: Epochs) -> Row:
    return {
        "before": epochs.names[table.before],
        "after": epochs.names[table.after],
        "cells": table.cells.tolist(),
        "area_km2": table.km2.tolist(),
        "changed_km2": table.changed,
        "quantity_km2": table.quantity,
        "allocation_km2": table.allocation,
        "classes": _by_class(table, epochs),
    }


def _by_class(table: Transitions, epochs: Epochs) -> list[Row]:
    measures = ("before", "after", "persistence", "gain", "loss", "net", "swap")
    return [
        {"class_id": land.id, "class_name": land.name} | {f"{name}_km2": getattr(each, name) for name in measures}
        for land, each in zip(epochs.legend.classes, table.by_class(), strict=True)
    ]


def _tables(zone: ZoneChange, epochs: Epochs) -> Iterator[tuple[Row, Transitions]]:
    """Each table of a zone, with what tells its rows apart."""
    for series, tables in (("mapped", zone.raw), ("filtered", zone.filtered)):
        for table in tables:
            pair = {"before": epochs.names[table.before], "after": epochs.names[table.after]}
            yield {"zone": zone.zone, "series": series} | pair, table


def _transition_rows(zone: ZoneChange, epochs: Epochs) -> Iterator[Row]:
    names = epochs.legend.names
    for start, table in _tables(zone, epochs):
        for i, j in np.ndindex(table.km2.shape):
            cells, area = float(table.cells[i, j]), float(table.km2[i, j])
            yield start | {"from_class": names[i], "to_class": names[j], "cells": cells, "area_km2": area}


def _class_rows(zone: ZoneChange, epochs: Epochs) -> Iterator[Row]:
    for start, table in _tables(zone, epochs):
        yield from (start | row for row in _by_class(table, epochs))


def _write_table(path: Path, rows: Sequence[Row]) -> None:
    with replacing(path) as temporary:
        pd.DataFrame(rows).to_csv(temporary, index=False, lineterminator="\n")


def _draw(path: Path, zone: ZoneChange, epochs: Epochs) -> None:
    steps = (zone.filtered or zone.raw)[: len(epochs) - 1]
    colours = [land.colour for land in epochs.legend.classes]
    kind = "without flicker" if zone.filtered else "as mapped"
    figure = flows([table.km2 for table in steps], epochs.legend.names, colours)
    write_figure(figure, path, f"{zone.zone}: {' → '.join(epochs.names)}, {kind}")


def _print(zone: ZoneChange, epochs: Epochs) -> None:
    table = (zone.filtered or zone.raw)[-1]
    print(f"{zone.zone}: {epochs.names[table.before]} to {epochs.names[table.after]}, km2")
    for row in _by_class(table, epochs):
        parts = (f"{name} {row[f'{name}_km2']:12.4f}" for name in ("gain", "loss", "net", "swap"))
        print(f"{row['class_name']:20} {'  '.join(parts)}")
    if zone.filtered and not math.isclose(zone.observed_km2, 0):
        print(f"flicker: {100 * zone.flicker_km2 / zone.observed_km2:.2f} % of the land that every epoch observed")
