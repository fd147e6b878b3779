"""Where the tiles of a scene lie, and how much each counts where they overlap."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Tiles:
    """A fixed grid of equal, overlapping tiles that covers every pixel of a scene; none reaches out of it.

    Attributes:
        height: Rows of the scene.
        width: Columns of the scene.
        tile: Wanted side of the square tiles [px]; a smaller scene is one smaller tile.
        overlap: By how much neighbours overlap at least [px], less than ``tile``.

    >>> grid = Tiles(height=5, width=10, tile=4, overlap=2)
    >>> grid.tops, grid.lefts, grid.shape
    ((0, 1), (0, 2, 4, 6), (4, 4))
    """

    height: int
    width: int
    tile: int
    overlap: int

    def __post_init__(self) -> None:
        """Refuse sizes that leave pixels uncovered."""
        if min(self.height, self.width, self.tile) < 1 or not 0 <= self.overlap < self.tile:
            raise ValueError(f"tile {self.tile} and overlap {self.overlap}: 0 <= overlap < tile is needed.")

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of each tile."""
        return min(self.tile, self.height), min(self.tile, self.width)

    @cached_property
    def tops(self) -> tuple[int, ...]:
        """First rows of the tiles."""
        return _starts(self.height, self.tile, self.overlap)

    @cached_property
    def lefts(self) -> tuple[int, ...]:
        """First columns of the tiles."""
        return _starts(self.width, self.tile, self.overlap)

    def __len__(self) -> int:
        """The number of tiles."""
        return len(self.tops) * len(self.lefts)

    @cached_property
    def weight(self) -> NDArray[np.float32]:
        """How much each pixel of a tile counts: falling from its middle to its edge, nowhere 0; (y, x)."""
        rows, columns = (_ramp(size, self.overlap) for size in self.shape)
        return np.outer(rows, columns).astype(np.float32)


def _starts(size: int, tile: int, overlap: int) -> tuple[int, ...]:
    """Starts in equal steps, the last one moved back so that its tile ends with the scene."""
    last = max(size - tile, 0)
    return (*range(0, last, tile - overlap), last)


def _ramp(size: int, overlap: int) -> NDArray[np.float64]:
    """1 in the middle, falling linearly over the overlap towards both ends."""
    from_edge = np.minimum(np.arange(size), np.arange(size)[::-1]) + 1.0
    return np.minimum(from_edge / (overlap + 1), 1.0)
