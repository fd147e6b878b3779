"""Land with quarries: what covers each cell, how high it lies, and which class it is."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter

from pitscape.imagery.simulated.terrain.ground import bent
from pitscape.imagery.simulated.terrain.shapes import (
    Field,
    Mask,
    Point,
    lattice,
    lobes,
    moved,
    near_lines,
    numbered,
    patchwork,
    smooth_noise,
    turned,
    within,
)
from pitscape.imagery.simulated.terrain.surfaces import MINED, OCCUPIED, VEGETATED, WATER

UNSURE = 255
"""Of cells that are partly this and partly that: nobody labels them."""


class Cover(IntEnum):
    """What covers a cell."""

    FIELD = 0
    MEADOW = 1
    CONIFER = 2
    BROADLEAF = 3
    VILLAGE = 4
    WORKS = 5
    SOLAR = 6
    ROAD = 7
    LAKE = 8
    PIT = 9
    POND = 10
    REGROWN = 11


CLASSES = np.array(
    [VEGETATED] * 4 + [OCCUPIED] * 4 + [WATER, MINED, WATER, VEGETATED],
    np.uint8,
)
"""Class id by ``Cover``. Heaps and tracks inside a quarry are mined."""


@dataclass(frozen=True)
class QuarryLand:
    """Land with quarries. All arrays have shape (size, size).

    Attributes:
        cover: What covers each cell, as ``Cover``.
        parcel: Number of its field or plot, from 0.
        built: Share of it that houses take, in villages.
        paved: Share of it that a road takes.
        depth: How far into a quarry it lies [cells]; 0 elsewhere.
        elevation: Height of its surface [m].
        classes: Class id, ``UNSURE`` where cells are mixed.
    """

    cover: NDArray[np.uint8]
    parcel: NDArray[np.int32]
    built: Field
    paved: Field
    depth: Field
    elevation: Field
    classes: NDArray[np.uint8]


def draw_quarry_land(rng: np.random.Generator, size: int) -> QuarryLand:
    """Draw land with up to six quarries of 80 m to some 900 m across.

    Args:
        rng: Where it is drawn from.
        size: Rows and columns.
    """
    block, parcel = _fields(rng, size)
    cover = np.where(_chosen(rng, parcel, rng.uniform(0, 0.3)), Cover.MEADOW, Cover.FIELD).astype(np.uint8)
    woods = _woods(rng, size, block)
    conifers = smooth_noise(rng, size, rng.uniform(3, 25)) > rng.normal(0, 1)
    cover[woods] = np.where(conifers, Cover.CONIFER, Cover.BROADLEAF)[woods]
    cover[_lakes(rng, size)] = Cover.LAKE
    streets = [_street(rng, size) for _ in range(int(rng.integers(1, 5)))]
    village = _village(rng, size, streets[: int(rng.integers(1, 3))]) & (cover != Cover.LAKE)
    cover[village] = Cover.VILLAGE
    for kind, most in ((Cover.WORKS, 4), (Cover.SOLAR, 2)):
        for _ in range(int(rng.integers(0, most))):
            cover[_rectangle(rng, size)] = kind
    depth, elevation = np.zeros((size, size), np.float32), 10 * smooth_noise(rng, size, 0.12 * size)
    for _ in range(int(rng.integers(1, 7))):
        _dig(rng, cover, depth, elevation)
    paved = _paved(rng, size, streets, (cover != Cover.LAKE) & (depth == 0))
    cover[paved > 0.45] = Cover.ROAD
    built = _built(rng, size) * (cover == Cover.VILLAGE)
    classes = CLASSES[cover]
    classes[(paved > 0.1) & (paved <= 0.45)] = UNSURE
    open_gardens = gaussian_filter(built, 1.2) < 0.1
    classes[(cover == Cover.VILLAGE) & open_gardens] = UNSURE
    sparse = (cover == Cover.REGROWN) & (smooth_noise(rng, size, 2) < 0.3)
    classes[sparse] = UNSURE
    plots = lattice(*turned(size, (0, 0), rng.uniform(0, np.pi)), length=4.0, width=3.0)
    parcel = np.where(np.isin(cover, (Cover.VILLAGE, Cover.WORKS)), plots + parcel.max() + 1, parcel)
    return QuarryLand(cover, numbered(parcel), built, paved, depth, elevation, classes)


def _fields(rng: np.random.Generator, size: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Blocks of land, and the fields in them; from gardens to those of large farms."""
    block = patchwork(rng, size, rng.uniform(30, 110))
    blocks, large = int(block.max()) + 1, rng.uniform(0.5, 2)
    angle, length, width = rng.uniform((0, 14, 3), (np.pi, 50, 20), (blocks, 3)).astype(np.float32).T
    along, across = turned(size, (0, 0), angle[block])
    bend = smooth_noise(rng, size, 25)
    plots = lattice(along + bend, across + bend, length=large * length[block], width=large * width[block])
    return block, numbered(block.astype(np.int64) * size * size + plots)


def _chosen(rng: np.random.Generator, parcel: NDArray[np.int32], share: float) -> Mask:
    chosen: Mask = (rng.random(int(parcel.max()) + 1) < share)[parcel]
    return chosen


def _woods(rng: np.random.Generator, size: int, block: NDArray[np.int32]) -> Mask:
    """Forests with straight edges, and ragged ones, groves and rows of trees between fields."""
    ragged = smooth_noise(rng, size, rng.uniform(6, 25)) + 0.3 * smooth_noise(rng, size, 2)
    groves = smooth_noise(rng, size, 2)
    straight = _chosen(rng, block, rng.uniform(0, 0.4))
    woods: Mask = straight | (ragged > rng.uniform(0.6, 2.5)) | (groves > rng.uniform(2, 3.2))
    clearing = smooth_noise(rng, size, 3) > 2.2
    return woods & ~clearing


def _lakes(rng: np.random.Generator, size: int) -> Mask:
    """Lakes and ponds, and sometimes a river."""
    hollow = smooth_noise(rng, size, rng.uniform(2.5, 12))
    lakes: Mask = hollow > np.quantile(hollow, 1 - rng.uniform(0, 0.02))
    if rng.random() < 0.3:
        lakes |= near_lines(size, [_street(rng, size)], rng.uniform(0.6, 4))
    return lakes


def _street(rng: np.random.Generator, size: int) -> list[Point]:
    """A bent line across the land."""
    middle = (float(rng.uniform(0, size)), float(rng.uniform(0, size)))
    angle = rng.uniform(0, 2 * np.pi)
    return bent(rng, moved(middle, angle, -1.5 * size), moved(middle, angle, 1.5 * size))


def _village(rng: np.random.Generator, size: int, streets: list[list[Point]]) -> Mask:
    """Houses along parts of streets, and farms by themselves."""
    along = smooth_noise(rng, size, rng.uniform(12, 30)) > rng.uniform(-0.3, 1)
    ragged = rng.uniform(2, 9) + 1.5 * smooth_noise(rng, size, 3)
    near: Mask = distance_transform_edt(~near_lines(size, streets, 0.6)) < ragged
    farms = within(rng.random((size, size)) < 4e-5 * rng.uniform(0, 3), rng.uniform(1, 3))
    return near & along | farms


def _built(rng: np.random.Generator, size: int) -> Field:
    """Share of cells that roofs and yards take: houses of one or two cells, dense here and sparse there."""
    density = np.clip(rng.uniform(0.15, 0.5) + 0.12 * smooth_noise(rng, size, 8), 0.05, 0.9)
    houses = (rng.random((size, size)) < density) * rng.uniform(0.3, 1, (size, size))
    return np.clip(gaussian_filter(houses, 0.4), 0, 1).astype(np.float32)


def _rectangle(rng: np.random.Generator, size: int) -> Mask:
    centre = (float(rng.uniform(0, size)), float(rng.uniform(0, size)))
    along, across = turned(size, centre, rng.uniform(0, np.pi))
    inside: Mask = (np.abs(along) < rng.uniform(3, 16)) & (np.abs(across) < rng.uniform(2, 9))
    return inside


def _paved(rng: np.random.Generator, size: int, streets: list[list[Point]], allowed: Mask) -> Field:
    """Share of cells that roads of 4 to 20 m take."""
    paved = np.zeros((size, size), np.float32)
    for street in streets:
        away = distance_transform_edt(~near_lines(size, [street], 0.1))
        paved = np.maximum(paved, np.clip(rng.uniform(0.4, 1.4) - 0.55 * away, 0, 1) * allowed)
    return paved.astype(np.float32)


def _dig(rng: np.random.Generator, cover: NDArray[np.uint8], depth: Field, elevation: Field) -> None:
    """Dig a quarry into the land, with ponds on its floor and margins that are grown over."""
    size = len(cover)
    centre = (float(rng.uniform(0, size)), float(rng.uniform(0, size)))
    radius = float(np.exp(rng.uniform(np.log(4), np.log(55))))
    score = lobes(rng, size, centre, rng.uniform(0, 2 * np.pi), forward=rng.uniform(1, 2))
    corners = np.maximum(*map(np.abs, turned(size, centre, rng.uniform(0, np.pi)))) * rng.uniform(0.9, 1.6)
    score += rng.uniform(0, 0.6) * (corners - score) + 0.08 * radius * smooth_noise(rng, size, 2.5)
    score += 0.25 * radius * smooth_noise(rng, size, 2 + radius / 4)
    pit = (score < radius) & (cover != Cover.LAKE)
    if not pit.any():
        return
    inside = distance_transform_edt(np.pad(pit, 1, mode="edge"))[1:-1, 1:-1].astype(np.float32)
    rim = inside * (1 + 0.4 * smooth_noise(rng, size, 6)) - rng.uniform(0, 3)  # some land around the hole is stripped
    steps = rng.uniform(1, 5)
    level = np.clip(rim / rng.uniform(1, 3.5), 0, min(steps, 1 + radius / 5))
    terraces = np.floor(level) + np.clip(3 * (level % 1), 0, 1)
    heaps = np.clip(smooth_noise(rng, size, 2.5) - 0.5, 0, 3) * rng.uniform(0, 6)
    elevation += np.where(pit, heaps * (level == 0) - rng.uniform(4, 22) * terraces, 0).astype(np.float32)
    depth[pit] = inside[pit]
    regrown = (smooth_noise(rng, size, 4) > rng.uniform(0.4, 3)) & (inside < rng.uniform(1.5, 6))
    cover[pit] = np.where(regrown, Cover.REGROWN, Cover.PIT)[pit]
    if rng.random() < 0.6:
        low = inside + 2.5 * smooth_noise(rng, size, 5)
        pond = pit & (low > np.quantile(low[pit], 1 - rng.uniform(0.01, 0.25))) & (inside > 1.5)
        cover[pond] = Cover.POND
    if rng.random() < 0.6:
        beside = moved(centre, rng.uniform(0, 2 * np.pi), radius * rng.uniform(0.7, 1.5) + 4)
        along, across = turned(size, beside, rng.uniform(0, np.pi))
        works = (np.abs(along) < rng.uniform(2, 10)) & (np.abs(across) < rng.uniform(1.5, 6))
        cover[works & (cover != Cover.POND) & ~pit] = Cover.WORKS
