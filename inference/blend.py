"""Class probabilities of whole rows of an area, from overlapping tiles."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitscape.inference.joint_scene import Mappable
from pitscape.inference.predictor import Predictor
from pitscape.inference.stream import Crew, PredictedTile, predicted_tiles
from pitscape.inference.tiles import Area, Tiles

SLAB = 64
"""Rows that are weighted and added at once, so that they stay in the processor's cache."""


@dataclass(frozen=True)
class Rows:
    """Finished rows of an area; the arrays are valid until the next ones are asked for.

    Attributes:
        start: First row in the scene.
        probabilities: (class, y, x), each pixel's summing to 1.
        observed: (y, x); where it is False the probabilities say nothing.
        valid: How much of the tiles that a pixel was seen in was observed, by their weight (y, x), 0 to 1; None where it
            was not asked for.
    """

    start: int
    probabilities: NDArray[np.float32]
    observed: NDArray[np.bool_]
    valid: NDArray[np.float32] | None


@dataclass(frozen=True)
class Failure:
    """A tile that failed and was left unobserved."""

    area: Area
    reason: str


def blended_rows(
    scene: Mappable,
    predictor: Predictor,
    tiles: Tiles,
    area: Area | None = None,
    *,
    crew: Crew | None = None,
    valid: bool = False,
    on_tile: Callable[[Failure | None], None] | None = None,
) -> Iterator[Rows]:
    """Predict an area from top to bottom.

    Each pixel is the weighted sum of all tiles that cover it, with weights that sum to 1, added in a fixed order:
    whatever the area, it comes out bit by bit the same. Only the rows of one tile and their sums are in memory.

    Args:
        scene: The open scene.
        predictor: The network.
        tiles: Where the tiles lie.
        area: What to map; the whole scene by default.
        crew: Who does the work.
        valid: Whether it is told how much was observed around each pixel.
        on_tile: Called for each tile that is done, with its failure where it failed.

    Yields:
        Rows that no further tile touches, without gap.
    """
    area = area or Area(0, tiles.height, 0, tiles.width)
    crew = crew or Crew()
    rows, columns = tiles.touching(area)
    sums = _Sums(len(predictor.card.legend), tiles, tiles.around(area), valid=valid)
    stream = predicted_tiles(scene, predictor, tiles, area, crew)
    try:
        for row in rows:
            top = tiles.tops[row]
            stop = tiles.tops[row + 1] if row + 1 < len(tiles.tops) else tiles.height
            for _ in columns:
                tile = next(stream)
                with crew.spent.on("blending"):
                    sums.add(tile)
                if on_tile:
                    on_tile(Failure(tiles.area(tile.row, tile.column), tile.failure) if tile.failure else None)
            first, last = max(top, area.top), min(stop, area.bottom)
            if first < last:
                yield sums.rows(slice(first - top, last - top), area, first)
            with crew.spent.on("blending"):
                sums.forget(stop - top)
    finally:
        stream.close()  # type: ignore[attr-defined]


class _Sums:
    """Weighted sums of the tiles of one row of the grid, and of what overlaps it from above."""

    def __init__(self, classes: int, tiles: Tiles, around: Area, *, valid: bool) -> None:
        height, width = tiles.shape[0], around.right - around.left
        self._tiles = tiles
        self._left = around.left
        self._probabilities = np.zeros((classes, height, width), np.float32)
        self._valid = np.zeros((height, width), np.float32) if valid else None
        self._observed = np.zeros((height, width), np.bool_)
        self._lost = np.zeros((height, width), np.bool_)
        self._product = np.empty((SLAB, tiles.shape[1]), np.float32)

    def add(self, tile: PredictedTile) -> None:
        """Add what is said of a tile."""
        area = self._tiles.area(tile.row, tile.column)
        columns = slice(area.left - self._left, area.right - self._left)
        if tile.failure is not None:
            self._lost[:, columns] = True
        if tile.observed is None or tile.probabilities is None:
            return
        self._observed[:, columns] |= tile.observed
        weight = self._tiles.weight(tile.row, tile.column)
        rows, across = self._tiles.counting(tile.row, tile.column)
        columns = slice(columns.start + across.start, columns.start + across.stop)
        for start in range(rows.start, rows.stop, SLAB):
            slab = slice(start, min(start + SLAB, rows.stop))
            factors = weight[slab, across]
            product = self._product[: factors.shape[0], : factors.shape[1]]
            for values, sums in zip(tile.probabilities, self._probabilities, strict=True):
                np.multiply(values[slab, across], factors, out=product)
                sums[slab, columns] += product
            if self._valid is not None:
                np.multiply(factors, np.float32(tile.observed.mean()), out=product)
                self._valid[slab, columns] += product

    def rows(self, rows: slice, area: Area, start: int) -> Rows:
        """Finished rows, cut to the columns of an area."""
        columns = slice(area.left - self._left, area.right - self._left)
        return Rows(
            start,
            self._probabilities[:, rows, columns],
            self._observed[rows, columns] & ~self._lost[rows, columns],
            None if self._valid is None else self._valid[rows, columns],
        )

    def forget(self, rows: int) -> None:
        """Move unfinished rows to the top and clear those below."""
        valid = [] if self._valid is None else [self._valid]
        for values in (*self._probabilities, *valid, self._observed, self._lost):
            keep = len(values) - rows
            values[:keep] = values[rows:].copy()
            values[keep:] = 0
