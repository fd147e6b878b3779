"""Patches of mined land that are large enough to be a mine."""

from typing import Any, Literal

import cc3d
import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from pitscape.imagery.cell_area import M2_PER_HA, cell_areas
from pitscape.imagery.cog import BLOCK
from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import row_band

Mask = NDArray[np.bool_]

LEAST_HA = 1.0
"""Smaller patches of mined land are taken for errors of the map."""


class NoMineError(InputError):
    """No land is mined, or only in patches that are too small."""


def patch_areas(
    mask: Mask, grid: GeoBox, *, connectivity: Literal[4, 8] = 8
) -> tuple[NDArray[np.integer], NDArray[np.float64]]:
    """Number of the patch of each cell (y, x), 0 outside, and areas by number [m2], added up in bands of rows.

    Args:
        mask: What patches are of, (y, x).
        grid: Where the cells are.
        connectivity: Whether cells are joined over sides alone (4) or corners too (8).
    """
    labels = cc3d.connected_components(mask, connectivity=connectivity)
    area = np.zeros(int(labels.max()) + 1)
    for start in range(0, len(mask), BLOCK):
        band = labels[start : start + BLOCK]
        cells = np.broadcast_to(cell_areas(row_band(grid, start, start + len(band))), band.shape)
        area += np.bincount(band.ravel(), cells.ravel(), minlength=len(area))
    area[0] = 0
    return labels, area


def large_patches(mask: Mask, grid: GeoBox, least_ha: float) -> Mask:
    """Cells in patches of at least ``least_ha``."""
    labels, area = patch_areas(mask, grid)
    large: Mask = mask & (area >= least_ha * M2_PER_HA)[labels]
    return large


def mine_patches(mined: Mask, grid: GeoBox, *, least_ha: float, source: Any) -> Mask:  # noqa: ANN401 - a path
    """Land that was mined at any epoch, in patches of at least ``least_ha``.

    Raises:
        NoMineError: If there is none; ``source`` is what it names.
    """
    if not mined.any():
        raise NoMineError(f"{source}: no land is mined at any epoch; check the legend, or give later maps.")
    labels, area = patch_areas(mined, grid)
    if area.max() < least_ha * M2_PER_HA:
        raise NoMineError(
            f"{source}: the largest patch of mined land has {area.max() / M2_PER_HA:.2f} ha; lower --min-seed."
        )
    large: Mask = mined & (area >= least_ha * M2_PER_HA)[labels]
    return large
