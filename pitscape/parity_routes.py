"""The ways to run one exported network on this machine: opened with all checks, and named."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from pitscape.imagery.errors import InputError
from pitscape.inference.predictor import OnnxPredictor
from pitscape.inference.session import Device
from pitscape.models.card import ModelCard
from pitscape.models.routes import CUDA, Route, deepness_routes
from pitscape.progress import say


class OnnxRoute:
    """A file of ``pitscape export`` in onnxruntime, as ``pitscape predict`` runs it.

    Args:
        path: The file.
        device: Where it runs.

    Raises:
        InputError: If the file is no such model, or the device is not to be had.
    """

    def __init__(self, path: Path, device: Device = "cpu") -> None:
        self._predictor = OnnxPredictor(path, device=device)

    @property
    def card(self) -> ModelCard:
        """What it takes and gives."""
        return self._predictor.card

    @property
    def metadata(self) -> Mapping[str, str]:
        """What the file carries beside its graph, by key."""
        return self._predictor.metadata

    @property
    def side(self) -> int | None:
        """Side of the square images of a graph of fixed size [px]; None: any."""
        return self._predictor.fixed_tile

    def __call__(self, stored: NDArray[Any]) -> NDArray[np.float32]:
        """Class probabilities (N, classes, H, W) of stored numbers (N, channels, H, W) of any type."""
        return self._predictor.probabilities(stored.astype(np.float32))


def open_routes(model: Path, checkpoint: Path | None = None) -> tuple[OnnxRoute, dict[str, Route]]:
    """Open a file by all ways that this machine has.

    Args:
        model: An ONNX file of ``pitscape export``.
        checkpoint: What it was exported from, to compare PyTorch; None: no PyTorch is needed.

    Returns:
        onnxruntime on the CPU, which is the reference; and by name PyTorch, CUDA where onnxruntime has it, and Deepness for
        networks of one source.

    Raises:
        InputError: If the file is no such model, the checkpoint none or of another network, or PyTorch is missing.
    """
    reference = OnnxRoute(model)
    others = {"torch": _trained(checkpoint, reference.card)} if checkpoint else {}
    if CUDA in onnxruntime.get_available_providers():
        try:
            others["onnxruntime CUDA"] = OnnxRoute(model, "cuda")
        except InputError as error:
            say(f"not compared: {error}")
    return reference, others | deepness_routes(reference, reference.metadata)


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
