"""How a scene is cut up: tiles, strips and blocks, and who works on them, within a budget of memory."""

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from pitscape.imagery.errors import InputError
from pitscape.inference.chunks import chunk_shape
from pitscape.inference.tiles import Area, Tiles, cuts

TILE_SIDES = range(384, 641, 32)
"""Among these the side that gives the network the fewest pixels is chosen; greater ones take memory and gain little."""

BLOCK_ROWS = 512
RUNTIME_MB = 200
"""Python with its libraries, and GDAL's cache of blocks."""

NETWORK_BYTES = 500
"""Taken by a network for each pixel of a tile in it; a U-Net with a ResNet-18 takes 350 to 420."""

SHARE_OF_LANES = 0.5
MB = 1 << 20


@dataclass(frozen=True)
class Budget:
    """What a run may use.

    Attributes:
        memory_mb: Memory of the process [MB].
        threads: At work at the same time.
        batch: Tiles of one call of the network.
        runs: Side by side in the process: they share its memory and one model, and each has so many threads.
        beside_mb: Taken by what else is in the process [MB].
    """

    memory_mb: float = 1500.0
    threads: int = 1
    batch: int = 1
    runs: int = 1
    beside_mb: float = 0.0


@dataclass(frozen=True)
class Load:
    """What takes memory in a run.

    Attributes:
        bands: That are read.
        classes: Of the legend.
        layers: That are kept.
        model_mb: Size of the model's files [MB].
        blocks: Rows and columns of the scene's file blocks.
    """

    bands: int
    classes: int
    layers: int
    model_mb: float
    blocks: tuple[int, int]

    def fixed_mb(self) -> float:
        """Whatever the scene: libraries and the model's weights, as stored and as the runtime packs them."""
        return RUNTIME_MB + 2.2 * self.model_mb

    def lane_mb(self, tile: int, batch: int) -> float:
        """A call of the network: its input, its own needs, and results that wait."""
        return batch * tile**2 * (4 * self.bands + NETWORK_BYTES + 8 * self.classes) / MB

    def column_mb(self, tile: int) -> float:
        """One column of a strip: pixels that were read and are still needed, sums, and blocks to be written."""
        pixels = 2 * chunk_shape(self.blocks)[0] * (4 * self.bands + 1)
        sums = tile * (4 * self.classes + 6)
        return (pixels + sums + 3 * BLOCK_ROWS * self.layers) / MB


@dataclass(frozen=True)
class Plan:
    """How a scene is mapped. What comes out depends on the tiles alone.

    Attributes:
        tiles: Where they lie.
        blocks: Areas that are finished and kept one by one, strip by strip from top to bottom.
        lanes: Calls of the network side by side.
        threads_per_lane: Of each call.
    """

    tiles: Tiles
    blocks: tuple[Area, ...]
    lanes: int
    threads_per_lane: int

    def with_blocks(self, blocks: tuple[Area, ...]) -> "Plan":
        """The same plan with other blocks, of which each result is as before."""
        return replace(self, blocks=blocks)

    def segments(self, numbers: Sequence[int]) -> Iterator[tuple[Area, list[int]]]:
        """Blocks that follow one another in a strip, joined to areas that are mapped in one go."""
        run: list[int] = []
        for number in numbers:
            block = self.blocks[number]
            if run and not (self.blocks[run[-1]].bottom == block.top and self.blocks[run[-1]].left == block.left):
                yield self._joined(run), run
                run = []
            run.append(number)
        if run:
            yield self._joined(run), run

    def _joined(self, run: list[int]) -> Area:
        first, last = self.blocks[run[0]], self.blocks[run[-1]]
        return Area(first.top, last.bottom, first.left, first.right)


def plan_run(
    shape: tuple[int, int],
    load: Load,
    budget: Budget,
    *,
    tile: int,
    overlap: int,
    block_rows: int = BLOCK_ROWS,
    strips: int = 1,
) -> Plan:
    """Cut a scene up.

    Args:
        shape: Rows and columns of the scene.
        load: What takes memory.
        budget: What may be used.
        tile: Side of the tiles [px].
        overlap: Of neighbouring tiles [px].
        block_rows: Rows of a block.
        strips: Into which the scene is cut at least, if it has so many columns of tiles.

    Raises:
        InputError: If the memory is too little.
    """
    tiles = Tiles(height=shape[0], width=shape[1], tile=tile, overlap=overlap)
    fixed = load.fixed_mb() + budget.beside_mb
    free = (budget.memory_mb - fixed) / budget.runs
    lane = load.lane_mb(max(tiles.shape), budget.batch)
    lanes = max(1, min(budget.threads, int(free * SHARE_OF_LANES / lane)))
    most_columns = int((free - lanes * lane) / load.column_mb(tiles.shape[0]))
    found = _strips(tiles, most_columns, strips)
    if found is None:
        each = lane / SHARE_OF_LANES + 3 * tiles.shape[1] * load.column_mb(tiles.shape[0])
        least = fixed + budget.runs * each
        raise InputError(
            f"--memory {budget.memory_mb:g}: is too little for tiles of {tile} px; give at least {math.ceil(least)} MB, or "
            "smaller tiles or a smaller batch."
        )
    blocks = tuple(
        Area(top, min(top + block_rows, shape[0]), left, right)
        for left, right in found
        for top in range(0, shape[0], block_rows)
    )
    return Plan(tiles, blocks, lanes, max(1, budget.threads // lanes))


def best_tile(shape: tuple[int, int], overlap: int) -> int:
    """The side of tiles [px] that gives the network the fewest pixels; the smaller of equal ones.

    >>> best_tile((4096, 4096), 64), best_tile((700, 700), 64)
    (640, 384)
    """
    sides = [side for side in TILE_SIDES if side > 2 * overlap] or [4 * overlap]
    return min(sides, key=lambda side: Tiles(height=shape[0], width=shape[1], tile=side, overlap=overlap).pixels)


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _strips(tiles: Tiles, most_columns: int, least: int) -> list[tuple[int, int]] | None:
    """First and last columns of the fewest strips, from ``least`` on, whose tiles reach over so many columns at most.

    They have about as many tiles each and begin where a tile does, so that one tile is predicted twice at each border.
    None: there are no such strips.
    """
    columns = len(tiles.lefts)
    fewest = max(min(least, columns), math.ceil(tiles.width / max(most_columns, 1)))
    for number in range(fewest, columns + 1):
        edges = [*(tiles.lefts[first] for first, _ in cuts(columns, number)), tiles.width]
        strips = list(pairwise(edges))
        widest = max(tiles.around(Area(0, 1, left, right)).shape[1] for left, right in strips)
        if widest <= most_columns:
            return strips
    return None
