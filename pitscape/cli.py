"""The command line: one verb per step, each loaded when it is called."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TypeAlias

from pitscape.version import __version__

Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - no public name

TRAINING_VERBS = ("fit", "validate")


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
    from pitscape.imagery.errors import PitscapeError

    module, function = parsed.run.split(":")
    try:
        getattr(import_module(module), function)(parsed)
    except PitscapeError as error:
        return _complain(str(error), error.exit_status)
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] == "pitscape":
            raise
        return _complain(f"{parsed.verb} needs {error.name}; install it with pip install 'pitscape[train]'", 2)
    except KeyboardInterrupt:
        return _complain("stopped", 130)
    except OSError as error:
        return _complain(f"{error.filename or 'file system'}: {error.strerror or error}", 1)
    return 0


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
    for add in (_demo, _simulate, _train, _baseline, _export, _predict, _areas, _extents, _scale, _run):
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
    verb.add_argument("--size", type=int, default=384, help="side of the scenes [px of 10 m] (default %(default)s)")
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
    verb = _verb(verbs, "predict", "pitscape.steps:predict", "a scene to a class map (cloud-optimised GeoTIFF)")
    verb.add_argument("scene", type=Path, nargs="+", metavar="SCENE", help="GeoTIFF with the bands of the model")
    verb.add_argument("--model", type=Path, required=True, metavar="MODEL.onnx", help="of pitscape export")
    verb.add_argument("--output", type=Path, required=True, metavar="CLASSES.tif", help="a folder for several scenes")
    verb.add_argument("--bands", help="the scene's bands in order, B02,B03,..., where the file does not name them")
    verb.add_argument("--tile", type=int, help="side of the tiles [px] (default: the model's)")
    verb.add_argument("--overlap", type=int, help="overlap of neighbouring tiles [px] (default: the model's)")
    verb.add_argument("--batch", type=int, default=4, help="tiles at once (default %(default)s)")
    verb.add_argument("--threads", type=int, default=0, help="of the network (default: all cores)")


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


def _scale(verbs: Verbs) -> None:
    verb = _verb(verbs, "scale", "pitscape.steps:scale", "the national affected area from those of some mines")
    verb.add_argument(
        "--mines",
        type=Path,
        metavar="MINES.csv",
        help="name, excavated_km2, affected_km2, production_mt (default: the paper's five)",
    )
    verb.add_argument(
        "--national-mt",
        type=float,
        default=1057.0,
        metavar="MT",
        help="open-pit output of the country [Mt] (default %(default)s)",
    )
    verb.add_argument(
        "--mines-mt",
        type=float,
        default=142.0,
        metavar="MT",
        help="output of the mines [Mt], where not given by mine (default %(default)s)",
    )
    verb.add_argument("--output", type=Path, metavar="JSON", help="write the figures there as well")


def _run(verbs: Verbs) -> None:
    verb = _verb(verbs, "run", "pitscape.steps:run", "one site from its file to site.json and report.html")
    verb.add_argument("site", type=Path, metavar="SITE.yaml", help="for example configs/sites/strzegom.yaml")
    verb.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for all results")


if __name__ == "__main__":
    sys.exit(main())
