"""Water retained by an ecosystem: runoff coefficients, and the balance of rain, evaporation and runoff."""

from collections.abc import Mapping
from types import MappingProxyType

from pitscape.resilience.diversity import check_shares

RUNOFF_COEFFICIENTS: Mapping[str, float] = MappingProxyType(
    {
        "meadow": 0.0820,
        "steppe": 0.0478,
        "tussock": 0.0937,
        "sparse_grass": 0.1827,
        "deciduous_broadleaf": 0.0133,
        "mixed_forest": 0.0229,
        "evergreen_needle": 0.0302,
        "water": 0.0,
    }
)
"""Share of the precipitation that runs off, by vegetation; mined and built land has no published value."""

FOUR_CLASS_RUNOFF: Mapping[str, float] = MappingProxyType({"vegetated": RUNOFF_COEFFICIENTS["steppe"], "water": 0.0})
"""The same for the four land classes; values for ``mined`` and ``occupied`` must be added."""


def mean_runoff_coefficient(shares: Mapping[str, float], coefficients: Mapping[str, float]) -> float:
    """Runoff coefficient of a zone, the mean of its types weighted by area.

    Args:
        shares: Area share of each type, summing to 1.
        coefficients: Runoff coefficient of each type, in [0, 1].

    Returns:
        Coefficient in [0, 1].

    Raises:
        ValueError: If the shares do not sum to 1, or a type with a share has no coefficient.

    >>> round(mean_runoff_coefficient({"steppe": 0.5, "water": 0.5}, RUNOFF_COEFFICIENTS), 4)
    0.0239
    """
    check_shares(list(shares.values()))
    missing = sorted(name for name, share in shares.items() if share > 0 and name not in coefficients)
    if missing:
        raise ValueError(f"No runoff coefficient is published for {', '.join(missing)}: give one in the configuration.")
    return sum(share * coefficients[name] for name, share in shares.items() if share > 0)


def runoff(precipitation_mm: float, coefficient: float) -> float:
    """Surface runoff, R = coefficient x P.

    Args:
        precipitation_mm: Annual precipitation P [mm], >= 0.
        coefficient: Share of it that runs off, in [0, 1].

    Returns:
        R [mm].

    Raises:
        ValueError: If ``precipitation_mm`` is negative or ``coefficient`` is outside [0, 1].

    >>> round(runoff(400.0, RUNOFF_COEFFICIENTS["steppe"]), 2)
    19.12
    """
    if not precipitation_mm >= 0:
        raise ValueError(f"precipitation_mm must be >= 0, got {precipitation_mm}: mask fill values first.")
    if not 0 <= coefficient <= 1:
        raise ValueError(f"coefficient must be in [0, 1], got {coefficient}: give a fraction, not percent.")
    return coefficient * precipitation_mm


def water_conservation(precipitation_mm: float, evapotranspiration_mm: float, runoff_mm: float) -> float:
    """Water that an ecosystem keeps, Q = P - ET - R.

    Args:
        precipitation_mm: Annual precipitation P [mm].
        evapotranspiration_mm: Annual actual evapotranspiration ET [mm].
        runoff_mm: Annual surface runoff R [mm]. A water yield P - ET holds it already: do not take it off twice.

    Returns:
        Q [mm], with its sign: below 0 where more evaporates than falls, as is common in semi-arid land.

    Source: Dong et al. (2025), the indicator Q of eqs. 6-8.

    >>> water_conservation(400.0, 430.0, 20.0)
    -50.0
    """
    return precipitation_mm - evapotranspiration_mm - runoff_mm
