"""Fixed bounds by which the indicators of integrity are normalised."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from pitscape.resilience.climate import FLOOR
from pitscape.resilience.elasticity import H_EXPONENT, SIGMA

MARGIN = 0.1
"""Share of a series' range by which fitted bounds are wider at both ends."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Fixed bounds of an indicator, stored with the results: bounds fitted to a sample would rewrite its history.

    Attributes:
        low: Value that becomes 0.
        high: Value that becomes 1.
        sign: 1 where more is better, as published for all; -1 where less is.

    Raises:
        ValueError: If low is not below high, one is not finite, or sign is neither 1 nor -1.
    """

    low: float
    high: float
    sign: int = 1

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError(f"Bounds must be finite with low < high, got {self.low} and {self.high}.")
        if self.sign not in {1, -1}:
            raise ValueError(f"sign must be 1 (more is better) or -1 (less is better), got {self.sign}.")

    def normalise(self, value: float) -> float:
        """Scale to [0, 1], (x - low) / (high - low), cut at the ends; 1 minus that for sign -1; NaN stays NaN.

        >>> Bounds(-500.0, 500.0).normalise(-250.0), Bounds(0.0, 10.0, sign=-1).normalise(1.0)
        (0.25, 0.9)
        """
        if math.isnan(value):
            return math.nan
        score = min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)
        return score if self.sign > 0 else 1 - score

    def scale(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The same of many values at once, of any shape."""
        scores = np.clip((values - self.low) / (self.high - self.low), 0.0, 1.0)
        return np.asarray(scores if self.sign > 0 else 1 - scores)

    def holds(self, value: float) -> bool:
        """Whether a value needs no cut; true for NaN."""
        return math.isnan(value) or self.low <= value <= self.high


DEFAULT_BOUNDS: Mapping[str, Bounds] = MappingProxyType(
    {
        "shei": Bounds(0, 1),
        "mpfd": Bounds(1, 2),
        "contag": Bounds(0, 100),
        "connect": Bounds(0, 100),
        "npp": Bounds(0, 1),
        "q": Bounds(-500, 500),
    }
)
"""Default bounds in the units of :class:`pitscape.resilience.integrity.Indicators`; those of ``e`` depend on the site, see :func:`elasticity_bounds`."""


def fitted_bounds(values: Sequence[float], *, margin: float = MARGIN) -> Bounds:
    """Bounds of an indicator from a series, wider than its range, for an indicator that has none of its own.

    Another epoch would change them and with them the past: fit once, then give them.

    Args:
        values: The indicator at each epoch; NaN is left out.
        margin: Share of the range that is added at both ends, > 0, so that no epoch has 0.

    Returns:
        The bounds; store them with the site.

    Raises:
        ValueError: If fewer than two different values are known, or ``margin`` is not positive.

    >>> fitted_bounds([1.0, 3.0, math.nan], margin=0.25)
    Bounds(low=0.5, high=3.5, sign=1)
    """
    known = [value for value in values if math.isfinite(value)]
    if len(set(known)) < 2 or not margin > 0:
        raise ValueError(f"Bounds are fitted to two different values or more, got {known}: give low and high.")
    more = margin * (max(known) - min(known))
    return Bounds(min(known) - more, max(known) + more)


def elasticity_bounds(
    *,
    types: int,
    best_score: float,
    c1: float,
    c2: float,
    sigma: float = SIGMA,
    h_exponent: float = H_EXPONENT,
) -> Bounds:
    """Bounds of E, from 0 to sigma (log2 n)^2 S_max / (C1 C2), which no zone of n types exceeds at these C1 and C2.

    Args:
        types: Number n of ecosystem types of the legend, >= 2.
        best_score: Largest resilience score S_max, in (0, 1].
        c1: Relative variability of precipitation of the first epoch [fraction], > 0; floored at 0.01.
        c2: Relative variability of temperature of the first epoch [fraction], > 0; floored at 0.01.
        sigma: Disturbance constant, > 0.
        h_exponent: Power of H in E, as given to :func:`pitscape.resilience.elasticity.elasticity`.

    Returns:
        The bounds; store them with the site.

    Raises:
        ValueError: If ``types`` is below 2 or another number is not positive.

    >>> elasticity_bounds(types=4, best_score=0.5, c1=0.5, c2=0.25, sigma=0.125)  # 0.125 x 4 x 0.5 / 0.125
    Bounds(low=0.0, high=2.0, sign=1)
    """
    if types < 2 or not min(best_score, c1, c2, sigma) > 0:
        raise ValueError("Bounds of E need at least 2 types and a positive best score, c1, c2 and sigma.")
    climate = max(c1, FLOOR) * max(c2, FLOOR)
    return Bounds(0.0, sigma * math.log2(types) ** h_exponent * best_score / climate)
