"""Time and memory of the Monte Carlo run of a site: python benchmarks/uncertainty.py [epochs] [draws]."""

import resource
import sys
import time

import numpy as np

from pitscape.resilience.bounds import DEFAULT_BOUNDS, Bounds
from pitscape.resilience.climate import ClimateWindow
from pitscape.resilience.ensemble import Ensemble
from pitscape.resilience.factors import ClimateDraws, IndexDraws, ScoreDraws, ShareDraws, WeightDraws
from pitscape.resilience.integrity import Indicators, Weights
from pitscape.resilience.propagation import propagate

TYPES, SAMPLE = 6, 400


def main(epochs: int = 40, draws: int = 10_000) -> None:
    """Draw a random site with every input uncertain, and print what the run takes."""
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.full(TYPES, 5.0), epochs)
    covariance = np.array([(np.diag(p) - np.outer(p, p)) / SAMPLE for p in shares])
    low, high = [0.3, 1.1, 40, 1, 0.3, -100, 2], [0.8, 1.4, 60, 4, 0.5, 100, 5]
    ndvi, climate = np.full(epochs, 0.5), np.full((epochs, 2), 0.2)
    model = Ensemble(
        shares=shares,
        scores=rng.random(TYPES),
        ndvi=ndvi,
        climate=climate,
        weights=Weights(),
        indicators=tuple(Indicators(*rng.uniform(low, high)) for _ in range(epochs)),
        bounds={**DEFAULT_BOUNDS, "e": Bounds(0, 20)},
        classes=np.array([0, 0, 0, 1, 2, 3]),
    )
    windows = [
        ClimateWindow(np.arange(y - 9, y + 1), rng.uniform(200, 500, 10), rng.uniform(14, 18, 10), 0.2, 0.2)
        for y in range(1980, 1980 + epochs)
    ]
    inputs = {
        "shares": ShareDraws(shares, covariance),
        "ndvi": IndexDraws(ndvi, np.full(epochs, 0.02)),
        "climate": ClimateDraws(windows),
        "scores": ScoreDraws(rng.random((2, TYPES))),
        "weights": WeightDraws(Weights()),
    }
    started = time.perf_counter()
    propagate(model, inputs, draws=draws, seed=0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"{epochs} epochs, {draws} draws: {time.perf_counter() - started:.1f} s, peak {peak:.0f} MB")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
