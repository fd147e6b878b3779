"""Verbs of areas and change."""

import argparse
from pathlib import Path

from pitscape.imagery.remote.name import place
from pitscape.verbs import Verbs, add_cluster, new_verb


def add_areas(verbs: Verbs) -> None:
    """Add the verb ``areas``."""
    text = "class shares and geodesic areas [km2], by zone and epoch"
    verb = new_verb(verbs, "areas", "pitscape.zonal_areas:areas", text)
    verb.add_argument(
        "classes",
        type=place,
        nargs="+",
        metavar="CLASSES.tif",
        help="class maps, one of each epoch; a mosaic of many files as one .vrt",
    )
    _add_epochs(verb)
    _add_zones(verb)
    verb.add_argument(
        "--probabilities",
        type=place,
        nargs="+",
        metavar="P.tif",
        help="of each map, as predict writes them: soft areas, the sum of probabilities, beside the others",
    )
    verb.add_argument("--legend", help="for maps without one: four_class or a YAML file")
    verb.add_argument("--figure", type=place, metavar="FILE", help="shares as a chart: .html, .png or .svg")
    add_cluster(verb, "parts of the map")
    verb.add_argument(
        "--output", type=place, required=True, metavar="AREAS.csv", help="a row per epoch, zone and class"
    )


def add_change(verbs: Verbs) -> None:
    """Add the verb ``change``."""
    text = "transitions between epochs, gain, loss, net change and swap by class [km2], with and without flicker"
    verb = new_verb(verbs, "change", "pitscape.change:change", text)
    verb.add_argument(
        "classes", type=place, nargs="+", metavar="MAP.tif", help="class maps in order of time, two or more"
    )
    _add_epochs(verb)
    verb.add_argument(
        "--resample",
        choices=["first", "coarsest"],
        help="bring maps on other grids to that of the first map, or of the one with the largest cells",
    )
    _add_zones(verb)
    verb.add_argument(
        "--persist",
        metavar="K/N",
        help="accept a change where the new class holds in K of N epochs, counted from the one that shows it",
    )
    verb.add_argument("--filtered", type=Path, metavar="DIR", help="folder for the maps without flicker")
    verb.add_argument("--legend", help="for maps without one: four_class or a YAML file")
    verb.add_argument(
        "--figure", type=Path, metavar="FILE", help="flows between epochs as a chart: .html, .png or .svg"
    )
    verb.add_argument(
        "--output",
        type=place,
        required=True,
        metavar="CHANGE.json",
        help="all tables; beside it CHANGE.transitions.csv and CHANGE.classes.csv",
    )


def _add_epochs(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--epochs", metavar="NAME,NAME,...", help="names of the maps' epochs (default: dates in the names of the files)"
    )


def _add_zones(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--zones", type=Path, metavar="ZONES.gpkg", help="polygons in any CRS")
    verb.add_argument("--zone-name", metavar="COLUMN", help="column with the zones' names (default: name)")
    verb.add_argument("--grid", type=float, metavar="KM", help="squares of this side as zones [km]")
    verb.add_argument(
        "--edges",
        choices=["exact", "centre"],
        default="exact",
        help="cells at a zone's edge count by the part within it, or whole where their centre lies in it (default exact)",
    )
