"""How far land is from the mine, over the ground between."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.errors import InputError
from pitscape.imagery.slope import cell_sides
from pitscape.inference.scope.changed_land import ChangedLand
from pitscape.inference.scope.cost_distance import cost_distance
from pitscape.inference.scope.rings import MOST_RINGS

Mask = NDArray[np.bool_]

RINGS = 60
"""How many rings there are by default on the way to the farthest land."""

NARROWEST = 2
"""Width of a ring, at least [cells]."""


@dataclass(frozen=True)
class Reach:
    """How far land is from the mine.

    Attributes:
        seeds: Mined land at any epoch, in patches that are large enough.
        distance: Cost distance from it [m].
        ring_m: Width of a ring.
    """

    seeds: Mask
    distance: NDArray[np.float32]
    ring_m: float

    def farthest(self, share: float, land: Mask) -> Mask:
        """The reached cells of some land that are farthest away, about a share of them."""
        reached = land & np.isfinite(self.distance)
        if not reached.any():
            return reached
        limit = np.quantile(self.distance[reached], 1 - share)
        mask: Mask = reached & (self.distance >= limit)
        return mask


def reach_of(land: ChangedLand, seeds: Mask, friction: NDArray[np.float32], *, ring_m: float | None = None) -> Reach:
    """Cost distance from the seeds, and the width of its rings: 1/60 of the way to the farthest land by default.

    Raises:
        InputError: If rings are so narrow that there are more than ``MOST_RINGS``.
    """
    width, height = cell_sides(land.grid)
    distance = cost_distance(seeds, friction, width, height)
    farthest = float(distance.max(where=np.isfinite(distance), initial=0))
    cell = float(max(width.max(), height.max()))
    if ring_m and farthest >= ring_m * MOST_RINGS:
        least = f"{farthest / MOST_RINGS:.2g} m are too narrow; the farthest land is {farthest:.0f} m away"
        raise InputError(f"--ring {ring_m:g}: rings of less than {least}, take wider ones.")
    return Reach(seeds, distance, ring_m or max(farthest / RINGS, NARROWEST * cell))
