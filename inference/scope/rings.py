"""Rings of cost distance around a mine: how much land lies in each, and how much of it changed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from pitscape.imagery.cell_area import cell_areas
from pitscape.imagery.cog import BLOCK
from pitscape.imagery.grid import row_band
from pitscape.inference.scope.octants import OCTANTS

Mask = NDArray[np.bool_]
Numbers = NDArray[np.float64]
MOST_RINGS = 4096


@dataclass(frozen=True)
class Rings:
    """Land outside the seeds by ring of cost distance and octant.

    Attributes:
        width_m: Width of a ring.
        cells: Compared cells, (ring, octant).
        land_m2: Their area.
        changed_m2: Area of those that changed.
    """

    width_m: float
    cells: NDArray[np.int64]
    land_m2: Numbers
    changed_m2: Numbers


def rings_of(
    distance: NDArray[np.float32], land: Mask, changed: Mask, sector: NDArray[np.uint8], *, grid: GeoBox, width_m: float
) -> Rings:
    """Sum land and change by ring and octant, in bands of rows.

    Args:
        distance: Cost distance from the seeds [m], infinity where not reached.
        land: Cells that were compared and are no seeds.
        changed: Cells that changed.
        sector: Octant of each cell.
        grid: Where the cells are.
        width_m: Of a ring.
    """
    reached = land & np.isfinite(distance)
    farthest = float(distance.max(where=reached, initial=0))
    count = min(int(farthest / width_m) + 1, MOST_RINGS)
    size = count * len(OCTANTS)
    cells, sums = np.zeros(size, np.int64), np.zeros((2, size))
    for start in range(0, len(land), BLOCK):
        rows = slice(start, min(start + BLOCK, len(land)))
        here = reached[rows]
        ring = np.minimum((distance[rows][here] / width_m).astype(np.intp), count - 1)
        place = ring * len(OCTANTS) + sector[rows][here]
        area = np.broadcast_to(cell_areas(row_band(grid, rows.start, rows.stop)), here.shape)[here]
        cells += np.bincount(place, minlength=size)
        sums[0] += np.bincount(place, area, minlength=size)
        sums[1] += np.bincount(place, area * changed[rows][here], minlength=size)
    shape = (count, len(OCTANTS))
    return Rings(width_m, cells.reshape(shape), sums[0].reshape(shape), sums[1].reshape(shape))
