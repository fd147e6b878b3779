"""Agreement of class maps with reference maps."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.class_map import open_class_map
from pitscape.imagery.confusion import confusion_counts, scores
from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import same_grid
from pitscape.imagery.legend import Legend


def accuracy(pairs: Iterable[tuple[str, Path, Path]], legend: Legend) -> dict[str, Any] | None:
    """Agreement with reference maps, epoch by epoch and over all.

    Args:
        pairs: Name of the epoch, its class map and its reference map.
        legend: Of the class maps.

    Returns:
        The section ``accuracy`` of ``site.json``; None without a pair.

    Raises:
        InputError: If a reference map lies on another grid or has another legend.
    """
    total = np.zeros((len(legend), len(legend)), np.int64)
    epochs = []
    for name, classes, reference in pairs:
        counts = _counts(classes, reference, legend)
        total += counts
        epochs.append({"epoch": name, "confusion": counts.tolist()} | score_table(counts, legend))
    if not epochs:
        return None
    return {"network": score_table(total, legend) | {"confusion": total.tolist()}, "epochs": epochs}


def score_table(counts: NDArray[np.int64], legend: Legend) -> dict[str, Any]:
    """Accuracies of confusion counts with the names of their classes."""
    found = scores(counts)
    per_class = zip(legend.names, found.iou, found.f1, found.users, found.producers, strict=True)
    return {
        "mean_iou": found.macro_iou,
        "mean_f1": found.macro_f1,
        "overall": found.overall,
        "classes": [
            {"class_name": name, "iou": iou, "f1": f1, "users_accuracy": users, "producers_accuracy": producers}
            for name, iou, f1, users, producers in per_class
        ],
    }


def print_scores(title: str, scores: dict[str, Any]) -> None:
    """Accuracies as a small table."""
    print(f"{title}: mIoU {scores['mean_iou']:.3f}, overall {scores['overall']:.3f}")
    print(f"  {'class':12} {'IoU':>6} {'F1':>6} {'user':>6} {'prod.':>6}")
    for row in scores["classes"]:
        values = (row[key] for key in ("iou", "f1", "users_accuracy", "producers_accuracy"))
        print(f"  {row['class_name']:12} " + " ".join(f"{value:6.3f}" for value in values))


def _counts(classes: Path, truth_map: Path, legend: Legend) -> NDArray[np.int64]:
    """Confusion counts of a map against a reference map, read in row bands."""
    with open_class_map(classes) as found, open_class_map(truth_map, legend) as truth:
        if not same_grid(found.grid, truth.grid):
            raise InputError(f"{truth.path}: is on another grid than {found.path}; bring it to the image's grid.")
        if truth.legend.names != legend.names:
            raise InputError(f"{truth.path}: has another legend than {found.path}; give a map of the same classes.")
        bands = zip(found.row_bands(), truth.row_bands(), strict=True)
        parts = [confusion_counts(ids, reference, classes=len(legend)) for (ids, _), (reference, _) in bands]
    return np.asarray(np.sum(parts, axis=0, dtype=np.int64))
