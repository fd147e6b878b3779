"""Simulated land before mining: steppe with forest, fields, water, villages and roads."""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.simulated.terrain.place import Place
from pitscape.imagery.simulated.terrain.shapes import (
    Field,
    Mask,
    Point,
    lattice,
    moved,
    near_lines,
    numbered,
    patchwork,
    smooth_noise,
    turned,
    within,
)
from pitscape.imagery.simulated.terrain.surfaces import Surface

ROAD_HALF_WIDTH = 1.2
"""Cells: roads are two to three cells wide."""

HILLS, FARMING, WOODS, ROADS, RIVERS = range(31, 36)
"""Numbers of what goes on across the borders of pieces."""


@dataclass(frozen=True)
class Ground:
    """Land before mining. All arrays have shape (size, size).

    Attributes:
        surface: What covers each cell, as ``Surface``.
        parcel: Number of the field, or of the building plot, that the cell lies in, from 0.
        elevation: Height of the natural relief [m].
        villages: Their centres.
    """

    surface: NDArray[np.uint8]
    parcel: NDArray[np.int32]
    elevation: Field
    villages: tuple[Point, ...]


def simulate_ground(rng: np.random.Generator, place: Place, *, mine: Point) -> Ground:
    """Draw land before mining.

    Args:
        rng: Where it is drawn from.
        place: Where the land lies.
        mine: Where a mine will open: villages and water keep away from there.
    """
    size = place.size
    fields = _fields(rng, size)
    surface = np.zeros((size, size), np.uint8)
    surface[_chosen(fields, place.smooth(rng, FARMING, scale=0.16 * size)) > 0.1] = Surface.FARMLAND
    surface[_woods(rng, place)] = Surface.FOREST
    surface[_lakes(rng, place, mine)] = Surface.LAKE
    surface[_river(rng, size, mine) if place.alone else _passing_river(place)] = Surface.RIVER
    villages = _village_places(rng, size, mine, surface >= Surface.RIVER)
    surface[_roads(rng, place, villages)] = Surface.ROAD
    parcel = fields
    for centre in villages:
        inside, plots = _village(rng, size, centre)
        inside &= surface < Surface.RIVER
        surface[inside] = Surface.VILLAGE
        parcel = np.where(inside, plots + parcel.max() + 1, parcel)
    elevation = 12 * place.smooth(rng, HILLS, scale=0.1 * size) + 3 * smooth_noise(rng, size, 9) * place.border(30)
    return Ground(surface, numbered(parcel), elevation, villages)


def _fields(rng: np.random.Generator, size: int) -> NDArray[np.int32]:
    """Blocks of land, each cut into rectangular fields along its own direction."""
    block = patchwork(rng, size, 85)
    blocks = int(block.max()) + 1
    angle, length, width = rng.uniform((0, 22, 9), (np.pi, 46, 19), (blocks, 3)).astype(np.float32).T
    along, across = turned(size, (0, 0), angle[block])
    bend = 1.2 * smooth_noise(rng, size, 25)
    plots = lattice(along + bend, across + bend, length=length[block], width=width[block])
    return numbered(block.astype(np.int64) * size * size + plots)


def _chosen(parcel: NDArray[np.int32], noise: Field) -> Field:
    """The mean of a noise over each parcel, at its cells."""
    cells = np.bincount(parcel.ravel())
    mean: Field = (np.bincount(parcel.ravel(), noise.ravel()) / cells).astype(np.float32)[parcel]
    return mean


def _woods(rng: np.random.Generator, place: Place) -> Mask:
    noise = 0.8 * place.smooth(rng, WOODS, scale=0.05 * place.size + 4) + 0.3 * smooth_noise(rng, place.size, 3)
    woods: Mask = noise > 1.05
    return woods


def _lakes(rng: np.random.Generator, place: Place, mine: Point) -> Mask:
    """The deepest hollows that lie away from the mine and from other pieces of land."""
    size = place.size
    along, across = turned(size, mine, 0)
    away = np.minimum(np.hypot(along, across) / (0.5 * size), 1)
    depth = smooth_noise(rng, size, 0.045 * size + 2) + 0.15 * smooth_noise(rng, size, 3)
    depth = np.where(away < 0.75, -9, depth + 2 * away) - 4 * (1 - place.border(0.1 * size))
    lakes: Mask = depth > np.quantile(depth, 1 - rng.uniform(0.012, 0.024))
    return lakes


def _river(rng: np.random.Generator, size: int, mine: Point) -> Mask:
    """A winding river that passes the mine at a distance; some land has none."""
    direction = rng.uniform(0, 2 * np.pi)
    middle = moved(mine, direction, rng.uniform(0.36, 0.5) * size)
    if rng.random() < 0.3:
        return np.zeros((size, size), np.bool_)
    steps = np.linspace(-1.5, 1.5, 60) * size
    first, second = rng.uniform(0, 2 * np.pi, 2)
    aside = 0.03 * np.sin(steps / (0.11 * size) + first) + 0.015 * np.sin(steps / (0.045 * size) + second)
    course = [
        moved(moved(middle, direction + np.pi / 2, a), direction, b) for a, b in zip(steps, aside * size, strict=True)
    ]
    return near_lines(size, [course], rng.uniform(1.6, 3.2))


def _passing_river(place: Place) -> Mask:
    """A river from the upper to the lower border, along the left one; every second column of pieces has one."""
    size, column = place.size, place.shared(RIVERS, 1 + place.column // place.size)
    width, bends, first = column.uniform(2, 3.5), int(column.integers(5, 9)), column.uniform(0, 2 * np.pi)
    if column.random() < 0.5:
        return np.zeros((size, size), np.bool_)
    ends = [size * (0.05 + 0.08 * place.crossing(RIVERS, down=down, along_row=True)) for down in (0, 1)]
    share = np.linspace(0, 1, 90)
    aside = 0.02 * np.sin(np.pi * share) * np.sin(2 * np.pi * bends * share + first) * size
    across = ends[0] + (ends[1] - ends[0]) * share**2 * (3 - 2 * share) + aside
    course = [(float(row), float(at)) for row, at in zip(share * size, across, strict=True)]
    return near_lines(size, [course], width)


def _village_places(rng: np.random.Generator, size: int, mine: Point, wet: Mask) -> tuple[Point, ...]:
    """The places farthest from the mine, from water and from one another, of some random ones."""
    places: list[Point] = []
    wet = within(wet, 0.04 * size)
    for _ in range(int(rng.integers(2, 4))):
        candidates = [(float(row), float(column)) for row, column in rng.uniform(0.08, 0.92, (12, 2)) * size]
        places.append(max(candidates, key=lambda place: _room(place, [mine, *places], wet)))
    return tuple(places)


def _room(place: Point, others: list[Point], wet: Mask) -> float:
    nearest = min(float(np.hypot(place[0] - other[0], place[1] - other[1])) for other in others)
    return nearest - (len(wet) if wet[int(place[0]), int(place[1])] else 0)


def _village(rng: np.random.Generator, size: int, centre: Point) -> tuple[Mask, NDArray[np.int32]]:
    """Where a village stands, and its building plots."""
    along, across = turned(size, centre, rng.uniform(0, np.pi))
    half = max(rng.uniform(0.03, 0.055) * size, 4)
    ragged = 1 + 0.12 * smooth_noise(rng, size, 5)
    inside = np.maximum(np.abs(along) / 1.35, np.abs(across)) < half * ragged
    return inside, lattice(along, across, length=rng.uniform(3, 4.5), width=rng.uniform(2.2, 3))


def _roads(rng: np.random.Generator, place: Place, villages: tuple[Point, ...]) -> Mask:
    """Roads from village to village and on to the edges of the land."""
    size = place.size
    ends = [(float(rng.uniform(0, size)), edge) for edge in (-1.0, float(size))]
    if not place.alone:
        ends = [
            (size * place.crossing(ROADS, right=right, along_row=False), edge) for right, (_, edge) in enumerate(ends)
        ]
    stops = [ends[0], *sorted(villages, key=lambda place: place[1]), ends[1]]
    lines = [bent(rng, start, end) for start, end in itertools.pairwise(stops)]
    north = float(rng.uniform(0, size)) if place.alone else size * place.crossing(ROADS, along_row=True)
    lines.append(bent(rng, villages[0], (-1.0, north)))
    if not place.alone:
        south = (float(size), size * place.crossing(ROADS, down=1, along_row=True))
        lines.append(bent(rng, villages[-1], south))
    return near_lines(size, lines, ROAD_HALF_WIDTH)


def bent(rng: np.random.Generator, start: Point, end: Point) -> list[Point]:
    """A slightly bent line between two points."""
    length = float(np.hypot(end[0] - start[0], end[1] - start[1]))
    across = float(np.arctan2(end[0] - start[0], end[1] - start[1])) + np.pi / 2
    bow, wobble = rng.normal(0, 0.07) * length, rng.normal(0, 0.015) * length
    share = np.linspace(0, 1, 16)
    aside = bow * np.sin(np.pi * share) + wobble * np.sin(3 * np.pi * share)
    along = [(start[0] + s * (end[0] - start[0]), start[1] + s * (end[1] - start[1])) for s in share]
    return [moved(point, across, float(a)) for point, a in zip(along, aside, strict=True)]
