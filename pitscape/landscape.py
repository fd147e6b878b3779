"""Landscape metrics of class maps as JSON, CSV and, from a moving window, as maps."""

import argparse
import math
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from pitscape.categories import ABSENT, Categories, open_categories
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import Legend, load_legend
from pitscape.imagery.outputs import check_writable, keep_inputs, sha256_of, write_json
from pitscape.imagery.remote.signed import check_unsigned
from pitscape.imagery.virtual import with_sources
from pitscape.landscape_tables import (
    LEVELS,
    UNITS,
    Levels,
    levels_of,
    print_levels,
    without_nan,
    write_tables,
    zone_content,
)
from pitscape.map_mosaic import listed_maps, mosaic_of
from pitscape.map_patterns import Land, map_patterns
from pitscape.mosaic_patterns import mosaic_patterns
from pitscape.progress import say
from pitscape.record import made_of, names_of
from pitscape.resilience.landscape import Pattern
from pitscape.tile_work import kept_parts
from pitscape.window_maps import write_window_maps

USUAL_NODATA = (-32768, -9999, -128, -1, 255, 65535)

Found = list[tuple[str, Levels | None]]


def run(arguments: argparse.Namespace) -> None:
    """``pitscape landscape``."""
    paths = listed_maps(arguments.classes)
    inputs = with_sources([*paths, *(each for each in (arguments.zones, arguments.ndvi) if each)])
    maps = arguments.output.with_suffix(".window.tif") if arguments.window is not None else None
    tables = {level: arguments.output.with_suffix(f".{level}.csv") for level in LEVELS} if arguments.csv else {}
    if arguments.cluster:
        check_unsigned(inputs)
    _check(arguments, paths)
    _check_files([arguments.output, *([maps] if maps else []), *tables.values()], inputs)
    legend = load_legend(arguments.legend) if arguments.legend else None
    with ExitStack() as stack:
        if len(paths) == 1 and arguments.tile is None:
            found, window = _one_pass(paths[0], arguments, legend, maps)
            digests = {path: sha256_of(path) for path in inputs}
        else:
            window, (folder, still_held) = None, stack.enter_context(kept_parts(arguments.output))
            found, digests = _tile_by_tile(paths, inputs, arguments, legend, folder)
            still_held()
        whole = found[0][1]
        assert whole is not None
        content: dict[str, Any] = {"schema": 1, "landscape": whole["landscape"][0], "class": whole["class"]}
        content |= {"patch": whole["patch"]} if arguments.patches else {}
        content |= {"zones": [zone_content(*each) for each in found[1:]]} if arguments.zones else {}
        content |= {"window": window} if window else {}
        write_tables(tables, found, zoned=bool(arguments.zones), patches=arguments.patches)
        write_json(arguments.output, without_nan(content | {"units": UNITS} | _record(arguments, digests)))
    print_levels(whole)


def _check(arguments: argparse.Namespace, paths: Sequence[Path]) -> None:
    """Before any work: the numbers make sense, and go together."""
    if not (0 < arguments.connect_distance < math.inf and 0 <= arguments.min_area < math.inf):
        raise InputError("--connect-distance must be a number above 0, and --min-area one of at least 0.")
    given = [each is not None for each in (arguments.ndvi, arguments.c1, arguments.c2)]
    if any(given) and not (all(given) and arguments.window is not None):
        raise InputError("E needs --window, --ndvi, --c1 and --c2 together; give all, or none of the last three.")
    if arguments.tile is not None and arguments.tile < 1:
        raise InputError(f"--tile {arguments.tile}: give the cells of a side, at least 1.")
    if len(paths) == 1 and arguments.tile is None:
        if arguments.cluster:
            raise InputError(f"--cluster {arguments.cluster}: one map is one task; give --tile N to cut it in squares.")
        return
    for option, value in (("--window", arguments.window), ("--min-area", arguments.min_area or None)):
        if value is not None:
            raise InputError(
                f"{option} {value:g}: looks at one map as a whole; join the tiles with gdalbuildvrt and give the .vrt, "
                "without --tile."
            )


def _check_files(outputs: Sequence[Path], inputs: Sequence[Path]) -> None:
    """The outputs can be written, and are no inputs."""
    for path in outputs:
        check_writable(path)
    keep_inputs(outputs, inputs)


def _one_pass(
    path: Path, arguments: argparse.Namespace, legend: Legend | None, maps: Path | None
) -> tuple[Found, dict[str, Any] | None]:
    """The metrics of one raster, and what is in its maps of a moving window."""
    with open_categories(
        path, unit=arguments.unit, nodata=arguments.nodata, legend=legend, min_area_ha=arguments.min_area
    ) as classes:
        _warn_of_projection(classes)
        lands = map_patterns(classes, arguments)
        climate = (arguments.c1, arguments.c2)
        window = (
            write_window_maps(maps, classes, arguments.window, ndvi=arguments.ndvi, climate=climate) if maps else None
        )
        return _levels(lands, classes.legend, classes.nodata, arguments), window


def _tile_by_tile(
    paths: Sequence[Path],
    inputs: Sequence[Path],
    arguments: argparse.Namespace,
    legend: Legend | None,
    folder: Path,
) -> tuple[Found, dict[Path, str]]:
    """The metrics of several rasters, or of one in squares, and the SHA-256 of all inputs."""
    from pitscape.inference.cluster.same_files import SameFiles  # which loads onnxruntime

    options = {"unit": arguments.unit, "nodata": arguments.nodata, "legend": legend}
    mosaic = mosaic_of(paths, **options, tile=arguments.tile)
    with open_categories(mosaic.path, **options) as classes:
        _warn_of_projection(classes)
    same = {path: SameFiles.of([path.resolve()]) for path in mosaic.paths}
    digests = {path: sha256_of(path) for path in inputs}
    lands = mosaic_patterns(mosaic, arguments, legend=legend, folder=folder, digests=digests, same=same)
    return _levels(lands, mosaic.legend, mosaic.nodata, arguments), digests


def _levels(lands: Sequence[Land], legend: Legend | None, nodata: int, arguments: argparse.Namespace) -> Found:
    whole = lands[0][1]
    assert whole is not None
    if nodata == ABSENT:
        _hint(whole)
    return [(name, levels_of(found, legend, patches=arguments.patches) if found else None) for name, found in lands]


def _hint(pattern: Pattern) -> None:
    """Say where a class looks like a nodata value that the file does not declare."""
    for class_id, share in zip(pattern.by_class["TYPE"].tolist(), pattern.by_class["PLAND"].tolist(), strict=True):
        if class_id in USUAL_NODATA:
            say(f"{share:.0f} % of the cells have id {class_id}; if that is nodata, pass --nodata {class_id}")


def _warn_of_projection(classes: Categories) -> None:
    if classes.stretches:
        say(f"{classes.path}: its metres are too long away from the equator (Mercator); reproject it to UTM")


def _record(arguments: argparse.Namespace, digests: dict[Path, str]) -> dict[str, Any]:
    """Options, versions and hashes; how a mosaic is read changes no number, and is not told."""
    told = {name: value for name, value in vars(arguments).items() if name not in {"tile", "cluster"}}
    hashes = dict(zip(names_of(list(digests)), digests.values(), strict=True))
    return made_of(argparse.Namespace(**told)) | {"inputs_sha256": hashes}
