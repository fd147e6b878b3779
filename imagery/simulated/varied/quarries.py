"""Land with quarries: what covers each cell, how high it lies, and which class it is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from pitscape.imagery.simulated.terrain.shapes import (
    Field,
    Mask,
    lattice,
    near_lines,
    numbered,
    patchwork,
    smooth_noise,
    turned,
)
from pitscape.imagery.simulated.varied.covers import CLASSES, UNSURE, Cover
from pitscape.imagery.simulated.varied.holes import dig
from pitscape.imagery.simulated.varied.settlements import (
    build_works,
    houses,
    pavement,
    plant_avenues,
    street,
    village,
)

PAVED = 0.3
"""Share of a cell from which on a road is labelled as one; from a third of it on nothing is labelled."""


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
    streets = [street(rng, size) for _ in range(int(rng.integers(1, 7)))]
    plant_avenues(rng, cover, streets)
    settled, lanes = village(rng, size, streets[: int(rng.integers(1, 4))])
    cover[settled & (cover != Cover.LAKE)] = Cover.VILLAGE
    build_works(rng, cover)
    depth, elevation = np.zeros((size, size), np.float32), 10 * smooth_noise(rng, size, 0.12 * size)
    for _ in range(int(rng.integers(1, 7))):
        dig(rng, cover, parcel, depth, elevation)
    paved = pavement(rng, [*streets, *lanes], (cover != Cover.LAKE) & (depth == 0))
    cover[paved > PAVED] = Cover.ROAD
    built = houses(rng, size) * (cover == Cover.VILLAGE)
    classes = CLASSES[cover]
    classes[(paved > PAVED / 3) & (paved <= PAVED) & (cover != Cover.VILLAGE)] = UNSURE
    open_gardens = gaussian_filter(built, 1.5) < 0.06
    classes[(cover == Cover.VILLAGE) & open_gardens] = UNSURE
    sparse = (cover == Cover.REGROWN) & (smooth_noise(rng, size, 2) < 0.3)
    classes[sparse] = UNSURE
    plots = lattice(*turned(size, (0, 0), rng.uniform(0, np.pi)), length=4.0, width=3.0)
    parcel = np.where(np.isin(cover, (Cover.VILLAGE, Cover.WORKS, Cover.YARD)), plots + parcel.max() + 1, parcel)
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
    lakes: Mask = hollow > np.quantile(hollow, 1 - rng.uniform(0, 0.012))
    if rng.random() < 0.3:
        lakes |= near_lines(size, [street(rng, size)], rng.uniform(0.6, 4))
    return lakes
