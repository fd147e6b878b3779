"""Landscape metrics of a mosaic and of zones in it: tile by tile, here or on a cluster, merged across borders."""

import argparse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from pitscape.ecology import naming
from pitscape.imagery.legend import Legend
from pitscape.imagery.outputs import sha256_of
from pitscape.inference.areas.zones import Zone, read_zones
from pitscape.inference.cluster.same_files import SameFiles
from pitscape.map_mosaic import MapMosaic, MapTile
from pitscape.map_patterns import Land
from pitscape.progress import bar
from pitscape.resilience.landscape import Pattern, pattern_from
from pitscape.resilience.mosaic import Mosaic, merge_tiles
from pitscape.resilience.spacing import Spacing, mosaic_distances
from pitscape.resilience.tile import Tile
from pitscape.tile_tasks import SpacingTask, TileTask, find_tile, measure_tile
from pitscape.tile_work import TileWork, workers
from pitscape.zone_rectangle import zone_rectangle


def mosaic_patterns(
    mosaic: MapMosaic,
    arguments: argparse.Namespace,
    *,
    legend: Legend | None,
    folder: Path,
    digests: Mapping[Path, str],
    same: Mapping[Path, SameFiles],
) -> list[Land]:
    """The metrics of a mosaic, and of zones in it.

    Args:
        mosaic: The files.
        arguments: Of ``pitscape landscape``.
        legend: That of ``--legend``.
        folder: Of parts; what lies there is not done again.
        digests: SHA-256 of each file; what lies beside a file is hashed here.
        same: What was seen of each before.

    Returns:
        Name and metrics of the whole, called "", then of each zone, None where no cell of it is observed.

    Raises:
        InputError: If no cell is observed, or there are more than 255 classes.
        PitscapeError: If tiles failed, naming them; parts of the others are kept.
    """
    from pitscape.input_files import digest_of  # which loads onnxruntime

    task = TileTask(
        tile=mosaic.tiles[0],
        sha256="",
        same=same[mosaic.path],
        folder=folder.resolve(),
        unit=arguments.unit,
        nodata=arguments.nodata,
        legend=legend,
        zone=None,
        threads=1 if arguments.cluster else None,
    )
    zones = read_zones(arguments.zones, mosaic, name_column=arguments.zone_name) if arguments.zones else []
    contents = {path: digest_of(path, lambda each: digests.get(each) or sha256_of(each)) for path in mosaic.paths}

    def of_tiles(task: TileTask, tiles: Iterable[MapTile]) -> list[TileTask]:
        return [replace(task, tile=each, sha256=contents[each.path], same=same[each.path]) for each in tiles]

    lands = [("", of_tiles(task, mosaic.tiles))]
    for zone in zones:
        inside = replace(task, zone=zone.geometry.wkb if zone.geometry is not None else None)
        lands.append((zone.name, of_tiles(inside, _tiles_in(zone, mosaic))))
    with bar("landscape") as progress, workers(arguments.cluster) as client:
        work = TileWork(client, 2 * sum(len(tasks) for _, tasks in lands), progress)
        merged = _merged(
            work.parts(Tile, find_tile, [task for _, tasks in lands for task in tasks]), lands, mosaic.path
        )
        steps = [_spacing_tasks(land, tasks, mosaic, arguments) for land, (_, tasks) in zip(merged, lands, strict=True)]
        spacings = work.parts(Spacing, measure_tile, [task for tasks in steps for task in tasks])
    found: list[Land] = []
    for land, tasks, (name, _) in zip(merged, steps, lands, strict=True):
        measured = [spacings[task.part] for task in tasks]
        found.append((name, _pattern(land, measured, mosaic, arguments) if land else None))
    return found


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


def _merged(
    tiles: Mapping[Path, Tile], lands: Sequence[tuple[str, Sequence[TileTask]]], path: Path
) -> list[Mosaic | None]:
    """The mosaics of the whole and of zones, None for a zone of which no cell is observed."""
    merged: list[Mosaic | None] = []
    for number, (_, tasks) in enumerate(lands):
        found = [tiles[task.part] for task in tasks]
        if number and not any(tile.cells.size for tile in found):
            merged.append(None)
            continue
        with naming(path):
            merged.append(merge_tiles(found))
    return merged


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
