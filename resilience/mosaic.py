"""Patches of a mosaic of tiles: what lies in each, merged across their borders, equal to one pass over the whole."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pitscape.resilience.joins import HORIZONTAL, VERTICAL
from pitscape.resilience.runs import MOST_CLASSES, UnobservedError
from pitscape.resilience.tally import Tally
from pitscape.resilience.tile import Tile

NOWHERE = -1
BESIDE, BELOW, CORNERS = (0, 1), (1, 0), ((1, 1), (1, -1))
"""Neighbours of a cell: rows and columns further."""


@dataclass(frozen=True, eq=False, slots=True)
class Mosaic:
    """The patches of a mosaic, in the order in which their first cell comes, row by row.

    Attributes:
        shape: Rows and columns of the rectangle around all tiles.
        places: Row and column in it of the first cell of each tile, shape (t, 2).
        tally: What is counted of the n patches.
        of_tile: Patch of the mosaic of each patch of each tile.
        home: The tile that a patch lies in without touching its border, -1 for others, shape (n,).
    """

    shape: tuple[int, int]
    places: NDArray[np.int64]
    tally: Tally
    of_tile: tuple[NDArray[np.int32], ...]
    home: NDArray[np.int32]

    def united(self, tile: int) -> NDArray[np.int32]:
        """Patches of a tile that are one patch of the mosaic get the number of the first of them, shape (n,)."""
        _, first, which = np.unique(self.of_tile[tile], return_index=True, return_inverse=True)
        return first[which].astype(np.int32)


def merge_tiles(tiles: Sequence[Tile]) -> Mosaic:
    """Merge tiles, in any order, of any sizes, with gaps between them or none; what no tile covers is nodata.

    Args:
        tiles: On one grid.

    Returns:
        The mosaic, the same as if all cells had been seen in one pass. It takes some 40 bytes a patch, and 100 while it
        works.

    Raises:
        ValueError: If tiles overlap, none has an observed cell, or there are more than 255 classes.

    >>> from pitscape.resilience.patches import find_patches
    >>> from pitscape.resilience.tile import tile_of
    >>> cells = np.array([[1, 1, 2, 2]])
    >>> halves = [tile_of(find_patches(cells[:, c : c + 3]), (0, c)) for c in (0, 3)]
    >>> merge_tiles(halves).tally.cells.tolist()
    [2, 2]
    """
    places = np.array([tile.place for tile in tiles]).reshape(-1, 2)
    ends = places + np.array([tile.shape for tile in tiles]).reshape(-1, 2)
    if meet := overlapping(places, ends):
        raise ValueError(f"Tiles {meet[0] + 1} and {meet[1] + 1} overlap: give each cell in one of them.")
    class_ids = np.unique(np.concatenate([tile.class_ids for tile in tiles]))
    if not class_ids.size:
        raise UnobservedError("No cell of any tile is observed, all are nodata: check nodata.")
    if class_ids.size > MOST_CLASSES:
        raise ValueError("the tiles hold more than 255 different ids: give class maps, not continuous rasters.")
    corner = places.min(axis=0)
    shape = (int((ends - corner)[:, 0].max()), int((ends - corner)[:, 1].max()))
    all_patches = _Together(tiles, places - corner, class_ids, stride=shape[1] + 1)
    one = all_patches.joined_across_borders()
    tally, number, inner = all_patches.merged(one)
    home = np.full(tally.cells.size, NOWHERE, np.int32)
    home[number[inner]] = all_patches.tile[inner]
    of_tile = np.split(number, all_patches.offsets[1:-1])
    return Mosaic(shape, places - corner, tally, tuple(of_tile), home)


def overlapping(places: NDArray[np.int64], ends: NDArray[np.int64]) -> tuple[int, int] | None:
    """The first two rectangles that share cells, None where there are none.

    Args:
        places: Row and column of the first cell of each, shape (t, 2).
        ends: Row and column after the last, shape (t, 2).

    >>> overlapping(np.array([[0, 0], [0, 2], [1, 1]]), np.array([[2, 2], [2, 4], [3, 3]]))
    (0, 2)
    """
    for number, (place, end) in enumerate(zip(places, ends, strict=True)):
        meet = ((places[:number] < end) & (place < ends[:number])).all(axis=1)
        if meet.any():
            return int(meet.argmax()), number
    return None


class _Together:
    """The patches of all tiles, one after another, before they are merged."""

    def __init__(
        self, tiles: Sequence[Tile], places: NDArray[np.int64], class_ids: NDArray[np.int64], *, stride: int
    ) -> None:
        counts = [tile.cells.size for tile in tiles]
        codes = [np.searchsorted(class_ids, tile.class_ids).astype(np.uint8) for tile in tiles]
        self.stride, self.class_ids = stride, class_ids
        self.offsets = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
        self.tile = np.repeat(np.arange(len(tiles), dtype=np.int32), counts)
        self.code = np.concatenate([code[tile.class_index] for code, tile in zip(codes, tiles, strict=True)])
        self.cells = np.concatenate([tile.cells for tile in tiles])
        self.sides = np.concatenate([tile.sides for tile in tiles], axis=1)
        self.inner = np.concatenate([tile.inner for tile in tiles])
        self.contacts = np.zeros((2, class_ids.size, class_ids.size), np.int64)
        for code, tile in zip(codes, tiles, strict=True):
            for direction in (VERTICAL, HORIZONTAL):
                self.contacts[direction][np.ix_(code, code)] += tile.contacts[direction]
        self.first = self._keys([tile.first for tile in tiles], places)
        border = self._keys([tile.border for tile in tiles], places)
        owner = np.concatenate([tile.border[:, 2] + start for tile, start in zip(tiles, self.offsets, strict=False)])
        order = np.argsort(border)
        self.border, self.owner = border[order], owner[order]

    def _keys(self, cells: Sequence[NDArray[np.int32]], places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Cells of the mosaic as numbers that rise row by row; the column after the last is in no tile."""
        found = [(each[:, :2] + place) @ np.array([self.stride, 1]) for each, place in zip(cells, places, strict=True)]
        return np.concatenate(found).astype(np.int64)

    def joined_across_borders(self) -> NDArray[np.int64]:
        """Count sides between cells of two tiles, and give each patch the first of those that are one with it."""
        joins = []
        for direction, step in ((VERTICAL, BESIDE), (HORIZONTAL, BELOW)):
            one, other = self._neighbours(step)
            np.add.at(self.contacts[direction], (self.code[one], self.code[other]), 1)
            np.add.at(self.contacts[direction], (self.code[other], self.code[one]), 1)
            like = self.code[one] == self.code[other]
            np.subtract.at(self.sides[direction], one[like], 1)
            np.subtract.at(self.sides[direction], other[like], 1)
            joins.append(np.stack([one[like], other[like]]))
        for step in CORNERS:
            one, other = self._neighbours(step)
            like = self.code[one] == self.code[other]
            joins.append(np.stack([one[like], other[like]]))
        return _first_of_each(np.concatenate(joins, axis=1), self.cells.size)

    def _neighbours(self, step: tuple[int, int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Patches of the border cells of two tiles that are neighbours, one pair for each pair of cells."""
        wanted = self.border + step[0] * self.stride + step[1]
        place = np.minimum(np.searchsorted(self.border, wanted), self.border.size - 1)
        one, other = self.owner, self.owner[place]
        met = (self.border[place] == wanted) & (self.tile[one] != self.tile[other])
        return one[met], other[met]

    def merged(self, one: NDArray[np.int64]) -> tuple[Tally, NDArray[np.int32], NDArray[np.bool_]]:
        """The patches of the mosaic, the number there of each of a tile, and which of those are whole in their tile."""
        kept = one == np.arange(one.size)
        cells, sides, first = self.cells, self.sides, self.first
        moved = np.flatnonzero(~kept)
        np.add.at(cells, one[moved], cells[moved])
        for direction in (VERTICAL, HORIZONTAL):
            np.add.at(sides[direction], one[moved], sides[direction, moved])
        np.minimum.at(first, one[moved], first[moved])
        roots = np.flatnonzero(kept)
        roots = roots[np.argsort(first[roots])]
        number = np.empty(one.size, np.int32)
        number[roots] = np.arange(roots.size, dtype=np.int32)
        tally = Tally(self.class_ids, self.code[roots], cells[roots], sides[:, roots], self.contacts)
        return tally, number[one], self.inner


def _first_of_each(joins: NDArray[np.int64], patches: int) -> NDArray[np.int64]:
    """The first patch of each group that joins make, shape (patches,)."""
    first = np.arange(patches)
    nodes, place = np.unique(joins, return_inverse=True)
    one, other = place.reshape(joins.shape)
    graph = coo_array((np.ones(one.size, np.bool_), (one, other)), shape=(nodes.size, nodes.size))
    _, group = connected_components(graph, directed=False)
    _, leader = np.unique(group, return_index=True)
    first[nodes] = nodes[leader[group]]
    return first
