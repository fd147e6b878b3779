"""Networks of other makers in onnxruntime, by a card that says what is done before and after their graph."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.radiometry import UNOBSERVED_STORED
from pitscape.inference.graph_sizes import GraphSizes, sizes_text
from pitscape.inference.model_file import check_model_file
from pitscape.inference.probabilities import check_probabilities, naming
from pitscape.inference.session import Device, Value, inputs_and_outputs, open_session, run_session, runtime_of
from pitscape.models.card import ModelCard
from pitscape.models.graph_card import Graph, read_card


class DescribedPredictor:
    """A graph that takes and gives what its card says; stored numbers come in, probabilities go out.

    Args:
        path: The ONNX file.
        card_file: Of a ``GraphCard``.
        threads: Of one call, on the CPU.
        device: Where it runs.
        expect_sha256: Of the ONNX file; None: any.

    Raises:
        InputError: If the file is no model, the card none, or the graph does not fit the card.
    """

    def __init__(
        self,
        path: Path,
        card_file: Path,
        *,
        threads: int = 1,
        device: Device = "cpu",
        expect_sha256: str | None = None,
    ) -> None:
        file = check_model_file(path, expect_sha256=expect_sha256)
        self._card, graph = read_card(card_file)
        if graph is None:
            raise InputError(f"{card_file}: describes no graph; give a card with graph, as docs/deploy.md shows.")
        self._graph = graph
        self.path = path
        self.files = (path, *file.weights, card_file)
        self.card_file = card_file
        self._threads = threads
        self.device: Device = device
        self._session = open_session(path, threads=threads, device=device)
        inputs, values = inputs_and_outputs(self._session, path)
        self._input, self._sizes = _input_of(inputs, self._card, graph, path)
        outputs = [each.name for each in values]
        self._output = graph.output or outputs[0]
        if self._output not in outputs:
            raise InputError(f"{card_file}: graph.output {self._output} is none of {', '.join(outputs)}; name one.")
        self._scale, self._offset = _scaling(self._card, graph)

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

    def with_threads(self, threads: int) -> "DescribedPredictor":
        """The same network with so many threads for each call."""
        if threads == self._threads:
            return self
        return DescribedPredictor(self.path, self.card_file, threads=threads, device=self.device)

    def probabilities(self, stored: NDArray[np.float32]) -> NDArray[np.float32]:
        """Class probabilities (N, classes, H, W) of stored numbers (N, bands, H, W) in the card's convention.

        Raises:
            PitscapeError: If the graph gives none.
        """
        with naming(self.path):
            found = self._sizes.run(self._asked, stored)
            check_probabilities(found, (len(stored), len(self._card.legend), *stored.shape[2:]))
        return found

    def _asked(self, stored: NDArray[np.float32]) -> NDArray[np.float32]:
        unobserved = (stored == UNOBSERVED_STORED).all(axis=1, keepdims=True)
        values = np.where(unobserved, np.float32(0), stored * self._scale + self._offset)
        if self._graph.layout == "NHWC":
            values = np.ascontiguousarray(values.transpose(0, 2, 3, 1))
        scores = run_session(self._session, self.path, [self._output], {self._input: values})
        if scores.ndim != 4:
            raise PitscapeError(f"the graph gave {sizes_text(scores.shape)}; name its output of four axes in the card.")
        if self._graph.layout == "NHWC":
            scores = scores.transpose(0, 3, 1, 2)
        height, width = stored.shape[2:]
        if scores.shape[2:] != (height // self._graph.stride, width // self._graph.stride):
            raise PitscapeError(
                f"the graph gave {sizes_text(scores.shape)} of images of {height} x {width} px; correct graph.stride."
            )
        scores = upsampled(scores.astype(np.float32, copy=False), self._graph.stride)
        return probabilities_of(scores, self._graph.activation, classes=len(self._card.legend))


def probabilities_of(scores: NDArray[np.float32], activation: str, *, classes: int) -> NDArray[np.float32]:
    """Class probabilities (N, classes, H, W) of scores (N, channels, H, W).

    One channel for two classes is about the second.

    >>> scores = np.zeros((1, 1, 1, 1), np.float32)
    >>> probabilities_of(scores, "logits", classes=2).ravel().tolist()
    [0.5, 0.5]
    """
    if scores.shape[1] == 1 and classes == 2:
        other = np.zeros_like(scores) if activation == "logits" else 1 - scores
        scores = np.concatenate([other, scores], axis=1)
    if activation == "logits":
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    if activation == "softmax":
        return scores
    total = scores.sum(axis=1, keepdims=True)
    shares: NDArray[np.float32] = np.full_like(scores, 1 / scores.shape[1])
    np.divide(scores, total, out=shares, where=total > 0)
    return shares


def upsampled(scores: NDArray[np.float32], stride: int) -> NDArray[np.float32]:
    """Scores (N, channels, h, w) at ``stride`` times as many rows and columns, between the centres of their cells.

    Beyond the outermost centres they stay as they are, as in PyTorch's bilinear interpolation without aligned corners.
    """
    if stride == 1:
        return scores
    down, across = (_between(size, stride) for size in scores.shape[2:])
    return np.asarray(down @ scores @ across.T, np.float32)


def _between(size: int, stride: int) -> NDArray[np.float32]:
    """Weights (stride x size, size) of values along an axis."""
    centres = np.clip((np.arange(size * stride) + 0.5) / stride - 0.5, 0, size - 1)
    first = np.minimum(centres.astype(int), max(size - 2, 0))
    share = (centres - first).astype(np.float32)
    weights = np.zeros((len(centres), size), np.float32)
    rows = np.arange(len(centres))
    weights[rows, np.minimum(first + 1, size - 1)] = share
    weights[rows, first] += 1 - share
    return weights


def _scaling(card: ModelCard, graph: Graph) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Scale and offset from stored numbers to what enters, (bands, 1, 1), in one step."""
    ones = np.ones((len(card.bands), 1, 1))
    if graph.values == "stored":
        return ones.astype(np.float32), (0 * ones).astype(np.float32)
    scale, offset = card.sensor.scaling(card.bands, ones)
    mean, std = (
        np.reshape(v, (-1, 1, 1)) for v in (card.sources[0].normalisation.mean, card.sources[0].normalisation.std)
    )
    return (scale / std).astype(np.float32), ((offset - mean) / std).astype(np.float32)


def _input_of(values: list[Value], card: ModelCard, graph: Graph, path: Path) -> tuple[str, GraphSizes]:
    """The input that takes the image, and sizes that it takes."""
    inputs = {each.name: each.shape for each in values}
    name = graph.input or next(iter(inputs))
    if name not in inputs or len(inputs) > 1:
        raise InputError(f"{path}: takes {', '.join(inputs)}; a card describes a graph of one input, by graph.input.")
    shape = inputs[name]
    axes = (0, 1, 2, 3) if graph.layout == "NCHW" else (0, 3, 1, 2)
    if len(shape) != 4 or (isinstance(shape[axes[1]], int) and shape[axes[1]] != len(card.bands)):
        raise InputError(
            f"{path}: {name} is of {sizes_text(shape)}, the card says {len(card.bands)} bands and {graph.layout}; "
            "correct the card."
        )
    batch, _, height, width = (shape[axis] for axis in axes)
    sides = [size if isinstance(size, int) else graph.side for size in (height, width)]
    return name, GraphSizes.of(batch, *sides, multiple=graph.multiple)
