"""Verbs of sampling and assessment."""

from pathlib import Path

from pitscape.verbs import Verbs, new_verb


def add_sample(verbs: Verbs) -> None:
    """Add the verb ``sample``."""
    verb = new_verb(
        verbs, "sample", "pitscape.sampling_design:run", "a stratified random sample of a map's cells, to be labelled"
    )
    verb.add_argument("classes", type=Path, metavar="CLASSES.tif", help="class map; the later one of two")
    verb.add_argument("--before", type=Path, metavar="BEFORE.tif", help="earlier map: strata are transitions")
    verb.add_argument("--size", type=int, metavar="N", help="points in all")
    verb.add_argument(
        "--target-se", type=float, metavar="SE", help="instead: standard error to be reached [share of the area]"
    )
    verb.add_argument(
        "--target-class", metavar="NAME", help="whose share --target-se is of (default: overall accuracy)"
    )
    verb.add_argument(
        "--assumed-users",
        metavar="U,NAME=U",
        help="user's accuracies assumed for planning, 0 to 1 (default: 0.85 for all strata)",
    )
    verb.add_argument(
        "--minimum", type=int, default=50, metavar="N", help="points in each stratum at least (default %(default)s)"
    )
    verb.add_argument(
        "--pool",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="transitions of a smaller share of the area go into one stratum, other change (default: none)",
    )
    verb.add_argument("--zones", type=Path, metavar="ZONES.gpkg", help="draw within these polygons alone")
    verb.add_argument("--seed", type=int, default=0, help="of the draw (default %(default)s)")
    verb.add_argument("--legend", help="for maps without one: four_class or a YAML file")
    verb.add_argument(
        "--output", type=Path, required=True, metavar="POINTS.gpkg", help="layer points, with a QGIS form"
    )


def add_assess(verbs: Verbs) -> None:
    """Add the verb ``assess``."""
    verb = new_verb(
        verbs, "assess", "pitscape.assessment:run", "accuracy and adjusted areas of a map, with their intervals"
    )
    verb.add_argument("classes", type=Path, nargs="?", metavar="CLASSES.tif", help="class map; the later one of two")
    verb.add_argument(
        "--reference", type=Path, metavar="FILE", help="labelled points of a sample, or a mask of class ids (raster)"
    )
    verb.add_argument("--before", type=Path, metavar="BEFORE.tif", help="earlier map: gain and loss, from points")
    verb.add_argument("--allow-unlabelled", action="store_true", help="leave points without a label out")
    verb.add_argument("--zones", type=Path, metavar="ZONES.gpkg", help="the polygons that the sample was drawn in")
    verb.add_argument(
        "--cluster-size",
        type=float,
        default=1000.0,
        metavar="M",
        help="side of the blocks of a mask, which count as one unit each [m] (default %(default)s)",
    )
    verb.add_argument("--codes", metavar="CODE=NAME,...", help="classes of a mask's codes (default: the map's ids)")
    verb.add_argument("--matrix", type=Path, metavar="M.csv", help="instead: counts, rows mapped, columns reference")
    verb.add_argument("--pixels", metavar="N1,N2,...", help="mapped pixels of each class, with --matrix")
    verb.add_argument("--pixel-area", type=float, metavar="M2", help="area of a pixel [m2], with --matrix")
    verb.add_argument("--names", metavar="A,B,...", help="of the classes, with --matrix")
    verb.add_argument("--legend", help="for maps without one: four_class or a YAML file")
    verb.add_argument(
        "--draws", type=int, default=20_000, metavar="N", help="behind the intervals (default %(default)s)"
    )
    verb.add_argument("--seed", type=int, default=0, help="of the draws (default %(default)s)")
    verb.add_argument("--output", type=Path, required=True, metavar="ACCURACY.json", help="with a .md beside it")
    verb.add_argument("--figure", type=Path, metavar="FILE", help="draw a chart: .html; .png and .svg need kaleido")
