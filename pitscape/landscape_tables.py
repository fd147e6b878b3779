"""Landscape metrics as rows of JSON and CSV, at three levels."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pitscape.categories import class_name
from pitscape.imagery.legend import Legend
from pitscape.imagery.outputs import replacing
from pitscape.progress import say
from pitscape.resilience.landscape import Pattern

LEVELS = ("landscape", "class", "patch")
UNITS = {
    "TA, CA, AREA, MESH": "ha",
    "PERIM, TE, ENN": "m",
    "PLAND, LPI, PLADJ, AI, COHESION, CONTAG, CONNECT, *_CV": "%",
    "PD": "patches per 100 ha",
    "ED": "m/ha",
    "SHDI": "nats",
    "H": "bits",
}

Row: TypeAlias = dict[str, Any]
Levels: TypeAlias = dict[str, list[Row]]


def levels_of(pattern: Pattern, legend: Legend | None, *, patches: bool) -> Levels:
    """The metrics at the three levels, as rows; patches only where wanted."""
    return {
        "landscape": [pattern.landscape],
        "class": _named(pattern.by_class, legend),
        "patch": _named(pattern.patch, legend) if patches else [],
    }


def _named(table: dict[str, NDArray[Any]], legend: Legend | None) -> list[Row]:
    """Rows of a table, with the name of the class behind its id."""
    names = {each: class_name(legend, each) for each in np.unique(table["TYPE"]).tolist()}
    columns = {name: column.tolist() for name, column in table.items()}
    rows = (dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True))
    return [{"TYPE": row["TYPE"], "NAME": names[row["TYPE"]]} | row for row in rows]


def zone_content(name: str, levels: Levels | None) -> Row:
    """A zone in the JSON."""
    if levels is None:
        return {"zone": name, "landscape": None, "class": []}
    content: Row = {"zone": name, "landscape": levels["landscape"][0], "class": levels["class"]}
    return content | ({"patch": levels["patch"]} if levels["patch"] else {})


def write_tables(
    paths: Mapping[str, Path], results: Sequence[tuple[str, Levels | None]], *, zoned: bool, patches: bool
) -> None:
    """One CSV for each level, the zones below the whole; what is not defined is empty."""
    for level, path in paths.items():
        if level != "patch" or patches:
            rows = [({"zone": zone} if zoned else {}) | row for zone, found in results if found for row in found[level]]
            with replacing(path) as temporary:
                pd.DataFrame(rows).to_csv(temporary, index=False, lineterminator="\n")


def print_levels(levels: Levels) -> None:
    """A few metrics of the landscape on standard output."""
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


def without_nan(content: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """The same with null for NaN, which JSON lacks."""
    if isinstance(content, dict):
        return {key: without_nan(value) for key, value in content.items()}
    if isinstance(content, list):
        return [without_nan(value) for value in content]
    return None if isinstance(content, float) and math.isnan(content) else content
