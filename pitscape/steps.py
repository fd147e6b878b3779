"""The verbs ``simulate`` and ``run``."""

import argparse
from pathlib import Path

from pitscape.progress import bar, say, titled_bar


def simulate(arguments: argparse.Namespace) -> None:
    """``pitscape simulate``."""
    from pitscape.demo import simulated_site

    if arguments.varied is not None:
        print(_varied(arguments.out, scenes=arguments.varied, seed=arguments.seed))
        return
    layers = [name.strip() for name in arguments.layers.split(",")] if arguments.layers else None
    numbers = {"size": arguments.size, "epochs": arguments.epochs, "seed": arguments.seed}
    folder = simulated_site(arguments.out, **numbers, layers=layers)
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

    with titled_bar(arguments.site.stem) as (doing, progress):
        report = report_site(
            arguments.site,
            arguments.out,
            language=arguments.language,
            say=doing,
            progress=progress,
            force=arguments.force,
        )
    if not (arguments.out / CATALOGUE).exists():
        say("no STAC catalogue: a site of tables has no maps")
    print(report)
