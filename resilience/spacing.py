"""Distances between the patches of a mosaic, tile by tile: ENN and the joined pairs of CONNECT, exactly."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pitscape.resilience.connect import pairs_within, within
from pitscape.resilience.mosaic import NOWHERE, Mosaic
from pitscape.resilience.nearest import distances_of, lower_squared
from pitscape.resilience.patches import Patches
from pitscape.resilience.rim import rim_of, runs_of_rims
from pitscape.resilience.tally import CellSize, cell_sides
from pitscape.resilience.tile import tile_of


class Spacing(NamedTuple):
    """Distances between patches within a tile, and what those across its border need.

    Attributes:
        squared: Squared distance of each of the n patches to the nearest other one of its class in the tile [m2], infinite
            where there is none, shape (n,). Patches that are one in the mosaic have it at the first of them.
        class_ids: Ids of the m classes present, rising, shape (m,).
        joined: Joined pairs of each class of patches without a cell on the border, shape (m,).
        pairs: The other joined pairs, shape (p, 2).
        rim: Row, first column, column after the last, and patch of the cells that count across the border, shape (r, 4).
    """

    squared: NDArray[np.float64]
    class_ids: NDArray[np.int64]
    joined: NDArray[np.int64]
    pairs: NDArray[np.int32]
    rim: NDArray[np.int32]


def spacing_of(
    patches: Patches, united: NDArray[np.int32], *, cell_size: CellSize, distance: float, threads: int | None = None
) -> Spacing:
    """The distances within a tile.

    Args:
        patches: Of the tile, found as before.
        united: From :meth:`pitscape.resilience.mosaic.Mosaic.united`, shape (n,).
        cell_size: Side of a cell, or its (dx, dy) [m].
        distance: Threshold T of CONNECT between cell centres [m], > 0.
        threads: How many work at once, one a core but at most 8 if None; the result is the same.

    Returns:
        The distances.

    Raises:
        ValueError: If ``distance`` or ``cell_size`` is not positive and finite.
    """
    runs, of_run = patches.runs, np.append(united, NOWHERE).astype(np.int32)[patches.of_run]
    dx, dy = cell_sides(cell_size)
    squared = np.full(united.size, np.inf)
    lower_squared(squared, runs, of_run, cell_size=cell_size, threads=threads)
    home = np.where(tile_of(patches, (0, 0)).inner, 0, NOWHERE).astype(np.int32)
    joined, pairs = pairs_within(runs, of_run, home, cell_size=cell_size, distance=distance, threads=threads)
    rows, columns = (
        int(min(within(distance) / side, extent)) for side, extent in zip((dy, dx), runs.shape, strict=True)
    )
    return Spacing(squared, runs.class_ids, joined, pairs, rim_of(runs, of_run, margin=(rows, columns)))


def unobserved_spacing() -> Spacing:
    """That of a tile of nodata only."""
    return Spacing(
        np.zeros(0),
        np.zeros(0, np.int64),
        np.zeros(0, np.int64),
        np.zeros((0, 2), np.int32),
        np.zeros((0, 4), np.int32),
    )


def mosaic_distances(
    mosaic: Mosaic,
    spacings: Sequence[Spacing],
    *,
    cell_size: CellSize,
    distance: float,
    threads: int | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """ENN and joined pairs of a mosaic, from those within its tiles and from their rims.

    Args:
        mosaic: From :func:`pitscape.resilience.mosaic.merge_tiles`.
        spacings: Of its tiles, in their order.
        cell_size: Side of a cell, or its (dx, dy) [m].
        distance: Threshold T of CONNECT, that of the spacings [m].
        threads: How many work at once, one a core but at most 8 if None; the result is the same.

    Returns:
        Distance of each patch to the nearest of its class [m], NaN for the only one, shape (n,); joined pairs of each class,
        shape (m,).

    Raises:
        ValueError: If ``distance`` or ``cell_size`` is not positive and finite.
    """
    tally = mosaic.tally
    squared, joined = np.full(tally.cells.size, np.inf), np.zeros(tally.class_ids.size, np.int64)
    pieces, pairs = [], []
    for number, (place, spacing) in enumerate(zip(mosaic.places, spacings, strict=True)):
        patch = mosaic.of_tile[number]
        np.minimum.at(squared, patch, spacing.squared)
        joined[np.searchsorted(tally.class_ids, spacing.class_ids)] += spacing.joined
        pairs.append(patch[spacing.pairs].astype(np.int64))
        moved = spacing.rim + np.array([place[0], place[1], place[1], 0], np.int32)
        moved[:, 3] = patch[spacing.rim[:, 3]]
        pieces.append(moved)
    if len(spacings) > 1:
        pairs.append(_across(mosaic, np.concatenate(pieces), squared, cell_size, distance, threads=threads))
    listed = np.sort(np.concatenate(pairs), axis=1)
    once = np.unique(listed @ np.array([tally.cells.size, 1]))
    joined += np.bincount(tally.class_index[once // tally.cells.size], minlength=joined.size)
    return distances_of(squared), joined


def _across(
    mosaic: Mosaic,
    pieces: NDArray[np.int32],
    squared: NDArray[np.float64],
    cell_size: CellSize,
    distance: float,
    *,
    threads: int | None,
) -> NDArray[np.int64]:
    """Lower the squared distances to those between rims, and list the joined pairs there."""
    near, which = np.unique(pieces[:, 3], return_inverse=True)  # those of all others stay out of the search
    pieces[:, 3] = which
    tally = mosaic.tally
    runs, of_run = runs_of_rims(pieces, mosaic.shape, tally.class_index[near], tally.class_ids)
    lowered, home = squared[near], mosaic.home[near]
    lower_squared(lowered, runs, of_run, cell_size=cell_size, threads=threads)
    squared[near] = lowered
    _, pairs = pairs_within(runs, of_run, home, cell_size=cell_size, distance=distance, threads=threads)
    return near[pairs].astype(np.int64)
