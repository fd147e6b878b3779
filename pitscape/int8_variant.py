"""What ``pitscape export --int8`` does: a variant in 8 bits beside the network in float, with what it gains and loses."""

import argparse
import statistics
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.outputs import keep_inputs, replacing, sha256_of, sidecar, write_json, write_text
from pitscape.inference.predictor import OnnxPredictor
from pitscape.models.card import ModelCard, SourceInput
from pitscape.models.quantisation import Quantisation
from pitscape.models.quantise import METHOD, give_card, quantise
from pitscape.models.samples import SIDE, Samples, folder_samples
from pitscape.models.stac_item import stac_item, stac_path
from pitscape.models.variant import Judgement, judged
from pitscape.parity_routes import OnnxRoute
from pitscape.record import made_of

ROUNDS = 31
"""Calls of each network whose durations are compared."""


def samples_wanted(arguments: argparse.Namespace) -> Samples | None:
    """Read the samples that the options name, before anything is written; None without ``--int8``.

    Raises:
        InputError: If options do not go together, an output is an input, or the samples do not fit the checkpoint's network.
    """
    folder, config = arguments.int8_samples, arguments.config
    if not arguments.int8:
        for option, value in (("--int8-samples", folder), ("--config", config)):
            if value is not None:
                raise InputError(f"{option} {value}: is for --int8 alone; add --int8, or leave it out.")
        return None
    if (folder is None) == (config is None):
        raise InputError(
            "--int8: give either --int8-samples DIR or --config TRAINING.yaml; its windows set the ranges."
        )
    if not arguments.int8_bound >= 0:
        raise InputError(f"--int8-bound {arguments.int8_bound}: must be at least 0.")
    from pitscape.models.checkpoint import load_checkpoint

    recipe, _ = load_checkpoint(arguments.checkpoint)
    samples = _samples(folder, config, recipe.sources, arguments.static or SIDE)
    keep_inputs(_outputs(variant_of(arguments.output)), (arguments.checkpoint, *samples.files))
    return samples


def variant_of(model: Path) -> Path:
    """Where the variant of a model stands.

    >>> variant_of(Path("models/mine.onnx")).name
    'mine.int8.onnx'
    """
    return model.with_name(f"{model.stem}.int8.onnx")


def write_variant(arguments: argparse.Namespace, card: ModelCard, samples: Samples) -> None:
    """Write the variant of an exported network, and print what it gains and loses.

    Raises:
        PitscapeError: If it loses more than ``--int8-bound``; then nothing of it is written.
    """
    model, output = arguments.output, variant_of(arguments.output)
    with replacing(output) as draft:
        kept = quantise(model, draft, card, samples.setting)
        found = judged(OnnxRoute(model), OnnxRoute(draft), samples.judging, classes=len(card.legend))
        bound = arguments.int8_bound
        if found.lost > bound:
            raise PitscapeError(
                f"{output}: not written; it loses {found.lost:.2f} {found.unit} (--int8-bound {bound:g}); {model.name}, in "
                "float, was. Give more samples of the land it is for, or a higher bound."
            )
        made = _record(found, card, samples, kept=kept, model=model, bound=bound)
        own = card.model_copy(update={"name": f"{card.name}-int8", "quantisation": made})
        give_card(draft, own)
        ratio = speed_ratio(model, draft, samples.setting)
    _, card_file, item_file, figures_file = _outputs(output)
    write_text(card_file, own.model_dump_json(indent=2) + "\n")
    write_json(item_file, stac_item(own, output, side=arguments.static))
    sizes = {"bytes": output.stat().st_size, "bytes_float": model.stat().st_size}
    figures = sizes | {"speed_ratio": round(ratio, 2), "quantisation": made.model_dump()}
    write_json(figures_file, {"schema": 1} | figures | made_of(arguments, arguments.checkpoint, *samples.files))
    _tell(output, found, card, figures)


def speed_ratio(model: Path, variant: Path, windows: Sequence[NDArray[np.float32]]) -> float:
    """How many times as fast a variant is: median of the ratios of calls in turn, on the same windows, on one thread.

    Processor time is compared: what else runs on the machine counts little.
    """
    pair = [OnnxPredictor(path, threads=1) for path in (model, variant)]
    ratios = []
    for turn in range(ROUNDS + 1):
        stored = windows[turn % len(windows)][None]
        slow, fast = (_seconds(predictor, stored) for predictor in pair)
        ratios.append(slow / fast)
    return statistics.median(ratios[1:])  # the first calls of both set memory up


def _seconds(predictor: OnnxPredictor, stored: NDArray[np.float32]) -> float:
    begun = time.process_time()
    predictor.probabilities(stored)
    return time.process_time() - begun


def _samples(folder: Path | None, config: Path | None, sources: Sequence[SourceInput], side: int) -> Samples:
    if folder is not None:
        return folder_samples(folder, sources, side=side)
    from pitscape.learning import quiet
    from pitscape.training.samples import training_samples

    assert config is not None
    quiet()  # once Lightning is loaded
    return training_samples(config, sources, side=side)


def _outputs(variant: Path) -> tuple[Path, Path, Path, Path]:
    """The variant, its card, its STAC item, and what was measured of it."""
    return variant, sidecar(variant), stac_path(variant), variant.with_suffix(".quantisation.json")


def _record(
    found: Judgement, card: ModelCard, samples: Samples, *, kept: tuple[str, ...], model: Path, bound: float
) -> Quantisation:
    before, after = (None if np.isnan(value) else round(value, 4) for value in found.mean_iou)
    change = {} if before is None else dict(zip(card.legend.names, map(_rounded, found.iou_change), strict=True))
    return Quantisation(
        method=f"{METHOD}; onnxruntime {version('onnxruntime')}",
        float_sha256=sha256_of(model),
        samples=len(samples.setting),
        samples_from=samples.origin,
        float_layers=kept,
        pixels=found.pixels,
        other_classes=round(found.other_classes, 6),
        mean_iou_float=before,
        mean_iou=after,
        iou_change=change,
        bound=bound,
    )


def _rounded(points: float) -> float | None:
    return None if np.isnan(points) else round(float(points), 2)


def _tell(output: Path, found: Judgement, card: ModelCard, figures: dict[str, Any]) -> None:
    smaller = figures["bytes_float"] / figures["bytes"]
    print(
        f"{output}: {figures['bytes'] / 1e6:.1f} MB, 1/{smaller:.1f} of float; {figures['speed_ratio']:.2f} times as fast on "
        f"one thread of this processor (median of {ROUNDS} calls in turn)"
    )
    print(f"  {100 * found.other_classes:.2f} % of {found.pixels} pixels change class")
    if found.labelled:
        before, after = found.mean_iou
        print(f"  mean IoU on the judging land {before:.4f} -> {after:.4f}, {100 * (after - before):+.2f} points")
        for name, change in zip(card.legend.names, found.iou_change, strict=True):
            print(f"    {name:12} {change:+6.2f}")
