"""Where a piece of simulated land lies in its site, and what goes on across the borders of pieces."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.simulated.terrain.shapes import Field, Point, generator, smooth_noise, turned

MOST_NODES = 2048
"""Rows and columns of the lattice from which wide noise is interpolated, at most: memory does not grow with the site."""

MARGIN = 192
"""Cells by which wide noise reaches beyond the site, for shadows of clouds that lie outside."""


@dataclass(frozen=True)
class Place:
    """Where a square piece of land lies in a square site.

    Attributes:
        key: Key of what all pieces of the site share.
        row: Of the piece's upper left cell in the site.
        column: The same across.
        size: Rows and columns of the piece.
        whole: Rows and columns of the site.
    """

    key: tuple[int, ...]
    row: int
    column: int
    size: int
    whole: int

    @property
    def alone(self) -> bool:
        """Whether the piece is the whole site."""
        return self.size == self.whole

    @property
    def middle(self) -> Point:
        """The middle of the site, in cells of the piece."""
        return self.whole / 2 - self.row, self.whole / 2 - self.column

    def shared(self, *number: int) -> np.random.Generator:
        """A generator that draws the same for every piece of the site."""
        return generator(*self.key, *number)

    def along(self, angle: float) -> Field:
        """Distance of each cell of the piece from the middle of the site, along a direction [cells]."""
        return turned(self.size, self.middle, angle)[0]

    def noise(self, *number: int, scale: float, shift: Point = (0.0, 0.0)) -> Field:
        """Smooth noise of the whole site at the cells of the piece: equal at equal cells, whatever the piece.

        Args:
            number: Equal numbers draw equal noise.
            scale: Standard deviation of its filter [cells], at least 4.
            shift: By how many cells down and right it is moved; at most ``MARGIN``.

        Returns:
            Shape (size, size), mean 0 and standard deviation 1 over the site.
        """
        wide = -(-self.whole // self.size) * self.size + 2 * MARGIN
        step = max(scale / 4, wide / (MOST_NODES - 2))
        nodes = _nodes((*self.key, *number), int(wide / step) + 2, scale / step)
        cells = np.arange(self.size, dtype=np.float64)
        down = (cells + (self.row + MARGIN - shift[0])) / step
        across = (cells + (self.column + MARGIN - shift[1])) / step
        return _between(_between(nodes, down).T, across).T

    def smooth(self, rng: np.random.Generator, *number: int, scale: float) -> Field:
        """Smooth noise that fits that of the neighbouring pieces; drawn from ``rng`` where there are none."""
        return smooth_noise(rng, self.size, scale) if self.alone else self.noise(*number, scale=scale)

    def border(self, wide: float) -> Field:
        """Rises from 0 at the borders to other pieces to 1 at ``wide`` cells from them; 1 where there are none."""
        inwards = np.arange(self.size, dtype=np.float32) + 0.5
        line = np.minimum(np.minimum(inwards, inwards[::-1]) / np.float32(wide), 1)
        return np.ones((self.size, self.size), np.float32) if self.alone else np.minimum(line[:, None], line)

    def crossing(self, number: int, *, down: int = 0, right: int = 0, along_row: bool) -> float:
        """Where something crosses a border of the piece [share of the side]; neighbours draw the same.

        Args:
            number: Equal numbers are of the same thing.
            down: 1 for the lower border.
            right: 1 for the right border.
            along_row: Whether the border is the upper or lower one.
        """
        row, column = self.row // self.size + down, self.column // self.size + right
        return float(self.shared(number, row, column, 1 + int(along_row)).random())


def whole_place(key: tuple[int, ...], size: int) -> Place:
    """The place of a site of one piece."""
    return Place(key, 0, 0, size, size)


@lru_cache(maxsize=8)
def _nodes(key: tuple[int, ...], nodes: int, scale: float) -> Field:
    return smooth_noise(generator(*key), nodes, scale)


def _between(nodes: Field, position: NDArray[np.floating]) -> Field:
    """Rows between the rows of a lattice, by linear interpolation."""
    before = np.floor(position).astype(np.intp)
    weight = (position - before).astype(np.float32)[:, None]
    between: Field = nodes[before] * (1 - weight) + nodes[before + 1] * weight
    return between
