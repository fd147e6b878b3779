"""Landscape metrics of a mosaic and of zones in it: tile by tile, here or on a cluster, merged across borders."""

import argparse
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from pitscape.ecology import naming
from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.legend import Legend
from pitscape.inference.areas.zones import Zone, read_zones
from pitscape.inference.cluster.connection import connected
from pitscape.inference.cluster.tasks import run_tasks
from pitscape.inference.lock import holding
from pitscape.inference.parts import LOCKS, parts_of
from pitscape.map_mosaic import MapMosaic, MapTile
from pitscape.map_patterns import Land
from pitscape.progress import bar
from pitscape.resilience.landscape import Pattern, pattern_from
from pitscape.resilience.mosaic import Mosaic, merge_tiles
from pitscape.resilience.spacing import Spacing, mosaic_distances
from pitscape.resilience.tile import Tile
from pitscape.tile_tasks import SpacingTask, TileTask, find_tile, measure_tile, read_part
from pitscape.zone_rectangle import zone_rectangle

if TYPE_CHECKING:
    from distributed import Client

PART = re.compile(r"[0-9a-f]{64}\.npz")
PASSING = re.compile(r"\.[0-9a-f]{64}\.[0-9a-f]{8}\.npz")
MOST_NAMED = 5
"""Tiles of which a message says why they failed."""

AnyTask = TypeVar("AnyTask", bound=TileTask)
Part = TypeVar("Part", Tile, Spacing)


@contextmanager
def kept_parts(output: Path) -> Iterator[Path]:
    """The folder OUT.parts of a run, which keeps what is found of each tile until the outputs are written.

    Raises:
        InputError: If it holds something else, or another run is at work there.
    """
    folder = parts_of(output)
    if folder.is_file():
        raise InputError(f"{folder}: is a file where parts would lie; choose another output.")
    for path in folder.iterdir() if folder.exists() else ():
        if path.is_dir() or not any(names.fullmatch(path.name) for names in (PART, PASSING, LOCKS)):
            raise InputError(f"{folder}: holds {path.name}, which is no part of a mosaic; choose another output.")
    with holding(folder):
        yield folder
        for path in folder.iterdir():
            if PART.fullmatch(path.name) or PASSING.fullmatch(path.name):
                path.unlink(missing_ok=True)


def mosaic_patterns(
    mosaic: MapMosaic,
    arguments: argparse.Namespace,
    *,
    legend: Legend | None,
    folder: Path,
    digests: Mapping[Path, str],
) -> list[Land]:
    """The metrics of a mosaic, and of zones in it.

    Args:
        mosaic: The files.
        arguments: Of ``pitscape landscape``.
        legend: That of ``--legend``.
        folder: Of parts; what lies there is not done again.
        digests: SHA-256 of each file.

    Returns:
        Name and metrics of the whole, called "", then of each zone, None where no cell of it is observed.

    Raises:
        InputError: If no cell is observed, or there are more than 255 classes.
        PitscapeError: If tiles failed, naming them; parts of the others are kept.
    """
    task = TileTask(
        tile=mosaic.tiles[0],
        sha256="",
        folder=folder.resolve(),
        unit=arguments.unit,
        nodata=arguments.nodata,
        legend=legend,
        zone=None,
        threads=1 if arguments.cluster else None,
    )
    zones = read_zones(arguments.zones, mosaic, name_column=arguments.zone_name) if arguments.zones else []
    lands = [("", [replace(task, tile=each, sha256=digests[each.path]) for each in mosaic.tiles])]
    for zone in zones:
        inside = replace(task, zone=zone.geometry.wkb if zone.geometry is not None else None)
        lands.append((zone.name, [replace(inside, tile=t, sha256=digests[t.path]) for t in _tiles_in(zone, mosaic)]))
    with bar("landscape") as progress, _workers(arguments.cluster) as client:
        work = _Work(client, sum(len(tasks) for _, tasks in lands), progress)
        tiles = work.parts(Tile, find_tile, [task for _, tasks in lands for task in tasks])
        merged = [_merged(tasks, tiles, mosaic.path, zoned=place > 0) for place, (_, tasks) in enumerate(lands)]
        steps = [_spacing_tasks(land, tasks, mosaic, arguments) for land, (_, tasks) in zip(merged, lands, strict=True)]
        spacings = work.parts(Spacing, measure_tile, [task for tasks in steps for task in tasks])
    found: list[Land] = []
    for land, tasks, (name, _) in zip(merged, steps, lands, strict=True):
        measured = [spacings[task.part] for task in tasks]
        found.append((name, _pattern(land, measured, mosaic, arguments) if land else None))
    return found


class _Work:
    """Tasks done here one after another, or by the workers of a cluster."""

    def __init__(self, client: "Client | None", tiles: int, progress: Callable[[int, int], None]) -> None:
        self._client, self._all, self._progress, self._done = client, 2 * tiles, progress, 0

    def parts(self, kind: type[Part], function: Callable[[Any], None], tasks: Sequence[TileTask]) -> dict[Path, Part]:
        """The parts that tasks leave; those that are there are not done again."""
        found = {task.part: read_part(kind, task.part) for task in tasks}
        missing = {_title(task): task for task in tasks if found[task.part] is None}
        self._count(len(tasks) - len(missing))
        failures = self._here(function, missing) if self._client is None else self._there(function, missing)
        for name, task in missing.items():
            if name not in failures and (part := read_part(kind, task.part)) is not None:
                found[task.part] = part
        lacking = {name: failures.get(name, "was not done") for name, task in missing.items() if not found[task.part]}
        if lacking:
            folder = tasks[0].folder.name
            raise PitscapeError(
                f"{len(lacking)} of {len(tasks)} tiles failed: {_told(lacking)}; {folder} keeps the others, run it again for these."
            )
        return {path: part for path, part in found.items() if part is not None}

    def _here(self, function: Callable[[Any], None], tasks: Mapping[str, TileTask]) -> dict[str, str]:
        failures = {}
        for name, task in tasks.items():
            try:
                function(task)
            except (PitscapeError, OSError, MemoryError) as error:
                failures[name] = " ".join(str(error).split()) or type(error).__name__
            self._count(1)
        return failures

    def _there(self, function: Callable[[Any], None], tasks: Mapping[str, TileTask]) -> dict[str, str]:
        assert self._client is not None
        here = {name: replace(task, tile=_resolved(task.tile)) for name, task in tasks.items()}
        return run_tasks(self._client, function, here, on_result=lambda *_: self._count(1)).failures

    def _count(self, tiles: int) -> None:
        self._done += tiles
        self._progress(self._done, self._all)


@contextmanager
def _workers(cluster: str | None) -> "Iterator[Client | None]":
    if cluster is None:
        yield None
        return
    with connected(cluster) as client:
        yield client


def _title(task: TileTask) -> str:
    return f"{task.tile} {task.part.stem[:8]}"


def _told(failures: Mapping[str, str]) -> str:
    """Why tiles failed, each reason once."""
    reasons = list(dict.fromkeys(f"{name.rsplit(' [')[0]}: {reason}" for name, reason in failures.items()))
    more = f"; and {len(reasons) - MOST_NAMED} more" if len(reasons) > MOST_NAMED else ""
    return "; ".join(reason.rstrip(".") for reason in reasons[:MOST_NAMED]) + more


def _resolved(tile: MapTile) -> MapTile:
    """Workers have other working directories."""
    return replace(tile, path=tile.path.resolve())


def _tiles_in(zone: Zone, mosaic: MapMosaic) -> Iterator[MapTile]:
    """The parts of tiles in the rectangle around a zone."""
    rectangle = zone_rectangle(zone.geometry, mosaic.affine, mosaic.shape) if zone.geometry is not None else None
    for tile in mosaic.tiles if rectangle else ():
        assert rectangle is not None
        starts, spans = [], []
        for axis, span in enumerate((tile.rows, tile.columns)):
            first = max(rectangle[axis].start, tile.place[axis])
            last = min(rectangle[axis].stop, tile.place[axis] + span.stop - span.start)
            starts.append(first)
            spans.append(slice(first - tile.place[axis] + span.start, last - tile.place[axis] + span.start))
        if all(span.start < span.stop for span in spans):
            yield MapTile(tile.path, spans[0], spans[1], (starts[0], starts[1]))


def _merged(tasks: Sequence[TileTask], tiles: Mapping[Path, Tile], path: Path, *, zoned: bool) -> Mosaic | None:
    """The mosaic of some tiles, None for a zone of which no cell is observed."""
    found = [tiles[task.part] for task in tasks]
    if zoned and not any(tile.cells.size for tile in found):
        return None
    with naming(path):
        return merge_tiles(found)


def _spacing_tasks(
    land: Mosaic | None, tasks: Sequence[TileTask], mosaic: MapMosaic, arguments: argparse.Namespace
) -> list[SpacingTask]:
    found = []
    for number, task in enumerate(tasks if land else ()):
        assert land is not None
        united = land.united(number)
        moved = np.flatnonzero(united != np.arange(united.size)).astype(np.int32)
        found.append(
            SpacingTask(
                **vars(task),
                united=np.stack([moved, united[moved]], axis=1),
                cell_size=mosaic.cell_size,
                distance=arguments.connect_distance,
            )
        )
    return found


def _pattern(land: Mosaic, spacings: Sequence[Spacing], mosaic: MapMosaic, arguments: argparse.Namespace) -> Pattern:
    nearest, joined = mosaic_distances(land, spacings, cell_size=mosaic.cell_size, distance=arguments.connect_distance)
    return pattern_from(land.tally, nearest=nearest, joined=joined, cell_size=mosaic.cell_size)
