"""Influence scope of a mine: land that changed and is attributable to it."""

from dataclasses import dataclass

import cc3d
import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.cell_area import M2_PER_HA
from pitscape.imagery.legend import UNOBSERVED, Legend
from pitscape.imagery.slope import cell_sides
from pitscape.inference.scope.changed_land import ChangedLand
from pitscape.inference.scope.cost_distance import cost_distance
from pitscape.inference.scope.gradient import Gradient, follow
from pitscape.inference.scope.mine_patches import patch_areas
from pitscape.inference.scope.octants import centroid, sectors
from pitscape.inference.scope.reach import Reach
from pitscape.inference.scope.rings import rings_of

Mask = NDArray[np.bool_]

FEW = 0.01
"""Share of the mine that may have been mapped as mined before by mistake."""

TOLERANCE = 1e-5
"""Of distances that are compared [relative]."""

LINK_CELLS = 4
"""Gaps in changed land that are bridged by default [cells]."""

PARTS = Legend.model_validate(
    {
        "classes": [
            {"id": 0, "name": "mined", "colour": "#c0562f", "role": "mined", "score": 0.1},
            {"id": 1, "name": "changed", "colour": "#8a7f98", "role": "occupied", "score": 0.2},
            {"id": 2, "name": "vegetation loss", "colour": "#d9c36a", "role": "vegetated", "score": 0.6},
            {"id": 3, "name": "enclosed", "colour": "#b7cba8", "role": "vegetated", "score": 0.6},
            {"id": 4, "name": "mined before", "colour": "#6b4a3f", "role": "mined", "score": 0.1},
            {"id": 5, "name": "not changed", "colour": "#e3e8dc", "role": "vegetated", "score": 0.6},
        ],
        "notes": ["parts of the influence scope of a mine; outside it, and where not compared, unobserved"],
    }
)
"""Parts of the scope, as a legend: the first four are land that the mine has changed."""

MINED, CHANGED, LOST, ENCLOSED, MINED_BEFORE, NOT_CHANGED = range(6)


@dataclass(frozen=True)
class Influence:
    """The scope and what is in it.

    Attributes:
        parts: Ids of ``PARTS`` within the scope, 255 outside and where nothing was compared, (y, x).
        scope: All land up to the cut-off, seeds included, (y, x).
        gradient: Why it ends there.
        flags: Name and sentence of what a reader must know.
    """

    parts: NDArray[np.uint8]
    scope: Mask
    gradient: Gradient
    flags: dict[str, str]

    @property
    def changed(self) -> Mask:
        """Land that the mine has changed."""
        mask: Mask = self.parts <= ENCLOSED
        return mask


def influence(
    land: ChangedLand,
    reach: Reach,
    *,
    far: float = 0.25,
    least_ha: float = 0.0,
    link_m: float | None = None,
    fill_ha: float = 0.0,
) -> Influence:
    """Cut the changed land off where the disturbance gradient ends.

    Args:
        land: What changed.
        reach: How far it is from the mine.
        far: Share of the land that is taken as background.
        least_ha: Smaller patches of changed land are left out [ha], unless they touch the mine.
        link_m: Changed land counts only where it is linked to the mine by changed land with gaps of at most this width
            [m], bridged in whole cells from either side; four cells by default, infinity: all of it within the scope
            counts.
        fill_ha: Compared land that changed land and the mine enclose counts as well, up to this area [ha]: restored land
            that no epoch shows covered.
    """
    outside = land.compared & ~reach.seeds & ~land.mined_before
    width, height = (float(side.mean()) for side in cell_sides(land.grid))
    octant = sectors(land.grid, centroid(reach.seeds, land.grid), (width, height))
    rings = rings_of(reach.distance, outside, land.changed, octant, grid=land.grid, width_m=reach.ring_m)
    gradient = follow(rings, far=far)
    scope = reach.seeds | ((reach.distance < gradient.cut_off_m) & np.isfinite(reach.distance))
    kept = land.changed & scope
    gap_m = LINK_CELLS * max(width, height) if link_m is None else link_m
    if np.isfinite(gap_m):
        kept = _linked(kept, reach.seeds, land, gap_m)
    if least_ha > 0:
        kept = _large(kept, reach.seeds, land, least_ha)
    parts = _parts(land, scope, kept)
    if fill_ha > 0:
        parts[_enclosed(kept | reach.seeds, land, fill_ha) & (parts == NOT_CHANGED)] = ENCLOSED
    return Influence(parts, scope, gradient, _flags(land, reach, gradient, scope))


def _parts(land: ChangedLand, scope: Mask, kept: Mask) -> NDArray[np.uint8]:
    parts = np.where(scope & land.compared, np.uint8(NOT_CHANGED), np.uint8(UNOBSERVED))
    parts[kept] = CHANGED
    parts[kept & land.mined] = MINED
    parts[kept & land.lost] = LOST
    parts[scope & land.mined_before] = MINED_BEFORE
    return parts


def _linked(kept: Mask, seeds: Mask, land: ChangedLand, link_m: float) -> Mask:
    """Changed cells that are linked to the seeds over gaps of at most ``link_m``, half of it from either side."""
    level = np.ones(kept.shape, np.float32)
    near = cost_distance(kept | seeds, level, *cell_sides(land.grid)) <= link_m / 2 * (1 + TOLERANCE)
    labels = cc3d.connected_components(near, connectivity=8)
    linked = np.zeros(int(labels.max()) + 1, np.bool_)
    linked[labels[seeds]] = True
    mask: Mask = kept & linked[labels]
    return mask


def _large(kept: Mask, seeds: Mask, land: ChangedLand, least_ha: float) -> Mask:
    """Changed cells in patches, seeds included, of at least ``least_ha``."""
    labels, area = patch_areas(kept | seeds, land.grid)
    area[labels[seeds]] = np.inf
    mask: Mask = kept & (area >= least_ha * M2_PER_HA)[labels]
    return mask


def _enclosed(closed: Mask, land: ChangedLand, most_ha: float) -> Mask:
    """Land without a way to the map's edge but over ``closed``, in patches up to ``most_ha``."""
    labels, area = patch_areas(~closed, land.grid, connectivity=4)
    inside = area <= most_ha * M2_PER_HA
    for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        inside[edge] = False
    inside[0] = False
    mask: Mask = inside[labels]
    return mask


def _flags(land: ChangedLand, reach: Reach, gradient: Gradient, scope: Mask) -> dict[str, str]:
    flags = {}
    if gradient.ends == 0:
        flags["no_gradient"] = (
            "land near the mine changed no more than land far away: only land that was mined is in the scope"
        )
    if gradient.ends and not gradient.reached:
        flags["no_background"] = (
            "the gradient does not end before the farthest land: the area is a lower bound, take a larger map"
        )
    if _touches_edge(scope & ~reach.seeds):
        flags["scope_at_edge"] = "the scope reaches the map's edge: the area is a lower bound"
    if _touches_edge(reach.seeds):
        flags["mine_at_edge"] = "the mine reaches the map's edge: the area is a lower bound"
    if (land.mined_before & reach.seeds).sum() > FEW * reach.seeds.sum():
        flags["mined_before"] = (
            "part of the mine was mined when first observed: what else it had changed by then is not known"
        )
    if not np.isfinite(reach.distance).all():
        flags["not_reached"] = "barriers close some land off; it is neither scope nor background"
    return flags


def _touches_edge(mask: Mask) -> bool:
    return bool(mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any())
