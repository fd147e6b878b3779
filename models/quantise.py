"""Networks rounded to 8 bits: static quantisation by onnxruntime, ranges of activations set by windows; loads no torch."""

import logging
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from pitscape.models.card import ModelCard
from pitscape.models.inputs import feeds
from pitscape.models.metadata import metadata_of
from pitscape.models.onnx_file import write_onnx

METHOD = "static QDQ, uint8 activations by least and greatest value, int8 weights per channel in 7 bits"
"""Seven bits: without VNNI, processors add pairs of products in 16 bits, which eight would overflow."""

OPERATORS = ("Conv", "Relu")
"""What is rounded: sums in 8 bits change more classes and gain no time (docs/results.md)."""


class WindowReader(CalibrationDataReader):  # type: ignore[misc] # onnxruntime has no types
    """Windows as the quantiser asks for them, one at a time.

    Args:
        card: Of the network.
        windows: Stored numbers (channels, H, W).
    """

    def __init__(self, card: ModelCard, windows: Iterable[NDArray[np.float32]]) -> None:
        self.card, self.windows = card, iter(windows)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """What the graph is given next; None at the end."""
        window = next(self.windows, None)
        return None if window is None else feeds(self.card.sources, window[None])


def quantise(model: Path, output: Path, card: ModelCard, windows: Sequence[NDArray[np.float32]]) -> tuple[str, ...]:
    """Write a network with its convolutions in 8 bits; the outermost ones, and all else, stay in float.

    Of the activations only least and greatest values are held.

    Args:
        model: Of ``pitscape export``, in float.
        output: The ONNX file to write; it carries the metadata of ``model``.
        card: Of the network.
        windows: Stored numbers (channels, H, W), at least one; they set the ranges of activations.

    Returns:
        Names of the convolutions that stay in float.
    """
    with tempfile.TemporaryDirectory() as name, _quiet_quantiser():
        folded = Path(name) / "folded.onnx"
        quant_pre_process(model, folded, skip_symbolic_shape=True)  # its shapes by symbols fail on dynamic padding
        kept = outermost_convolutions(onnx.load(folded).graph)
        quantize_static(
            folded,
            output,
            WindowReader(card, windows),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(OPERATORS),
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=list(kept),
            calibrate_method=CalibrationMethod.MinMax,
        )
    write_onnx(onnx.load(output), output)
    return kept


def give_card(path: Path, card: ModelCard) -> None:
    """Write a card and its plain keys into an ONNX file, in place of those that it carries."""
    model = onnx.load(path)
    used = {node.domain for node in model.graph.node} | {""}
    kept = [each for each in model.opset_import if each.domain in used]
    del model.opset_import[:], model.metadata_props[:]  # the quantiser names domains that it does not use
    model.opset_import.extend(kept)
    write_onnx(model, path, metadata_of(card))


def outermost_convolutions(graph: onnx.GraphProto) -> tuple[str, ...]:
    """Names of the convolutions that no other comes before, and of those that no other comes after.

    They see stored numbers in all their range, and give the scores of the classes.
    """
    first = _unpreceded(graph.node, lambda node: node.input, lambda node: node.output)
    last = _unpreceded(reversed(graph.node), lambda node: node.output, lambda node: node.input)
    return tuple(dict.fromkeys([*first, *last]))


Names = Callable[[onnx.NodeProto], Iterable[str]]


def _unpreceded(nodes: Iterable[onnx.NodeProto], entering: Names, leaving: Names) -> Iterator[str]:
    """Convolutions that depend on no other one, of nodes in the order of the data."""
    behind: set[str] = set()
    for node in nodes:
        met = not behind.isdisjoint(entering(node))
        convolution = node.op_type == "Conv"
        if convolution and not met:
            yield node.name
        if convolution or met:
            behind.update(name for name in leaving(node) if name)


@contextmanager
def _quiet_quantiser() -> Iterator[None]:
    """The quantiser advises on the root logger to do what was done."""
    level = logging.root.level
    logging.root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logging.root.setLevel(level)
