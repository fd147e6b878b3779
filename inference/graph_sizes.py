"""Sizes of images that a graph takes: images of any size are filled up to them, and what it says is cut back."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.errors import PitscapeError
from pitscape.imagery.radiometry import UNOBSERVED_STORED

Call = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""From images (N, channels, H, W) to what is said of each pixel (N, classes, H, W)."""


@dataclass(frozen=True)
class GraphSizes:
    """What a graph takes.

    Attributes:
        batch: Images of a call; None: any.
        height: Rows; None: any.
        width: Columns; None: any.
        multiple: Rows and columns must be multiples of this where they are free.
    """

    batch: int | None = None
    height: int | None = None
    width: int | None = None
    multiple: int = 1

    @classmethod
    def of(cls, batch: object, height: object, width: object, *, multiple: int = 1) -> "GraphSizes":
        """From the shape of an input as onnxruntime tells it: numbers are fixed, names and None are free."""
        fixed = [size if isinstance(size, int) and size > 0 else None for size in (batch, height, width)]
        return cls(fixed[0], fixed[1], fixed[2], multiple)

    @property
    def tile(self) -> int | None:
        """The greatest side of square tiles [px]; None: any."""
        sides = [side for side in (self.height, self.width) if side]
        return min(sides) if sides else None

    def run(self, call: Call, stored: NDArray[np.float32]) -> NDArray[np.float32]:
        """Ask a graph of images of any size.

        Args:
            call: The graph.
            stored: Stored numbers (N, channels, H, W); what is filled up counts as unobserved.

        Returns:
            What it says of their pixels (N, classes, H, W).

        Raises:
            PitscapeError: If images are larger than it takes.
        """
        images, _, *shape = stored.shape
        sides = [self._side(fixed, size) for fixed, size in zip((self.height, self.width), shape, strict=True)]
        batch = self.batch or images
        if sides == shape and images == batch:
            return call(stored)
        answers = []
        for first in range(0, images, batch):
            some = stored[first : first + batch]
            filled = np.full((batch, stored.shape[1], *sides), UNOBSERVED_STORED, np.float32)
            filled[: len(some), :, : shape[0], : shape[1]] = some
            answers.append(call(filled)[: len(some), :, : shape[0], : shape[1]])
        return np.concatenate(answers)

    def _side(self, fixed: int | None, size: int) -> int:
        if fixed is None:
            return math.ceil(size / self.multiple) * self.multiple
        if size > fixed:
            raise PitscapeError(f"the network takes images of {fixed} px, not {size}; give --tile {fixed}.")
        return fixed


def sizes_text(shape: Sequence[object]) -> str:
    """A shape for a message.

    >>> sizes_text(["batch", 10, None, 256])
    'batch x 10 x ? x 256'
    """
    return " x ".join("?" if size is None else str(size) for size in shape)
