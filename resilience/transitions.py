"""Areas that changed from one class to another between two maps."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

BAND_ROWS = 512


def transition_areas(
    before: NDArray[np.integer[Any]],
    after: NDArray[np.integer[Any]],
    *,
    classes: int,
    cell_area: NDArray[np.floating[Any]] | float = 1.0,
) -> NDArray[np.float64]:
    """Area by class before (rows) and after (columns).

    Args:
        before: Class ids (y, x).
        after: Class ids (y, x) of the same cells.
        classes: Number m of classes; cells with another id in one of the maps count for none.
        cell_area: Area of a cell, or of every cell in a shape that broadcasts to (y, x).

    Returns:
        Areas, shape (m, m), in the unit of ``cell_area``.

    Raises:
        ValueError: If the maps have different shapes.

    >>> transition_areas(np.array([[0, 1, 255]]), np.array([[1, 1, 1]]), classes=2, cell_area=100.0)
    array([[  0., 100.],
           [  0., 100.]])
    """
    if before.shape != after.shape:
        raise ValueError(f"The maps have shapes {before.shape} and {after.shape}: bring them to one grid.")
    area = np.broadcast_to(np.asarray(cell_area, np.float64), before.shape)
    areas = np.zeros(classes**2)
    for rows in _bands(before.shape[0]):
        one, two = before[rows], after[rows]
        known = (one >= 0) & (one < classes) & (two >= 0) & (two < classes)
        pairs = one[known].astype(np.int64) * classes + two[known]
        areas += np.bincount(pairs, area[rows][known], classes**2)
    return areas.reshape(classes, classes)


def area_sum(area: NDArray[np.float64], cells: NDArray[np.bool_]) -> float:
    """Area of some cells (y, x), added up in bands of rows, in the unit of the area of each cell (y, x)."""
    return sum(float((area[rows] * cells[rows]).sum()) for rows in _bands(len(cells)))


def _bands(height: int) -> Iterator[slice]:
    """Rows in bands, so that no more than a band of cells is held as floats."""
    return (slice(first, first + BAND_ROWS) for first in range(0, height, BAND_ROWS))
