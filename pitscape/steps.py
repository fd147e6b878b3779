"""The verbs that need no torch."""

import argparse
import math
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pitscape.imagery.errors import InputError
from pitscape.imagery.outputs import check_writable, keep_inputs, sha256_of, sidecar, write_json
from pitscape.progress import say


def simulate(arguments: argparse.Namespace) -> None:
    """``pitscape simulate``."""
    from pitscape.demo import simulated_site

    layers = [name.strip() for name in arguments.layers.split(",")] if arguments.layers else None
    numbers = {"size": arguments.size, "epochs": arguments.epochs, "seed": arguments.seed}
    folder = simulated_site(arguments.out, **numbers, layers=layers)
    config = folder / "train.yaml"
    print(f"{folder}: simulated{f'; run it with pitscape fit --config {config}' if config.exists() else ''}")


def areas(arguments: argparse.Namespace) -> None:
    """``pitscape areas``."""
    from pitscape.imagery.class_map import open_class_map
    from pitscape.inference.proportions import Zone, class_areas, read_zones, write_areas

    inputs = [arguments.classes, *([arguments.zones] if arguments.zones else [])]
    _check_output(arguments, inputs)
    with open_class_map(arguments.classes, _legend(arguments.legend)) as classes:
        zones = [Zone("all")]
        if arguments.zones:
            zones = read_zones(arguments.zones, classes, name_column=arguments.zone_name)
        rows = class_areas(classes, zones)
    write_areas(arguments.output, rows, [_epoch(arguments.classes)] * len(rows))
    _record(arguments, *inputs)
    for row in rows:
        print(f"{row.zone:20} {row.class_name:12} {row.area_km2:12.4f} km2 {100 * row.share:7.2f} %")


def extents(arguments: argparse.Namespace) -> None:
    """``pitscape extents``."""
    from pitscape.imagery.class_map import open_class_map
    from pitscape.inference.extents import class_extents, write_extents

    _check_output(arguments, [arguments.classes])
    if arguments.output.suffix.lower() != ".gpkg":
        raise InputError(f"{arguments.output}: extents are written as GeoPackage; end the name in .gpkg.")
    if not (0 <= arguments.min_area < math.inf and 0 <= arguments.close < math.inf):
        raise InputError("--min-area and --close must be numbers of at least 0.")
    with open_class_map(arguments.classes, _legend(arguments.legend)) as classes:
        table = class_extents(
            classes,
            arguments.class_name,
            epoch=_epoch(arguments.classes),
            min_area_ha=arguments.min_area,
            close_m=arguments.close,
        )
    write_extents(arguments.output, table)
    _record(arguments, arguments.classes)
    print(f"{arguments.output}: {len(table)} polygons of {arguments.class_name}, {table['area_km2'].sum():.4f} km2")


def run(arguments: argparse.Namespace) -> None:
    """``pitscape run``."""
    from pitscape.report import write_report
    from pitscape.site import run_site, save_site

    site = run_site(arguments.site, arguments.out, say=say)
    save_site(site, arguments.out)
    print(write_report(arguments.out, site_file=arguments.site))


def _legend(name: str | None) -> Any:  # noqa: ANN401 - imported where it is used
    from pitscape.imagery.legend import load_legend

    return load_legend(name) if name else None


def _epoch(path: Path) -> str:
    from pitscape.imagery.product import date_of

    acquired = date_of(path)
    return acquired.isoformat() if acquired else path.stem


def _check_output(arguments: argparse.Namespace, inputs: list[Path]) -> None:
    """Before any work: the output and its record can be written, and are no inputs."""
    for path in (arguments.output, sidecar(arguments.output)):
        check_writable(path)
    keep_inputs((arguments.output, sidecar(arguments.output)), inputs)


def _record(arguments: argparse.Namespace, *inputs: Path) -> None:
    """The JSON beside an output."""
    write_json(sidecar(arguments.output), {"schema": 1} | made_of(arguments, *inputs))


def made_of(arguments: argparse.Namespace, *inputs: Path) -> dict[str, Any]:
    """Options, versions and hashes of the inputs by name, without paths of the machine; equal names bring their folder's."""
    hidden = {"run", "rest", "output", "figure", "classes", "zones", "mines", "ndvi", "production", "eci", "sites"}
    hidden |= {"before", "reference", "matrix"}
    names = [path.name for path in inputs]
    options = {
        key: value if isinstance(value, int | float | None) else str(value)
        for key, value in vars(arguments).items()
        if key not in hidden
    }
    versions = {"pitscape": version("pitscape"), "python": sys.version.split()[0]}
    hashes = {
        path.name if names.count(path.name) == 1 else f"{path.parent.name}/{path.name}": sha256_of(path)
        for path in inputs
    }
    return {"options": options, "inputs_sha256": hashes, "versions": versions}
