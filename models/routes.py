"""Ways from stored numbers to class probabilities through one ONNX file; loads no torch."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from pitscape.imagery.errors import InputError
from pitscape.models.card import CARD_KEY, ModelCard, card_from_json
from pitscape.models.deepness import deepness_keys, preprocessed
from pitscape.models.inputs import feeds

Route: TypeAlias = Callable[[NDArray[Any]], NDArray[np.float32]]
"""Class probabilities (N, classes, H, W) of stored numbers (N, channels, H, W) of any type."""

CUDA = "CUDAExecutionProvider"


class OnnxRoute:
    """A graph in onnxruntime, which is given stored numbers as float32.

    Args:
        path: An ONNX file of ``pitscape export``.
        provider: Of onnxruntime.

    Raises:
        InputError: If the file is no such model.
    """

    def __init__(self, path: Path, provider: str = "CPUExecutionProvider") -> None:
        if not path.is_file():
            raise InputError(f"{path}: no such file; check the path of the model.")
        try:
            self.session = onnxruntime.InferenceSession(str(path), providers=[provider])
        except Exception as error:  # onnxruntime's own errors share no other base
            message = " ".join(str(error).split())[:120]
            raise InputError(f"{path}: onnxruntime cannot load it ({message}); export it again.") from error
        self.metadata: dict[str, str] = self.session.get_modelmeta().custom_metadata_map
        if CARD_KEY not in self.metadata:
            raise InputError(f"{path}: carries no model card; give a file of pitscape export.")
        self.card: ModelCard = card_from_json(self.metadata[CARD_KEY], path)

    @property
    def side(self) -> int | None:
        """Side of the square images of a graph of fixed size [px]; None: any."""
        side = self.session.get_inputs()[0].shape[-1]
        return side if isinstance(side, int) else None

    def __call__(self, stored: NDArray[Any]) -> NDArray[np.float32]:
        """Probabilities of stored numbers."""
        given = feeds(self.card.sources, stored.astype(np.float32))
        probabilities: NDArray[np.float32] = self.session.run(None, given)[0]
        return probabilities

    def deepness(self, stored: NDArray[Any]) -> NDArray[np.float32]:
        """Probabilities behind the preprocessing of Deepness, with the keys that the file carries."""
        return self(preprocessed(stored, self.metadata))


def routes_of(path: Path) -> tuple[OnnxRoute, dict[str, Route]]:
    """The ways through one file, each to be compared with the first.

    Returns:
        onnxruntime on the CPU, which is the reference; and by name Deepness for networks of one source, and CUDA where
        onnxruntime has it.
    """
    reference = OnnxRoute(path)
    others: dict[str, Route] = {}
    if CUDA in onnxruntime.get_available_providers():
        others["onnxruntime CUDA"] = OnnxRoute(path, CUDA)
    if deepness_keys(reference.card).keys() <= reference.metadata.keys() and len(reference.card.sources) == 1:
        others["Deepness preprocessing"] = reference.deepness
    return reference, others
