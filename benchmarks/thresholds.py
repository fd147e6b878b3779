"""How well the points of known series are found, beside an independent exhaustive fit, and how often intervals hold.

    python benchmarks/thresholds.py [SEEDS [DRAWS]]

Series S1, S2 and S3: 42 yearly values, continuous, with knots at 0, 10, 22, 32 and 41 years and normal noise. The yardstick
tries all three whole years as breaks, with orthonormal hinge functions; it knows nothing of the tool and asks for no
least length of a segment. Breaks anywhere between the years are the tool's ``refine``. ``noise`` has no trend.
"""

import itertools
import sys

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


def judge(name: str, noise: float, seeds: int, draws: int) -> None:
    """Print errors and coverage for one series and noise."""
    many = np.stack([series(name, noise, seed) for seed in range(seeds)], axis=1)
    reference = yardstick(many)
    fits = [fit_piecewise(YEARS, values, breaks=3) for values in many.T]
    fitted = np.stack([fit.breaks for fit in fits])
    between = np.stack([refine(YEARS, values, fit).breaks for values, fit in zip(many.T, fits, strict=True)])
    ratio = error(fitted) / error(reference)
    print(f"{name} {noise}: yardstick {error(reference):.2f} y, fit {error(fitted):.2f} y, ratio {ratio:.2f}; ", end="")
    print(f"between years {error(between):.2f} y; ", end="")
    found = [detect_thresholds(YEARS, values, draws=draws, seed=0) for values in many.T]
    three = np.array([len(each.points) == 3 for each in found])
    held = np.array(
        [[p.low <= k <= p.high for p, k in zip(f.points, KNOTS[1:4], strict=True)] for f in found if len(f.points) == 3]
    )
    chosen = np.bincount([each.breaks or 0 for each in found], minlength=4)
    detected = np.array([[p.year for p in f.points] for f in found if len(f.points) == 3])
    print(f"BIC chooses 0/1/2/3 breaks {chosen.tolist()}; three points in {three.sum()}: ", end="")
    print(f"error {error(detected):.2f} y (yardstick there {error(reference[three]):.2f}), ", end="")
    print(
        f"90 % interval holds {100 * held.mean():.1f} % (by point {(100 * held.mean(axis=0)).round(1).tolist()})",
        flush=True,
    )


def judge_noise(seeds: int) -> None:
    """Print how often trendless noise is said to have no point."""
    quiet = sum(
        not detect_thresholds(YEARS, 1 + np.random.default_rng(seed).normal(0, 0.03, YEARS.size)).points
        for seed in range(seeds)
    )
    print(f"noise: no point in {quiet} of {seeds}")


def main() -> None:
    """Print one line for each series and noise."""
    seeds, draws = (int(each) for each in (*sys.argv[1:], 200, 200)[:2])
    judge_noise(seeds)
    for name, noise in itertools.product(LEVELS, NOISE):
        judge(name, noise, seeds, draws)


if __name__ == "__main__":
    main()
