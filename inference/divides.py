"""Watershed divides of an elevation model."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

Mask = NDArray[np.bool_]


def watershed_divides(elevation: NDArray[np.float32], observed: Mask, *, smooth_cells: float, depth_m: float) -> Mask:
    """Cells along the divides between basins: where water that runs downhill parts.

    The relief is smoothed and rounded to metres. Hollows that a rise of ``depth_m`` would drown belong to their
    neighbour (h-minima, Soille 2003); every other cell goes to the basin that it drains to (watershed transformation,
    Vincent & Soille 1991). Valleys that leave the map are basins of their own.

    Args:
        elevation: Of the land before mining [m], (y, x).
        observed: Where it is known; unknown land lies in no basin and bears no divide.
        smooth_cells: Standard deviation of the smoothing [cells].
        depth_m: Least depth of a basin below its lowest divide [m], at least 1.

    Returns:
        (y, x): on each divide, the cells of the one side, a line one cell wide.
    """
    from skimage.measure import label
    from skimage.morphology import local_minima, reconstruction
    from skimage.segmentation import watershed

    if not observed.any():
        return np.zeros(observed.shape, np.bool_)
    level = np.where(observed, elevation, elevation[observed].max())
    relief = np.round(gaussian_filter(level.astype(np.float32), smooth_cells, mode="nearest")).astype(np.int32)
    relief -= relief.min()
    drowned = reconstruction(relief + max(1, round(depth_m)), relief, method="erosion", footprint=np.ones((3, 3)))
    hollows = label(local_minima(drowned, connectivity=2), connectivity=2)
    basins = watershed(relief, hollows, connectivity=2, mask=observed)
    divides = np.zeros(observed.shape, np.bool_)
    divides[:, :-1] |= _parted(basins[:, :-1], basins[:, 1:])
    divides[:-1] |= _parted(basins[:-1], basins[1:])
    return divides


def _parted(one: NDArray[np.int32], other: NDArray[np.int32]) -> Mask:
    parted: Mask = (one != other) & (one > 0) & (other > 0)
    return parted
