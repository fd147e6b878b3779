"""When a curve first falls below a level."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Crossing(NamedTuple):
    """A curve's first fall below a level.

    Attributes:
        time: When, interpolated; the first time where the curve begins below; NaN where it never falls below.
        before: Whether the curve begins below.
        returns: Whether it rises above the level again.
    """

    time: float
    before: bool = False
    returns: bool = False

    def flags(self, name: str) -> list[str]:
        """What is to be said of the crossing of a point."""
        said = [f"the {name} point was passed before the first year"] if self.before else []
        return said + ([f"ThV rises above the {name} point again"] if self.returns else [])


def first_below(time: NDArray[np.float64], values: NDArray[np.float64], level: float) -> Crossing:
    """The first fall below a level, interpolated between two values.

    Args:
        time: Rising times, shape (n,).
        values: At those times, finite, shape (n,).
        level: The level.

    >>> first_below(np.array([0.0, 1.0, 3.0, 4.0]), np.array([1.0, 0.9, 0.5, 0.8]), 0.7)
    Crossing(time=2.0, before=False, returns=True)
    """
    below = values < level
    if not below.any():
        return Crossing(math.nan)
    n = int(below.argmax())
    returns = not bool(below[n:].all())
    if n == 0:
        return Crossing(float(time[0]), before=True, returns=returns)
    share = (values[n - 1] - level) / (values[n - 1] - values[n])
    return Crossing(float(time[n - 1] + share * (time[n] - time[n - 1])), returns=returns)
