"""The disturbance gradient: share of changed land against cost distance, and where it ends."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression
from scipy.special import stdtrit

from pitscape.inference.scope.rings import Rings

Numbers = NDArray[np.float64]

LEAST_EXCESS = 0.005
"""Share of a ring beyond the background's that is too little to follow, whatever the background's spread."""

LEAST_SECTOR = 0.02
"""Sectors of less than this share of an average one tell nothing of the spread."""


@dataclass(frozen=True)
class Background:
    """How often land changes far from the mine.

    Attributes:
        first: The ring from which on land is background.
        share: Share of changed land there.
        low: Lower end of its 95 % interval, octants as replicates.
        high: Upper end.
        spread: Standard deviation of the share of a sector (a ring within an octant) about it.
        sectors: How many sectors it is from.
    """

    first: int
    share: float
    low: float
    high: float
    spread: float
    sectors: int


@dataclass(frozen=True)
class Gradient:
    """The gradient and its end.

    Attributes:
        rings: The sums.
        share: Share of changed land by ring, NaN without land.
        fitted: The falling curve closest to it.
        bound: Up to which share a ring looks like background.
        background: The far land.
        ends: Number of rings in the scope; 0 where change near the mine is no more frequent than far away.
        reached: Whether the gradient ended before the background began; else the scope is a lower bound.
    """

    rings: Rings
    share: Numbers
    fitted: Numbers
    bound: Numbers
    background: Background
    ends: int
    reached: bool

    @property
    def cut_off_m(self) -> float:
        """Cost distance at which the scope ends [m]."""
        return self.ends * self.rings.width_m

    def intervals(self, level: float = 0.95) -> tuple[Numbers, Numbers]:
        """Lower and upper ends of each ring's share, octants as replicates; NaN where fewer than two have land."""
        half = np.full(len(self.share), np.nan)
        for ring, (changed, area) in enumerate(zip(self.rings.changed_m2, self.rings.land_m2, strict=True)):
            there = area > 0
            if (n := int(there.sum())) > 1:
                error = _spread(changed[there], area[there], self.share[ring]) / np.sqrt(n)
                half[ring] = stdtrit(n - 1, (1 + level) / 2) * error
        return np.maximum(self.share - half, 0), np.minimum(self.share + half, 1)

    def attributable_m2(self) -> tuple[float, float, float]:
        """Changed area in the scope's rings beyond what the background's share explains, with its 95 % interval."""
        land, changed = (float(sums[: self.ends].sum()) for sums in (self.rings.land_m2, self.rings.changed_m2))
        shares = (self.background.share, self.background.high, self.background.low)
        excess, low, high = (max(changed - share * land, 0.0) for share in shares)
        return excess, low, high


def follow(rings: Rings, *, far: float = 0.25, level: float = 0.95) -> Gradient:
    """Follow the gradient outwards to where it cannot be told from the background.

    The outermost rings that hold the share ``far`` of the land are the background. A falling curve is fitted to the
    shares of the rings (isotonic least squares, weighted by area: Barlow et al. 1972), so that a village that grows at
    some distance is averaged with the quiet land before it. The scope ends with the last ring whose fitted share is
    above what a ring of background land would show: the background's share plus t s sqrt(sum a^2 / (sum a)^2 + 1 / n),
    with the standard deviation s of n sectors of the background and the areas a of the ring's own. Sectors, and not
    cells, are the replicates: change comes in patches. ``LEAST_EXCESS`` is the least difference that counts.

    Args:
        rings: The sums.
        far: Share of the land that is taken as background, 0 to 1.
        level: Of the intervals.
    """
    land, changed = rings.land_m2.sum(axis=1), rings.changed_m2.sum(axis=1)
    share = np.divide(changed, land, out=np.full(len(land), np.nan), where=land > 0)
    background = _background(rings, far, level)
    fitted = _falling(share, land)
    squares = (rings.land_m2**2).sum(axis=1)
    relative = np.divide(squares, land**2, out=np.ones(len(land)), where=land > 0)
    n = max(background.sectors, 2)
    factor = float(stdtrit(n - 1, (1 + level) / 2)) * background.spread
    bound = background.share + np.maximum(factor * np.sqrt(relative + 1 / n), LEAST_EXCESS)
    above = np.flatnonzero(fitted > bound)
    ends = int(above[-1]) + 1 if len(above) else 0
    return Gradient(rings, share, fitted, bound, background, ends, ends < background.first)


def _background(rings: Rings, far: float, level: float) -> Background:
    """The outermost rings and the spread among their sectors."""
    land = rings.land_m2.sum(axis=1)
    beyond = np.cumsum(land[::-1])[::-1]
    first = min(int(np.searchsorted(-beyond, -far * land.sum(), side="left")), len(land) - 1)
    area, changed = rings.land_m2[first:], rings.changed_m2[first:]
    share = float(changed.sum() / area.sum()) if area.sum() else 0.0
    counts = area > LEAST_SECTOR * area.mean()
    sectors = int(counts.sum())
    spread = _spread(changed[counts], area[counts], share)
    octants = area.sum(axis=0) > 0
    replicates = int(octants.sum())
    error = _spread(changed.sum(axis=0)[octants], area.sum(axis=0)[octants], share) / np.sqrt(max(replicates, 1))
    reach = float(stdtrit(max(replicates - 1, 1), (1 + level) / 2)) * float(error)
    return Background(first, share, max(share - reach, 0.0), min(share + reach, 1.0), spread, sectors)


def _spread(changed: Numbers, area: Numbers, share: float) -> float:
    """Standard deviation of shares of pieces of land about that of all of it, weighted by area."""
    n = len(area)
    if n < 2:
        return 0.0
    shares = changed / area
    return float(np.sqrt(np.average((shares - share) ** 2, weights=area) * n / (n - 1)))


def _falling(share: Numbers, land: Numbers) -> Numbers:
    """The falling curve closest to the shares, NaN where there is no land."""
    fitted = np.full(len(share), np.nan)
    there = land > 0
    if there.any():
        fitted[there] = isotonic_regression(share[there], weights=land[there], increasing=False).x
    return fitted
