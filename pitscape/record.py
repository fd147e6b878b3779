"""The record of a run: options, versions and hashes of what went in."""

import argparse
import sys
from collections.abc import Collection, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pitscape.imagery.outputs import sha256_of


def made_of(arguments: argparse.Namespace, *inputs: Path) -> dict[str, Any]:
    """Options, versions and hashes of the inputs, without paths of the machine."""
    hidden = {"run", "rest", "output", "figure", "classes", "zones", "mines", "ndvi", "production", "eci", "sites"}
    hidden |= {"before", "filtered", "matrix", "probabilities", "reference", "scenes", "variant"}
    hidden |= {"site", "out", "cluster"}
    options = {
        key: value if isinstance(value, int | float | None) else value.name if isinstance(value, Path) else str(value)
        for key, value in vars(arguments).items()
        if key not in hidden
    }
    versions = {"pitscape": version("pitscape"), "python": sys.version.split()[0]}
    return {
        "options": options,
        "inputs_sha256": dict(zip(names_of(inputs), map(sha256_of, inputs), strict=True)),
        "versions": versions,
    }


def names_of(paths: Sequence[Path]) -> list[str]:
    """Names of files for records, with those of as many folders as tell one file from another.

    >>> names_of([Path("a/x/s.tif"), Path("b/x/s.tif"), Path("c/t.tif")])
    ['a/x/s.tif', 'b/x/s.tif', 't.tif']
    """
    return [_told_from(path, {*paths} - {path}) for path in paths]


def _told_from(path: Path, others: Collection[Path]) -> str:
    count = 1
    while count < len(path.parts) and any(other.parts[-count:] == path.parts[-count:] for other in others):
        count += 1
    return "/".join(path.parts[-count:])
