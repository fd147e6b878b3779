"""Reference masks as clusters of cells, and what so few independent pieces leave open."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from pitscape.imagery.cell_area import cell_areas
from pitscape.imagery.errors import InputError
from pitscape.inference.sample.posterior import CHUNK, prior_points

Floats = NDArray[np.float64]

FEWEST = 2
FEW = 10
"""Blocks of a mapped class below which its interval is said to rest on few."""


@dataclass(frozen=True, eq=False)
class ClusteredLand:
    """Labelled land by block.

    Attributes:
        classes: Names, of map and reference alike.
        areas: Mapped area of each class, in any unit.
        labelled: Area by block, mapped and reference class, shape (blocks, mapped, reference).
        cells: Number of labelled cells, shape (mapped, reference).

    Raises:
        InputError: If there are fewer than two blocks, or a mapped class has no labelled cell.
    """

    classes: tuple[str, ...]
    areas: Floats
    labelled: Floats
    cells: NDArray[np.int64]

    def __post_init__(self) -> None:
        if len(self.labelled) < FEWEST:
            raise InputError(
                f"--cluster-size: the labelled land lies in {len(self.labelled)} block; an interval needs several, give a smaller size."
            )
        for name, area, labelled in zip(self.classes, self.areas, self.labelled.sum((0, 2)), strict=True):
            if area > 0 and not labelled > 0:
                share = 100 * area / self.areas.sum()
                raise InputError(
                    f"class {name}: is mapped on {share:.2g} % of the area, and no cell of it is labelled; label some."
                )

    @property
    def blocks(self) -> NDArray[np.int64]:
        """Blocks with labelled cells of each mapped class."""
        blocks: NDArray[np.int64] = (self.labelled.sum(2) > 0).sum(0)
        return blocks


def cluster_matrix(land: ClusteredLand) -> Floats:
    """The error matrix in shares of the area: the labelled shares of each mapped class, weighted by its mapped area."""
    rows = land.labelled.sum(0)
    shares: Floats = rows / np.maximum(rows.sum(1, keepdims=True), np.finfo(float).tiny)
    matrix: Floats = shares * (land.areas / land.areas.sum())[:, None]
    return matrix


def effective_units(land: ClusteredLand) -> Floats:
    """How many independent points the labelled land of each mapped class is worth, at least its blocks.

    sum_j p_j (1 - p_j) by sum_j V_j, V_j the variance of p_j between blocks (linearised ratio, Cochran 1977, eq. 6.13); the
    number of blocks where these are fewer than 10 or all agree.
    """
    blocks = land.blocks.astype(np.float64)
    rows = land.labelled.sum(2)
    whole = np.maximum(rows.sum(0), np.finfo(float).tiny)
    p = land.labelled.sum(0) / whole[:, None]
    residual = (land.labelled - p * rows[:, :, None]) / whole[:, None]
    variance = (residual**2).sum((0, 2)) * blocks / np.maximum(blocks - 1, 1)
    units = np.divide((p * (1 - p)).sum(1), variance, out=blocks.copy(), where=(variance > 0) & (blocks >= FEW))
    most: Floats = np.maximum(units, blocks)
    return most


def cluster_draws(land: ClusteredLand, *, draws: int, seed: int) -> Iterator[Floats]:
    """Error matrices drawn by the Bayesian bootstrap of blocks.

    Blocks, not cells, get random weights from the exponential distribution (Rubin 1981), the same for all of a block's cells.
    Each mapped class has :func:`prior_points` effective units per reference class besides: blocks of one cell would give the
    Dirichlet posterior of points, and land whose blocks all agree is not certain.

    Yields:
        Shares of the area, shape (any, mapped, reference).
    """
    random = np.random.default_rng(seed)
    k = len(land.classes)
    weights = land.areas / land.areas.sum()
    flat = land.labelled.reshape(len(land.labelled), -1)
    unit = land.labelled.sum((0, 2)) / np.maximum(effective_units(land), 1)
    part = max(1, min(CHUNK, 10**7 // len(flat)))
    for start in range(0, draws, part):
        size = min(part, draws - start)
        rows = (random.standard_exponential((size, len(flat))) @ flat).reshape(size, k, k)
        rows += random.gamma(prior_points(k), size=(size, k, k)) * unit[:, None]
        shares = rows / np.maximum(rows.sum(2, keepdims=True), np.finfo(float).tiny)
        yield shares * weights[:, None]


def labelled_blocks(
    bands: Iterator[tuple[NDArray[np.unsignedinteger], NDArray[np.uint8], GeoBox]], block: int, k: int
) -> tuple[Floats, NDArray[np.int64]]:
    """Labelled area by block, from bands of rows.

    Args:
        bands: Mapped ids and reference ids (y, x), ``k`` or more where unknown, from top to bottom, each with its grid.
        block: Side of a block [cells]; blocks count from the top left corner.
        k: Number of classes.

    Returns:
        Area [m2], shape (blocks with labels, mapped, reference), and the number of cells, shape (mapped, reference).
    """
    found: dict[int, Floats] = {}
    cells = np.zeros((k, k), np.int64)
    top = 0
    for mapped, reference, grid in bands:
        known = (mapped < k) & (reference < k)
        row, column = np.nonzero(known)
        across, first = -(-grid.shape[1] // block), top // block
        place = ((row + top) // block - first) * across + column // block
        pair = mapped[known].astype(np.int64) * k + reference[known]
        areas = np.broadcast_to(cell_areas(grid), known.shape)[known]
        down = (top + grid.shape[0] - 1) // block - first + 1
        sums = np.bincount(place * k * k + pair, weights=areas, minlength=down * across * k * k).astype(np.float64)
        by_place = sums.reshape(-1, k, k)
        for number in np.flatnonzero(by_place.any((1, 2))).tolist():
            block_number = first * across + number
            found[block_number] = found.get(block_number, 0.0) + by_place[number]
        cells += np.bincount(pair, minlength=k * k).reshape(k, k)
        top += grid.shape[0]
    return np.array([found[number] for number in sorted(found)]).reshape(-1, k, k), cells


def block_cells(grid: GeoBox, size_m: float) -> int:
    """Side of a block in cells, at least 1, from metres on the ground in the middle of a grid."""
    height = grid.shape[0]
    middle = float(cell_areas(grid[height // 2 : height // 2 + 1, :]).mean())
    return max(1, round(min(size_m / math.sqrt(middle), max(grid.shape))))
