"""The command line: one verb per step, each loaded when it is called."""

import argparse
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module

from pitscape import (
    verbs_areas,
    verbs_assessment,
    verbs_ecology,
    verbs_extents,
    verbs_influence,
    verbs_learning,
    verbs_mapping,
    verbs_site,
)
from pitscape.imagery.errors import PitscapeError
from pitscape.imagery.remote.name import without_secrets
from pitscape.verbs import check_local
from pitscape.version import __version__

TRAINING_VERBS = ("fit", "validate", "test", "baseline")
CLUSTER_MODULES = ("dask", "distributed")
STAC_MODULES = ("odc", "pystac", "pystac_client", "requests", "urllib3")
VERBS = (
    verbs_site.add_demo,
    verbs_site.add_simulate,
    verbs_mapping.add_fetch,
    verbs_learning.add_training,
    verbs_learning.add_test,
    verbs_learning.add_baseline,
    verbs_learning.add_export,
    verbs_learning.add_parity,
    verbs_mapping.add_predict,
    verbs_mapping.add_merge,
    verbs_mapping.add_bench,
    verbs_areas.add_areas,
    verbs_areas.add_change,
    verbs_extents.add_extents,
    verbs_influence.add_influence,
    verbs_influence.add_growth,
    verbs_assessment.add_sample,
    verbs_assessment.add_assess,
    verbs_ecology.add_landscape,
    verbs_ecology.add_lifecycle,
    verbs_ecology.add_thresholds,
    verbs_ecology.add_scale,
    verbs_site.add_init,
    verbs_site.add_check,
    verbs_site.add_run,
)
"""In the order of the help."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a verb.

    Returns:
        0 when it succeeded, 2 for wrong use or input, 1 for a run that failed.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    warnings.filterwarnings("ignore", message="Dataset has no geotransform")  # an InputError says so
    try:
        parsed, rest = _parser().parse_known_args(given)
        if rest and parsed.verb not in TRAINING_VERBS:
            return _complain(f"unknown argument {without_secrets(rest[0])}; see pitscape {parsed.verb} --help", 2)
        check_local(parsed)
        parsed.rest = rest
        module, function = parsed.run.split(":")
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
    name = (module or "").split(".")[0]
    if name == "pyarrow":
        return "geoparquet"
    if name in CLUSTER_MODULES:
        return "cluster"
    return "stac" if name in STAC_MODULES else "train"


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
    for add in VERBS:
        add(verbs)
    return parser


if __name__ == "__main__":
    sys.exit(main())
