"""The verbs ``simulate`` and ``run``."""

import argparse
from pathlib import Path

from pitscape.imagery.errors import InputError
from pitscape.progress import bar, say, titled_bar


def simulate(arguments: argparse.Namespace) -> None:
    """``pitscape simulate``."""
    from pitscape.demo import simulated_site

    given = {name: value for name in ("size", "epochs", "layers") if (value := getattr(arguments, name)) is not None}
    if arguments.varied is not None:
        for name, value in given.items():
            raise InputError(f"--{name} {value}: is of a site, not of --varied; leave it out.")
        print(_varied(arguments.out, scenes=arguments.varied, seed=arguments.seed))
        return
    if arguments.layers is not None:
        given["layers"] = [name.strip() for name in arguments.layers.split(",")]
    folder = simulated_site(arguments.out, **given, seed=arguments.seed)
    config = folder / "train.yaml"
    print(f"{folder}: simulated{f'; run it with pitscape fit --config {config}' if config.exists() else ''}")


def _varied(out: Path, *, scenes: int, seed: int) -> Path:
    from pitscape.imagery.simulated.varied.training_set import write_varied_scenes

    with bar("simulating") as progress:
        return write_varied_scenes(out, scenes=scenes, seed=seed, progress=progress)


def run(arguments: argparse.Namespace) -> None:
    """``pitscape run``."""
    from pitscape.run_catalogue import CATALOGUE
    from pitscape.site import report_site
    from pitscape.site_list import is_one_site

    if not is_one_site(arguments.site):
        from pitscape import many_sites

        many_sites.run(arguments)
        return
    [site] = arguments.site
    if arguments.cluster is not None:
        raise InputError(f"--cluster {arguments.cluster}: shares several sites; name more, or a folder of site files.")
    with titled_bar(site.stem) as (doing, progress):
        report = report_site(
            site,
            arguments.out,
            language=arguments.language,
            say=doing,
            progress=progress,
            force=arguments.force,
        )
    if not (arguments.out / CATALOGUE).exists():
        say("no STAC catalogue: a site of tables has no maps")
    print(report)
