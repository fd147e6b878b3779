"""How often 95 % intervals hold the truth: python benchmarks/interval_coverage.py [samples] [draws].

Samples are drawn from the population of Olofsson et al. (2014), whose true error matrix is taken to be their estimate, from
one of seven classes, and from one of eight transitions, most of them rare. Beside the default stand Wald's interval, other priors and the interval of highest
density (HPD).
"""

import sys

import numpy as np
from numpy.typing import NDArray

from pitscape.assessed_change import KINDS, change_ratios
from pitscape.inference.sample.accuracy import assess_sample
from pitscape.inference.sample.sampled_land import transition_names
from pitscape.inference.sample.stratified import StratifiedSample, sample_of_matrix

Floats = NDArray[np.float64]

PIXELS = np.array([200_000, 150_000, 3_200_000, 6_450_000], np.float64)
MATRIX = np.array([[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]], np.float64)
DESIGNS = ((75, 75, 165, 325), (100, 100, 600, 100))

SEVEN = np.array([0.03, 0.03, 0.015, 0.4, 0.3, 0.175, 0.05])
SEVEN_MATRIX = np.array(
    [
        [0.90, 0.03, 0, 0, 0.02, 0, 0.05],
        [0.05, 0.80, 0, 0, 0, 0.05, 0.10],
        [0.03, 0, 0.95, 0, 0.02, 0, 0],
        [0, 0, 0, 0.94, 0.05, 0.01, 0],
        [0.005, 0, 0, 0.06, 0.85, 0.07, 0.015],
        [0, 0.02, 0, 0.01, 0.09, 0.86, 0.02],
        [0.04, 0.03, 0, 0, 0.15, 0.08, 0.70],
    ]
)
"""Mined, occupied, water, forest, grassland, farmland, bare land: a legend with vegetation split."""

SEVEN_DESIGNS = ((50, 50, 50, 150, 110, 65, 50), (75, 75, 75, 300, 225, 130, 75))

LAND = ("m", "o", "v", "w")
STRATA = {"vv": 0.80, "mm": 0.06, "oo": 0.06, "ww": 0.02, "vm": 0.03, "vo": 0.02, "ov": 0.007, "mv": 0.003}
REFERENCE = {
    "vv": {"vv": 0.978, "vm": 0.010, "vo": 0.006, "ov": 0.003, "mv": 0.003},
    "mm": {"mm": 0.94, "vm": 0.04, "om": 0.02},
    "oo": {"oo": 0.94, "vo": 0.04, "mo": 0.02},
    "ww": {"ww": 0.96, "mw": 0.02, "wm": 0.02},
    "vm": {"vm": 0.85, "vv": 0.10, "mm": 0.05},
    "vo": {"vo": 0.80, "vv": 0.15, "oo": 0.05},
    "ov": {"ov": 0.70, "oo": 0.10, "vv": 0.20},
    "mv": {"mv": 0.60, "vv": 0.30, "mm": 0.10},
}
"""Of each mapped transition (before, after), the shares of those that are true."""

CHANGE_DESIGN = (300, 50, 50, 50, 50, 50, 50, 50)


def main(samples: int = 2000, draws: int = 2000) -> None:
    """Print the tables."""
    truth = MATRIX / MATRIX.sum(1, keepdims=True)
    for sizes in DESIGNS:
        _print_classes(PIXELS / PIXELS.sum(), truth, sizes, samples=samples, draws=draws)
    for sizes in SEVEN_DESIGNS:
        _print_classes(SEVEN, SEVEN_MATRIX, sizes, samples=samples // 2, draws=draws)
    _print_changes(samples // 2, draws)


def _print_classes(weights: Floats, truth: Floats, sizes: tuple[int, ...], *, samples: int, draws: int) -> None:
    k = len(weights)
    names, priors = tuple(f"class {n + 1}" for n in range(k)), {"1/2": 0.5, "1/k": 1 / k, "2/k": 2 / k}
    p = weights[:, None] * truth
    right, area = np.diag(p), p.sum(0)
    known = {"area": area, "user's": right / p.sum(1), "producer's": right / area, "F1": 2 * right / (area + p.sum(1))}
    hits: dict[str, Floats] = {f"{name}, {kind}": np.zeros(k) for name in known for kind in ("default", "Wald")}
    hits |= {f"area, {name}, {kind}": np.zeros(k) for name in priors for kind in ("equal-tailed", "HPD")}
    whole = np.zeros(2)
    random = np.random.default_rng(1)
    for number in range(samples):
        counts = np.array([random.multinomial(n, row) for n, row in zip(sizes, truth, strict=True)])
        found = assess_sample(sample_of_matrix(counts, weights, names), draws=draws, seed=number)
        by_name = {name: [getattr(each, key) for each in found.classes] for name, key in _KEYS.items()}
        for name, estimates in by_name.items():
            for j, each in enumerate(estimates):
                hits[f"{name}, default"][j] += each.low <= known[name][j] <= each.high
                hits[f"{name}, Wald"][j] += abs(each.value - known[name][j]) <= each.wald_half_width
        each = found.overall
        whole += each.low <= right.sum() <= each.high, abs(each.value - right.sum()) <= each.wald_half_width
        for name, prior in priors.items():
            drawn = sum(w * random.dirichlet(row + prior, draws) for w, row in zip(weights, counts, strict=True))
            for kind, inside in _priors(np.asarray(drawn), area).items():
                hits[f"area, {name}, {kind}"] += inside
    print(f"\n{k} classes, {sizes} points, {samples} samples: share of intervals that hold the truth, by class")
    print(f"{'overall accuracy, default and Wald':40}", *(f"{value / samples:7.3f}" for value in whole))
    for name, values in hits.items():
        print(f"{name:40}", *(f"{value / samples:7.3f}" for value in values))


_KEYS = {"area": "share", "user's": "users", "producer's": "producers", "F1": "f1"}


def _priors(drawn: Floats, truth: Floats) -> dict[str, NDArray[np.bool_]]:
    """Whether intervals of drawn areas (draws, classes) hold the truth, equal-tailed and of highest density."""
    drawn = np.sort(drawn, axis=0)
    low, high = np.quantile(drawn, (0.025, 0.975), axis=0)
    span = int(0.95 * len(drawn))
    first, columns = (drawn[span:] - drawn[:-span]).argmin(0), np.arange(drawn.shape[1])
    shortest = (drawn[first, columns] <= truth) & (truth <= drawn[first + span, columns])
    return {"equal-tailed": (low <= truth) & (truth <= high), "HPD": shortest}


def _print_changes(samples: int, draws: int) -> None:
    names = transition_names(LAND)
    codes = range(len(names))
    of = {f"{before}{after}": n for n, (before, _, after) in enumerate(name.split() for name in names)}
    weights = np.array(list(STRATA.values()))
    truth = np.zeros((len(STRATA), len(names)))
    for h, stratum in enumerate(STRATA):
        for name, share in REFERENCE[stratum].items():
            truth[h, of[name]] = share
    mapped = [of[stratum] for stratum in STRATA]
    ratios = change_ratios(LAND, codes)
    whole = np.zeros((len(names), len(names)))
    whole[mapped] = weights[:, None] * truth
    known = np.array([float(ratio.of(whole)) for ratio in ratios])
    hits = np.zeros((2, len(ratios)))
    random = np.random.default_rng(2)
    for number in range(samples):
        counts = np.zeros((len(STRATA), len(names), len(names)), np.int64)
        for h, (n, row) in enumerate(zip(CHANGE_DESIGN, truth, strict=True)):
            counts[h, mapped[h]] = random.multinomial(n, row)
        sample = StratifiedSample(names, tuple(names[n] for n in mapped), weights, counts)
        found = assess_sample(sample, draws=draws, seed=number, further=ratios).further
        hits[0] += [each.low <= value <= each.high for each, value in zip(found, known, strict=True)]
        hits[1] += [abs(each.value - value) <= each.wald_half_width for each, value in zip(found, known, strict=True)]
    print(f"\nTransitions, {CHANGE_DESIGN} points in {tuple(STRATA)}, {samples} samples")
    print(f"{'':12} {'true share':>10} {'default':>8} {'Wald':>8}")
    for n, value in enumerate(known):
        name = f"{LAND[n // len(KINDS)]} {KINDS[n % len(KINDS)]}"
        print(f"{name:12} {value:10.4f} {hits[0, n] / samples:8.3f} {hits[1, n] / samples:8.3f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
