"""Verbs of areas and extents."""

from pathlib import Path

from pitscape.verbs import Verbs, new_verb


def add_areas(verbs: Verbs) -> None:
    """Add the verb ``areas``."""
    verb = new_verb(verbs, "areas", "pitscape.steps:areas", "class shares and geodesic areas [km2], by zone")
    verb.add_argument("classes", type=Path, metavar="CLASSES.tif", help="class map")
    verb.add_argument(
        "--zones", type=Path, metavar="ZONES.gpkg", help="polygons in any CRS; cells count by their centre"
    )
    verb.add_argument("--zone-name", metavar="COLUMN", help="column with the zones' names (default: name)")
    verb.add_argument("--legend", help="for maps without one: four_class or a YAML file")
    verb.add_argument("--output", type=Path, required=True, metavar="AREAS.csv", help="one row per zone and class")


def add_extents(verbs: Verbs) -> None:
    """Add the verb ``extents``."""
    verb = new_verb(verbs, "extents", "pitscape.steps:extents", "polygons of a class with areas that match the map")
    verb.add_argument("classes", type=Path, metavar="CLASSES.tif", help="class map")
    verb.add_argument("--class", dest="class_name", default="mined", metavar="NAME", help="default %(default)s")
    verb.add_argument("--min-area", type=float, default=0.0, metavar="HA", help="leave out smaller patches [ha]")
    verb.add_argument("--close", type=float, default=0.0, metavar="M", help="close gaps narrower than twice this [m]")
    verb.add_argument("--legend", help="for maps without one: four_class or a YAML file")
    verb.add_argument("--output", type=Path, required=True, metavar="EXTENTS.gpkg", help="layer extents")
