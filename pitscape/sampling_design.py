"""The verb ``sample``: a stratified random sample of a map's cells, ready for labelling."""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from pitscape.imagery.cell_area import M2_PER_KM2
from pitscape.imagery.class_map import open_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import load_legend
from pitscape.imagery.outputs import check_writable, keep_inputs, sidecar, write_json
from pitscape.inference.areas.zones import read_zones
from pitscape.inference.sample.allocation import allocate, cochran_size, expected_se, sizes_for_error
from pitscape.inference.sample.sample_points import write_points
from pitscape.inference.sample.sampled_land import Census, open_land
from pitscape.inference.sample.sampling import draw_points
from pitscape.inference.sample.strata import Stratum, strata_of, weights_of
from pitscape.progress import bar
from pitscape.record import made_of

USUAL_USERS = 0.85
UNEQUAL = 1.05
"""Ratio of the largest to the least cell from which on a note says that cells differ."""

Floats = NDArray[np.float64]


def run(arguments: argparse.Namespace) -> None:
    """``pitscape sample``."""
    inputs = [each for each in (arguments.classes, arguments.before, arguments.zones) if each]
    _check(arguments, inputs)
    legend = load_legend(arguments.legend) if arguments.legend else None
    zones = zone_shapes(arguments.zones, arguments.classes, arguments.legend)
    with open_land(arguments.classes, arguments.before, legend=legend, zones=zones) as land:
        with bar("counting cells") as progress:
            census = land.census(progress)
        if not census.pixels.any():
            raise InputError(f"{arguments.classes}: no cell is observed there; give another map or other --zones.")
        strata = strata_of(land.names, census, pool_below=arguments.pool)
        sizes, design = _sizes(strata, arguments)
        with bar("drawing points") as progress:
            found = draw_points(land, strata, sizes, seed=arguments.seed, progress=progress)
        crs, names = CRS.from_user_input(str(land.after.grid.crs)), land.names
    write_points(arguments.output, found, strata, crs, names)
    content = {"schema": 1} | design | {"labels": names, "strata": _rows(strata, sizes), "notes": _notes(census)}
    write_json(sidecar(arguments.output), content | made_of(arguments, *inputs))
    _print(arguments.output, content)


def zone_shapes(path: Path | None, classes: Path, legend: str | None) -> list[Any]:
    """Polygons of a file in the CRS of a map; none without a file."""
    if path is None:
        return []
    with open_class_map(classes, load_legend(legend) if legend else None) as opened:
        return [zone.geometry for zone in read_zones(path, opened)]


def _check(arguments: argparse.Namespace, inputs: Sequence[Path]) -> None:
    """Before any work: the outputs can be written, and are no inputs; the options make sense."""
    outputs = (arguments.output, sidecar(arguments.output))
    for path in outputs:
        check_writable(path)
    keep_inputs(outputs, inputs)
    if arguments.output.suffix.lower() != ".gpkg":
        raise InputError(f"{arguments.output}: points are written as GeoPackage; end the name in .gpkg.")
    if (arguments.size is None) == (arguments.target_se is None):
        raise InputError("sample: give either --size N or --target-se SE, one of them.")
    if arguments.target_se is not None and not 0 < arguments.target_se < 0.5:
        raise InputError(f"--target-se {arguments.target_se:g}: is a share of the area; give one such as 0.01.")
    if arguments.seed < 0:
        raise InputError(f"--seed {arguments.seed}: must be at least 0.")
    if arguments.minimum < 2:
        raise InputError(f"--minimum {arguments.minimum}: an interval needs at least 2 points in each stratum.")
    if not 0 <= arguments.pool < 1:
        raise InputError(f"--pool {arguments.pool:g}: is a share of the area; give one such as 0.002.")
    if arguments.pool and not arguments.before:
        raise InputError(f"--pool {arguments.pool:g}: is for transitions; give --before BEFORE.tif too.")
    if arguments.target_class and arguments.target_se is None:
        raise InputError("--target-class: says whose share --target-se is of; give that too.")


def _sizes(strata: Sequence[Stratum], arguments: argparse.Namespace) -> tuple[NDArray[np.int64], dict[str, Any]]:
    """Points per stratum, and what they rest on."""
    weights, pixels = weights_of(strata), np.array([stratum.pixels for stratum in strata])
    least = int(np.minimum(arguments.minimum, pixels).sum())
    names = [stratum.name for stratum in strata]
    users = _assumed_users(arguments.assumed_users, names)
    deviations = _deviations(users, names, arguments.target_class)
    if arguments.size is not None:
        if arguments.size < least:
            raise InputError(
                f"--size {arguments.size}: {len(strata)} strata of at least {arguments.minimum} points take {least}; give more, or a smaller --minimum."
            )
        sizes = allocate(weights, arguments.size, minimum=arguments.minimum, pixels=pixels)
    else:
        reached = sizes_for_error(weights, deviations, arguments.target_se, minimum=arguments.minimum, pixels=pixels)
        if reached is None:
            raise InputError(
                f"--target-se {arguments.target_se:g}: all {pixels.sum()} cells do not reach it; give more."
            )
        sizes = reached
    design: dict[str, Any] = {
        "allocation": f"proportional to area, at least {arguments.minimum} in each stratum",
        "points": int(sizes.sum()),
        "expected_se": expected_se(weights, deviations, sizes),
        "expected_se_of": f"share of {arguments.target_class}" if arguments.target_class else "overall accuracy",
        "assumed_users_accuracy": dict(zip(names, users.tolist(), strict=True)),
    }
    if arguments.target_se is not None:
        design["cochran_size"] = cochran_size(weights, deviations, arguments.target_se)
    return sizes, design


def _assumed_users(text: str | None, names: Sequence[str]) -> Floats:
    """User's accuracies from ``NAME=U,...``; a number alone is for all others."""
    users = np.full(len(names), USUAL_USERS)
    entries = [each.rpartition("=") for each in (text or "").split(",") if each.strip()]
    for name, _, number in sorted(entries, key=lambda entry: bool(entry[0])):
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not 0 <= value <= 1 or (name and name.strip() not in names):
            raise InputError(
                f"--assumed-users {text}: give NAME=U with U from 0 to 1; the strata are {', '.join(names)}."
            )
        users[[names.index(name.strip())] if name else slice(None)] = value
    return users


def _deviations(users: Floats, names: Sequence[str], target: str | None) -> Floats:
    """S_h of agreement, or of being the target class; errors of a stratum are taken as equally of all other classes."""
    if target is None:
        return np.sqrt(users * (1 - users))
    if target not in names:
        raise InputError(f"--target-class {target}: no stratum has this name; they are {', '.join(names)}.")
    share = (1 - users) / max(len(names) - 1, 1)
    share[names.index(target)] = users[names.index(target)]
    return np.sqrt(share * (1 - share))


def _rows(strata: Sequence[Stratum], sizes: NDArray[np.int64]) -> list[dict[str, Any]]:
    return [
        {
            "stratum": stratum.name,
            "pixels": stratum.pixels,
            "area_km2": stratum.area_m2 / M2_PER_KM2,
            "weight": float(weight),
            "n": int(size),
        }
        for stratum, weight, size in zip(strata, weights_of(strata), sizes, strict=True)
    ]


def _notes(census: Census) -> list[str]:
    low, high = census.cell_range
    if high <= UNEQUAL * low:
        return []
    return [
        f"cells differ in area by up to {100 * (high / low - 1):.0f} %, and have the same chance within a stratum: bring the map to an equal-area grid"
    ]


def _print(path: Path, content: dict[str, Any]) -> None:
    print(f"{'stratum':24} {'km2':>12} {'weight':>8} {'points':>7}")
    for row in content["strata"]:
        print(f"{row['stratum']:24} {row['area_km2']:12.4f} {row['weight']:8.4f} {row['n']:7d}")
    print(f"expected standard error of {content['expected_se_of']}: {content['expected_se']:.4f}")
    for note in content["notes"]:
        print(f"note: {note}")
    print(f"{path}: {content['points']} points; label the column reference, then pitscape assess")
