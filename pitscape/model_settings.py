"""Choices of the resilience model that a site file can make: fallbacks, uncertainty, bounds."""

from typing import Literal

from pydantic import Field

from pitscape.table_settings import Strict


class Fallbacks(Strict):
    """What stands in where NPP or ET of an epoch is not given; results that rest on it are flagged.

    Attributes:
        npp: ``miami``: from temperature and precipitation of the year; it cannot see the mine.
        et: Budyko's balance with Thornthwaite's potential evaporation: ``fu``, or ``zhang`` by the share of forest.
        latitude: Of a site without maps [degrees], for the length of days.
    """

    npp: Literal["miami"] | None = None
    et: Literal["fu", "zhang"] | None = None
    latitude: float | None = Field(default=None, ge=-66, le=66)


class Uncertainty(Strict):
    """The Monte Carlo run over what is uncertain.

    Attributes:
        draws: Size of a sample; the model sees two of them and one more for each uncertain input.
        seed: Equal seeds give equal results.
        ndvi_sd: Standard deviation of an epoch's mean NDVI.
        weight_concentration: 1 makes all weights equally likely where the given ones are equal; larger is closer.
    """

    draws: int = Field(default=10_000, ge=100, le=1_000_000)
    seed: int = Field(default=0, ge=0)
    ndvi_sd: float = Field(default=0.02, ge=0, le=0.5)
    weight_concentration: float = Field(default=1.0, gt=0)


class BoundsSettings(Strict):
    """Values of an indicator that become 0 and 1, and whether more of it is better (1) or worse (-1)."""

    low: float
    high: float
    sign: Literal[-1, 1] = 1
