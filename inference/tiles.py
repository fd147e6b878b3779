"""Where the tiles of a scene lie, and how much each counts where they overlap."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

HALO_SHARE = 4
"""The outer quarter of an overlap counts nothing: there a network sees the padding beyond the tile."""


@dataclass(frozen=True)
class Area:
    """A rectangle of a scene [px]; ends are excluded.

    >>> Area(0, 2, 5, 8).shape
    (2, 3)
    """

    top: int
    bottom: int
    left: int
    right: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.bottom - self.top, self.right - self.left

    @property
    def rows(self) -> slice:
        """Its rows in the scene."""
        return slice(self.top, self.bottom)

    @property
    def columns(self) -> slice:
        """Its columns in the scene."""
        return slice(self.left, self.right)


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

    @property
    def pixels(self) -> int:
        """Pixels of all tiles together: what the network has to do."""
        return len(self) * self.shape[0] * self.shape[1]

    def area(self, row: int, column: int) -> Area:
        """Where the tile in a row and column of the grid lies."""
        top, left = self.tops[row], self.lefts[column]
        return Area(top, top + self.shape[0], left, left + self.shape[1])

    def touching(self, area: Area) -> tuple[range, range]:
        """Rows and columns of the grid whose tiles share pixels with an area."""
        height, width = self.shape
        return _range(self.tops, height, area.top, area.bottom), _range(self.lefts, width, area.left, area.right)

    def number(self, area: Area) -> int:
        """How many tiles share pixels with an area: what mapping it costs."""
        rows, columns = self.touching(area)
        return len(rows) * len(columns)

    def around(self, area: Area) -> Area:
        """The area of all tiles that share pixels with an area: what must be read to map it."""
        rows, columns = self.touching(area)
        first, last = self.area(rows[0], columns[0]), self.area(rows[-1], columns[-1])
        return Area(first.top, last.bottom, first.left, last.right)

    def weight(self, row: int, column: int) -> NDArray[np.float32]:
        """How much each pixel of a tile counts (y, x), 0 to 1: 0 in its halo, rising over the rest of the overlap to 1.

        The weights of all tiles that cover a pixel sum to 1. Along the scene's own border there is neither halo nor rise.
        """
        weight: NDArray[np.float32] = self._down[row][:, None] * self._across[column][None, :]
        return weight

    def counting(self, row: int, column: int) -> tuple[slice, slice]:
        """Rows and columns of a tile beyond which its weight is 0."""
        return _counting(self._down[row]), _counting(self._across[column])

    @cached_property
    def _down(self) -> NDArray[np.float32]:
        return _weights(self.tops, self.shape[0], self.height, self.overlap)

    @cached_property
    def _across(self) -> NDArray[np.float32]:
        return _weights(self.lefts, self.shape[1], self.width, self.overlap)


def cuts(size: int, pieces: int) -> Iterator[tuple[int, int]]:
    """Cut ``size`` into at most so many pieces, about equal and none empty.

    >>> list(cuts(10, 3))
    [(0, 3), (3, 7), (7, 10)]
    """
    edges = [round(size * n / pieces) for n in range(pieces + 1)]
    return ((start, end) for start, end in pairwise(edges) if end > start)


def _starts(size: int, tile: int, overlap: int) -> tuple[int, ...]:
    """Starts in equal steps, the last one moved back so that its tile ends with the scene."""
    last = max(size - tile, 0)
    return (*range(0, last, tile - overlap), last)


def _range(starts: tuple[int, ...], length: int, begin: int, end: int) -> range:
    """Numbers of the intervals of a length that meet [begin, end)."""
    return range(bisect_right(starts, begin - length), bisect_left(starts, end))


def _weights(starts: tuple[int, ...], length: int, size: int, overlap: int) -> NDArray[np.float32]:
    """Weights (tile, position) along one axis; those that fall on one row or column of the scene sum to 1."""
    rising = _rising(length, overlap)
    whole = np.ones(length)
    last = len(starts) - 1
    shapes = [np.minimum(rising if n > 0 else whole, rising[::-1] if n < last else whole) for n in range(len(starts))]
    total = np.zeros(size)
    for start, shape in zip(starts, shapes, strict=True):
        total[start : start + length] += shape
    weights = [shape / total[start : start + length] for start, shape in zip(starts, shapes, strict=True)]
    return np.stack(weights).astype(np.float32)


def _counting(weights: NDArray[np.float32]) -> slice:
    places = np.flatnonzero(weights)
    return slice(int(places[0]), int(places[-1]) + 1)


def _rising(length: int, overlap: int) -> NDArray[np.float64]:
    """0 in the halo of an edge that another tile covers, then rising over the rest of the overlap to 1."""
    halo = overlap // HALO_SHARE
    return np.clip((np.arange(length) - halo + 1) / (overlap - 2 * halo + 1), 0.0, 1.0)
