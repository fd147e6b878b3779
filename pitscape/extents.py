"""The verb ``extents``: polygons of a class, by mine, with kind, confidence and interval where they are known."""

import argparse
import math
from pathlib import Path
from typing import Any

import geopandas

from pitscape.imagery.class_map import ClassMap, open_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import load_legend
from pitscape.imagery.outputs import check_writable, keep_inputs, sidecar, write_json
from pitscape.imagery.product import epoch_of
from pitscape.imagery.virtual import with_sources
from pitscape.inference.areas.zones import read_zones
from pitscape.inference.outlines.elevation import open_elevation
from pitscape.inference.outlines.extent_style import KIND_COLOURS, extent_style
from pitscape.inference.outlines.extents import class_extents, write_extents
from pitscape.inference.outlines.mines import dissolved, named_mines, numbered_mines
from pitscape.inference.outlines.relief import with_relief
from pitscape.inference.vector_layer import check_suffix
from pitscape.mine_intervals import assessments_of, with_intervals
from pitscape.progress import bar
from pitscape.record import made_of

FILES = ("classes", "confidence", "mines", "dem", "dem_before", "elevation_change")
LEAST_0 = ("min_area", "close", "fill", "merge", "relief")


def extents(arguments: argparse.Namespace) -> None:
    """``pitscape extents``."""
    inputs = with_sources(path for name in FILES if (path := getattr(arguments, name)))
    _check(arguments, inputs)
    legend = load_legend(arguments.legend) if arguments.legend else None
    with open_class_map(arguments.classes, legend) as classes:
        table = _table(arguments, classes)
        assessed = _assessed(arguments, table)
        table = with_intervals(table, assessed)
        land = classes.legend.land(arguments.class_name)
        colour = classes.legend.classes[classes.legend.id_of(arguments.class_name)].colour
    reference, title = _reference(arguments), f"{land} land, {epoch_of(arguments.classes)}"
    style = extent_style(colour, by_kind=reference is not None)
    write_extents(arguments.output, table, title=title, style=style)
    said = {"title": title, "land": land, "reference": reference} | _sums(table, by_kind=reference is not None)
    made = made_of(_options(arguments), *inputs, *assessed.values())
    write_json(sidecar(arguments.output), {"schema": 1} | said | made)
    print(f"{arguments.output}: {len(table)} polygons of {land} land, {_words(said)}")


def _table(arguments: argparse.Namespace, classes: ClassMap) -> geopandas.GeoDataFrame:
    with bar("patches"):
        table = class_extents(
            classes,
            arguments.class_name,
            epoch=epoch_of(arguments.classes),
            close_m=arguments.close,
            fill_ha=arguments.fill,
            min_area_ha=arguments.min_area,
            confidence=arguments.confidence,
        )
    if arguments.mines:
        zones = read_zones(arguments.mines, classes, name_column=arguments.mine_name)
        names, outlines = [zone.name for zone in zones], [zone.geometry for zone in zones]
        table = named_mines(table, names, outlines, merge_m=arguments.merge or 0.0)
    elif arguments.merge is not None:
        table = numbered_mines(table, arguments.merge)
    if arguments.dissolve:
        table = dissolved(table)
    return _with_relief(arguments, classes, table) if _reference(arguments) else table


def _with_relief(
    arguments: argparse.Namespace, classes: ClassMap, table: geopandas.GeoDataFrame
) -> geopandas.GeoDataFrame:
    given = {"dem": arguments.dem, "before": arguments.dem_before, "change": arguments.elevation_change}
    with (
        open_elevation(classes.grid, **given, nodata=arguments.nodata or ()) as elevation,
        bar("relief") as progress,
    ):
        return with_relief(
            table, classes, elevation, ring_m=arguments.ring, relief_m=arguments.relief, progress=progress
        )


def _check(arguments: argparse.Namespace, inputs: list[Path]) -> None:
    """Before any work: options fit together, and the output and its record can be written and are no inputs."""
    check_suffix(arguments.output)
    for path in (arguments.output, sidecar(arguments.output)):
        check_writable(path)
    keep_inputs((arguments.output, sidecar(arguments.output)), inputs)
    for name in LEAST_0:
        value = getattr(arguments, name)
        if value is not None and not 0 <= value < math.inf:
            raise InputError(f"--{name.replace('_', '-')} {value:g}: must be a number of at least 0.")
    if not 0 < arguments.ring < math.inf:
        raise InputError(f"--ring {arguments.ring:g}: must be a number above 0, in metres.")
    if arguments.dem and arguments.elevation_change:
        raise InputError("--dem and --elevation-change: give one of them.")
    if arguments.dem_before and not arguments.dem:
        raise InputError(f"--dem-before {arguments.dem_before}: needs --dem, the elevation after.")
    grouped = arguments.mines or arguments.merge is not None
    if arguments.dissolve and not grouped:
        raise InputError("--dissolve: needs --mines or --merge, which say what a mine is.")
    if arguments.assessments and not grouped:
        raise InputError(f"--assessments {arguments.assessments}: needs --mines or --merge, which name the mines.")
    if arguments.mine_name and not arguments.mines:
        raise InputError(f"--mine-name {arguments.mine_name}: needs --mines.")


def _reference(arguments: argparse.Namespace) -> str | None:
    """What heights are measured from."""
    if arguments.elevation_change:
        return "elevation before, as a raster of changes"
    if arguments.dem_before:
        return "elevation before"
    return "surface of the undisturbed land around each mine" if arguments.dem else None


def _assessed(arguments: argparse.Namespace, table: geopandas.GeoDataFrame) -> dict[str, Path]:
    if arguments.assessments is None:
        return {}
    return assessments_of(arguments.assessments, sorted(set(table["mine"].dropna())))


def _sums(table: geopandas.GeoDataFrame, *, by_kind: bool) -> dict[str, Any]:
    of_kind = table.groupby("kind")["area_km2"].sum()
    kinds = {kind: float(of_kind.get(kind, 0.0)) for kind in KIND_COLOURS}
    return {
        "polygons": len(table),
        "mines": int(table["mine"].nunique()),
        "area_km2": float(table["area_km2"].sum()),
        "filled_km2": float(table["filled_km2"].sum()),
        "unobserved_km2": float(table["unobserved_km2"].sum()),
        "kind_km2": kinds if by_kind else None,
    }


def _words(said: dict[str, Any]) -> str:
    kinds = ", ".join(f"{kind} {km2:.4f}" for kind, km2 in (said["kind_km2"] or {}).items() if km2)
    filled = f", {said['filled_km2']:.4f} of it closed and filled" if said["filled_km2"] else ""
    return f"{said['area_km2']:.4f} km2{filled}{f' ({kinds})' if kinds else ''}"


def _options(arguments: argparse.Namespace) -> argparse.Namespace:
    """All that names no file."""
    named = vars(arguments).items()
    return argparse.Namespace(**{name: value for name, value in named if name not in {*FILES, "assessments"}})
