"""What covers the cells of varied land, and the class of each cover."""

from enum import IntEnum

import numpy as np

from pitscape.imagery.simulated.terrain.surfaces import MINED, OCCUPIED, VEGETATED, WATER

UNSURE = 255
"""Of cells that are partly this and partly that: nobody labels them."""


class Cover(IntEnum):
    """What covers a cell."""

    FIELD = 0
    MEADOW = 1
    CONIFER = 2
    BROADLEAF = 3
    VILLAGE = 4
    WORKS = 5
    SOLAR = 6
    ROAD = 7
    LAKE = 8
    PIT = 9
    YARD = 10
    POND = 11
    REGROWN = 12


CLASSES = np.array(
    [VEGETATED] * 4 + [OCCUPIED] * 4 + [WATER, MINED, MINED, WATER, VEGETATED],
    np.uint8,
)
"""Class id by ``Cover``. All that a quarry disturbs is mined: its hole, heaps, dumps, tracks, and the plant in its yard."""
