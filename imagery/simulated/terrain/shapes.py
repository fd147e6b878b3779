"""Shapes that simulated land is made of: smooth noise, patchworks, lattices, lines, and areas that grow."""

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft2, next_fast_len, rfft2
from scipy.ndimage import distance_transform_edt, label
from scipy.spatial import KDTree

Field = NDArray[np.float32]
Mask = NDArray[np.bool_]
Point = tuple[float, float]
"""Row and column, in cells from the upper left corner."""


def generator(*key: int) -> np.random.Generator:
    """A random generator of its own for each key: equal keys draw equal numbers."""
    return np.random.default_rng(key)


def smooth_noise(rng: np.random.Generator, size: int, scale: float) -> Field:
    """Gaussian-filtered white noise, with mean 0 and standard deviation 1.

    Args:
        rng: Where the white noise comes from.
        size: Rows and columns.
        scale: Standard deviation of the filter [cells].

    Returns:
        Shape (size, size).
    """
    wide = next_fast_len(size + int(3 * scale), real=True)
    white = rfft2(rng.standard_normal((wide, wide), dtype=np.float32))
    fall = np.exp(-2 * (np.pi * scale * np.fft.fftfreq(wide)) ** 2).astype(np.float32)
    noise: Field = irfft2(white * fall[:, None] * fall[: white.shape[1]], (wide, wide))[:size, :size]
    noise -= noise.mean()
    return noise / np.float32(noise.std())


def turned(size: int, centre: Point, angle: float | Field) -> tuple[Field, Field]:
    """Distances [cells] of all cells from a point, along a direction and across it."""
    rows, columns = np.mgrid[:size, :size].astype(np.float32)
    rows, columns = rows - np.float32(centre[0]), columns - np.float32(centre[1])
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return columns * cosine + rows * sine, rows * cosine - columns * sine


def moved(point: Point, angle: float, distance: float) -> Point:
    """The point at a distance in a direction."""
    return point[0] + distance * float(np.sin(angle)), point[1] + distance * float(np.cos(angle))


def patchwork(rng: np.random.Generator, size: int, spacing: float) -> NDArray[np.int32]:
    """Number the cells by the nearest of random points that lie about ``spacing`` cells apart."""
    points = rng.random((max(2, round((size / spacing) ** 2)), 2)) * size
    _, nearest = KDTree(points).query(np.moveaxis(np.mgrid[:size, :size], 0, -1))
    return np.asarray(nearest, np.int32)


def lattice(along: Field, across: Field, *, length: Field | float, width: Field | float) -> NDArray[np.int32]:
    """Number the rectangles of a lattice whose rows are shifted like bricks, from 0 without gaps."""
    row = np.floor(across / width).astype(np.int64)
    shift = (row * 9 % 16) / 16 * length
    column = np.floor((along + shift) / length).astype(np.int64)
    return numbered(row * 100_003 + column)


def numbered(codes: NDArray[np.integer]) -> NDArray[np.int32]:
    """The same partition with numbers from 0 without gaps, in order of code."""
    numbers: NDArray[np.int32] = np.unique(codes, return_inverse=True)[1].reshape(codes.shape).astype(np.int32)
    return numbers


def near_lines(size: int, lines: Sequence[Sequence[Point]], half_width: float) -> Mask:
    """Cells within ``half_width`` cells of lines through points."""
    far = np.ones((size, size), np.bool_)
    for line in lines:
        for start, end in itertools.pairwise(line):
            steps = int(2 * np.hypot(end[0] - start[0], end[1] - start[1])) + 2
            rows = np.round(np.linspace(start[0], end[0], steps)).astype(int)
            columns = np.round(np.linspace(start[1], end[1], steps)).astype(int)
            inside = (rows >= 0) & (rows < size) & (columns >= 0) & (columns < size)
            far[rows[inside], columns[inside]] = False
    return within(~far, half_width)


def within(mask: Mask, distance: float) -> Mask:
    """Cells that lie in a mask or at most ``distance`` cells from it."""
    if not mask.any():
        return mask
    near: Mask = distance_transform_edt(~mask) <= distance
    return near


def growth_years(score: Field, allowed: Mask, *, cells: int, years: tuple[float, float], power: float) -> Field:
    """When an area that grows from low to high score reaches each cell.

    Args:
        score: Order in which cells are taken.
        allowed: Where the area may grow.
        cells: Its cells at the end; fewer where that many are not joined to the first one.
        years: When it begins and when it is complete.
        power: Its area is proportional to time since the beginning to this power.

    Returns:
        The year as a fractional number; infinity where it never comes.
    """
    order = np.argsort(np.where(allowed, score, np.inf), axis=None, kind="stable")[: min(cells, int(allowed.sum()))]
    taken = np.zeros(score.shape, np.bool_)
    taken.flat[order] = True
    pieces, _ = label(taken)
    order = order[pieces.flat[order] == pieces.flat[order[0]]] if len(order) else order
    share = (np.arange(len(order)) + 1) / max(len(order), 1)
    since = np.full(score.shape, np.inf, np.float32)
    since.flat[order] = years[0] + (years[1] - years[0]) * share ** (1 / power)
    return since


def lobes(rng: np.random.Generator, size: int, centre: Point, heading: float, *, forward: float) -> Field:
    """Score of an irregular area that grows from a point, ``forward`` times as fast ahead as to the sides."""
    along, across = turned(size, centre, heading)
    along = np.where(along > 0, along / forward, along * 1.3)
    ragged = 1 + 0.2 * smooth_noise(rng, size, 0.09 * size) + 0.12 * smooth_noise(rng, size, max(0.028 * size, 3))
    return (np.hypot(along, across) / np.maximum(ragged, 0.3)).astype(np.float32)
