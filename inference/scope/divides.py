"""Watershed divides of an elevation model."""

import heapq

import cc3d
import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, minimum_filter

Mask = NDArray[np.bool_]


def watershed_divides(elevation: NDArray[np.float32], observed: Mask, *, smooth_cells: float, depth_m: float) -> Mask:
    """Cells along the divides between basins: where water that runs downhill parts.

    The relief is smoothed and rounded to metres. Hollows that a rise of ``depth_m`` would drown belong to their
    neighbour (h-minima, Soille 2003, ch. 6); every other cell goes to the basin that it drains to (watershed labels by
    priority flood, Barnes et al. 2014). Valleys that leave the map are basins of their own.

    Args:
        elevation: Of the land before mining [m], (y, x).
        observed: Where it is known; unknown land bears no divide.
        smooth_cells: Standard deviation of the smoothing [cells].
        depth_m: Least depth of a basin below its lowest divide [m], at least 1.

    Returns:
        (y, x): on each divide, the cells of the one side, a line one cell wide.
    """
    divides = np.zeros(observed.shape, np.bool_)
    if not observed.any():
        return divides
    level = np.where(observed, elevation, elevation[observed].max())
    relief = np.round(gaussian_filter(level.astype(np.float32), smooth_cells, mode="nearest"))
    relief = (relief - relief.min()).astype(np.uint16)
    basins = _hollows(relief, max(1, round(depth_m)))
    _flood(relief, basins)
    divides[:, :-1] |= (basins[:, :-1] != basins[:, 1:]) & observed[:, 1:]
    divides[:-1] |= (basins[:-1] != basins[1:]) & observed[1:]
    return divides & observed


def _hollows(relief: NDArray[np.uint16], depth_m: int) -> NDArray[np.int32]:
    """Numbers of the hollows that stay when the relief is flooded ``depth_m`` high, 0 elsewhere."""
    flooded = relief.astype(np.int32) + depth_m
    while _fall(flooded, relief, 1) | _fall(flooded, relief, -1):
        pass
    flats = cc3d.connected_components(flooded + 1, connectivity=8)
    drains = np.zeros(int(flats.max()) + 1, np.bool_)
    drains[flats[minimum_filter(flooded, 3, mode="nearest") < flooded]] = True
    numbers = np.cumsum(~drains[1:], dtype=np.int32)
    return np.where(drains[flats], 0, numbers[flats - 1]).astype(np.int32)


@njit(cache=True, nogil=True)
def _fall(level: NDArray[np.int32], floor: NDArray[np.uint16], down: int) -> bool:
    """Let the flood fall to that of its neighbours, but not below the floor; whether any fell."""
    rows, columns = level.shape
    fell = False
    for step in range(rows):
        row = step if down == 1 else rows - 1 - step
        before = row - down
        for across in (1, -1):
            for place in range(columns):
                column = place if across == 1 else columns - 1 - place
                lowest = level[row, column]
                if 0 <= column - across < columns:
                    lowest = min(lowest, level[row, column - across])
                if 0 <= before < rows:
                    for other in range(max(column - 1, 0), min(column + 2, columns)):
                        lowest = min(lowest, level[before, other])
                lowest = max(lowest, np.int32(floor[row, column]))
                if lowest < level[row, column]:
                    level[row, column] = lowest
                    fell = True
    return fell


@njit(cache=True, nogil=True)
def _flood(relief: NDArray[np.uint16], basins: NDArray[np.int32]) -> None:
    """Give every cell the number of the basin whose flood reaches it first, from the lowest hollow upwards."""
    rows, columns = relief.shape
    order = 0
    heap = [(np.int64(0), 0, 0, 0) for _ in range(0)]  # level, order, row, column
    for row in range(rows):
        for column in range(columns):
            if basins[row, column]:
                heapq.heappush(heap, (np.int64(relief[row, column]), order, row, column))
                order += 1
    while heap:
        level, _, row, column = heapq.heappop(heap)
        for down in range(max(row - 1, 0), min(row + 2, rows)):
            for across in range(max(column - 1, 0), min(column + 2, columns)):
                if basins[down, across] == 0:
                    basins[down, across] = basins[row, column]
                    heapq.heappush(heap, (max(level, np.int64(relief[down, across])), order, down, across))
                    order += 1
