"""The verb ``areas``: class maps to a table of shares and areas by zone and epoch."""

import argparse
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeAlias

from pitscape.figures import check_figure, write_figure
from pitscape.imagery.class_map import open_class_map
from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.file_stamps import FileStamps
from pitscape.imagery.legend import Legend, load_legend
from pitscape.imagery.outputs import check_writable, keep_inputs, make_folder, sidecar, write_json
from pitscape.imagery.remote.signed import check_unsigned
from pitscape.imagery.virtual import with_sources
from pitscape.inference.areas.epochs import epoch_names
from pitscape.inference.areas.proportions import ClassArea, class_areas, write_areas
from pitscape.inference.areas.squares import squares_crs
from pitscape.inference.cluster.workers import ClusterLostError
from pitscape.inference.parts_folder import check_folder, parts_of
from pitscape.option_values import names_of
from pitscape.progress import bar, say
from pitscape.record import made_of
from pitscape.zone_options import check_zone_options, chosen_zones, zone_notes

MOST_PRINTED = 60

Measure: TypeAlias = Callable[..., list[ClassArea]]
"""As ``class_areas``."""


def areas(arguments: argparse.Namespace) -> None:
    """``pitscape areas``."""
    maps, chances = arguments.classes, arguments.probabilities or [None] * len(arguments.classes)
    given = [each for each in (*maps, arguments.zones, *(arguments.probabilities or [])) if each]
    inputs = with_sources(given)
    _check(arguments, inputs)
    read = FileStamps(inputs)
    names = epoch_names(maps, names_of(arguments.epochs))
    legend = load_legend(arguments.legend) if arguments.legend else None
    known = _legend_of_all(arguments, legend)
    rows: list[ClassArea] = []
    epochs: list[str] = []
    failed: list[str] = []
    with _measuring(arguments) as measure:
        for number, (path, probabilities) in enumerate(zip(maps, chances, strict=True)):
            with open_class_map(path, legend or known) as classes, bar(path.name) as progress:
                zones = chosen_zones(arguments, classes)
                options = {"edges": arguments.edges, "probabilities": probabilities}
                try:
                    rows += measure(number)(classes, zones, **options, progress=progress)
                except InputError:
                    raise
                except ClusterLostError as error:
                    failed.append(f"{error}{_other_maps(maps, number, failed)}")
                    break
                except PitscapeError as error:
                    failed.append(str(error))
                epochs += [names[number]] * (len(rows) - len(epochs))
                if number == 0:
                    notes = zone_notes(arguments, zones, classes.grid)
        if failed:
            raise PitscapeError(" ".join(failed))
    record = {"schema": 1, "epochs": {name: path.name for name, path in zip(names, maps, strict=True)}}
    record |= notes | made_of(arguments, *inputs)
    read.check()
    write_areas(arguments.output, rows, epochs)
    write_json(sidecar(arguments.output), record)
    if arguments.figure:
        _draw(arguments.figure, rows, epochs, known)
    _print(arguments.output, rows, epochs, several=len(maps) > 1)


def _other_maps(maps: Sequence[Path], number: int, failed: Sequence[str]) -> str:
    """What became of the maps before and after one at which the work ended."""
    after = ", ".join(path.name for path in maps[number + 1 :])
    left = f"; not begun: {after}" if after else ""
    return f" Of {len(maps)} maps {number - len(failed)} are measured{left}." if len(maps) > 1 else ""


@contextmanager
def _measuring(arguments: argparse.Namespace) -> Iterator[Callable[[int], Measure]]:
    """What measures the map of a number: this process, or the workers of a cluster.

    Their work lies beside the table, and goes once all maps are measured.
    """
    if arguments.cluster is None:
        yield lambda _number: class_areas
        return
    from pitscape.inference.cluster.connection import connected
    from pitscape.inference.cluster.zonal import WORK, forget, shared_class_areas
    from pitscape.inference.lock import holding

    folder = parts_of(arguments.output)
    check_folder(folder, WORK, folders=True)
    with holding(folder), connected(arguments.cluster, tell=say) as client:
        shared = partial(shared_class_areas, client, tell=say)
        yield lambda number: partial(shared, make_folder(folder / f"map_{number + 1}"))
        for each in [path for path in folder.iterdir() if WORK.fullmatch(path.name)]:
            forget(each)


def _check(arguments: argparse.Namespace, inputs: Sequence[Path]) -> None:
    """Before any work: the outputs can be written, and are no inputs; the options go together."""
    outputs = [arguments.output, sidecar(arguments.output), *([arguments.figure] if arguments.figure else [])]
    for path in outputs:
        check_writable(path)
    keep_inputs(outputs, inputs)
    if arguments.cluster:
        check_unsigned(inputs)
    check_figure(arguments.figure)
    check_zone_options(arguments)
    given = len(arguments.probabilities or arguments.classes)
    if given != len(arguments.classes):
        raise InputError(f"--probabilities: are {given} files of {len(arguments.classes)} maps; give one for each map.")


def _legend_of_all(arguments: argparse.Namespace, given: Legend | None) -> Legend:
    """The one legend of all maps, whose squares, if zones are squares, are of one CRS."""
    legends, squares = [], []
    for path in arguments.classes:
        with open_class_map(path, given) as classes:
            legends.append(classes.legend)
            squares.append(squares_crs(classes.grid))
        if legends[-1].names != legends[0].names:
            raise InputError(f"{path}: has another legend than {arguments.classes[0]}; give them tables of their own.")
        if arguments.grid is not None and squares[-1] != squares[0]:
            raise InputError(
                f"{path}: has other squares than {arguments.classes[0]}, in {squares[-1].name}; give --zones instead."
            )
    return legends[0]


def _draw(path: Path, rows: Sequence[ClassArea], epochs: Sequence[str], legend: Legend) -> None:
    from pitscape.areas_chart import shares_by_zone

    write_figure(shares_by_zone(rows, epochs, legend), path, "Shares of the observed land")


def _print(output: Path, rows: Sequence[ClassArea], epochs: Sequence[str], *, several: bool) -> None:
    if len(rows) > MOST_PRINTED:
        print(f"{output}: {len({row.zone for row in rows})} zones, {len(set(epochs))} epochs, {len(rows)} rows")
        return
    for row, epoch in zip(rows, epochs, strict=True):
        start = f"{epoch:12} " if several else ""
        share = "      -" if math.isnan(row.share) else f"{100 * row.share:7.2f}"
        print(f"{start}{row.zone:20} {row.class_name:12} {row.area_km2:12.4f} km2 {share} %")
