"""The command line: one verb per step, each loaded when it is called."""

import argparse
import re
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TypeAlias

from pitscape.version import __version__

Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - no public name

TRAINING_VERBS = ("fit", "validate")
STAC_MODULES = ("odc", "pystac", "pystac_client", "requests", "urllib3")
NEGATIVE_NUMBERS = re.compile(r"-[\d.][\d.,-]*")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a verb.

    Returns:
        0 when it succeeded, 2 for wrong use or input, 1 for a run that failed.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    parsed, rest = _parser().parse_known_args(given)
    if rest and parsed.verb not in TRAINING_VERBS:
        return _complain(f"unknown argument {rest[0]}; see pitscape {parsed.verb} --help", 2)
    parsed.rest = rest
    warnings.filterwarnings("ignore", message="Dataset has no geotransform")  # an InputError says so
    from pitscape.imagery.errors import PitscapeError

    module, function = parsed.run.split(":")
    try:
        getattr(import_module(module), function)(parsed)
    except PitscapeError as error:
        return _complain(str(error), error.exit_status)
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] == "pitscape":
            raise
        return _complain(
            f"{parsed.verb} needs {error.name}; install it with pip install 'pitscape[{_extra(error.name)}]'", 2
        )
    except KeyboardInterrupt:
        return _complain("stopped", 130)
    except OSError as error:
        return _complain(f"{error.filename or 'file system'}: {error.strerror or error}", 1)
    return 0


def _extra(module: str | None) -> str:
    return "stac" if (module or "").split(".")[0] in STAC_MODULES else "train"


def _complain(message: str, status: int) -> int:
    print(f"pitscape: {' '.join(message.split())}", file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pitscape",
        description="Map open-pit mining from satellite imagery, and carry the map on to areas, resilience and integrity.",
    )
    parser.add_argument("--version", action="version", version=f"pitscape {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for add in (
        _demo,
        _simulate,
        _fetch,
        _train,
        _baseline,
        _export,
        _predict,
        _merge,
        _areas,
        _extents,
        _landscape,
        _lifecycle,
        _thresholds,
        _scale,
        _run,
    ):
        add(verbs)
    return parser


def _verb(verbs: Verbs, name: str, run: str, text: str) -> argparse.ArgumentParser:
    verb: argparse.ArgumentParser = verbs.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    verb.set_defaults(run=run)
    return verb


def _demo(verbs: Verbs) -> None:
    verb = _verb(
        verbs, "demo", "pitscape.demo:run", "the whole chain on a simulated mine: train, export, map, measure, report"
    )
    verb.add_argument("--out", type=Path, required=True, metavar="DIR", help="new folder for everything")
    verb.add_argument("--seed", type=int, default=0, help="another seed, another mine (default %(default)s)")


def _simulate(verbs: Verbs) -> None:
    verb = _verb(verbs, "simulate", "pitscape.steps:simulate", "a simulated mine of several epochs with its truth")
    verb.add_argument("--out", type=Path, required=True, metavar="DIR", help="new folder for the site")
    verb.add_argument(
        "--size",
        type=int,
        default=384,
        help="side [px of 10 m]; above 2048, squares of one mine each (default %(default)s)",
    )
    verb.add_argument("--layers", help="only these, images,truth,... of those that README.txt lists (default: all)")
    verb.add_argument("--epochs", type=int, default=5, help="number of dates, 2015 to 2024 (default %(default)s)")
    verb.add_argument("--seed", type=int, default=0, help="another seed, another mine (default %(default)s)")


def _train(verbs: Verbs) -> None:
    texts = {
        "fit": "train a network from a configuration (trusted code: it names the classes to import)",
        "validate": "accuracies of a checkpoint on the validation land of a configuration",
    }
    for name, text in texts.items():
        verb = _verb(verbs, name, "pitscape.learning:train", text + "; further options are Lightning's")
        verb.add_argument(
            "--config", type=Path, required=True, metavar="YAML", help="for example configs/train/strzegom.yaml"
        )


def _baseline(verbs: Verbs) -> None:
    verb = _verb(
        verbs, "baseline", "pitscape.learning:baseline", "a random forest on the data and split of a configuration"
    )
    verb.add_argument("--config", type=Path, required=True, metavar="YAML", help="the network's training configuration")
    verb.add_argument("--output", type=Path, metavar="JSON", help="write the accuracies there as well")


def _export(verbs: Verbs) -> None:
    verb = _verb(verbs, "export", "pitscape.learning:export", "a checkpoint as one ONNX file with its card inside")
    verb.add_argument("--checkpoint", type=Path, required=True, metavar="CKPT", help="of pitscape fit")
    verb.add_argument("--output", type=Path, required=True, metavar="MODEL.onnx", help="written only if equal to torch")
    verb.add_argument("--name", help="of the model in its card (default: the file's)")
    verb.add_argument("--tile", type=int, default=256, help="side of the tiles of inference [px] (default %(default)s)")


def _predict(verbs: Verbs) -> None:
    verb = _verb(verbs, "predict", "pitscape.mapping:predict", "scenes to class maps (cloud-optimised GeoTIFFs)")
    verb.add_argument("scene", type=Path, nargs="+", metavar="SCENE", help="raster, SAFE or Landsat product")
    verb.add_argument(
        "--model", type=Path, required=True, metavar="MODEL.onnx", help="of pitscape export; a .ckpt runs in PyTorch"
    )
    outputs = verb.add_argument_group("outputs", "files, or folders for several scenes")
    outputs.add_argument("--output", type=Path, required=True, metavar="CLASSES.tif", help="the class map")
    outputs.add_argument("--probabilities", type=Path, metavar="P.tif", help="one band per class, stored x 250")
    outputs.add_argument("--confidence", type=Path, metavar="C.tif", help="probability of the mapped class, x 250")
    outputs.add_argument("--entropy", type=Path, metavar="E.tif", help="0 sure, 1 all classes alike, x 250")
    outputs.add_argument(
        "--valid-fraction",
        dest="valid",
        type=Path,
        metavar="V.tif",
        help="how much of the tiles around a pixel was observed, x 250",
    )
    outputs.add_argument("--polygons", type=Path, metavar="P.gpkg", help="class polygons without seams, with km2")
    outputs.add_argument(
        "--simplify", type=float, default=0.0, metavar="M", help="of polygons, shared borders together [m]"
    )
    outputs.add_argument(
        "--sieve", type=float, default=0.0, metavar="HA", help="smaller patches go to their largest neighbour [ha]"
    )
    scene = verb.add_argument_group("what the scene is")
    scene.add_argument("--bands", help="its bands in order, B02,B03,..., where the file does not name them")
    scene.add_argument(
        "--offset", choices=("included", "missing"), help="of the agency in the numbers, where metadata do not say"
    )
    scene.add_argument("--mask", type=Path, metavar="MASK.tif", help="not 0 where land is hidden; any grid")
    scene.add_argument("--keep-clouds", action="store_true", help="map what the quality band calls cloud or shadow")
    how = verb.add_argument_group("how it is mapped")
    how.add_argument("--tile", type=int, help="side of the tiles [px] (default: least wasted overlap, 384 to 640)")
    how.add_argument("--overlap", type=int, help="overlap of neighbouring tiles [px] (default: the model's)")
    how.add_argument("--tta", action="store_true", help="mean over the 8 symmetries of the square; 8 times as long")
    how.add_argument("--batch", type=int, default=1, help="tiles at once; more on a GPU (default %(default)s)")
    how.add_argument("--threads", type=int, help="at work at the same time (default: all cores)")
    how.add_argument(
        "--memory", type=float, default=1500.0, metavar="MB", help="of the process [MB] (default %(default)g)"
    )
    how.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="default %(default)s")
    how.add_argument(
        "--skip-failed", action="store_true", help="leave tiles that fail unobserved and list them in the JSON"
    )
    how.add_argument(
        "--resume", action="store_true", help="go on with runs that were stopped, leave maps that are finished"
    )
    how.add_argument("--shard", metavar="I/N", help="only part I of N of the blocks, into OUT.parts; then merge")


def _merge(verbs: Verbs) -> None:
    verb = _verb(verbs, "merge", "pitscape.mapping:merge", "the blocks that shards have made, joined to their outputs")
    verb.add_argument("parts", type=Path, metavar="OUT.parts", help="the folder that predict --shard wrote")


def _areas(verbs: Verbs) -> None:
    verb = _verb(verbs, "areas", "pitscape.steps:areas", "class shares and geodesic areas [km2], by zone")
    verb.add_argument("classes", type=Path, metavar="CLASSES.tif", help="class map")
    verb.add_argument(
        "--zones", type=Path, metavar="ZONES.gpkg", help="polygons in any CRS; cells count by their centre"
    )
    verb.add_argument("--zone-name", metavar="COLUMN", help="column with the zones' names (default: name)")
    verb.add_argument("--legend", help="for maps without one: four_class or a YAML file")
    verb.add_argument("--output", type=Path, required=True, metavar="AREAS.csv", help="one row per zone and class")


def _extents(verbs: Verbs) -> None:
    verb = _verb(verbs, "extents", "pitscape.steps:extents", "polygons of a class with areas that match the map")
    verb.add_argument("classes", type=Path, metavar="CLASSES.tif", help="class map")
    verb.add_argument("--class", dest="class_name", default="mined", metavar="NAME", help="default %(default)s")
    verb.add_argument("--min-area", type=float, default=0.0, metavar="HA", help="leave out smaller patches [ha]")
    verb.add_argument("--close", type=float, default=0.0, metavar="M", help="close gaps narrower than twice this [m]")
    verb.add_argument("--legend", help="for maps without one: four_class or a YAML file")
    verb.add_argument("--output", type=Path, required=True, metavar="EXTENTS.gpkg", help="layer extents")


def _landscape(verbs: Verbs) -> None:
    verb = _verb(
        verbs, "landscape", "pitscape.landscape:run", "landscape metrics of a class map, as FRAGSTATS defines them"
    )
    verb.add_argument("classes", type=Path, metavar="CLASSES.tif", help="class map or any categorical raster")
    verb.add_argument("--output", type=Path, required=True, metavar="METRICS.json", help="landscape and class metrics")
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
    verb.add_argument("--legend", help="for maps without one: four_class or a YAML file")
    verb.add_argument("--nodata", type=int, metavar="ID", help="of unobserved cells, where the file names none")
    verb.add_argument("--unit", choices=("m",), help="takes a raster without CRS as metres")


def _lifecycle(verbs: Verbs) -> None:
    verb = _verb(
        verbs, "lifecycle", "pitscape.life_cycles:run", "the stages of a mine from its yearly output, or from dates"
    )
    verb.add_argument(
        "production", type=Path, metavar="PRODUCTION.csv", help="year, production_mt [Mt]; empty where not known"
    )
    _dates(verb)
    _results(verb)


def _thresholds(verbs: Verbs) -> None:
    verb = _verb(
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


def _scale(verbs: Verbs) -> None:
    verb = _verb(verbs, "scale", "pitscape.national:run", "the national affected area from those of some mines")
    verb.add_argument(
        "--mines",
        type=Path,
        metavar="MINES.csv",
        help="name, excavated_km2, affected_km2 and, where known, affected_se_km2, production_mt (default: the paper's five)",
    )
    verb.add_argument("--sites", type=Path, nargs="+", metavar="SITE.json", help="of pitscape run, instead of a table")
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


def _run(verbs: Verbs) -> None:
    verb = _verb(verbs, "run", "pitscape.steps:run", "one site from its file to site.json and report.html")
    verb.add_argument("site", type=Path, metavar="SITE.yaml", help="for example configs/sites/strzegom.yaml")
    verb.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for all results")


def _fetch(verbs: Verbs) -> None:
    verb = _verb(verbs, "fetch", "pitscape.fetching:fetch", "scenes of a STAC catalogue as GeoTIFFs on one grid")
    verb._negative_number_matcher = NEGATIVE_NUMBERS  # noqa: SLF001 - boxes in the west
    verb.add_argument("--bbox", required=True, metavar="W,S,E,N", help="box in degrees; the grid is UTM")
    verb.add_argument("--dates", required=True, metavar="A/B", help="first and last day, 2023-06-01/2023-08-31")
    verb.add_argument("--sensor", required=True, help="for example sentinel2_l2a, or a YAML file")
    verb.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder; the same command goes on in it")
    verb.add_argument(
        "--catalogue",
        metavar="URL",
        help="STAC API (default: Element 84 Earth Search); its token in PITSCAPE_STAC_TOKEN",
    )
    verb.add_argument("--collection", metavar="NAME", help="default: the first of the sensor's that the catalogue has")
    verb.add_argument("--platform", metavar="NAME", help="one satellite alone, for example landsat-5")
    verb.add_argument("--bands", help="B02,B03,... (default: those that a network takes)")
    verb.add_argument("--month", type=int, metavar="1-12", help="this month of each year alone")
    verb.add_argument(
        "--cloud-cover", type=float, default=100.0, metavar="PERCENT", help="most clouds in a whole scene [%%]"
    )
    verb.add_argument("--keep-clouds", action="store_true", help="keep what the quality band calls cloud or shadow")
    verb.add_argument(
        "--composite",
        choices=("scenes", "least-cloudy", "median"),
        default="scenes",
        help="each scene (default), or of each period the clearest day, or the median of all",
    )
    verb.add_argument(
        "--period", choices=("month", "season", "year"), help="of a composite (default: season; month with --month)"
    )
    verb.add_argument("--resolution", type=float, metavar="M", help="side of a pixel [m] (default: finest band's)")
    verb.add_argument(
        "--max-gb", type=float, default=10.0, metavar="GB", help="most to read from the web [GB] (default %(default)s)"
    )
    verb.add_argument(
        "--max-items", type=int, default=200, metavar="N", help="refuse more scenes (default %(default)s)"
    )
    verb.add_argument(
        "--allow-private", action="store_true", help="the catalogue you name may lie in a private network"
    )


if __name__ == "__main__":
    sys.exit(main())
