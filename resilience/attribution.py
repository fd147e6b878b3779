"""What moves E: its change as a product of its terms, and what it would be under other definitions."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pitscape.resilience.elasticity import Elasticity, ScoreSet, elasticity


@dataclass(frozen=True, slots=True)
class Contributions:
    """Natural logarithms of the factors of E_j / E_0; they add up to ``e``.

    Attributes:
        e: ln (E_j / E_0).
        diversity: h_exponent x ln (H_j / H_0): the pattern of types alone.
        vegetation: ln of the ratio of NDVI.
        scores: ln of the ratio of sum P_i S_i.
        climate: -ln of the ratio of C1 C2.
    """

    e: float
    diversity: float
    vegetation: float
    scores: float
    climate: float


def contributions(later: Elasticity, first: Elasticity) -> Contributions:
    """Share the change of E out among H, NDVI, the scores and the climate.

    E is a product, so its logarithm is a sum without remainder. H is squared in it as published: that a mine which
    cuts up the land raises ``diversity`` is how E is defined, not a recovery.

    Args:
        later: An epoch.
        first: The baseline, computed with the same sigma and exponent of H.

    Returns:
        The parts; NaN where a term is 0 at either epoch.

    Raises:
        ValueError: If the two were computed under different definitions.

    >>> from pitscape.resilience.elasticity import elasticity
    >>> first = elasticity({"forest": 0.5, "mined": 0.5}, ndvi=0.5, c1=0.2, c2=0.1)
    >>> later = elasticity({"forest": 0.5, "mined": 0.5}, ndvi=0.25, c1=0.2, c2=0.1)
    >>> found = contributions(later, first)
    >>> found.vegetation == found.e == math.log(0.5), found.diversity
    (True, 0.0)
    """
    one, other = ((each.sigma, each.h_exponent, each.score_set) for each in (later, first))
    if one != other:
        raise ValueError(f"E was computed as {one} and as {other} (sigma, exponent of H, scores): use one definition.")
    return Contributions(
        e=_log_ratio(later.e, first.e),
        diversity=later.h_exponent * _log_ratio(later.h_bits, first.h_bits) if later.h_exponent else 0.0,
        vegetation=_log_ratio(later.ndvi, first.ndvi),
        scores=_log_ratio(later.weighted_score, first.weighted_score),
        climate=_log_ratio(first.c1 * first.c2, later.c1 * later.c2),
    )


@dataclass(frozen=True, slots=True)
class Variant:
    """E of all epochs under one definition.

    Attributes:
        name: What differs from the definition in use.
        h_exponent: Power of H.
        score_set: Name of the scores.
        e: E of each epoch.
        change: E of the last epoch / E of the baseline; NaN where that is 0.
    """

    name: str
    h_exponent: float
    score_set: str
    e: tuple[float, ...]
    change: float


def sensitivity(
    epochs: Sequence[Mapping[str, float]],
    terms: Sequence[tuple[float, float, float]],
    *,
    scores: Sequence[ScoreSet],
    h_exponents: Sequence[float] = (2.0, 1.0, 0.0),
    baseline: int = 0,
) -> list[Variant]:
    """E under every given score set and exponent of H, so that a reader sees what rests on the definition.

    Args:
        epochs: Shares of the types at each epoch.
        terms: NDVI, C1 and C2 of each epoch.
        scores: Score sets, all of the same types.
        h_exponents: Powers of H; 2 is published, 0 drops H.
        baseline: Place of the baseline epoch.

    Returns:
        One variant for each pair.

    Raises:
        ValueError: As :func:`pitscape.resilience.elasticity.elasticity`.

    >>> from pitscape.resilience.elasticity import TYPE_SCORES
    >>> shares = [{"forest": 0.5, "mined": 0.5}, {"forest": 1.0}]
    >>> found = sensitivity(shares, [(0.5, 0.2, 0.1)] * 2, scores=[TYPE_SCORES])
    >>> [round(each.change, 9) for each in found]  # one type has H = 0; without H the scores 0.9 / 0.5 are left
    [0.0, 0.0, 1.8]
    """
    found = []
    for score_set in scores:
        for power in h_exponents:
            series = tuple(
                elasticity(shares, ndvi=ndvi, c1=c1, c2=c2, scores=score_set, h_exponent=power).e
                for shares, (ndvi, c1, c2) in zip(epochs, terms, strict=True)
            )
            change = series[-1] / series[baseline] if series[baseline] else math.nan
            name = f"H to the power {power:g}, scores of {score_set.name}"
            found.append(Variant(name, power, score_set.name, series, change))
    return found


def _log_ratio(later: float, first: float) -> float:
    return math.log(later / first) if later > 0 and first > 0 else math.nan
