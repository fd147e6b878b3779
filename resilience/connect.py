"""How near patches of a class lie: pairs within a threshold, and the distance to the nearest one, both exact."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pitscape.resilience.patches import CellSize, Patches, cell_sides

TOLERANCE = 1e-9  # relative, on the threshold: 3 * 0.1 m is within 0.3 m
UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8


class EdgeCells(NamedTuple):
    """Cells of patches that have a side on another patch, nodata or the raster's edge, by class, row and column.

    Attributes:
        row: Row, shape (k,).
        col: Column, shape (k,).
        label: Patch label, shape (k,).
        exposed: Directions in which the neighbour is not of the patch, as bits (up 1, down 2, left 4, right 8).
        start: Where the cells of class index i in row r begin: entry i * H + r, shape (m * H + 1,).
        by_patch: Positions of the cells in the order of their patches, shape (k,).
        class_index: Class index of each patch, shape (n,).
        height: Rows H of the raster.
    """

    row: NDArray[np.int32]
    col: NDArray[np.int32]
    label: NDArray[np.uint32]
    exposed: NDArray[np.uint8]
    start: NDArray[np.int64]
    by_patch: NDArray[np.int64]
    class_index: NDArray[np.int64]
    height: int


def possible_pairs(patches: Patches) -> NDArray[np.int64]:
    """Pairs of patches that each class could join, n_i (n_i - 1) / 2.

    Args:
        patches: From :func:`pitscape.resilience.patches.find_patches`.

    Returns:
        Number of pairs of each class, shape (m,) in the order of ``class_ids``.

    >>> from pitscape.resilience.patches import find_patches
    >>> possible_pairs(find_patches(np.array([[1, 0, 1, 0, 0, 1]]))).tolist()  # two patches of class 0, three of 1
    [1, 3]
    """
    count = patches.class_patches
    return count * (count - 1) // 2


def joined_pairs(patches: Patches, *, cell_size: CellSize, distance: float) -> NDArray[np.int64]:
    """Pairs of patches of one class whose nearest cell centres are at most ``distance`` apart.

    Exact: the two nearest cells of a pair have a neighbour outside their patch in the direction of each other, since a
    step that way would else come nearer. So only cells on the edge are searched, each only in the directions in which
    it is exposed, in the row lists of its class; no pair is stored.

    Args:
        patches: From :func:`pitscape.resilience.patches.find_patches`.
        cell_size: Side of a cell, or its (dx, dy) [m].
        distance: Threshold T between cell centres [m], > 0; a distance up to T (1 + 1e-9) joins.

    Returns:
        Number of joined pairs of each class, shape (m,) in the order of ``class_ids``.

    Raises:
        ValueError: If ``distance`` or ``cell_size`` is not positive and finite.

    Source: CONNECT of FRAGSTATS (McGarigal et al. 2012).

    >>> from pitscape.resilience.patches import find_patches
    >>> three = find_patches(np.array([[1, 0, 1, 0, 0, 1]]), nodata=255)
    >>> joined_pairs(three, cell_size=10.0, distance=20.0).tolist()  # class 0: its two runs; class 1: the first pair
    [1, 1]
    >>> joined_pairs(three, cell_size=10.0, distance=30.0).tolist()
    [1, 2]
    """
    if not 0 < distance < np.inf:
        raise ValueError(f"distance must be positive metres, got {distance}: give the reach of what moves, e.g. 200.")
    dx, dy = cell_sides(cell_size)
    limit = (distance * (1 + TOLERANCE)) ** 2
    joined = np.zeros(patches.class_ids.size, np.int64)
    _count_joined(edge_cells(patches), limit, dx, dy, joined)
    return joined


def nearest_distances(patches: Patches, *, cell_size: CellSize) -> NDArray[np.float64]:
    """Distance from each patch to the nearest patch of its class, between cell centres (ENN).

    Args:
        patches: From :func:`pitscape.resilience.patches.find_patches`.
        cell_size: Side of a cell, or its (dx, dy) [m].

    Returns:
        Distance [m] of each patch, shape (n,); NaN for the only patch of a class.

    Raises:
        ValueError: If ``cell_size`` is not positive and finite.

    Source: ENN of FRAGSTATS (McGarigal et al. 2012).

    >>> from pitscape.resilience.patches import find_patches
    >>> nearest_distances(find_patches(np.array([[1, 0, 1, 0, 0, 1]])), cell_size=10.0).tolist()
    [20.0, 20.0, 20.0, 20.0, 30.0]
    """
    dx, dy = cell_sides(cell_size)
    squared = np.full(patches.cells.size, np.inf)
    alone = patches.class_patches == 1
    _find_nearest(edge_cells(patches), alone, dx, dy, squared)
    distances: NDArray[np.float64] = np.sqrt(squared)
    distances[alone[patches.class_index]] = np.nan
    return distances


def edge_cells(patches: Patches) -> EdgeCells:
    """The edge cells of all patches, listed for search by class, row and column.

    Args:
        patches: From :func:`pitscape.resilience.patches.find_patches`.

    Returns:
        The cells; in memory 21 bytes for each, and 8 for each class and row.

    >>> from pitscape.resilience.patches import find_patches
    >>> edge_cells(find_patches(np.full((3, 3), 1))).exposed.tolist()  # all but the middle; the first: up and left
    [5, 1, 9, 4, 8, 6, 2, 10]
    """
    height = patches.labels.shape[0]
    start = np.zeros(patches.class_ids.size * height + 1, np.int64)
    _count_edges(patches.labels, patches.class_index, start)
    np.cumsum(start, out=start)
    k = int(start[-1])
    edges = EdgeCells(
        row=np.empty(k, np.int32),
        col=np.empty(k, np.int32),
        label=np.empty(k, np.uint32),
        exposed=np.empty(k, np.uint8),
        start=start,
        by_patch=np.empty(0, np.int64),
        class_index=patches.class_index,
        height=height,
    )
    _list_edges(patches.labels, start.copy(), edges)
    return edges._replace(by_patch=np.argsort(edges.label, kind="stable"))


@njit(cache=True)
def _exposure(labels: NDArray[np.uint32], row: int, col: int) -> int:
    """Directions in which the neighbour of a cell is not of its patch."""
    here = labels[row, col]
    bits = 0
    if row == 0 or labels[row - 1, col] != here:
        bits |= UP
    if row == labels.shape[0] - 1 or labels[row + 1, col] != here:
        bits |= DOWN
    if col == 0 or labels[row, col - 1] != here:
        bits |= LEFT
    if col == labels.shape[1] - 1 or labels[row, col + 1] != here:
        bits |= RIGHT
    return bits


@njit(cache=True)
def _count_edges(labels: NDArray[np.uint32], class_index: NDArray[np.int64], start: NDArray[np.int64]) -> None:
    """Count the edge cells of class index i in row r into entry i * H + r + 1."""
    height = labels.shape[0]
    for row in range(height):
        for col in range(labels.shape[1]):
            if labels[row, col] and _exposure(labels, row, col):
                start[class_index[int(labels[row, col]) - 1] * height + row + 1] += 1


@njit(cache=True)
def _list_edges(labels: NDArray[np.uint32], free: NDArray[np.int64], edges: EdgeCells) -> None:
    """Fill in the edge cells; ``free`` holds the next place of each class and row."""
    for row in range(labels.shape[0]):
        for col in range(labels.shape[1]):
            bits = _exposure(labels, row, col) if labels[row, col] else 0
            if bits:
                line = edges.class_index[int(labels[row, col]) - 1] * edges.height + row
                place = free[line]
                free[line] += 1
                edges.row[place], edges.col[place] = row, col
                edges.label[place], edges.exposed[place] = labels[row, col], bits


@njit(cache=True)
def _count_joined(edges: EdgeCells, limit: float, dx: float, dy: float, joined: NDArray[np.int64]) -> None:
    """Count, patch by patch, the later patches of its class that an edge cell reaches; ``limit`` is squared."""
    met_by = np.zeros(edges.class_index.size + 1, np.uint32)
    reach = int(min(np.sqrt(limit) / dy, edges.height))
    for place in edges.by_patch:
        row, col, exposed, here = edges.row[place], edges.col[place], edges.exposed[place], edges.label[place]
        group = edges.class_index[int(here) - 1]
        first = max(row - reach, 0) if exposed & UP else row
        last = min(row + reach, edges.height - 1) if exposed & DOWN else row
        for other in range(first, last + 1):
            width = np.sqrt(max(limit - ((other - row) * dy) ** 2, 0.0)) / dx
            left = col - width if exposed & LEFT else col
            right = col + width if exposed & RIGHT else col
            end = edges.start[group * edges.height + other + 1]
            found = _first_from(edges.col, edges.start[group * edges.height + other], end, left)
            while found < end and edges.col[found] <= right:
                there = edges.label[found]
                if there > here and met_by[there] != here:
                    met_by[there] = here
                    joined[group] += 1
                found += 1


@njit(cache=True)
def _first_from(cols: NDArray[np.int32], begin: int, end: int, left: float) -> int:
    """The first place in cols[begin:end], rising, that is not below ``left``."""
    while begin < end:
        middle = (begin + end) // 2
        if cols[middle] < left:
            begin = middle + 1
        else:
            end = middle
    return begin


@njit(cache=True)
def _find_nearest(
    edges: EdgeCells, alone: NDArray[np.bool_], dx: float, dy: float, squared: NDArray[np.float64]
) -> None:
    """Lower ``squared`` to the squared distance of each patch to the nearest of its class, rows from near to far."""
    for place in edges.by_patch:
        patch, row, exposed = int(edges.label[place]) - 1, edges.row[place], edges.exposed[place]
        group = edges.class_index[patch]
        for step in range(0 if alone[group] else edges.height):
            rise = (step * dy) ** 2
            if rise >= squared[patch]:
                break
            if row >= step and (step == 0 or exposed & UP):
                found = _scan_row(edges, place, group * edges.height + row - step, squared[patch] - rise, dx)
                squared[patch] = min(squared[patch], rise + found)
            if step and row + step < edges.height and exposed & DOWN:
                found = _scan_row(edges, place, group * edges.height + row + step, squared[patch] - rise, dx)
                squared[patch] = min(squared[patch], rise + found)


@njit(cache=True)
def _scan_row(edges: EdgeCells, place: int, line: int, limit: float, dx: float) -> float:
    """Squared distance along a row, below ``limit`` or else infinite, from a column to the nearest other patch."""
    col, exposed = edges.col[place], edges.exposed[place]
    begin, end = edges.start[line], edges.start[line + 1]
    middle = _first_from(edges.col, begin, end, col)
    nearest = np.inf
    for direction in (-1, 1):
        found = middle - 1 if direction < 0 else middle
        bit = LEFT if direction < 0 else RIGHT
        while begin <= found < end and (exposed & bit or edges.col[found] == col):
            distance = ((edges.col[found] - col) * dx) ** 2
            if distance >= min(limit, nearest):
                break
            if edges.label[found] != edges.label[place]:
                nearest = distance
            found += direction
    return nearest
