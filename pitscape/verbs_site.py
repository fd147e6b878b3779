"""Verbs of a whole site: demo, simulate, init, check, run."""

from pathlib import Path

from pitscape.verbs import Verbs, add_cluster, new_verb


def add_demo(verbs: Verbs) -> None:
    """Add the verb ``demo``."""
    verb = new_verb(
        verbs, "demo", "pitscape.demo:run", "the whole chain on a simulated mine: train, export, map, measure, report"
    )
    verb.add_argument("--out", type=Path, required=True, metavar="DIR", help="new folder for everything")
    verb.add_argument("--seed", type=int, default=0, help="another seed, another mine (default %(default)s)")


def add_simulate(verbs: Verbs) -> None:
    """Add the verb ``simulate``."""
    verb = new_verb(verbs, "simulate", "pitscape.steps:simulate", "a simulated mine of several epochs with its truth")
    verb.add_argument("--out", type=Path, required=True, metavar="DIR", help="new folder for the site")
    verb.add_argument(
        "--size",
        type=int,
        help="side [px of 10 m]; above 2048, squares of one mine each (default 384)",
    )
    verb.add_argument("--layers", help="only these, images,truth,... of those that README.txt lists (default: all)")
    verb.add_argument(
        "--varied", type=int, metavar="N", help="instead of a site, N labelled scenes of other land, for training"
    )
    verb.add_argument("--epochs", type=int, help="number of dates, 2015 to 2024 (default 5)")
    verb.add_argument("--seed", type=int, default=0, help="another seed, another mine (default %(default)s)")


def add_init(verbs: Verbs) -> None:
    """Add the verb ``init``."""
    verb = new_verb(verbs, "init", "pitscape.site_template:run", "a commented site file to be filled in")
    verb.add_argument("what", choices=("site",), help="what is begun")
    verb.add_argument(
        "--out",
        type=Path,
        default=Path("site.yaml"),
        metavar="FILE.yaml",
        help="new file; its schema for editors is written beside it (default %(default)s)",
    )


def add_check(verbs: Verbs) -> None:
    """Add the verb ``check``."""
    verb = new_verb(
        verbs, "check", "pitscape.site_check:run", "all problems of a site file, else what it runs and about how long"
    )
    verb.add_argument("site", type=Path, metavar="SITE.yaml", help="the site file")


def add_run(verbs: Verbs) -> None:
    """Add the verb ``run``."""
    text = "sites from their files to site.json and report.html; of several, those that fail do not stop the others"
    verb = new_verb(verbs, "run", "pitscape.steps:run", text)
    verb.add_argument(
        "site",
        type=Path,
        nargs="+",
        metavar="SITE.yaml",
        help="for example configs/sites/strzegom.yaml; several files, or folders of which every *.yaml is a site",
    )
    verb.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder for all results of one site; of several, for DIR/SITE each, index.html, sites.csv and sites.json",
    )
    add_cluster(verb, "several sites")
    verb.add_argument("--language", choices=("en", "zh"), help="of the report (default: the site file's)")
    verb.add_argument("--force", action="store_true", help="do every step again, whatever earlier runs left")
