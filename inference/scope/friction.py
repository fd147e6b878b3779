"""Friction of the ground: what relief, rivers, watershed divides and barriers add to a way."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Resistance:
    """How hard the ground is to cross, against level dry land.

    Attributes:
        slope_deg: Slope at which a metre costs two [degrees]; twice that slope, three.
        river: What a metre of water costs; infinity: no way crosses water.
        divide_m: What crossing a watershed divide costs besides [m]; infinity: no way crosses one.
    """

    slope_deg: float = 10.0
    river: float = 10.0
    divide_m: float = 500.0

    def described(self) -> dict[str, float | None]:
        """The numbers, for JSON: None for infinity."""
        return {name: value if np.isfinite(value) else None for name, value in asdict(self).items()}


def ground_friction(
    shape: Sequence[int],
    resistance: Resistance,
    *,
    cell_m: float,
    slope: NDArray[np.float32] | None = None,
    water: Mask | None = None,
    divides: Mask | None = None,
    barriers: Mask | None = None,
) -> NDArray[np.float32]:
    """Cost of a metre in each cell.

    Lines are made tight, so that no diagonal step slips between two of their cells. Where several things lie on a cell,
    the most costly counts.

    Args:
        shape: Rows and columns.
        resistance: How hard each thing is to cross.
        cell_m: Side of a cell [m]: a divide is one cell wide.
        slope: Of the land before mining [degrees], 0 where it is not known.
        water: Rivers and lakes before mining.
        divides: Cells on watershed divides.
        barriers: Cells that nothing crosses.

    Returns:
        (y, x), at least 1, infinity where nothing passes.

    >>> ground_friction((1, 2), Resistance(), cell_m=10, slope=np.array([[0, 10]], np.float32)).tolist()
    [[1.0, 2.0]]
    """
    friction = np.ones(shape, np.float32)
    if slope is not None:
        friction += slope / np.float32(resistance.slope_deg)
    lines = (
        (water, resistance.river),
        (divides, 1 + resistance.divide_m / cell_m),
        (barriers, np.inf),
    )
    for mask, cost in lines:
        if mask is not None:
            np.maximum(friction, np.float32(cost), out=friction, where=tight(mask))
    return friction


def tight(mask: Mask) -> Mask:
    """A mask whose cells that meet at a corner only are joined by the cell below the upper one.

    >>> tight(np.array([[1, 0], [0, 1]], np.bool_)).astype(int).tolist()
    [[1, 0], [1, 1]]
    """
    closed = mask.copy()
    upper_left, upper_right, lower_left, lower_right = mask[:-1, :-1], mask[:-1, 1:], mask[1:, :-1], mask[1:, 1:]
    closed[1:, :-1] |= upper_left & lower_right & ~upper_right & ~lower_left
    closed[1:, 1:] |= upper_right & lower_left & ~upper_left & ~lower_right
    return closed
