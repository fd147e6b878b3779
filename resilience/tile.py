"""What a mosaic needs of one of its tiles: the patches in it, counted, and the cells on its border."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pitscape.resilience.patches import Patches


class Tile(NamedTuple):
    """A tile as numbers: as many as it has patches and cells on its border, however large it is.

    Attributes:
        place: Row and column of its first cell on the grid of the mosaic, shape (2,).
        shape: Its rows and columns, shape (2,).
        class_ids: Ids of the m classes present, rising, shape (m,); none where no cell is observed.
        class_index: Position in ``class_ids`` of the class of each of the n patches, shape (n,).
        cells: Cells of each patch in the tile, shape (n,).
        sides: Sides of each patch, those on the tile's border included, shape (2, n): vertical, then horizontal.
        contacts: Sides between classes within the tile, shape (2, m, m): vertical, then horizontal.
        first: Row and column in the tile of the first cell of each patch, row by row, shape (n, 2).
        border: Row and column in the tile and patch of each observed cell of its border, shape (k, 3).
    """

    place: NDArray[np.int64]
    shape: NDArray[np.int64]
    class_ids: NDArray[np.int64]
    class_index: NDArray[np.uint8]
    cells: NDArray[np.int64]
    sides: NDArray[np.int64]
    contacts: NDArray[np.int64]
    first: NDArray[np.int32]
    border: NDArray[np.int32]

    @property
    def inner(self) -> NDArray[np.bool_]:
        """Which patches have no cell on the border, shape (n,): no other tile can add to them."""
        found = np.ones(self.cells.size, np.bool_)
        found[self.border[:, 2]] = False
        return found


def tile_of(patches: Patches, place: tuple[int, int]) -> Tile:
    """A tile from its patches.

    Args:
        patches: From :func:`pitscape.resilience.patches.find_patches`, of the tile alone.
        place: Row and column of its first cell on the grid of the mosaic, which may begin anywhere.

    Returns:
        The tile.

    >>> from pitscape.resilience.patches import find_patches
    >>> tile = tile_of(find_patches(np.array([[1, 1, 1], [1, 2, 1], [1, 1, 1]])), (0, 3))
    >>> tile.cells.tolist(), tile.first.tolist(), tile.inner.tolist(), len(tile.border)
    ([8, 1], [[0, 0], [1, 1]], [False, True], 8)
    """
    return Tile(
        place=np.array(place, np.int64),
        shape=np.array(patches.runs.shape, np.int64),
        class_ids=patches.class_ids,
        class_index=patches.class_index,
        cells=patches.cells,
        sides=patches.sides,
        contacts=patches.contacts,
        first=_first_cells(patches),
        border=_border(patches),
    )


def unobserved_tile(shape: tuple[int, int], place: tuple[int, int]) -> Tile:
    """A tile of nodata only.

    >>> unobserved_tile((2, 2), (0, 0)).cells.size
    0
    """
    return Tile(
        place=np.array(place, np.int64),
        shape=np.array(shape, np.int64),
        class_ids=np.zeros(0, np.int64),
        class_index=np.zeros(0, np.uint8),
        cells=np.zeros(0, np.int64),
        sides=np.zeros((2, 0), np.int64),
        contacts=np.zeros((2, 0, 0), np.int64),
        first=np.zeros((0, 2), np.int32),
        border=np.zeros((0, 3), np.int32),
    )


def _first_cells(patches: Patches) -> NDArray[np.int32]:
    """Patches are numbered in the order of their first runs: where the highest number so far grows, one begins."""
    runs = patches.runs
    starts = np.flatnonzero(np.diff(np.maximum.accumulate(patches.of_run), prepend=-1))
    rows = np.searchsorted(runs.rows, starts, side="right") - 1
    begins = np.where(starts == runs.rows[rows], 0, runs.ends[starts - 1])
    return np.stack([rows, begins], axis=1).astype(np.int32)


def _border(patches: Patches) -> NDArray[np.int32]:
    runs, of_run = patches.runs, patches.of_run
    height, width = runs.shape
    sides = []
    for row in (0, height - 1):
        in_row = slice(runs.rows[row], runs.rows[row + 1])
        along = np.repeat(of_run[in_row], np.diff(runs.ends[in_row], prepend=0))
        sides.append(np.stack([np.full(width, row), np.arange(width), along], axis=1))
    for column, run in ((0, runs.rows[:-1]), (width - 1, runs.rows[1:] - 1)):
        down = of_run[run][1:-1]
        sides.append(np.stack([np.arange(1, height - 1), np.full(down.size, column), down], axis=1))
    cells = np.unique(np.concatenate(sides), axis=0)
    return cells[cells[:, 2] >= 0].astype(np.int32)
