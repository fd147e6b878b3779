"""Streets, villages, works and roads of varied land."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter

from pitscape.imagery.simulated.terrain.ground import bent
from pitscape.imagery.simulated.terrain.shapes import (
    Field,
    Mask,
    Point,
    moved,
    near_lines,
    smooth_noise,
    turned,
    within,
)
from pitscape.imagery.simulated.varied.covers import Cover

Line = list[Point]


def street(rng: np.random.Generator, size: int) -> Line:
    """A bent line across the land."""
    middle = (float(rng.uniform(0, size)), float(rng.uniform(0, size)))
    angle = rng.uniform(0, 2 * np.pi)
    return bent(rng, moved(middle, angle, -1.5 * size), moved(middle, angle, 1.5 * size))


def village(rng: np.random.Generator, size: int, streets: list[Line]) -> tuple[Mask, list[Line]]:
    """Houses and gardens along parts of streets and along lanes that leave them, and farms by themselves.

    Returns:
        Where they are, and the lanes.
    """
    lanes = [lane for line in streets for lane in _lanes(rng, size, line)]
    along = smooth_noise(rng, size, rng.uniform(12, 30)) > rng.uniform(-0.3, 1)
    ragged = rng.uniform(3, 14) + 1.5 * smooth_noise(rng, size, 3)
    near = (distance_transform_edt(~near_lines(size, streets, 0.6)) < ragged) & along
    if lanes:
        near |= distance_transform_edt(~near_lines(size, lanes, 0.6)) < 0.6 * ragged
    farms = within(rng.random((size, size)) < 4e-5 * rng.uniform(0, 3), rng.uniform(1, 3))
    return near | farms, lanes


def houses(rng: np.random.Generator, size: int) -> Field:
    """Share of cells that roofs and yards take: houses of one or two cells, dense here and sparse there."""
    density = np.clip(rng.uniform(0.1, 0.35) + 0.12 * smooth_noise(rng, size, 8), 0.05, 0.9)
    shares = (rng.random((size, size)) < density) * rng.uniform(0.5, 1, (size, size))
    return np.clip(gaussian_filter(shares, 0.4), 0, 1).astype(np.float32)


def build_works(rng: np.random.Generator, cover: NDArray[np.uint8]) -> None:
    """Build works, farms of many halls and solar parks on the land."""
    for kind, most in ((Cover.WORKS, 5), (Cover.SOLAR, 2)):
        for _ in range(int(rng.integers(0, most))):
            centre = (float(rng.uniform(0, len(cover))), float(rng.uniform(0, len(cover))))
            along, across = turned(len(cover), centre, rng.uniform(0, np.pi))
            cover[(np.abs(along) < rng.uniform(2, 16)) & (np.abs(across) < rng.uniform(2, 9))] = kind


def pavement(rng: np.random.Generator, lines: list[Line], allowed: Mask) -> Field:
    """Share of cells that roads of 4 to 16 m take."""
    paved = np.zeros(allowed.shape, np.float32)
    for line in lines:
        away = distance_transform_edt(~near_lines(len(allowed), [line], 0.1))
        paved = np.maximum(paved, np.clip(rng.uniform(0.32, 1.05) - 0.55 * away, 0, 0.95) * allowed)
    return paved.astype(np.float32)


def plant_avenues(rng: np.random.Generator, cover: NDArray[np.uint8], lines: list[Line]) -> None:
    """Plant rows of trees beside some of the roads through fields and meadows."""
    open_land = (cover == Cover.FIELD) | (cover == Cover.MEADOW)
    for line in lines:
        if rng.random() < 0.4:
            away = distance_transform_edt(~near_lines(len(cover), [line], 0.1))
            row = (away >= 1) & (away < rng.uniform(1.5, 3)) & (smooth_noise(rng, len(cover), 3) > rng.uniform(-1, 1))
            cover[row & open_land] = Cover.BROADLEAF


def _lanes(rng: np.random.Generator, size: int, line: Line) -> list[Line]:
    """Up to six short lanes around one place on a street."""
    inside = [point for point in line if 0 <= point[0] < size and 0 <= point[1] < size]
    if not inside:
        return []
    place = inside[int(rng.integers(len(inside)))]
    starts = [moved(place, rng.uniform(0, 2 * np.pi), rng.uniform(0, 15)) for _ in range(int(rng.integers(0, 7)))]
    return [[start, moved(start, rng.uniform(0, 2 * np.pi), rng.uniform(10, 45))] for start in starts]
