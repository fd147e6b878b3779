"""Proof that an exported network gives what the trained one gives, whichever way it is run."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pitscape.models.card import ModelCard
from pitscape.models.network import DeployedNetwork
from pitscape.models.parity_cases import Parity, cases, compared
from pitscape.models.routes import Route, routes_of


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
        path: What was exported of it.
        card: Of both.

    Returns:
        By name of the way: onnxruntime on the CPU first.
    """
    trained = torch_route(deployed)
    reference, others = routes_of(path)
    ways: dict[str, Route] = {"onnxruntime": reference} | others
    found = dict.fromkeys(ways, Parity())
    for _, stored in cases(card, side=reference.side):
        expected = trained(stored)
        for name, way in ways.items():
            found[name] += compared(expected, way(stored))
    return found
