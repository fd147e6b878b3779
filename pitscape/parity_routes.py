"""The ways to run one exported network on this machine: opened with all checks, and named."""

from dataclasses import dataclass
from pathlib import Path

import onnxruntime

from pitscape.imagery.errors import InputError
from pitscape.inference.predictor import OnnxPredictor
from pitscape.models.card import ModelCard
from pitscape.models.routes import CUDA, Route, deepness_routes
from pitscape.progress import say


@dataclass(frozen=True)
class Routes:
    """The ways through one network.

    Attributes:
        card: Of the network.
        side: Of the one square image that its graph takes [px]; None: any.
        reference: onnxruntime on the CPU, as ``pitscape predict`` runs it.
        others: What is compared with it, by name.
    """

    card: ModelCard
    side: int | None
    reference: Route
    others: dict[str, Route]


def open_routes(model: Path, checkpoint: Path | None = None) -> Routes:
    """Open a file by all ways that this machine has.

    Args:
        model: An ONNX file of ``pitscape export``.
        checkpoint: What it was exported from, to compare PyTorch; None: no PyTorch is needed.

    Raises:
        InputError: If the file is no such model, the checkpoint none or of another network, or PyTorch is missing.
    """
    predictor = OnnxPredictor(model)
    reference = _route(predictor)
    others = {"torch": _trained(checkpoint, predictor.card)} if checkpoint else {}
    if CUDA in onnxruntime.get_available_providers():
        try:
            others["onnxruntime CUDA"] = _route(OnnxPredictor(model, device="cuda"))
        except InputError as error:
            say(f"not compared: {error}")
    others |= deepness_routes(reference, predictor.metadata)
    return Routes(predictor.card, predictor.fixed_tile, reference, others)


def _route(predictor: OnnxPredictor) -> Route:
    return lambda stored: predictor.probabilities(stored.astype("float32"))


def _trained(checkpoint: Path, card: ModelCard) -> Route:
    try:
        from pitscape.models.checkpoint import deployed, load_checkpoint
        from pitscape.models.parity import torch_route
    except ImportError as error:
        raise InputError(f"--checkpoint {checkpoint}: needs PyTorch; install pitscape[train].") from error
    recipe, network = load_checkpoint(checkpoint)
    if recipe.sources != card.sources or len(recipe.legend) != len(card.legend):
        raise InputError(f"--checkpoint {checkpoint}: is of another network; give the one that was exported.")
    return torch_route(deployed(recipe, network))
