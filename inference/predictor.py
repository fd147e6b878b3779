"""What turns tiles of stored numbers into class probabilities."""

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.errors import InputError
from pitscape.inference.graph_sizes import GraphSizes, sizes_text
from pitscape.inference.model_file import ModelFile, check_model_file
from pitscape.inference.probabilities import check_probabilities, naming
from pitscape.inference.session import Device, Session, inputs_and_outputs, open_session, run_session, runtime_of
from pitscape.models.card import CARD_KEY, ModelCard, card_from_json
from pitscape.models.inputs import feeds, input_names


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
    def files(self) -> tuple[Path, ...]:
        """The file, and what else says what the network gives: its weights, its card."""
        ...

    @property
    def card_file(self) -> Path | None:
        """The file of its card, if the file of the network carries none."""
        ...

    @property
    def device(self) -> Device:
        """Where it runs."""
        ...

    @property
    def fixed_tile(self) -> int | None:
        """The greatest side of tiles that it takes [px]; None: any."""
        ...

    @property
    def runtime(self) -> tuple[str, str]:
        """Name and version of the runtime, and where it runs, for records."""
        ...

    def with_threads(self, threads: int) -> "FilePredictor":
        """The same network with so many threads for each call."""
        ...


class OnnxPredictor:
    """A network of ``pitscape export`` in onnxruntime.

    A call uses one thread unless told otherwise: tiles side by side keep all cores busy, threads within a tile wait for
    one another.

    Args:
        path: The ONNX file.
        threads: Of one call, on the CPU.
        device: Where it runs.
        expect_sha256: Of the file; None: any.

    Raises:
        InputError: If the file is no such model, its graph does not fit its card, or the device is not to be had.
    """

    def __init__(
        self, path: Path, *, threads: int = 1, device: Device = "cpu", expect_sha256: str | None = None
    ) -> None:
        file = check_model_file(path, expect_sha256=expect_sha256)
        self._card = _carried(file)
        self.path = path
        self.files = (path, *file.weights)
        self.card_file = None
        self.metadata = file.metadata
        self.threads = threads
        self.device: Device = device
        self.session = open_session(path, threads=threads, device=device)
        self._sizes = _checked_sizes(self.session, self._card, path)

    @property
    def card(self) -> ModelCard:
        """What the network takes and gives."""
        return self._card

    @property
    def fixed_tile(self) -> int | None:
        """The greatest side of tiles that its graph takes [px]; None: any."""
        return self._sizes.tile

    @property
    def runtime(self) -> tuple[str, str]:
        """Name and version of the runtime, and where it runs."""
        return runtime_of(self.device)

    def with_threads(self, threads: int) -> "OnnxPredictor":
        """The same network with so many threads for each call."""
        return self if threads == self.threads else OnnxPredictor(self.path, threads=threads, device=self.device)

    def probabilities(self, stored: NDArray[np.float32]) -> NDArray[np.float32]:
        """Class probabilities (N, classes, H, W) of stored numbers (N, channels, H, W) in the card's convention.

        Raises:
            PitscapeError: If the network gives none.
        """
        found = self._sizes.run(self._asked if self.device == "cpu" else self.bound, stored)
        with naming(self.path):
            check_probabilities(found, (len(stored), len(self._card.legend), *stored.shape[2:]))
        return found

    def _asked(self, stored: NDArray[np.float32]) -> NDArray[np.float32]:
        result: NDArray[np.float32] = run_session(self.session, self.path, None, feeds(self._card.sources, stored))
        return result

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


def card_of(path: Path) -> ModelCard:
    """The card that an ONNX file of ``pitscape export`` carries; its network is not loaded.

    Raises:
        InputError: If the file is no such model.
    """
    return _carried(check_model_file(path))


def _carried(file: ModelFile) -> ModelCard:
    if CARD_KEY not in file.metadata:
        raise InputError(f"{file.path}: carries no model card; give a file of pitscape export, or its card by --card.")
    return card_from_json(file.metadata[CARD_KEY], file.path)


def _checked_sizes(session: Session, card: ModelCard, path: Path) -> GraphSizes:
    """Sizes that a graph takes, once its inputs and output are found to be those of the card."""
    (inputs, outputs), names = inputs_and_outputs(session, path), input_names(card.sources)
    if tuple(each.name for each in inputs) != names:
        found = ", ".join(each.name for each in inputs)
        raise InputError(f"{path}: takes {found}, its card says {', '.join(names)}; export it again.")
    wanted = [len(source.bands) for source in card.sources]
    pairs = [*zip(inputs, wanted, strict=False), (outputs[0], len(card.legend))]
    for each, channels in pairs:
        if len(each.shape) != 4 or (isinstance(each.shape[1], int) and each.shape[1] != channels):
            raise InputError(
                f"{path}: {each.name} is of {sizes_text(each.shape)}, its card says {channels} channels; export it again."
            )
    batch, _, height, width = inputs[0].shape
    return GraphSizes.of(batch, height, width)
