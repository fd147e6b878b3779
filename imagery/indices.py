"""Spectral indices of reflectance."""

import numpy as np
from numpy.typing import NDArray


def normalised_difference(one: NDArray[np.floating], other: NDArray[np.floating]) -> NDArray[np.float32]:
    """(one - other) / (one + other).

    Args:
        one: Reflectance, any shape.
        other: Reflectance of the same shape.

    Returns:
        The index in [-1, 1]; NaN where the sum is not positive. NDVI (Rouse et al. 1974) is the one of near infrared
        and red; NDWI (McFeeters 1996) that of green and near infrared.

    >>> normalised_difference(np.array([0.75, 0.0]), np.array([0.25, 0.0])).tolist()
    [0.5, nan]
    """
    one, other = np.asarray(one, np.float32), np.asarray(other, np.float32)
    total = one + other
    return np.clip(np.divide(one - other, total, out=np.full_like(total, np.nan), where=total > 0), -1, 1)
