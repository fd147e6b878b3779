"""Verbs of influence and growth."""

import argparse
from pathlib import Path

from pitscape.verbs import Verbs, new_verb


def add_influence(verbs: Verbs) -> None:
    """Add the verb ``influence``."""
    verb = new_verb(
        verbs, "influence", "pitscape.influence:run", "land that the mine has changed since the first epoch"
    )
    _maps(verb)
    verb.add_argument("--output", type=Path, required=True, metavar="INFLUENCE.gpkg", help="layers influence and scope")
    verb.add_argument("--raster", type=Path, metavar="PARTS.tif", help="the parts of the scope as a class map as well")
    verb.add_argument("--figure", type=Path, metavar="FILE", help="the gradient: .html; .png and .svg need kaleido")
    verb.add_argument("--dem", type=Path, metavar="DEM.tif", help="elevation before mining: slopes and divides cost")
    verb.add_argument(
        "--barriers", type=Path, metavar="BARRIERS.gpkg", help="lines and polygons, in any CRS, that nothing crosses"
    )
    verb.add_argument(
        "--index",
        type=Path,
        nargs=2,
        metavar=("FIRST", "LAST"),
        help="NDVI rasters, or scenes with red and near infrared, of the first and the last epoch",
    )
    verb.add_argument("--sensor", default="sentinel2_l2a", help="of such scenes (default %(default)s)")
    verb.add_argument(
        "--into",
        type=lambda text: tuple(role.strip() for role in text.split(",")),
        default=("mined", "occupied", "water"),
        metavar="ROLES",
        help="changes into classes of these roles count (default mined,occupied,water)",
    )
    for option, default, metavar, text in (
        ("--min-area", 0.0, "HA", "leave out smaller patches that do not touch the mine [ha]"),
        ("--fill", 0.0, "HA", "land that changed land encloses counts as well, up to this area [ha]"),
        ("--far", 0.25, "SHARE", "share of the land, the farthest, that is background"),
        ("--slope-cost", 10.0, "DEG", "slope at which a metre costs two [degrees]"),
        ("--river-cost", 10.0, "F", "what a metre of water costs; inf blocks"),
        ("--divide-cost", 500.0, "M", "what crossing a watershed divide costs [m]; inf blocks"),
        ("--divide-depth", 50.0, "M", "least depth of a basin whose divides count [m]"),
        ("--index-limit", 3.0, "SD", "standard deviations below the background at which vegetation is lost"),
    ):
        verb.add_argument(option, type=float, default=default, metavar=metavar, help=f"{text} (default %(default)s)")
    verb.add_argument("--ring", type=float, metavar="M", help="width of a ring [m] (default: 1/60 of the way outwards)")
    verb.add_argument(
        "--link",
        type=float,
        metavar="M",
        help="gaps in changed land up to this are bridged [m]; inf counts all of it (default: four cells)",
    )


def add_growth(verbs: Verbs) -> None:
    """Add the verb ``growth``."""
    verb = new_verb(verbs, "growth", "pitscape.growth:run", "directions in which mined land grew between epochs")
    _maps(verb)
    verb.add_argument("--output", type=Path, required=True, metavar="GROWTH.csv", help="new mined km2 by octant")
    verb.add_argument("--figure", type=Path, metavar="FILE", help="a rose: .html; .png and .svg need kaleido")


def _maps(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "maps", type=Path, nargs="+", metavar="MAP.tif", help="class maps of two or more epochs, in order"
    )
    verb.add_argument(
        "--epochs", metavar="NAME,NAME,...", help="names of the maps' epochs (default: dates in the names of the files)"
    )
    verb.add_argument("--legend", help="for maps without one: four_class or a YAML file")
    verb.add_argument(
        "--min-seed",
        type=float,
        default=1.0,
        metavar="HA",
        help="smaller patches of mined land are no mine [ha] (default %(default)s)",
    )
