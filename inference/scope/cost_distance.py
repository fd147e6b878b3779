"""Cost distance: the cheapest way over the ground from the nearest seed to every cell."""

import numpy as np
from numba import njit
from numpy.typing import NDArray


def cost_distance(
    seeds: NDArray[np.bool_],
    friction: NDArray[np.float32],
    width_m: NDArray[np.float64],
    height_m: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Least cost of a way from any seed to each cell, over its eight neighbours (Tomlin 1990, ch. 6).

    A step costs its length on the ground times the mean friction of its two cells, as in GRASS r.cost and
    scikit-image's ``MCP_Geometric``. Unlike these it knows cells whose size changes by row, and it needs no list of
    open cells: passes over the rows, down and up, are repeated until nothing changes. Twelve bytes a cell are held,
    friction included.

    Args:
        seeds: Where ways begin, (y, x).
        friction: Cost of a metre, (y, x), at least 1 on easy ground; infinity where nothing passes.
        width_m: Sides of cells along rows [m], (y, 1).
        height_m: The same along columns.

    Returns:
        (y, x): metres of easy ground that cost as much; 0 on seeds, infinity where no way leads.

    >>> easy, metres = np.ones((1, 3), np.float32), np.full((1, 1), 10.0)
    >>> cost_distance(np.array([[True, False, False]]), easy, metres, metres).tolist()
    [[0.0, 10.0, 20.0]]
    """
    distance = np.where(seeds, np.float32(0), np.float32(np.inf)).astype(np.float32)
    width, height = (np.ascontiguousarray(side, np.float64).ravel() for side in (width_m, height_m))
    while _pass(distance, friction, width, height, 1) | _pass(distance, friction, width, height, -1):
        pass
    return distance


@njit(cache=True, nogil=True)
def _pass(
    distance: NDArray[np.float32],
    friction: NDArray[np.float32],
    width: NDArray[np.float64],
    height: NDArray[np.float64],
    down: int,
) -> bool:
    """Shorten ways over all rows, downwards or upwards; whether any was."""
    rows, columns = distance.shape
    shorter = False
    for step in range(rows):
        row = step if down == 1 else rows - 1 - step
        before = row - down
        if 0 <= before < rows:
            tall = (height[row] + height[before]) / 2
            wide = (width[row] + width[before]) / 2
            slant = np.sqrt(tall * tall + wide * wide)
            for column in range(columns):
                for aside in range(-1, 2):
                    other = column + aside
                    if 0 <= other < columns:
                        metres = slant if aside else tall
                        cost = metres * (friction[row, column] + friction[before, other]) / 2
                        way = np.float32(distance[before, other] + cost)  # rounded before it is compared: it ends
                        if way < distance[row, column]:
                            distance[row, column] = way
                            shorter = True
        for across in (1, -1):
            for place in range(1, columns):
                column = place if across == 1 else columns - 1 - place
                other = column - across
                cost = width[row] * (friction[row, column] + friction[row, other]) / 2
                way = np.float32(distance[row, other] + cost)
                if way < distance[row, column]:
                    distance[row, column] = way
                    shorter = True
    return shorter
