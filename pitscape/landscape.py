"""Landscape metrics of a class map as JSON, CSV and, from a moving window, as maps."""

import argparse
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rasterio.features import geometry_mask
from rasterio.windows import Window, transform

from pitscape.categories import ABSENT, Categories, open_categories
from pitscape.ecology import naming
from pitscape.imagery.class_map import ClassMap
from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import grid_of
from pitscape.imagery.legend import load_legend
from pitscape.imagery.outputs import check_writable, keep_inputs, replacing, write_json
from pitscape.inference.areas.zones import Zone, read_zones
from pitscape.progress import say
from pitscape.record import made_of
from pitscape.resilience.landscape import pattern_of
from pitscape.resilience.patches import Patches, find_patches_in_bands
from pitscape.resilience.zones import zone_patches
from pitscape.window_maps import write_window_maps

LEVELS = ("landscape", "class", "patch")
USUAL_NODATA = (-32768, -9999, -128, -1, 255, 65535)
UNITS = {
    "TA, CA, AREA, MESH": "ha",
    "PERIM, TE, ENN": "m",
    "PLAND, LPI, PLADJ, AI, COHESION, CONTAG, CONNECT, *_CV": "%",
    "PD": "patches per 100 ha",
    "ED": "m/ha",
    "SHDI": "nats",
    "H": "bits",
}

Row = dict[str, Any]
Levels = dict[str, list[Row]]


def run(arguments: argparse.Namespace) -> None:
    """``pitscape landscape``."""
    inputs = [each for each in (arguments.classes, arguments.zones, arguments.ndvi) if each]
    maps = arguments.output.with_suffix(".window.tif") if arguments.window is not None else None
    tables = {level: arguments.output.with_suffix(f".{level}.csv") for level in LEVELS} if arguments.csv else {}
    _check(arguments, [arguments.output, *([maps] if maps else []), *tables.values()], inputs)
    legend = load_legend(arguments.legend) if arguments.legend else None
    with open_categories(
        arguments.classes,
        unit=arguments.unit,
        nodata=arguments.nodata,
        legend=legend,
        min_area_ha=arguments.min_area,
    ) as classes:
        with naming(arguments.classes):
            patches = find_patches_in_bands(classes.bands(), nodata=classes.nodata)
            _hint(classes, patches)
            levels = _levels(classes, patches, arguments)
            zones = list(_zones(classes, arguments))
        if maps:
            climate = (arguments.c1, arguments.c2)
            window = write_window_maps(maps, classes, arguments.window, ndvi=arguments.ndvi, climate=climate)
    content: dict[str, Any] = {"schema": 1, "landscape": levels["landscape"][0], "class": levels["class"]}
    content |= {"patch": levels["patch"]} if arguments.patches else {}
    content |= {"zones": [_zone_content(*each) for each in zones]} if arguments.zones else {}
    content |= {"window": window} if maps else {}
    write_json(arguments.output, _without_nan(content | {"units": UNITS} | made_of(arguments, *inputs)))
    _write_tables(tables, [("", levels), *zones], zoned=bool(arguments.zones), patches=arguments.patches)
    _print(levels)


def _check(arguments: argparse.Namespace, outputs: Sequence[Path], inputs: Sequence[Path]) -> None:
    """Before any work: the outputs can be written, and are no inputs; the numbers make sense."""
    for path in outputs:
        check_writable(path)
    keep_inputs(outputs, inputs)
    if not (0 < arguments.connect_distance < math.inf and 0 <= arguments.min_area < math.inf):
        raise InputError("--connect-distance must be a number above 0, and --min-area one of at least 0.")
    given = [each is not None for each in (arguments.ndvi, arguments.c1, arguments.c2)]
    if any(given) and not (all(given) and arguments.window is not None):
        raise InputError("E needs --window, --ndvi, --c1 and --c2 together; give all, or none of the last three.")


def _hint(classes: Categories, patches: Patches) -> None:
    """Say where a class looks like a nodata value that the file does not declare."""
    if classes.nodata != ABSENT:
        return
    for class_id, cells in zip(patches.class_ids.tolist(), patches.class_cells.tolist(), strict=True):
        if class_id in USUAL_NODATA:
            share = 100 * cells / patches.class_cells.sum()
            say(f"{share:.0f} % of the cells have id {class_id}; if that is nodata, pass --nodata {class_id}")


def _levels(classes: Categories, patches: Patches, arguments: argparse.Namespace) -> Levels:
    """The metrics at the three levels, as rows; patches only where wanted."""
    pattern = pattern_of(patches, cell_size=classes.cell_size, connect_distance=arguments.connect_distance)
    return {
        "landscape": [pattern.landscape],
        "class": _named(classes, pattern.by_class),
        "patch": _named(classes, pattern.patch) if arguments.patches else [],
    }


def _named(classes: Categories, table: dict[str, NDArray[Any]]) -> list[Row]:
    """Rows of a table, with the name of the class behind its id."""
    names = {each: classes.name_of(each) for each in np.unique(table["TYPE"]).tolist()}
    columns = {name: column.tolist() for name, column in table.items()}
    rows = (dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True))
    return [{"TYPE": row["TYPE"], "NAME": names[row["TYPE"]]} | row for row in rows]


def _zones(classes: Categories, arguments: argparse.Namespace) -> Iterator[tuple[str, Levels | None]]:
    """Each zone's name and metrics, None where nothing of it is observed."""
    if not arguments.zones:
        return
    holder = ClassMap(classes.path, grid_of(classes.dataset), classes.legend or load_legend(), classes.dataset)
    for zone in read_zones(arguments.zones, holder, name_column=arguments.zone_name):
        patches = _patches_in(zone, classes)
        yield zone.name, _levels(classes, patches, arguments) if patches else None


def _patches_in(zone: Zone, classes: Categories) -> Patches | None:
    """The patches of the cells whose centre lies in a zone, read from the rectangle around it."""
    assert zone.geometry is not None
    west, south, east, north = zone.geometry.bounds
    corners = [~classes.affine @ corner for corner in ((west, south), (west, north), (east, south), (east, north))]
    height, width = classes.shape
    left, right = (min(max(f(x for x, _ in corners), 0), width) for f in (min, max))
    top, bottom = (min(max(f(y for _, y in corners), 0), height) for f in (min, max))
    rows, columns = slice(math.floor(top), math.ceil(bottom)), slice(math.floor(left), math.ceil(right))
    if rows.start == rows.stop or columns.start == columns.stop:
        return None
    ids = classes.read(rows, columns)
    place = transform(Window.from_slices(rows, columns), classes.affine)
    inside = geometry_mask([zone.geometry], ids.shape, place, invert=True)
    return zone_patches(ids, inside, nodata=classes.nodata)


def _zone_content(name: str, levels: Levels | None) -> Row:
    if levels is None:
        return {"zone": name, "landscape": None, "class": []}
    content: Row = {"zone": name, "landscape": levels["landscape"][0], "class": levels["class"]}
    return content | ({"patch": levels["patch"]} if levels["patch"] else {})


def _write_tables(
    paths: dict[str, Path], results: Sequence[tuple[str, Levels | None]], *, zoned: bool, patches: bool
) -> None:
    """One CSV for each level, the zones below the whole; what is not defined is empty."""
    for level, path in paths.items():
        if level != "patch" or patches:
            rows = [({"zone": zone} if zoned else {}) | row for zone, found in results if found for row in found[level]]
            with replacing(path) as temporary:
                pd.DataFrame(rows).to_csv(temporary, index=False, lineterminator="\n")


def _print(levels: Levels) -> None:
    found = levels["landscape"][0]
    if found["tiny_patches"]:
        say(f"{found['tiny_patches']} patches of at most 4 m2, for which FRAC has no meaning; sieve with --min-area")
    for name, unit in (
        ("TA", "ha"),
        ("NP", ""),
        ("SHDI", ""),
        ("SHEI", ""),
        ("FRAC_MN", ""),
        ("CONTAG", "%"),
        ("CONNECT", "%"),
    ):
        print(f"{name:10} {found[name]:14.4f} {unit}".rstrip())


def _without_nan(content: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
    if isinstance(content, dict):
        return {key: _without_nan(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_without_nan(value) for value in content]
    return None if isinstance(content, float) and math.isnan(content) else content
