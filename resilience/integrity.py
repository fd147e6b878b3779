"""Ecological integrity: indicators normalised by fixed bounds, weighted to SC, FC and ECI, and ThV over time."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Literal, TypeAlias

from pitscape.resilience.bounds import Bounds

Form: TypeAlias = Literal["published", "departure"]

WEIGHT_GROUPS = (("shei", "mpfd", "contag", "connect"), ("npp", "q"), ("sc", "fc", "e"))
"""Weights that sum to 1: those of SC, of FC and of ECI, in the order of the fields of ``Weights``."""

WEIGHT_TOLERANCE = 1e-6
LEAST_BASELINE = 1e-6


@dataclass(frozen=True, slots=True)
class Indicators:
    """The seven indicators of an epoch, raw or normalised; NaN where one is not defined.

    Attributes:
        shei: Shannon's evenness, raw in [0, 1].
        mpfd: Mean patch fractal dimension, raw about 1-2.
        contag: Contagion, raw in [0, 100] %.
        connect: Connectance, raw in [0, 100] %.
        npp: Net primary production, raw [kg C m-2 y-1].
        q: Water conservation P - ET - R, raw [mm y-1], with its sign.
        e: Elastic modulus, raw >= 0.
    """

    shei: float
    mpfd: float
    contag: float
    connect: float
    npp: float
    q: float
    e: float


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of the indicators; equal by default, since the paper prints none.

    Attributes:
        shei: Weight in SC; so are mpfd, contag and connect, and the four sum to 1.
        mpfd: See shei.
        contag: See shei.
        connect: See shei.
        npp: Weight in FC; npp and q sum to 1.
        q: See npp.
        sc: Weight of SC in ECI; sc, fc and e sum to 1.
        fc: See sc.
        e: See sc.

    Raises:
        ValueError: If a weight is negative, or one of the three groups does not sum to 1 within 1e-6.
    """

    shei: float = 1 / 4
    mpfd: float = 1 / 4
    contag: float = 1 / 4
    connect: float = 1 / 4
    npp: float = 1 / 2
    q: float = 1 / 2
    sc: float = 1 / 3
    fc: float = 1 / 3
    e: float = 1 / 3

    def __post_init__(self) -> None:
        for group in WEIGHT_GROUPS:
            values = [getattr(self, name) for name in group]
            if not (min(values) >= 0 and abs(sum(values) - 1) <= WEIGHT_TOLERANCE):
                raise ValueError(f"The weights of {', '.join(group)} must be >= 0 and sum to 1, got {values}.")


@dataclass(frozen=True, slots=True)
class Integrity:
    """Integrity of one epoch, from scores in [0, 1].

    Attributes:
        sc: Structural score, weighted SHEI, MPFD, CONTAG and CONNECT.
        fc: Functional score, weighted NPP and Q.
        e: Score of the elastic modulus.
        eci: Ecological integrity w_sc SC + w_fc FC + w_e E.
        thv: ECI / ECI of the baseline: 1 for it, below 1 for loss; the published form can stay above 1.
        form: ``published``: scores are the normalised indicators; ``departure``: 1 - |x - x_0| of them.
        cut: Indicators outside their bounds, cut to them: widen the bounds if there are any.
    """

    sc: float
    fc: float
    e: float
    eci: float
    thv: float
    form: Form
    cut: tuple[str, ...]


def normalise(indicators: Indicators, bounds: Mapping[str, Bounds]) -> Indicators:
    """Scale the indicators to [0, 1] by their bounds.

    Args:
        indicators: Raw indicators.
        bounds: Bounds by name of the indicator, for all seven.

    Returns:
        Indicators in [0, 1], cut at the ends, 1 the better end; NaN stays NaN.

    Raises:
        ValueError: If bounds are missing or unknown.

    >>> from pitscape.resilience.bounds import DEFAULT_BOUNDS
    >>> raw = Indicators(shei=0.2, mpfd=1.5, contag=60, connect=0, npp=0.3, q=-250, e=12)
    >>> normalise(raw, {**DEFAULT_BOUNDS, "e": Bounds(0, 10)})
    Indicators(shei=0.2, mpfd=0.5, contag=0.6, connect=0.0, npp=0.3, q=0.25, e=1.0)
    """
    names = {each.name for each in fields(Indicators)}
    if names != set(bounds):
        wrong = ", ".join(sorted(names ^ set(bounds)))
        raise ValueError(f"Bounds must be given for the seven indicators, missing or unknown: {wrong}.")
    return Indicators(**{name: bounds[name].normalise(value) for name, value in asdict(indicators).items()})


def depart(scores: Indicators, baseline: Indicators) -> Indicators:
    """Departure scores 1 - |x_j - x_0| of normalised indicators: 1 as at the baseline, whichever way one moved.

    >>> baseline = Indicators(0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5)
    >>> depart(Indicators(0.75, 0.25, 0.5, 0.5, 0.5, 0.5, 1.0), baseline)
    Indicators(shei=0.75, mpfd=0.75, contag=1.0, connect=1.0, npp=1.0, q=1.0, e=0.5)
    """
    first = asdict(baseline)
    return Indicators(**{name: 1 - abs(value - first[name]) for name, value in asdict(scores).items()})


def integrity_series(
    epochs: Sequence[Indicators],
    *,
    bounds: Mapping[str, Bounds],
    weights: Weights | None = None,
    form: Form = "published",
    baseline: int = 0,
) -> tuple[Integrity, ...]:
    """Integrity of each epoch, and its ratio to the baseline's.

    Args:
        epochs: Raw indicators in order of time.
        bounds: Bounds by name of the indicator, for all seven: ``{**DEFAULT_BOUNDS, "e": elasticity_bounds(...)}``.
        weights: Weights; equal if None.
        form: ``published``: as printed; SHEI and E rise as a mine cuts up the land, so that ThV can stay above 1 and
            has no threshold then. ``departure``: any move from the baseline counts as a loss. Report both.
        baseline: Place of the epoch before mining, the first by default.

    Returns:
        One result for each epoch; NaN where an indicator is NaN.

    Raises:
        ValueError: If there is no epoch or no such baseline, bounds are missing, ``form`` is unknown, or the
            baseline's ECI is no number or within 1e-6 of 0.

    Source: Dong et al. (2025), eqs. 6-8; normalisation, weights and the departure form are ours.

    >>> from pitscape.resilience.bounds import DEFAULT_BOUNDS
    >>> bounds = {**DEFAULT_BOUNDS, "e": Bounds(0, 10)}
    >>> before = Indicators(shei=0.5, mpfd=1.5, contag=50, connect=50, npp=0.5, q=0, e=5)
    >>> after = Indicators(shei=0.5, mpfd=1.5, contag=50, connect=50, npp=0.5, q=0, e=2)
    >>> [round(each.thv, 3) for each in integrity_series([before, after], bounds=bounds)]  # (0.5 + 0.5 + 0.2) / 1.5
    [1.0, 0.8]
    """
    if not epochs:
        raise ValueError("No epoch is given: the first one is the baseline, the year before mining.")
    if not 0 <= baseline < len(epochs):
        raise ValueError(f"baseline must be the place of an epoch, 0 to {len(epochs) - 1}, got {baseline}.")
    if form not in {"published", "departure"}:
        raise ValueError(f"form must be 'published' or 'departure', got {form!r}.")
    scores = [normalise(each, bounds) for each in epochs]
    if form == "departure":
        scores = [depart(each, scores[baseline]) for each in scores]
    parts = [weigh(each, weights or Weights()) for each in scores]
    return tuple(
        Integrity(sc, fc, e, eci, threshold_value(eci, parts[baseline][3]), form, _cut(raw, bounds))
        for raw, (sc, fc, e, eci) in zip(epochs, parts, strict=True)
    )


def weigh(scores: Indicators, weights: Weights) -> tuple[float, float, float, float]:
    """SC, FC, E and ECI of scores in [0, 1]; an indicator without weight may be undefined.

    >>> weigh(Indicators(1.0, 0.0, 1.0, 0.0, 0.2, 0.6, 0.3), Weights(sc=0.5, fc=0.25, e=0.25))
    (0.5, 0.4, 0.3, 0.425)
    """
    x, w = scores, weights
    sc = _sum((w.shei, x.shei), (w.mpfd, x.mpfd), (w.contag, x.contag), (w.connect, x.connect))
    fc = _sum((w.npp, x.npp), (w.q, x.q))
    return sc, fc, x.e, _sum((w.sc, sc), (w.fc, fc), (w.e, x.e))


def threshold_value(eci: float, baseline: float) -> float:
    """Threshold value ThV = ECI_j / ECI_0, a ratio (the paper calls it a rate).

    Args:
        eci: Ecological integrity of an epoch.
        baseline: That of the year before mining.

    Returns:
        ThV >= 0: 1 as before mining, below 1 for loss.

    Raises:
        ValueError: If ``baseline`` is no number or within 1e-6 of 0.

    Source: Dong et al. (2025), eq. 8.

    >>> threshold_value(0.3, 0.6)
    0.5
    """
    if not abs(baseline) >= LEAST_BASELINE:
        raise ValueError(
            f"The baseline's integrity is {baseline}, no base for a ratio: check its indicators and bounds."
        )
    return eci / baseline


def needed(weights: Weights) -> tuple[str, ...]:
    """Names of the indicators that have weight in ECI.

    >>> needed(Weights(npp=1.0, q=0.0, sc=0.0, fc=0.5, e=0.5))
    ('npp', 'e')
    """
    parts = zip(WEIGHT_GROUPS, ("sc", "fc"), strict=False)
    of_parts = [name for group, part in parts for name in group if getattr(weights, part) and getattr(weights, name)]
    return tuple([*of_parts, "e"] if weights.e else of_parts)


def _sum(*terms: tuple[float, float]) -> float:
    """Sum of weight x value over the terms that have weight."""
    return sum(weight * value for weight, value in terms if weight)


def _cut(raw: Indicators, bounds: Mapping[str, Bounds]) -> tuple[str, ...]:
    """Names of the indicators outside their bounds."""
    return tuple(name for name, value in asdict(raw).items() if not bounds[name].holds(value))
