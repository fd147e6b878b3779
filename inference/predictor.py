"""What turns tiles of stored numbers into class probabilities."""

from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from pitscape.imagery.errors import InputError
from pitscape.models.card import CARD_KEY, ModelCard, card_from_json


class Predictor(Protocol):
    """A network in some runtime, with the card that says what it takes."""

    @property
    def card(self) -> ModelCard:
        """What the network takes and gives."""
        ...

    def probabilities(self, stored: NDArray[np.float32]) -> NDArray[np.float32]:
        """Class probabilities (N, classes, H, W) of stored numbers (N, bands, H, W) in the card's convention."""
        ...


class OnnxPredictor:
    """A network in onnxruntime on the CPU.

    Args:
        path: An ONNX file of ``pitscape export``.
        threads: Used by each operator; 0 leaves the choice to onnxruntime: all cores.

    Raises:
        InputError: If the file is no such model.
    """

    def __init__(self, path: Path, *, threads: int = 0) -> None:
        if not path.is_file():
            raise InputError(f"{path}: no such file; check the path of the model.")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        try:
            self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's errors share no narrower base
            raise InputError(f"{path}: is not an ONNX model; give a file of pitscape export.") from error
        metadata = self.session.get_modelmeta().custom_metadata_map
        if CARD_KEY not in metadata:
            raise InputError(f"{path}: carries no model card; give a file of pitscape export.")
        self.path = path
        self._card = card_from_json(metadata[CARD_KEY], path)

    @property
    def card(self) -> ModelCard:
        """What the network takes and gives."""
        return self._card

    def probabilities(self, stored: NDArray[np.float32]) -> NDArray[np.float32]:
        """Class probabilities (N, classes, H, W) of stored numbers (N, bands, H, W) in the card's convention."""
        result: NDArray[np.float32] = self.session.run(None, {"stored": stored})[0]
        return result
