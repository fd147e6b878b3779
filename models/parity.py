"""Proof that an exported network gives what the trained one gives, whichever way it is run."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from pitscape.models.card import ModelCard
from pitscape.models.network import DeployedNetwork
from pitscape.models.parity_cases import Parity, cases, compared
from pitscape.models.routes import CUDA, Route, deepness_routes, session_route


def torch_route(deployed: DeployedNetwork) -> Route:
    """The trained network in torch, on the CPU."""

    def probabilities(stored: NDArray[Any]) -> NDArray[np.float32]:
        with torch.inference_mode():
            found: NDArray[np.float32] = deployed(torch.from_numpy(stored.astype(np.float32))).numpy()
        return found

    return probabilities


def parity(deployed: DeployedNetwork, path: Path, card: ModelCard) -> dict[str, Parity]:
    """Compare torch with each way through a file, on stored numbers of several types, sizes and batches.

    Args:
        deployed: The trained network.
        path: What was exported of it just now; files of others are looked at before they are opened, in ``inference``.
        card: Of both.

    Returns:
        By name of the way: onnxruntime on the CPU first, on CUDA where that works, and Deepness for networks of one source.
    """
    trained = torch_route(deployed)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    ways = {"onnxruntime": session_route(session, card.sources)}
    if CUDA in onnxruntime.get_available_providers():
        on_cuda = onnxruntime.InferenceSession(path, providers=[CUDA])
        if CUDA in on_cuda.get_providers():  # where no GPU works, onnxruntime falls back to the CPU
            ways["onnxruntime CUDA"] = session_route(on_cuda, card.sources)
    ways |= deepness_routes(ways["onnxruntime"], session.get_modelmeta().custom_metadata_map)
    side = session.get_inputs()[0].shape[-1]
    found = dict.fromkeys(ways, Parity())
    for _, stored in cases(card, side=side if isinstance(side, int) else None):
        expected = trained(stored)
        for name, way in ways.items():
            found[name] += compared(expected, way(stored))
    return found
