"""What covers a cell of simulated land, and which land class and ecosystem that is."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Surface(IntEnum):
    """What covers a cell."""

    GRASSLAND = 0
    FARMLAND = 1
    FOREST = 2
    RIVER = 3
    LAKE = 4
    VILLAGE = 5
    ROAD = 6
    DUMP = 7
    RESTORED = 8
    HAUL_ROAD = 9
    PLANT = 10
    BASIN = 11
    PIT = 12
    PIT_POND = 13


MINED, OCCUPIED, VEGETATED, WATER = range(4)

LAND_CLASS = {
    Surface.GRASSLAND: VEGETATED,
    Surface.FARMLAND: VEGETATED,
    Surface.FOREST: VEGETATED,
    Surface.RIVER: WATER,
    Surface.LAKE: WATER,
    Surface.VILLAGE: OCCUPIED,
    Surface.ROAD: OCCUPIED,
    Surface.DUMP: OCCUPIED,
    Surface.RESTORED: VEGETATED,
    Surface.HAUL_ROAD: OCCUPIED,
    Surface.PLANT: OCCUPIED,
    Surface.BASIN: WATER,
    Surface.PIT: MINED,
    Surface.PIT_POND: WATER,
}

ECOSYSTEM = {Surface.FOREST: 1, Surface.GRASSLAND: 2, Surface.FARMLAND: 3}
"""Codes of the ecosystems raster; 0 is none."""


def looked_up(surface: NDArray[np.uint8], values: dict[Surface, int]) -> NDArray[np.uint8]:
    """The value of each cell's surface, 0 for surfaces without one.

    >>> looked_up(np.array([[2, 0, 12]], np.uint8), ECOSYSTEM).tolist()
    [[1, 2, 0]]
    """
    table = np.zeros(256, np.uint8)
    for kind, value in values.items():
        table[kind] = value
    return table[surface]
