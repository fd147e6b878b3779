"""How many more points would narrow the interval of an area, and where."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pitscape.inference.sample.posterior import prior_points
from pitscape.inference.sample.stratified import StratifiedSample

GOAL = 2 / 3
"""Of the present half width, where one stratum can bring it."""

MOST = 4
"""Times its present points are the most that a stratum is asked for."""

ROUND = 10


@dataclass(frozen=True)
class Plan:
    """Where further points narrow the interval of a class's area most.

    Attributes:
        stratum: Its name.
        points: Further points there.
        factor: Expected half width over the present one.
    """

    stratum: str
    points: int
    factor: float


def plan_points(sample: StratifiedSample, reference: Sequence[int]) -> Plan:
    """The stratum whose next point lowers the variance of an area most, and points there.

    With the shares found so far, the posterior variance of stratum h is W_h^2 m (1 - m) / (a + 1), a its points with the
    prior's. Points are as many as bring the half width to two thirds; where that stratum alone cannot, or would need more
    than four times its points, as many as it has now. They are rounded up to tens.

    Args:
        sample: What has been labelled.
        reference: Numbers of the reference classes whose area it is.
    """
    counts = sample.counts.sum(1) + prior_points(len(sample.classes))
    points = counts.sum(1)
    mean = counts[:, list(reference)].sum(1) / points
    spread = sample.weights**2 * mean * (1 - mean)
    variance = spread / (points + 1)
    total = float(variance.sum())
    best = int(np.argmax(variance / (points + 2)))
    rest = GOAL**2 * total - (total - float(variance[best]))
    size = int(sample.sizes[best])
    wanted = spread[best] / rest - points[best] - 1 if rest > 0 else math.inf
    more = math.ceil((wanted if wanted <= MOST * size else size) / ROUND) * ROUND
    lower = total - float(variance[best]) + float(spread[best]) / (float(points[best]) + 1 + more)
    return Plan(sample.strata[best], more, math.sqrt(lower / total))
