"""A trained network in PyTorch itself, as a predictor: for checkpoints that were not exported, and for GPUs."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pitscape.imagery.errors import InputError
from pitscape.inference.session import Device
from pitscape.models.card import ModelCard
from pitscape.models.checkpoint import deployed, load_checkpoint
from pitscape.models.export import card_of

TILE = 256


class TorchPredictor:
    """A checkpoint of ``pitscape fit``, with the layers that an export has around it.

    Its sums depend on batch and threads in the last bits, as PyTorch's do; maps that must be equal to the last byte come
    from an exported model.

    Args:
        path: The checkpoint.
        threads: Of one call, on the CPU.
        device: Where it runs.

    Raises:
        InputError: If the file is no checkpoint, or the device is not to be had.
    """

    def __init__(self, path: Path, *, threads: int = 1, device: Device = "cpu") -> None:
        if device == "cuda" and not torch.cuda.is_available():
            raise InputError("--device cuda: PyTorch finds no GPU here; leave the option out.")
        recipe, network = load_checkpoint(path)
        self.path = path
        self.files = (path,)
        self.card_file = None
        self.device: Device = device
        self.fixed_tile = None
        self._card = card_of(recipe, name=path.stem, tile=TILE)
        self._network = deployed(recipe, network).to(self.device)
        torch.set_num_threads(threads)

    @property
    def card(self) -> ModelCard:
        """What the network takes and gives."""
        return self._card

    @property
    def runtime(self) -> tuple[str, str]:
        """Name and version of the runtime, and where it runs."""
        return "torch", torch.__version__ + ("" if self.device == "cpu" else f" on {self.device}")

    def with_threads(self, threads: int) -> "TorchPredictor":
        """The same network with so many threads for each call; PyTorch has one number for all."""
        torch.set_num_threads(threads)
        return self

    def probabilities(self, stored: NDArray[np.float32]) -> NDArray[np.float32]:
        """Class probabilities (N, classes, H, W) of stored numbers (N, channels, H, W) in the card's convention."""
        with torch.inference_mode():
            result: NDArray[np.float32] = self._network(torch.from_numpy(stored).to(self.device)).cpu().numpy()
        return result
