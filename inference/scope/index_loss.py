"""Loss of vegetation from two index maps, against what the land far away went through."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
MAD_TO_SD = 1.4826
"""Median absolute deviation of a normal distribution to its standard deviation."""

LEAST_SD = 0.01
"""An index is known no better than this."""

LEAST_CELLS = 100


@dataclass(frozen=True)
class IndexLoss:
    """Where an index fell, and what is normal.

    Attributes:
        lost: Cells whose index fell beyond the limit, (y, x).
        median: Of the difference on background land.
        sd: Its robust standard deviation there.
    """

    lost: Mask
    median: float
    sd: float


def index_loss(
    before: NDArray[np.float32], after: NDArray[np.float32], steady: Mask, background: Mask, *, limit: float = 3.0
) -> IndexLoss:
    """Standardise the difference of an index by its median and median absolute deviation on background land.

    Season, rain and atmosphere move the background as they move the land near the mine, and drop out.

    Args:
        before: Index at the first epoch, NaN where not observed, (y, x).
        after: Index at the last one.
        steady: Land of which a loss can be told: vegetated, without a change of class.
        background: Land far from the mine.
        limit: Standard deviations below the median from which on a cell counts.

    Raises:
        ValueError: If fewer than 100 steady background cells were observed both times.

    >>> before, after = np.full((20, 20), 0.6), np.full((20, 20), 0.5)
    >>> after[0, 0] = 0.1
    >>> everywhere = np.ones((20, 20), np.bool_)
    >>> int(index_loss(before, after, everywhere, everywhere).lost.sum())
    1
    """
    difference = after - before
    seen = np.isfinite(difference)
    known = difference[seen & steady & background]
    if known.size < LEAST_CELLS:
        raise ValueError(
            f"only {known.size} cells of unchanged vegetated land far from the mine were observed both times, "
            f"{LEAST_CELLS} are needed; leave the index out"
        )
    median = float(np.median(known))
    sd = max(MAD_TO_SD * float(np.median(np.abs(known - median))), LEAST_SD)
    return IndexLoss(seen & steady & (difference < median - limit * sd), median, sd)
