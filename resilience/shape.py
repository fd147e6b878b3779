"""Shape of patches: the fractal dimension index, whose mean is MPFD."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

TINY_AREA_M2 = 4.0
"""Patches up to this area have a fractal dimension without meaning."""


def fractal_dimension(areas: NDArray[np.floating[Any]], perimeters: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Fractal dimension index of patches, FRAC = 2 ln(p / 4) / ln a.

    It is not scale free near 1 m2: squares of any size have 1, but other patches of a few square metres take any value
    (0.83 and 3.6 at cells of 0.5 m). Sieve first, to the larger of 9 cells and 100 m2.

    Args:
        areas: Area a of each patch [m2], shape (n,), > 0.
        perimeters: Perimeter p of each patch [m], with holes, sides on nodata and the raster's edge, shape (n,), > 0.

    Returns:
        FRAC of each patch, shape (n,): 1 for a square, towards 2 for a convoluted outline. A square of 1 m2 has 1, as
        FRAGSTATS prints it; for any other patch of 1 m2 it is not defined (NaN).

    Source: FRAGSTATS (McGarigal et al. 2012); MPFD of Dong et al. (2025) is its mean.

    >>> fractal_dimension(np.array([1.0, 900.0, 300.0]), np.array([4.0, 120.0, 80.0])).round(4).tolist()
    [1.0, 1.0, 1.0504]
    """
    above, below = np.log(0.25 * perimeters), np.log(areas)
    unit = np.abs(below) < 1e-9
    frac: NDArray[np.float64] = np.divide(2 * above, below, out=np.full(below.shape, np.nan), where=~unit)
    frac[unit & (np.abs(above) < 1e-9)] = 1.0
    return frac
