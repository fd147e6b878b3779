"""Quarries dug into varied land: the hole, its yard, its ponds and its margins."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from pitscape.imagery.simulated.terrain.shapes import Field, Mask, Point, lobes, moved, smooth_noise, turned
from pitscape.imagery.simulated.varied.covers import Cover


def dig(
    rng: np.random.Generator,
    cover: NDArray[np.uint8],
    parcel: NDArray[np.int32],
    depth: Field,
    elevation: Field,
) -> None:
    """Dig a quarry of 80 m to some 900 m across: change cover, depth and elevation in place.

    Args:
        rng: Where it is drawn from.
        cover: What covers each cell (y, x), as ``Cover``.
        parcel: Number of its field: some quarries take whole fields.
        depth: How far into a quarry each cell lies [cells].
        elevation: Height of the surface [m].
    """
    size = len(cover)
    centre = (float(rng.uniform(0, size)), float(rng.uniform(0, size)))
    radius = float(np.exp(rng.uniform(np.log(5), np.log(50))))
    site = (_outline(rng, size, centre, radius) < radius) & (cover != Cover.LAKE)
    if rng.random() < 0.4:
        site = _whole_fields(site, parcel) & (cover != Cover.LAKE)
    if not site.any():
        return
    inside = _inwards(site)
    share = rng.uniform(0.35, 1)
    beside = moved(centre, rng.uniform(0, 2 * np.pi), 0.7 * radius * (1 - share))
    hole = site & (_outline(rng, size, beside, share * radius) < share * radius) & (inside > rng.uniform(0, 2))
    depth[site] = inside[site]
    cover[site] = np.where(hole, Cover.PIT, Cover.YARD)[site]
    heaps = np.clip(smooth_noise(rng, size, rng.uniform(1, 3)) - 0.5, 0, 3) * rng.uniform(0, 8)
    elevation += np.where(site & ~hole, heaps, 0).astype(np.float32)
    if hole.any():
        _terrace(rng, hole, elevation, radius)
        if rng.random() < 0.65:
            _flood(rng, hole, cover, elevation)
    regrown = (smooth_noise(rng, size, 4) > rng.uniform(0.2, 3)) & (inside < rng.uniform(1.5, 6))
    cover[regrown & site & (cover != Cover.POND)] = Cover.REGROWN


def _outline(rng: np.random.Generator, size: int, centre: Point, radius: float) -> Field:
    """Score that is below the radius inside of a ragged, more or less angular area."""
    score = lobes(rng, size, centre, rng.uniform(0, 2 * np.pi), forward=rng.uniform(1, 2))
    corners = np.maximum(*map(np.abs, turned(size, centre, rng.uniform(0, np.pi)))) * rng.uniform(0.9, 1.6)
    score += rng.uniform(0, 0.8) * (corners - score) + 0.08 * radius * smooth_noise(rng, size, 2.5)
    ragged: Field = score + rng.uniform(0.05, 0.25) * radius * smooth_noise(rng, size, 2 + radius / 4)
    return ragged


def _whole_fields(site: Mask, parcel: NDArray[np.int32]) -> Mask:
    """The fields of which the site takes at least half."""
    share = np.bincount(parcel.ravel(), site.ravel()) / np.bincount(parcel.ravel())
    taken: Mask = share[parcel] >= 0.5
    return taken


def _inwards(mask: Mask) -> Field:
    """Distance [cells] from the edge of an area; the border of the scene is none."""
    return distance_transform_edt(np.pad(mask, 1, mode="edge"))[1:-1, 1:-1].astype(np.float32)


def _terrace(rng: np.random.Generator, hole: Mask, elevation: Field, radius: float) -> None:
    """Lower a hole in benches with walls of 6 to 28 m, on some sides steeper than on others."""
    size = len(hole)
    rim = _inwards(hole) * (1 + 0.4 * smooth_noise(rng, size, rng.uniform(3, 10)))
    level = np.clip(rim / rng.uniform(0.8, 3.5), 0, min(rng.uniform(1, 5), 1 + radius / 5))
    terraces = np.floor(level) + np.clip(3 * (level % 1), 0, 1)
    heaps = np.clip(smooth_noise(rng, size, 2.5) - 0.8, 0, 3) * rng.uniform(0, 5)
    elevation -= np.where(hole, rng.uniform(6, 28) * terraces - heaps, 0).astype(np.float32)


def _flood(rng: np.random.Generator, hole: Mask, cover: NDArray[np.uint8], elevation: Field) -> None:
    """Let a pond stand in the deepest part of a hole, up to the foot of a wall and up to most of the hole."""
    size = len(hole)
    along, _ = turned(size, (0, 0), rng.uniform(0, 2 * np.pi))
    low = _inwards(hole) + 2 * smooth_noise(rng, size, 5) + rng.uniform(0, 0.7) * along
    share = float(np.exp(rng.uniform(np.log(0.03), np.log(0.7))))
    pond = hole & (low > np.quantile(low[hole], 1 - share)) & (_inwards(hole) > rng.uniform(0.5, 2.5))
    if pond.any():
        cover[pond] = Cover.POND
        elevation[pond] = np.quantile(elevation[pond], 0.1)
