"""The verbs that train: they need the extra ``train``."""

import argparse
import logging
import warnings
from pathlib import Path
from typing import Any

from pitscape.imagery.errors import InputError
from pitscape.imagery.outputs import write_json
from pitscape.reference_accuracy import print_scores, score_table


def train(arguments: argparse.Namespace) -> None:
    """``pitscape fit`` and ``validate``."""
    from lightning.pytorch.callbacks import ModelCheckpoint

    from pitscape.training.run import run_training

    quiet()
    rest = list(arguments.rest)
    if arguments.verb == "fit" and arguments.init_from:
        rest.append(f"--model.init_args.init_from={arguments.init_from}")
    cli = run_training(arguments.verb, arguments.config, rest)
    kept = cli.trainer.checkpoint_callback
    if isinstance(kept, ModelCheckpoint) and kept.best_model_score is not None:
        best, score = kept.best_model_path, float(kept.best_model_score)
        print(f"{best}: mIoU {score:.3f} on the validation land; next: pitscape export --checkpoint {best}")
    elif arguments.verb == "fit":
        final = Path(cli.trainer.default_root_dir) / "best.ckpt"
        print(f"{final}: no land judges, this is the last; next: pitscape export --checkpoint {final}")


def test(arguments: argparse.Namespace) -> None:
    """``pitscape test``."""
    from pitscape.training.optimism import judged_on_both
    from pitscape.training.run import BEST, run_root

    quiet()
    found = judged_on_both(arguments.config, arguments.rest, random=not arguments.no_random)
    tables: dict[str, Any] = {
        name: score_table(judged.counts, judged.legend) | {"split": judged.split} for name, judged in found.items()
    }
    print_scores(f"network, {tables['chosen']['split']}", tables["chosen"])
    if not any(option.startswith("--ckpt_path") for option in arguments.rest):
        last = run_root(arguments.config, arguments.rest) / "last.ckpt"
        print(f"  {BEST} is the best look at this land, which flatters a little: --ckpt_path={last} is not")
    if not arguments.no_baselines:
        tables |= {"baselines": _baselines(arguments)["baselines"]}
    if "random" in tables:
        print_scores(f"network, {tables['random']['split']}: for comparison only", tables["random"])
        gap = tables["random"]["mean_iou"] - tables["chosen"]["mean_iou"]
        print(
            f"the random split flatters by {gap:+.3f} mIoU: it judges land beside, and at other dates on, what trained"
        )
    if arguments.output:
        write_json(arguments.output, {"schema": 1} | tables)


def baseline(arguments: argparse.Namespace) -> None:
    """``pitscape baseline``."""
    quiet()
    tables = _baselines(arguments)
    if arguments.output:
        write_json(arguments.output, {"schema": 1, **tables})


def _baselines(arguments: argparse.Namespace) -> dict[str, Any]:
    """Train and judge the baselines on the land of a configuration; their accuracies are printed as they come."""
    from pitscape.training.baseline import forest_counts, pixel_network_counts
    from pitscape.training.run import data_of

    data = data_of(arguments.config, arguments.rest)
    if not data.judging:
        raise InputError(f"{arguments.config}: the split ({data.split}) leaves no land to judge on; choose another.")
    tables = {}
    for title, counts in (("random forest", forest_counts), ("per-pixel network", pixel_network_counts)):
        tables[title] = score_table(counts(data.training, data.judging, classes=len(data.legend)), data.legend)
        print_scores(title, tables[title])
    return {"split": str(data.split), "baselines": tables}


def export(arguments: argparse.Namespace) -> None:
    """``pitscape export``."""
    from pitscape.int8_variant import samples_wanted, write_variant
    from pitscape.models.export import export_onnx

    quiet()
    option, tile = ("--tile", arguments.tile) if arguments.static is None else ("--static", arguments.static)
    if tile < 32:
        raise InputError(f"{option} {tile}: at least 32 pixels are needed.")
    samples = samples_wanted(arguments)
    card, parity = export_onnx(
        arguments.checkpoint,
        arguments.output,
        name=arguments.name,
        tile=tile,
        static=arguments.static is not None,
    )
    print(
        f"{arguments.output}: {card.architecture}, {card.channels} bands; torch and onnxruntime differ by at most "
        f"{parity.largest_difference:.1e} on {parity.pixels} pixels, {parity.other_classes} with another class"
    )
    print(f"probabilities: {card.calibration or 'not calibrated, as no land judged'}")
    print(f"stored numbers that enter: {card.radiometry}")
    if card.sensor.offset_since:
        change = card.sensor.offset_since
        print(f"in other programs, add {change.added} to scenes acquired before {change.date}; pitscape does it itself")
    if samples is not None:
        write_variant(arguments, card, samples)


def quiet() -> None:
    """Lightning's hints and deprecations of its own are not for users."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    logging.getLogger("lightning.fabric").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    warnings.filterwarnings("ignore", message=".*litlogger.*")
