"""Elastic modulus of an ecosystem: E = sigma mu ECO_res, from type shares, plants and climate."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pitscape.resilience.climate import FLOOR
from pitscape.resilience.diversity import check_shares, h_bits

SIGMA = 0.08
H_EXPONENT = 2.0


@dataclass(frozen=True, slots=True)
class ScoreSet:
    """Resilience scores S_i of a legend.

    Attributes:
        name: What results call it.
        scores: Score S_i in [0, 1] by name of the type.
        source: Where the scores come from.
        coarse: Whether the legend lumps ecosystem types, as the four land classes do: E is then not comparable, since
            H is meant over types.

    Raises:
        ValueError: If a score is outside [0, 1].
    """

    name: str
    scores: Mapping[str, float]
    source: str
    coarse: bool = False

    def __post_init__(self) -> None:
        wrong = {name: score for name, score in self.scores.items() if not 0 <= score <= 1}
        if wrong:
            raise ValueError(f"Resilience scores must be in [0, 1], got {wrong}: rescale them.")
        object.__setattr__(self, "scores", MappingProxyType(dict(self.scores)))


_TYPES = {
    "forest": 0.9,
    "water": 0.8,
    "grassland": 0.6,
    "farmland": 0.5,
    "construction": 0.2,
    "occupied": 0.2,
    "bare": 0.1,
    "mined": 0.1,
}
_FOUR_CLASSES = {"mined": 0.1, "occupied": 0.2, "vegetated": 0.6, "water": 0.8}
_BARER_LAND = {"construction": 0.4, "occupied": 0.4, "bare": 0.3, "mined": 0.3}

TYPE_SCORES = ScoreSet("types", _TYPES, "two independent sources agree down to farmland; the lower of two below it")
TYPE_SCORES_ALTERNATIVE = ScoreSet("types, alternative", _TYPES | _BARER_LAND, "the higher of two for disturbed land")
FOUR_CLASS_SCORES = ScoreSet("four classes", _FOUR_CLASSES, "types, with vegetated as grassland", coarse=True)
FOUR_CLASS_SCORES_ALTERNATIVE = ScoreSet(
    "four classes, alternative",
    _FOUR_CLASSES | {"occupied": 0.4, "mined": 0.3},
    "types, alternative, with vegetated as grassland",
    coarse=True,
)


@dataclass(frozen=True, slots=True)
class Elasticity:
    """The elastic modulus with every component, so that what moves it can be seen.

    Attributes:
        e: Elastic modulus E = sigma mu ECO_res, >= 0; comparable only under one definition of all below.
        h_bits: Shannon's index H over ecosystem types [bits].
        ndvi: Vegetation activity in [0, 1].
        c1: Relative variability of annual precipitation [fraction], floored.
        c2: Relative variability of growing-season temperature [fraction of a mean in degC], floored.
        mu: Restoring term H NDVI / (C1 C2).
        weighted_score: sum P_i S_i, in [0, 1].
        eco_res: Ecosystem resilience H sum P_i S_i.
        sigma: Disturbance constant.
        h_exponent: Power with which H enters E.
        score_set: Name of the scores.
        coarse_legend: Whether the legend lumps ecosystem types: keep E out of summaries.
    """

    e: float
    h_bits: float
    ndvi: float
    c1: float
    c2: float
    mu: float
    weighted_score: float
    eco_res: float
    sigma: float
    h_exponent: float
    score_set: str
    coarse_legend: bool


def elasticity(
    shares: Mapping[str, float],
    *,
    ndvi: float,
    c1: float,
    c2: float,
    scores: ScoreSet = TYPE_SCORES,
    sigma: float = SIGMA,
    h_exponent: float = H_EXPONENT,
) -> Elasticity:
    """Elastic modulus of a zone, E = sigma mu ECO_res, mu = H NDVI / (C1 C2), ECO_res = H sum P_i S_i.

    H enters twice, so E has two properties to know before it is read: cutting up a homogeneous grassland raises E (by
    59 % in the example of the documentation), and a zone of one type has E = 0 whatever grows on it.

    Args:
        shares: Area share P_i of each ecosystem type (not land class), summing to 1.
        ndvi: Vegetation activity, in [0, 1].
        c1: Relative variability of annual precipitation as a fraction, in (0, 2); below 0.01 it counts as 0.01.
        c2: Relative variability of the growing season's temperature, the same.
        scores: Resilience score of each type.
        sigma: Disturbance constant, > 0.
        h_exponent: Power of H in E, >= 0: 2 as published; mu and ECO_res hold half of it each. 0 drops H.

    Returns:
        E and its components.

    Raises:
        ValueError: If shares do not sum to 1, a type with a share has no score, or a number is outside its range.

    Source: Dong et al. (2025), eqs. 1-5; the paper prints sigma on the left of eq. 4, by its definitions it is mu.

    >>> half = elasticity({"forest": 0.5, "mined": 0.5}, ndvi=0.5, c1=0.2, c2=0.1)
    >>> half.h_bits, round(half.mu, 9), round(half.eco_res, 9)  # 1 x 0.5 / 0.02; 1 x (0.45 + 0.05)
    (1.0, 25.0, 0.5)
    >>> round(half.e, 9)  # 0.08 x 25 x 0.5
    1.0
    """
    _check_ranges(ndvi=ndvi, c1=c1, c2=c2, sigma=sigma, h_exponent=h_exponent)
    h, weighted = h_bits(list(shares.values())), weighted_score(shares, scores)
    c1, c2 = max(c1, FLOOR), max(c2, FLOOR)
    diversity = h ** (h_exponent / 2)
    mu, eco_res = diversity * ndvi / (c1 * c2), diversity * weighted
    return Elasticity(
        e=sigma * mu * eco_res,
        h_bits=h,
        ndvi=ndvi,
        c1=c1,
        c2=c2,
        mu=mu,
        weighted_score=weighted,
        eco_res=eco_res,
        sigma=sigma,
        h_exponent=h_exponent,
        score_set=scores.name,
        coarse_legend=scores.coarse,
    )


def weighted_score(shares: Mapping[str, float], scores: ScoreSet) -> float:
    """Mean resilience score of a zone, sum P_i S_i.

    Args:
        shares: Area share P_i of each type, summing to 1.
        scores: Resilience score S_i of each type.

    Returns:
        The mean score, in [0, 1].

    Raises:
        ValueError: If the shares do not sum to 1, or a type with a share has no score.

    Source: Dong et al. (2025), eqs. 1-5.

    >>> round(weighted_score({"forest": 0.5, "water": 0.5}, TYPE_SCORES), 9)
    0.85
    """
    check_shares(list(shares.values()))
    missing = sorted(name for name, share in shares.items() if share > 0 and name not in scores.scores)
    if missing:
        raise ValueError(f"The scores {scores.name!r} lack {', '.join(missing)}: add a resilience score in [0, 1].")
    return sum(share * scores.scores[name] for name, share in shares.items() if share > 0)


def _check_ranges(*, ndvi: float, c1: float, c2: float, sigma: float, h_exponent: float) -> None:
    """Refuse numbers that are not what their names say; percent for fractions would change E by 1e4."""
    if not 0 <= ndvi <= 1:
        raise ValueError(f"ndvi must be in [0, 1], got {ndvi}: use vegetation_activity, which counts negatives as 0.")
    for name, value in (("c1", c1), ("c2", c2)):
        if not 0 < value < 2:
            raise ValueError(
                f"{name} must be a fraction above 0 and below 2, got {value}: divide percent by 100, and choose a season well above 0 degC."
            )
    if not (0 < sigma < math.inf and 0 <= h_exponent < math.inf):
        raise ValueError(f"sigma must be > 0 and h_exponent >= 0, got {sigma} and {h_exponent}: published 0.08 and 2.")
