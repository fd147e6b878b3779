"""How well the points of known series are found, beside an independent exhaustive fit, and how often intervals hold.

    python benchmarks/thresholds.py [SEEDS [DRAWS]]

Series S1, S2 and S3: 42 yearly values, continuous, with knots at 0, 10, 22, 32 and 41 years and normal noise. The yardstick
tries all three whole years as breaks, with orthonormal hinge functions; it knows nothing of the tool and asks for no
least length of a segment. Breaks anywhere between the years are the tool's ``refine``. ``noise`` has no trend.
"""

import itertools
import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitscape.resilience.detection import detect_thresholds
from pitscape.resilience.piecewise import fit_piecewise, refine

YEARS = np.arange(42.0)
KNOTS = np.array([0.0, 10, 22, 32, 41])
LEVELS = {
    "S1": (1, 0.98, 0.70, 0.30, 0.25),
    "S2": (1, 0.97, 0.80, 0.65, 0.60),
    "S3": (1, 0.95, 0.70, 0.40, 0.38),
}
NOISE = (0.01, 0.03)


def series(name: str, noise: float, seed: int) -> NDArray[np.float64]:
    """A test series with its noise."""
    course = np.interp(YEARS, KNOTS, LEVELS[name])
    return course + np.random.default_rng(seed).normal(0, noise, YEARS.size)


def yardstick(many: NDArray[np.float64]) -> NDArray[np.float64]:
    """Breaks of series (years, n) by trying all whole years, (n, 3)."""
    combinations = np.array(list(itertools.combinations(range(1, YEARS.size - 1), 3)))
    explained = np.empty((len(combinations), many.shape[1]))
    for row, knots in enumerate(combinations):
        hinges = np.maximum(YEARS[:, None] - knots, 0)
        basis, _ = np.linalg.qr(np.column_stack([np.ones_like(YEARS), YEARS, hinges]))
        explained[row] = ((basis.T @ many) ** 2).sum(axis=0)
    return combinations[explained.argmax(axis=0)]


def error(breaks: NDArray[np.float64]) -> float:
    """Mean absolute error [years]."""
    return float(np.abs(breaks - KNOTS[1:4]).mean())


@dataclass(frozen=True)
class Judged:
    """How well one series with one noise is read.

    Attributes:
        yardstick: Error of the yardstick [years].
        fit: Error of the fit with three breaks.
        between: The same with breaks between the years.
        chosen: How often BIC chooses 0, 1, 2 and 3 breaks.
        three: How often three points are reported.
        held: How often the 90 % interval of these holds the knot, by point.
    """

    yardstick: float
    fit: float
    between: float
    chosen: list[int]
    three: int
    held: list[float]

    @property
    def ratio(self) -> float:
        """Error of the fit, relative to that of the yardstick."""
        return self.fit / self.yardstick


def judge(name: str, noise: float, *, seeds: int, draws: int) -> Judged:
    """Errors and coverage for one series and noise."""
    many = np.stack([series(name, noise, seed) for seed in range(seeds)], axis=1)
    fits = [fit_piecewise(YEARS, values, breaks=3) for values in many.T]
    between = [refine(YEARS, values, fit).breaks for values, fit in zip(many.T, fits, strict=True)]
    found = [detect_thresholds(YEARS, values, draws=draws) for values in many.T]
    three = [each.points for each in found if len(each.points) == 3]
    held = [[p.low <= knot <= p.high for p, knot in zip(points, KNOTS[1:4], strict=True)] for points in three]
    return Judged(
        yardstick=error(yardstick(many)),
        fit=error(np.stack([fit.breaks for fit in fits])),
        between=error(np.stack(between)),
        chosen=np.bincount([each.breaks or 0 for each in found], minlength=4).tolist(),
        three=len(three),
        held=np.mean(held, axis=0).round(3).tolist(),
    )


def quiet(seeds: int) -> int:
    """In how many draws of trendless noise no point is found."""
    draws = (1 + np.random.default_rng(seed).normal(0, 0.03, YEARS.size) for seed in range(seeds))
    return sum(not detect_thresholds(YEARS, values, draws=1).points for values in draws)


def main() -> None:
    """Print one line for each series and noise."""
    seeds, draws = (int(each) for each in (*sys.argv[1:], 200, 200)[:2])
    print(f"noise: no point in {quiet(seeds)} of {seeds}")
    for name, noise in itertools.product(LEVELS, NOISE):
        j = judge(name, noise, seeds=seeds, draws=draws)
        print(
            f"{name} {noise}: yardstick {j.yardstick:.2f} y, fit {j.fit:.2f} y, between years {j.between:.2f} y; ",
            end="",
        )
        print(f"BIC {j.chosen}; three points in {j.three}, held {np.mean(j.held):.3f} {j.held}", flush=True)


if __name__ == "__main__":
    main()
