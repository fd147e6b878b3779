"""The verbs ``simulate`` and ``run``."""

import argparse

from pitscape.progress import titled_bar


def simulate(arguments: argparse.Namespace) -> None:
    """``pitscape simulate``."""
    from pitscape.demo import simulated_site

    layers = [name.strip() for name in arguments.layers.split(",")] if arguments.layers else None
    numbers = {"size": arguments.size, "epochs": arguments.epochs, "seed": arguments.seed}
    folder = simulated_site(arguments.out, **numbers, layers=layers)
    config = folder / "train.yaml"
    print(f"{folder}: simulated{f'; run it with pitscape fit --config {config}' if config.exists() else ''}")


def run(arguments: argparse.Namespace) -> None:
    """``pitscape run``."""
    from pitscape.site import report_site

    with titled_bar(arguments.site.stem) as (say, progress):
        report = report_site(
            arguments.site,
            arguments.out,
            language=arguments.language,
            say=say,
            progress=progress,
            force=arguments.force,
        )
    print(report)
