"""Zones of the command line, and what its tables have to say about them."""

import argparse
from collections.abc import Sequence
from typing import Any

from odc.geo.geobox import GeoBox

from pitscape.imagery.errors import InputError
from pitscape.inference.areas.proportions import ALL
from pitscape.inference.areas.squares import square_zones, squares_crs
from pitscape.inference.areas.zones import Placed, Zone, overlaps, read_zones


def check_zone_options(arguments: argparse.Namespace) -> None:
    """Before any work.

    Raises:
        InputError: If there are zones of two kinds, or names without zones.
    """
    if arguments.zones and arguments.grid is not None:
        raise InputError("--zones and --grid: are two kinds of zones; choose one.")
    if arguments.zone_name and not arguments.zones:
        raise InputError(f"--zone-name {arguments.zone_name}: names a column of --zones; give that file.")


def chosen_zones(arguments: argparse.Namespace, classes: Placed) -> Sequence[Zone]:
    """The zones that a command names, in the CRS of a map; all of the map where it names none."""
    if arguments.zones:
        return read_zones(arguments.zones, classes, name_column=arguments.zone_name)
    return ALL if arguments.grid is None else square_zones(classes.grid, arguments.grid)


def zone_notes(arguments: argparse.Namespace, zones: Sequence[Zone], grid: GeoBox) -> dict[str, Any]:
    """What was repaired, is empty, or overlaps, and where squares are squares."""
    notes: dict[str, Any] = {
        "edges": arguments.edges,
        "repaired": [{"zone": zone.name, "problem": zone.repaired} for zone in zones if zone.repaired],
        "empty": [zone.name for zone in zones if zone.is_empty],
        "overlaps": [],
    }
    if arguments.grid is None:
        shared = overlaps(zones, grid)
        notes["overlaps"] = [{"zones": [one, other], "area_km2": area} for one, other, area in shared]
    else:
        notes["squares"] = {"side_km": arguments.grid, "crs": squares_crs(grid).to_string()}
    return {"zones": notes}
