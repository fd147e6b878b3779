"""Ways from stored numbers to class probabilities through one ONNX graph; loads no torch."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pitscape.models.card import SourceInput
from pitscape.models.deepness import KEYS_OF_NUMBERS, preprocessed
from pitscape.models.inputs import feeds

Route: TypeAlias = Callable[[NDArray[Any]], NDArray[np.float32]]
"""Class probabilities (N, classes, H, W) of stored numbers (N, channels, H, W) of any type."""

CUDA = "CUDAExecutionProvider"


def session_route(session: Any, sources: Sequence[SourceInput]) -> Route:  # noqa: ANN401 - onnxruntime has no types
    """A graph in onnxruntime, which is given stored numbers as float32.

    Args:
        session: ``onnxruntime.InferenceSession`` of the graph.
        sources: Of its card.
    """

    def probabilities(stored: NDArray[Any]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = session.run(None, feeds(sources, stored.astype(np.float32)))[0]
        return found

    return probabilities


def deepness_routes(route: Route, metadata: Mapping[str, str]) -> dict[str, Route]:
    """The same graph behind the preprocessing of Deepness, with the keys that its file carries.

    Args:
        route: Through the graph.
        metadata: Of the file.

    Returns:
        One way by name; none where the file has no such keys, as networks of several sources, which the plugin refuses.
    """
    if not metadata.keys() >= KEYS_OF_NUMBERS:
        return {}
    return {"Deepness preprocessing": lambda stored: route(preprocessed(stored, metadata))}
