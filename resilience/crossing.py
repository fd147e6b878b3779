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


def first_below_of_draws(time: NDArray[np.float64], draws: NDArray[np.float64], level: float) -> NDArray[np.float64]:
    """The first fall below a level of many curves at once, as :func:`first_below` finds it for one.

    Args:
        time: Times in order, shape (m,).
        draws: Curves, shape (n, m); a curve with a NaN has no crossing.
        level: The level.

    Returns:
        Times, shape (n,); NaN where a curve never falls below.

    >>> first_below_of_draws(np.array([0.0, 1.0]), np.array([[1.0, 0.5], [1.0, 0.8], [0.6, 0.5]]), 0.75).tolist()
    [0.5, nan, 0.0]
    """
    below = draws < level
    at = below.argmax(axis=1)
    before = np.maximum(at - 1, 0)
    rows = np.arange(len(draws))
    upper, lower = draws[rows, before], draws[rows, at]
    fall = np.where(upper > lower, upper - lower, 1.0)
    crossed = time[before] + np.where(at > 0, (upper - level) / fall, 0.0) * (time[at] - time[before])
    found: NDArray[np.float64] = np.where(below.any(axis=1) & ~np.isnan(draws).any(axis=1), crossed, np.nan)
    return found
