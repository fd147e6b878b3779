"""Verbs of extents."""

import argparse
from pathlib import Path

from pitscape.imagery.remote.name import place
from pitscape.verbs import Verbs, new_verb


def add_extents(verbs: Verbs) -> None:
    """Add the verb ``extents``."""
    verb = new_verb(verbs, "extents", "pitscape.extents:extents", "polygons of a class with areas that match the map")
    verb.add_argument("classes", type=place, metavar="CLASSES.tif", help="class map")
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
        "--output", type=place, required=True, metavar="EXTENTS.gpkg", help="layer extents; or .parquet for GeoParquet"
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
