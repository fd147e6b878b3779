"""Vegetation activity: NDVI composites over time, and the mean over a zone as additive sums."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class VegetationSum:
    """A sum of NDVI that adds up over tiles, row bands and zones.

    Attributes:
        total: Sum of NDVI, negatives counted as 0.
        cells: Number of cells in it.
    """

    total: float = 0.0
    cells: int = 0

    def __add__(self, other: "VegetationSum") -> "VegetationSum":
        return VegetationSum(self.total + other.total, self.cells + other.cells)

    @property
    def mean(self) -> float:
        """Mean NDVI in [0, 1]; NaN without a cell."""
        return self.total / self.cells if self.cells else math.nan


def composite_mean(stack: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Mean NDVI of a season, each date's negatives counted as 0.

    Args:
        stack: NDVI by date, shape (T, ...), NaN where not observed.

    Returns:
        Mean over the observed dates, in [0, 1], shape (...); NaN where no date is observed.

    >>> composite_mean(np.array([[0.2, -0.4], [0.6, np.nan]])).round(2).tolist()
    [0.4, 0.0]
    """
    values = np.asarray(stack, np.float64)
    seen = np.isfinite(values)
    total = np.where(seen, np.maximum(values, 0), 0).sum(axis=0)
    count = seen.sum(axis=0)
    mean = np.full(total.shape, np.nan)
    np.divide(total, count, out=mean, where=count > 0)
    return mean


def composite_maximum(stack: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Largest NDVI of a year, negatives counted as 0.

    Args:
        stack: NDVI by date, shape (T, ...), NaN where not observed.

    Returns:
        Largest observed value, in [0, 1], shape (...); NaN where no date is observed.

    >>> composite_maximum(np.array([[0.2, -0.4], [0.6, np.nan]])).tolist()
    [0.6, 0.0]
    """
    values = np.asarray(stack, np.float64)
    seen = np.isfinite(values)
    largest = np.max(values, axis=0, initial=0.0, where=seen)
    return np.where(seen.any(axis=0), largest, np.nan)


def vegetation_sum(index: NDArray[np.floating[Any]], *, zone: NDArray[np.bool_] | None = None) -> VegetationSum:
    """Sum NDVI over the cells of a zone, negatives counted as 0, NaN left out.

    Args:
        index: NDVI, any shape; a tile or a row band of a larger raster.
        zone: Which cells count, same shape; all if None.

    Returns:
        The sums; add those of the other tiles, then take ``mean``.

    Raises:
        ValueError: If the shapes differ.

    >>> part = vegetation_sum(np.array([0.5, -0.2, np.nan]))
    >>> part, (part + vegetation_sum(np.array([0.7]))).mean
    (VegetationSum(total=0.5, cells=2), 0.39999999999999997)
    """
    values = np.asarray(index, np.float64)
    if zone is not None and zone.shape != values.shape:
        raise ValueError(f"zone has shape {zone.shape}, the index {values.shape}: bring both to one grid.")
    counted = np.isfinite(values) if zone is None else np.isfinite(values) & zone
    total = np.sum(np.maximum(values, 0), where=counted)
    return VegetationSum(float(total), int(np.count_nonzero(counted)))


def vegetation_activity(index: NDArray[np.floating[Any]], *, zone: NDArray[np.bool_] | None = None) -> float:
    """Mean NDVI of a zone, the term NDVI of the resilience model.

    Args:
        index: NDVI of the growing season or the year's maximum, any shape; negatives count as 0, NaN is left out.
        zone: Which cells count, same shape; all if None.

    Returns:
        Mean in [0, 1]; NaN where no cell of the zone is observed.

    Raises:
        ValueError: If the shapes differ.

    Source: Dong et al. (2025), eq. 4.

    >>> vegetation_activity(np.array([[0.6, -0.3], [np.nan, 0.6]]), zone=np.array([[True, True], [True, False]]))
    0.3
    """
    return vegetation_sum(index, zone=zone).mean
