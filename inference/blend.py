"""Class probabilities of whole rows of a scene, from overlapping tiles."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.scene import Scene
from pitscape.inference.predictor import Predictor
from pitscape.inference.tiles import Tiles


@dataclass(frozen=True)
class Rows:
    """Finished rows of a scene.

    Attributes:
        start: First row.
        probabilities: (class, y, x), each pixel's summing to 1.
        observed: (y, x); where it is False the probabilities say nothing.
    """

    start: int
    probabilities: NDArray[np.float32]
    observed: NDArray[np.bool_]


def blended_rows(
    scene: Scene,
    predictor: Predictor,
    tiles: Tiles,
    *,
    batch: int,
    first_row: int = 0,
    on_tile: Callable[[int], None] | None = None,
) -> Iterator[Rows]:
    """Predict a scene from top to bottom.

    Each pixel is the weighted mean of all tiles that cover it, summed in a fixed order. Only the rows of one tile and
    their sums are in memory. A tile without an observed pixel does not go through the network.

    Args:
        scene: The open scene.
        predictor: The network.
        tiles: Where the tiles lie.
        batch: Tiles that go through the network at once.
        first_row: Where to begin, the end of rows that were yielded before; the same rows follow, bit by bit.
        on_tile: Called with the number of tiles done since the last call.

    Yields:
        Rows that no further tile touches, without gap.
    """
    height, width = tiles.shape
    sums = np.zeros((len(predictor.card.legend), height, tiles.width), np.float32)
    weights = np.zeros((height, tiles.width), np.float32)
    stops = (*tiles.tops[1:], tiles.height)
    for top, stop in zip(tiles.tops, stops, strict=True):
        if top + height <= first_row:
            if on_tile:
                on_tile(len(tiles.lefts))
            continue
        stored, observed = scene.read(slice(top, top + height), slice(0, tiles.width))
        lefts = [left for left in tiles.lefts if observed[:, left : left + width].any()]
        for start in range(0, len(lefts), batch):
            chosen = lefts[start : start + batch]
            found = predictor.probabilities(np.stack([stored[:, :, left : left + width] for left in chosen]))
            for left, probabilities in zip(chosen, found, strict=True):
                sums[:, :, left : left + width] += probabilities * tiles.weight
            if on_tile:
                on_tile(len(chosen))
        for left in tiles.lefts:
            weights[:, left : left + width] += tiles.weight
        if on_tile:
            on_tile(len(tiles.lefts) - len(lefts))
        done = stop - top
        if stop > first_row:
            yield Rows(top, sums[:, :done] / weights[:done], observed[:done])
        _shift_up(sums, done, axis=1)
        _shift_up(weights, done, axis=0)


def _shift_up(values: NDArray[np.float32], rows: int, *, axis: int) -> None:
    """Move unfinished rows to the top, in place, and clear those below."""
    moved = np.moveaxis(values, axis, 0)
    keep = len(moved) - rows
    moved[:keep] = moved[rows:].copy()
    moved[keep:] = 0
