"""Net primary production from climate alone, where no measured one is at hand."""

import math

CARBON_SHARE = 0.5
"""Carbon in dry matter [kg/kg]; 0.45 to 0.5 are in use."""

MOST_DRY_MATTER_G = 3000.0


def miami_npp(temperature_c: float, precipitation_mm: float, *, carbon_share: float = CARBON_SHARE) -> float:
    """Net primary production by the Miami model, the lower of what temperature and rain allow.

    It knows climate only: it cannot see a mine, nor any other use of the land. Flag every result that rests on it.

    Args:
        temperature_c: Annual mean temperature T [degC].
        precipitation_mm: Annual precipitation P [mm], >= 0.
        carbon_share: Carbon in dry matter, in (0, 1].

    Returns:
        NPP [kg C m-2 y-1], min(3000 / (1 + e^(1.315 - 0.119 T)), 3000 (1 - e^(-0.000664 P))) g of dry matter.

    Raises:
        ValueError: If precipitation is negative, a number is not finite, or the carbon share is outside (0, 1].

    Source: Lieth (1973), Human Ecology 1, 303-332; the carbon share is ours.

    >>> round(miami_npp(25.0, 1000.0), 4)  # rain: 3000 (1 - 0.514788) = 1455.6 g; warmth allows 2521
    0.7278
    """
    if not (math.isfinite(temperature_c) and 0 <= precipitation_mm < math.inf):
        raise ValueError(
            f"Miami NPP needs a temperature and precipitation_mm >= 0, got {temperature_c} and {precipitation_mm}."
        )
    if not 0 < carbon_share <= 1:
        raise ValueError(f"carbon_share must be in (0, 1], got {carbon_share}.")
    warmth = MOST_DRY_MATTER_G / (1 + math.exp(1.315 - 0.119 * temperature_c))
    rain = MOST_DRY_MATTER_G * (1 - math.exp(-0.000664 * precipitation_mm))
    return min(warmth, rain) * carbon_share / 1000
