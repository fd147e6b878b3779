"""The pixels of a scene, read ahead in pieces of whole file blocks: each is decoded once and kept while tiles need it."""

import math
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.layer import Pixels
from pitscape.inference.joint_scene import Mappable
from pitscape.inference.spent import Spent
from pitscape.inference.tiles import Area, Tiles

LEAST_SIDE = 512
"""Pieces of smaller file blocks are put together to at least this side [px]."""

MOST_ROWS = 1024
"""Higher blocks (files that are one block) are read in parts."""

Key = tuple[int, int]


def chunk_shape(blocks: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of the pieces in which a scene is read: whole blocks of the file, unless they are very high.

    >>> chunk_shape((512, 512)), chunk_shape((1, 9000)), chunk_shape((9000, 9000))
    ((512, 512), (512, 9000), (512, 9000))
    """
    down, across = (side * math.ceil(LEAST_SIDE / side) for side in blocks)
    return (down if down <= MOST_ROWS else MOST_ROWS // 2), across


class Chunks:
    """Pixels of the tiles that map an area, in the order in which the tiles come.

    Args:
        scene: The open scene.
        tiles: Where the tiles lie.
        area: What is to be mapped.
        readers: Threads that read.
        spent: Where their CPU time is counted.
    """

    def __init__(self, scene: Mappable, tiles: Tiles, area: Area, *, readers: int, spent: Spent) -> None:
        self._scene = scene
        self._tiles = tiles
        self._around = tiles.around(area)
        self._side = chunk_shape(scene.block_shape)
        self._spent = spent
        rows, columns = tiles.touching(area)
        self._needed_down = self._uses([(tiles.tops[row], tiles.shape[0]) for row in rows], 0)
        self._needed_across = self._uses([(tiles.lefts[column], tiles.shape[1]) for column in columns], 1)
        self._ahead = readers + 2
        self._pool = ThreadPoolExecutor(readers, thread_name_prefix="reader")
        self._lock = threading.Lock()
        self._pixels: dict[Key, Future[Pixels]] = {}
        self._uses_left: dict[Key, int] = {}
        self._untouched: set[Key] = set()
        self._coming = self._order(rows, columns)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def read_ahead(self) -> None:
        """Have the next pieces read, until a few more than there are readers wait for their first tile."""
        while len(self._untouched) < self._ahead and self._begin_next():
            pass

    def observed(self, row: int, column: int) -> NDArray[np.bool_]:
        """Where the pixels of a tile were observed (y, x); waits until they are read.

        Raises:
            InputError: If they cannot be read.
        """
        area = self._tiles.area(row, column)
        seen = np.empty(area.shape, np.bool_)
        keys = tuple(self._keys(area))
        for key in keys:
            while key not in self._pixels:
                self._begin_next()
            self._untouched.discard(key)
        for key in keys:
            there, here, piece = self._shared(key, area)
            seen[there] = piece.result()[1][here]
        return seen

    def take(self, row: int, column: int, stored: NDArray[np.float32]) -> None:
        """Put the stored numbers of a tile (band, y, x) into an array; its pieces are let go where it was the last."""
        area = self._tiles.area(row, column)
        for key in self._keys(area):
            there, here, piece = self._shared(key, area)
            stored[:, *there] = piece.result()[0][:, *here]
        self.let_go(row, column)

    def let_go(self, row: int, column: int) -> None:
        """Say that a tile needs its pixels no more."""
        for key in self._keys(self._tiles.area(row, column)):
            with self._lock:
                self._uses_left[key] -= 1
                if not self._uses_left[key]:
                    del self._pixels[key], self._uses_left[key]

    def _begin_next(self) -> bool:
        key = next(self._coming, None)
        if key is None:
            return False
        with self._lock:
            self._uses_left[key] = self._needed_down[key[0]] * self._needed_across[key[1]]
            self._pixels[key] = self._pool.submit(self._read, key)
        self._untouched.add(key)
        return True

    def _read(self, key: Key) -> Pixels:
        area = self._area(key)
        with self._spent.on("reading"):
            return self._scene.read(area.rows, area.columns)

    def _area(self, key: Key) -> Area:
        """Where a piece lies: pieces count from the scene's corner, as file blocks do, and end with what is needed."""
        (down, across), around = self._side, self._around
        top, left = key[0] * down, key[1] * across
        return Area(
            max(top, around.top),
            min(top + down, around.bottom),
            max(left, around.left),
            min(left + across, around.right),
        )

    def _keys(self, area: Area) -> Iterator[Key]:
        down, across = self._side
        for row in range(area.top // down, (area.bottom - 1) // down + 1):
            for column in range(area.left // across, (area.right - 1) // across + 1):
                yield row, column

    def _shared(self, key: Key, area: Area) -> tuple[tuple[slice, slice], tuple[slice, slice], Future[Pixels]]:
        """Where what a piece and an area share lies in the area, and in the piece."""
        piece = self._area(key)
        rows = max(piece.top, area.top), min(piece.bottom, area.bottom)
        columns = max(piece.left, area.left), min(piece.right, area.right)
        there, here = (
            (slice(rows[0] - a.top, rows[1] - a.top), slice(columns[0] - a.left, columns[1] - a.left))
            for a in (area, piece)
        )
        return there, here, self._pixels[key]

    def _uses(self, intervals: Sequence[tuple[int, int]], axis: int) -> dict[int, int]:
        """How many of the tiles' intervals along an axis meet each row or column of pieces."""
        side, uses = self._side[axis], dict[int, int]()
        for start, length in intervals:
            for number in range(start // side, (start + length - 1) // side + 1):
                uses[number] = uses.get(number, 0) + 1
        return uses

    def _order(self, rows: range, columns: range) -> Iterator[Key]:
        """Each piece once, when the first tile needs it."""
        begun = self._around.top // self._side[0] - 1
        for row in rows:
            last = (self._tiles.area(row, columns[0]).bottom - 1) // self._side[0]
            new = range(begun + 1, last + 1)
            for column in self._needed_across:
                yield from ((number, column) for number in new)
            begun = max(begun, last)
