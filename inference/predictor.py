"""What turns tiles of stored numbers into class probabilities."""

from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from pitscape.imagery.errors import InputError
from pitscape.models.card import CARD_KEY, ModelCard, card_from_json
from pitscape.models.inputs import feeds

Device: TypeAlias = Literal["cpu", "cuda"]


class Predictor(Protocol):
    """A network in some runtime, with the card that says what it takes; any thread may call it."""

    @property
    def card(self) -> ModelCard:
        """What the network takes and gives."""
        ...

    def probabilities(self, stored: NDArray[np.float32]) -> NDArray[np.float32]:
        """Class probabilities (N, classes, H, W) of stored numbers (N, channels, H, W) in the card's convention."""
        ...


class FilePredictor(Predictor, Protocol):
    """A predictor that was read from a file."""

    @property
    def path(self) -> Path:
        """The file."""
        ...

    @property
    def runtime(self) -> tuple[str, str]:
        """Name and version of the runtime, and where it runs, for records."""
        ...

    def with_threads(self, threads: int) -> "FilePredictor":
        """The same network with so many threads for each call."""
        ...


class OnnxPredictor:
    """A network in onnxruntime.

    A call uses one thread unless told otherwise: tiles side by side keep all cores busy, threads within a tile wait for
    one another.

    Args:
        path: An ONNX file of ``pitscape export``.
        threads: Of one call, on the CPU.
        device: Where it runs.

    Raises:
        InputError: If the file is no such model, or the device is not to be had.
    """

    def __init__(self, path: Path, *, threads: int = 1, device: Device = "cpu") -> None:
        if not path.is_file():
            raise InputError(f"{path}: no such file; check the path of the model.")
        self.path = path
        self.threads = threads
        self.device = device
        self.session = _session(path, threads, device)
        metadata = self.session.get_modelmeta().custom_metadata_map
        if CARD_KEY not in metadata:
            raise InputError(f"{path}: carries no model card; give a file of pitscape export.")
        self._card = card_from_json(metadata[CARD_KEY], path)

    @property
    def card(self) -> ModelCard:
        """What the network takes and gives."""
        return self._card

    @property
    def runtime(self) -> tuple[str, str]:
        """Name and version of the runtime, and where it runs."""
        return "onnxruntime", onnxruntime.__version__ + ("" if self.device == "cpu" else f" on {self.device}")

    def with_threads(self, threads: int) -> "OnnxPredictor":
        """The same network with so many threads for each call."""
        return self if threads == self.threads else OnnxPredictor(self.path, threads=threads, device=self.device)

    def probabilities(self, stored: NDArray[np.float32]) -> NDArray[np.float32]:
        """Class probabilities (N, classes, H, W) of stored numbers (N, channels, H, W) in the card's convention."""
        if self.device == "cpu":
            result: NDArray[np.float32] = self.session.run(None, feeds(self._card.sources, stored))[0]
            return result
        return self.bound(stored)

    def bound(self, stored: NDArray[np.float32]) -> NDArray[np.float32]:
        """The same with inputs and output bound to the device: nothing but they is copied."""
        binding = self.session.io_binding()
        given = {name: np.ascontiguousarray(values) for name, values in feeds(self._card.sources, stored).items()}
        for name, values in given.items():
            binding.bind_cpu_input(name, values)
        binding.bind_output("probabilities", self.device)
        self.session.run_with_iobinding(binding)
        result: NDArray[np.float32] = binding.copy_outputs_to_cpu()[0]
        return result


def _session(path: Path, threads: int, device: Device) -> Any:  # noqa: ANN401 - onnxruntime has no types
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    options.enable_mem_pattern = False  # a planned block per call takes a third more memory, and no less time
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # cores belong to readers meanwhile
    providers: list[Any] = ["CPUExecutionProvider"]
    if device == "cuda":
        if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
            raise InputError("--device cuda: this onnxruntime has none; install onnxruntime-gpu in its place.")
        providers.insert(0, ("CUDAExecutionProvider", {"cudnn_conv_algo_search": "HEURISTIC"}))
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # onnxruntime's errors share no narrower base
        raise InputError(f"{path}: is not an ONNX model; give a file of pitscape export.") from error
