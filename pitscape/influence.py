"""The verb ``influence``: land that a mine has changed, from class maps of two or more epochs."""

import argparse
import math
from pathlib import Path
from typing import Any

import numpy as np

from pitscape.ecology import naming
from pitscape.figures import check_figure, write_figure
from pitscape.imagery.class_map import names_file
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import load_legend
from pitscape.imagery.outputs import check_writable, keep_inputs, sidecar, write_json
from pitscape.imagery.sensor import load_sensor
from pitscape.inference.areas.epochs import names_in_order, open_maps
from pitscape.inference.scope.changed_land import ChangedLand, changed_land
from pitscape.inference.scope.friction import Resistance
from pitscape.inference.scope.index_loss import index_loss
from pitscape.inference.scope.influence import influence
from pitscape.inference.scope.influence_layers import part_polygons, scope_polygon, write_influence, write_parts
from pitscape.inference.scope.mine_patches import mine_patches
from pitscape.inference.scope.reach import Reach, reach_of
from pitscape.influence_ground import friction_of
from pitscape.influence_results import results
from pitscape.option_values import check_number, names_of
from pitscape.progress import bar
from pitscape.record import made_of
from pitscape.vegetation_index import index_of_files

ROLES = ("mined", "occupied", "vegetated", "water")
STEPS = 5
FILES = ("maps", "index", "dem", "barriers", "raster")
"""Options that name files; the JSON holds their hashes instead."""


def run(arguments: argparse.Namespace) -> None:
    """``pitscape influence``."""
    inputs = _inputs(arguments)
    _check(arguments, inputs)
    epochs = names_in_order(arguments.maps, names_of(arguments.epochs))
    with bar("influence") as progress:
        with open_maps(arguments.maps, load_legend(arguments.legend) if arguments.legend else None) as maps:
            land = changed_land(maps, into=arguments.into)
        progress(1, STEPS)
        seeds = mine_patches(land.mined, land.grid, least_ha=arguments.min_seed, source=arguments.maps[-1])
        resistance = Resistance(arguments.slope_cost, arguments.river_cost, arguments.divide_cost)
        friction, flags = friction_of(
            land,
            resistance,
            source=arguments.maps[0],
            dem=arguments.dem,
            barriers=arguments.barriers,
            divide_depth_m=arguments.divide_depth,
        )
        progress(2, STEPS)
        reach = reach_of(land, seeds, friction, ring_m=arguments.ring)
        del friction
        progress(3, STEPS)
        land, index = _with_index(land, reach, arguments)
        found = influence(
            land, reach, far=arguments.far, least_ha=arguments.min_area, link_m=arguments.link, fill_ha=arguments.fill
        )
        found.flags.update(flags)
        content = results(land, reach, found)
        progress(4, STEPS)
        parts = part_polygons(found, land.grid, epoch=epochs[-1])
        scope = scope_polygon(found.scope, land.grid, epoch=epochs[-1], cut_off_m=found.gradient.cut_off_m)
        if arguments.raster:
            write_parts(arguments.raster, found, land.grid)
        progress(STEPS, STEPS)
    write_influence(arguments.output, parts, scope)
    known = {"schema": 1, "epochs": epochs, **content, "index": index, "resistance": resistance.described()}
    for path in (arguments.output, *([arguments.raster] if arguments.raster else [])):
        write_json(sidecar(path), known | _made_of(arguments, inputs))
    if arguments.figure:
        from pitscape.gradient_chart import gradient_chart

        write_figure(gradient_chart(content), arguments.figure, f"Disturbance gradient, {epochs[0]} to {epochs[-1]}")
    _print(arguments.output, content)


def _inputs(arguments: argparse.Namespace) -> list[Path]:
    others = [arguments.dem, arguments.barriers, *(arguments.index or [])]
    legend = [Path(arguments.legend)] if arguments.legend and Path(arguments.legend).is_file() else []
    return [*arguments.maps, *(path for path in others if path), *legend]


def _check(arguments: argparse.Namespace, inputs: list[Path]) -> None:
    """Before any work: outputs can be written and are no inputs, and numbers lie in their ranges."""
    if arguments.output.suffix.lower() != ".gpkg":
        raise InputError(f"{arguments.output}: the scope is written as GeoPackage; end the name in .gpkg.")
    rasters = [arguments.raster, names_file(arguments.raster), sidecar(arguments.raster)] if arguments.raster else []
    outputs = [arguments.output, sidecar(arguments.output), *rasters]
    outputs += [arguments.figure] if arguments.figure else []
    for path in outputs:
        check_writable(path)
    if len({path.resolve() for path in outputs}) < len(outputs):
        raise InputError(f"{arguments.output}: two outputs have one name; name each one differently.")
    keep_inputs(outputs, inputs)
    check_figure(arguments.figure)
    for role in arguments.into:
        if role not in ROLES:
            raise InputError(f"--into {role}: is no role of a class; there are {', '.join(ROLES)}.")
    tiny = math.ulp(0.0)
    check_number(arguments.far, "--far", low=0.05, high=0.75)
    check_number(arguments.min_area, "--min-area")
    check_number(arguments.fill, "--fill")
    check_number(arguments.min_seed, "--min-seed")
    check_number(arguments.link, "--link")
    check_number(arguments.ring, "--ring", low=tiny, high=1e7)
    check_number(arguments.slope_cost, "--slope-cost", low=0.1)
    check_number(arguments.river_cost, "--river-cost", low=1.0)
    check_number(arguments.divide_cost, "--divide-cost")
    check_number(arguments.divide_depth, "--divide-depth", low=1.0, high=1e4)
    check_number(arguments.index_limit, "--index-limit", low=tiny, high=1e3)


def _with_index(
    land: ChangedLand, reach: Reach, arguments: argparse.Namespace
) -> tuple[ChangedLand, dict[str, Any] | None]:
    """Add land whose vegetation index fell, where index maps are given, and say what is normal."""
    if not arguments.index:
        return land, None
    first, last = arguments.index
    sensor = load_sensor(arguments.sensor)
    before, after = (index_of_files([path], land.grid, sensor) for path in (first, last))
    if before.source != after.source:
        raise InputError(f"{last}: is of {after.source}, {first.name} of {before.source}; give one source.")
    with naming(last):
        loss = index_loss(
            before.values,
            after.values,
            land.steady,
            reach.farthest(arguments.far, land.compared),
            limit=arguments.index_limit,
        )
    told = {"source": before.source, "median_difference": loss.median, "sd": loss.sd, "limit_sd": arguments.index_limit}
    return land.with_loss(np.asarray(loss.lost)), told


def _made_of(arguments: argparse.Namespace, inputs: list[Path]) -> dict[str, Any]:
    options = {key: value for key, value in vars(arguments).items() if key not in FILES}
    options["into"] = ",".join(arguments.into)
    options |= {key: "inf" for key, value in options.items() if value == math.inf}
    options["legend"] = Path(arguments.legend).name if arguments.legend else None
    return made_of(argparse.Namespace(**options), *inputs)


def _print(output: Path, content: dict[str, Any]) -> None:
    area = content["area_km2"]
    print(f"{output}: {area['influence']:.4f} km2 changed by the mine, {area['mined']:.4f} of it newly mined;")
    print(f"  scope {content['scope_km2']:.4f} km2, up to {content['cut_off_m']:.0f} m from mined land")
    for flag in content["flags"]:
        print(f"  {flag['name']}: {flag['text']}")
