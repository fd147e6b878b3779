"""Verbs of areas and extents."""

import argparse
from pathlib import Path

from pitscape.verbs import Verbs, new_verb


def add_areas(verbs: Verbs) -> None:
    """Add the verb ``areas``."""
    text = "class shares and geodesic areas [km2], by zone and epoch"
    verb = new_verb(verbs, "areas", "pitscape.zonal_areas:areas", text)
    verb.add_argument("classes", type=Path, nargs="+", metavar="CLASSES.tif", help="class maps, one of each epoch")
    _add_epochs(verb)
    _add_zones(verb)
    verb.add_argument(
        "--probabilities",
        type=Path,
        nargs="+",
        metavar="P.tif",
        help="of each map, as predict writes them: soft areas, the sum of probabilities, beside the others",
    )
    verb.add_argument("--legend", help="for maps without one: four_class or a YAML file")
    verb.add_argument("--figure", type=Path, metavar="FILE", help="shares as a chart: .html, .png or .svg")
    verb.add_argument("--output", type=Path, required=True, metavar="AREAS.csv", help="a row per epoch, zone and class")


def add_change(verbs: Verbs) -> None:
    """Add the verb ``change``."""
    text = "transitions between epochs, gain, loss, net change and swap by class [km2], with and without flicker"
    verb = new_verb(verbs, "change", "pitscape.change:change", text)
    verb.add_argument(
        "classes", type=Path, nargs="+", metavar="MAP.tif", help="class maps in order of time, two or more"
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
        type=Path,
        required=True,
        metavar="CHANGE.json",
        help="all tables; beside it CHANGE.transitions.csv and CHANGE.classes.csv",
    )


def add_extents(verbs: Verbs) -> None:
    """Add the verb ``extents``."""
    verb = new_verb(verbs, "extents", "pitscape.extents:extents", "polygons of a class with areas that match the map")
    verb.add_argument("classes", type=Path, metavar="CLASSES.tif", help="class map")
    verb.add_argument("--class", dest="class_name", default="mined", metavar="NAME", help="default %(default)s")
    verb.add_argument(
        "--close", type=float, default=0.0, metavar="M", help="first, close what is narrower than twice this [m]"
    )
    verb.add_argument("--fill", type=float, default=0.0, metavar="HA", help="then fill holes smaller than this [ha]")
    verb.add_argument("--min-area", type=float, default=0.0, metavar="HA", help="last, leave out smaller patches [ha]")
    verb.add_argument("--merge", type=float, metavar="M", help="patches whose gap is at most this are one mine [m]")
    verb.add_argument("--mines", type=Path, metavar="MINES.gpkg", help="polygons of mines or leases, in any CRS")
    verb.add_argument("--mine-name", metavar="COLUMN", help="column with the mines' names (default: name)")
    verb.add_argument("--dissolve", action="store_true", help="one multipolygon per mine")
    verb.add_argument("--confidence", type=Path, metavar="C.tif", help="of predict, for its mean in each polygon")
    _add_elevation(verb)
    verb.add_argument(
        "--assessments",
        type=Path,
        metavar="PATH",
        help="folder of MINE.json, or JSON of their paths by mine: assessments of the mines' own zones, for intervals",
    )
    verb.add_argument("--legend", help="for maps without one: four_class or a YAML file")
    verb.add_argument(
        "--output", type=Path, required=True, metavar="EXTENTS.gpkg", help="layer extents; or .parquet for GeoParquet"
    )


def _add_elevation(verb: argparse.ArgumentParser) -> None:
    """Options that tell pits from dumps."""
    verb.add_argument(
        "--dem", type=Path, metavar="DEM.tif", help="elevation [m]: pits lie below the land around, dumps above"
    )
    verb.add_argument("--dem-before", type=Path, metavar="DEM.tif", help="elevation before the mine [m], with --dem")
    verb.add_argument(
        "--elevation-change", type=Path, metavar="DH.tif", help="instead, elevation after less before [m]"
    )
    verb.add_argument(
        "--nodata",
        type=float,
        action="append",
        metavar="V",
        help="a value that means unknown in these; may be repeated",
    )
    verb.add_argument(
        "--relief",
        type=float,
        metavar="M",
        help="pit and dump differ by more than this [m] (default: 3 NMAD of the land around; 0 for a change)",
    )
    verb.add_argument(
        "--ring", type=float, default=300.0, metavar="M", help="land around a mine for --dem [m] (default %(default)s)"
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
