"""The record of a run: options, versions and hashes of what went in."""

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pitscape.imagery.outputs import sha256_of


def made_of(arguments: argparse.Namespace, *inputs: Path) -> dict[str, Any]:
    """Options, versions and hashes of the inputs, without paths of the machine."""
    hidden = {"run", "rest", "output", "figure", "classes", "zones", "mines", "ndvi", "production", "eci", "sites"}
    hidden |= {"before", "filtered", "matrix", "probabilities", "reference", "scenes", "variant"}
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
    """Names of files for records, with their folder's where two have one name."""
    names = [path.name for path in paths]
    return [f"{path.parent.name}/{path.name}" if names.count(path.name) > 1 else path.name for path in paths]
