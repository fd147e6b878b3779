"""Landscape metrics of a map that comes in tiles, of which one at a time is held."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pitscape.resilience.landscape import CONNECT_DISTANCE_M, Pattern, pattern_from
from pitscape.resilience.mosaic import merge_tiles
from pitscape.resilience.patches import find_patches
from pitscape.resilience.runs import UnobservedError
from pitscape.resilience.spacing import mosaic_distances, spacing_of, unobserved_spacing
from pitscape.resilience.tally import CellSize
from pitscape.resilience.tile import Tile, tile_of, unobserved_tile

ReadTile: TypeAlias = Callable[[], NDArray[np.integer[Any]]]


def pattern_of_tiles(
    tiles: Sequence[tuple[tuple[int, int], ReadTile]],
    *,
    cell_size: CellSize,
    nodata: int = 255,
    connect_distance: float = CONNECT_DISTANCE_M,
    threads: int | None = None,
) -> Pattern:
    """All metrics of a mosaic, equal to those of :func:`pitscape.resilience.landscape.pattern_of` of the whole.

    Tiles come in any order and may be of any sizes; what none covers is nodata. Each is read twice: to find the patches of
    the mosaic, and to measure the distances between them.

    Args:
        tiles: Row and column of the first cell of each on one grid, and what gives its class ids, shape (h, w).
        cell_size: Side of a square cell, or its (dx, dy) [m], > 0.
        nodata: Id of unobserved cells.
        connect_distance: Threshold T of CONNECT between cell centres [m], > 0.
        threads: How many work at once, one a core but at most 8 if None; the result is the same.

    Returns:
        The metrics of patches, classes and landscape.

    Raises:
        TypeError: If a tile does not hold integers, or is a masked array.
        ValueError: If tiles overlap, none has an observed cell, there are more than 255 classes, or a length is not positive.

    >>> cells = np.array([[1, 1, 2, 1]])
    >>> tiles = [((0, c), lambda c=c: cells[:, c : c + 2]) for c in (0, 2)]
    >>> pattern_of_tiles(tiles, cell_size=10.0).patch["ENN"].tolist()
    [20.0, nan, 20.0]
    """
    mosaic = merge_tiles([_tile(read(), place, nodata, threads) for place, read in tiles])
    spacings = []
    for number, (_, read) in enumerate(tiles):
        united = mosaic.united(number)
        if not united.size:
            spacings.append(unobserved_spacing())
            continue
        patches = find_patches(read(), nodata=nodata, threads=threads)
        spacings.append(spacing_of(patches, united, cell_size=cell_size, distance=connect_distance, threads=threads))
    nearest, joined = mosaic_distances(
        mosaic, spacings, cell_size=cell_size, distance=connect_distance, threads=threads
    )
    return pattern_from(mosaic.tally, nearest=nearest, joined=joined, cell_size=cell_size)


def _tile(classes: NDArray[Any], place: tuple[int, int], nodata: int, threads: int | None) -> Tile:
    try:
        return tile_of(find_patches(classes, nodata=nodata, threads=threads), place)
    except UnobservedError:
        return unobserved_tile(classes.shape, place)
