"""The verbs that train: they need the extra ``train``."""

import argparse
import logging
import warnings
from typing import Any

from pitscape.imagery.errors import InputError
from pitscape.imagery.outputs import write_json


def train(arguments: argparse.Namespace) -> None:
    """``pitscape fit`` and ``validate``."""
    from lightning.pytorch.callbacks import ModelCheckpoint

    from pitscape.training.run import run_training

    quiet()
    cli = run_training(arguments.verb, arguments.config, arguments.rest)
    kept = cli.trainer.checkpoint_callback
    if isinstance(kept, ModelCheckpoint) and kept.best_model_score is not None:
        best, score = kept.best_model_path, float(kept.best_model_score)
        print(f"{best}: mIoU {score:.3f} on the validation land; next: pitscape export --checkpoint {best}")


def baseline(arguments: argparse.Namespace) -> None:
    """``pitscape baseline``."""
    from pitscape.site import score_table
    from pitscape.training.baseline import forest_counts
    from pitscape.training.run import data_of

    quiet()
    data = data_of(arguments.config)
    scores = score_table(forest_counts(data.training, data.judging, classes=len(data.legend)), data.legend)
    print_scores("random forest", scores)
    if arguments.output:
        write_json(arguments.output, {"schema": 1, "baseline": "random forest", "split": str(data.split)} | scores)


def export(arguments: argparse.Namespace) -> None:
    """``pitscape export``."""
    from pitscape.models.export import export_onnx

    quiet()
    if arguments.tile < 32:
        raise InputError(f"--tile {arguments.tile}: at least 32 pixels are needed.")
    card, parity = export_onnx(arguments.checkpoint, arguments.output, name=arguments.name, tile=arguments.tile)
    print(
        f"{arguments.output}: {card.architecture}, {len(card.bands)} bands; torch and onnxruntime differ by at most "
        f"{parity.largest_difference:.1e} on {parity.pixels} pixels, {parity.other_classes} with another class"
    )
    print(f"stored numbers that enter: {card.radiometry}")
    if card.sensor.offset_since:
        change = card.sensor.offset_since
        print(f"in other programs, add {change.added} to scenes acquired before {change.date}; pitscape does it itself")


def print_scores(title: str, scores: dict[str, Any]) -> None:
    """Accuracies as a small table."""
    print(f"{title}: mIoU {scores['mean_iou']:.3f}, overall {scores['overall']:.3f}")
    print(f"  {'class':12} {'IoU':>6} {'F1':>6} {'user':>6} {'prod.':>6}")
    for row in scores["classes"]:
        values = (row[key] for key in ("iou", "f1", "users_accuracy", "producers_accuracy"))
        print(f"  {row['class_name']:12} " + " ".join(f"{value:6.3f}" for value in values))


def quiet() -> None:
    """Lightning's hints and deprecations of its own are not for users."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    logging.getLogger("lightning.fabric").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    warnings.filterwarnings("ignore", message=".*litlogger.*")
