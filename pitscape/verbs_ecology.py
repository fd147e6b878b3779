"""Verbs of landscape, life cycle, thresholds and national scaling."""

import argparse
from pathlib import Path

from pitscape.imagery.remote.name import place
from pitscape.verbs import Verbs, add_cluster, new_verb


def add_landscape(verbs: Verbs) -> None:
    """Add the verb ``landscape``."""
    verb = new_verb(
        verbs, "landscape", "pitscape.landscape:run", "landscape metrics of class maps, as FRAGSTATS defines them"
    )
    verb.add_argument(
        "classes",
        type=place,
        nargs="+",
        metavar="CLASSES.tif",
        help="class map or any categorical raster; several on one grid, or folders of them, are measured as one map",
    )
    verb.add_argument("--output", type=place, required=True, metavar="METRICS.json", help="landscape and class metrics")
    verb.add_argument("--patches", action="store_true", help="metrics of each patch as well")
    verb.add_argument("--csv", action="store_true", help="tables beside the JSON as well, one for each level")
    verb.add_argument(
        "--connect-distance",
        type=float,
        default=200.0,
        metavar="M",
        help="patches up to this apart count as joined for CONNECT [m] (default %(default)s)",
    )
    verb.add_argument(
        "--min-area",
        type=float,
        default=0.0,
        metavar="HA",
        help="first merge smaller patches into their neighbours [ha]",
    )
    verb.add_argument("--zones", type=Path, metavar="ZONES.gpkg", help="polygons, each measured by itself as well")
    verb.add_argument("--zone-name", metavar="COLUMN", help="column with the zones' names (default: name)")
    verb.add_argument(
        "--window", type=float, metavar="M", help="maps METRICS.window.tif from a moving window of this side [m]"
    )
    verb.add_argument(
        "--ndvi", type=Path, metavar="NDVI.tif", help="with --c1 and --c2: a map of the elastic modulus E"
    )
    verb.add_argument("--c1", type=float, help="relative variability of annual precipitation [fraction]")
    verb.add_argument("--c2", type=float, help="relative variability of the season's temperature [fraction]")
    verb.add_argument(
        "--tile",
        type=int,
        metavar="N",
        help="read squares of N cells at a time, for maps whose runs do not fit in memory (default: a file at a time)",
    )
    add_cluster(verb, "the tiles")
    verb.add_argument("--legend", help="for maps without one: four_class or a YAML file")
    verb.add_argument("--nodata", type=int, metavar="ID", help="of unobserved cells, where the file names none")
    verb.add_argument("--unit", choices=("m",), help="takes a raster without CRS as metres")


def add_lifecycle(verbs: Verbs) -> None:
    """Add the verb ``lifecycle``."""
    verb = new_verb(
        verbs, "lifecycle", "pitscape.life_cycles:run", "the stages of a mine from its yearly output, or from dates"
    )
    verb.add_argument(
        "production", type=Path, metavar="PRODUCTION.csv", help="year, production_mt [Mt]; empty where not known"
    )
    _dates(verb)
    _results(verb)


def add_thresholds(verbs: Verbs) -> None:
    """Add the verb ``thresholds``."""
    verb = new_verb(
        verbs,
        "thresholds",
        "pitscape.threshold_series:run",
        "the elastic, yield and mutation point of a series of integrity, or over many sites",
    )
    verb.add_argument("eci", type=Path, nargs="?", metavar="ECI.csv", help="year, eci; the first value is the baseline")
    verb.add_argument("--sites", type=Path, nargs="+", metavar="SITE.json", help="of pitscape run, to be pooled")
    verb.add_argument(
        "--form",
        choices=("published", "departure"),
        default="published",
        help="of ThV, with --sites (default %(default)s)",
    )
    for point in ("elastic", "yield", "mutation"):
        verb.add_argument(
            f"--{point}", metavar="A[,B]", help=f"known ThV at the {point} point, or its interval (default: detected)"
        )
    verb.add_argument(
        "--production",
        type=Path,
        metavar="PRODUCTION.csv",
        help="year, production_mt [Mt]: the check by the life cycle",
    )
    _dates(verb)
    _draws(verb, 500, "resampled series behind the intervals")
    _results(verb)


def add_scale(verbs: Verbs) -> None:
    """Add the verb ``scale``."""
    verb = new_verb(verbs, "scale", "pitscape.national:run", "the national affected area from those of some mines")
    verb.add_argument(
        "--mines",
        type=Path,
        metavar="MINES.csv",
        help="name, excavated_km2, affected_km2 and, where known, affected_se_km2, production_mt (default: the paper's five)",
    )
    verb.add_argument("--sites", type=Path, nargs="+", metavar="SITE.json", help="of pitscape run, instead of a table")
    verb.add_argument(
        "--covariance",
        type=Path,
        metavar="CSV",
        help="covariance of the affected areas [km4], rows and columns in the order of the mines, no header",
    )
    for name, default, text in (
        ("--national-mt", 1057.0, "open-pit output of the country [Mt a year]"),
        ("--mines-mt", 142.0, "output of the mines [Mt a year], where not given by mine"),
    ):
        verb.add_argument(name, type=float, default=default, metavar="MT", help=f"{text} (default %(default)s)")
    verb.add_argument(
        "--national-mines",
        type=int,
        default=357,
        metavar="N",
        help="mines of the country, for the regression (default %(default)s)",
    )
    verb.add_argument(
        "--output-error",
        type=float,
        default=0.0,
        metavar="F",
        help="relative standard error of both totals (default %(default)s)",
    )
    _draws(verb, 10_000, "draws of the Monte Carlo over areas and totals")
    _results(verb)


def _dates(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--first-production", type=int, metavar="YEAR", help="of the first output; a trial counts")
    verb.add_argument("--decline", type=int, metavar="YEAR", help="from which the mine is declared to decline")


def _draws(verb: argparse.ArgumentParser, draws: int, text: str) -> None:
    verb.add_argument("--draws", type=int, default=draws, metavar="N", help=f"{text} (default %(default)s)")
    verb.add_argument("--seed", type=int, default=0, help="of the draws (default %(default)s)")


def _results(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--output", type=Path, metavar="JSON", help="write the figures there as well")
    verb.add_argument("--figure", type=Path, metavar="FILE", help="draw a chart: .html; .png and .svg need kaleido")
