"""A day on simulated land: what lasts in its look, what is new in a year, and dates as fractional years."""

import datetime
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.simulated.terrain.land import PIT_BENCHES, Land
from pitscape.imagery.simulated.terrain.place import Place, whole_place
from pitscape.imagery.simulated.terrain.shapes import Field, generator, smooth_noise

GRAIN = 36
"""Number of the coarse grain, which goes on across the borders of pieces."""


@dataclass(frozen=True)
class Grain:
    """What lasts from year to year in the look of some land.

    Attributes:
        coarse: Smooth noise of mean 0 and standard deviation 1, (y, x).
        middle: The same, of a shorter scale.
        fine: The same, of nearly one cell.
        plot: A number in [0, 1) for each field or building plot, at its cells.
        strata: Amounts of soil, overburden, rock and coal (step, 4) in the pit from the top down.
    """

    coarse: Field
    middle: Field
    fine: Field
    plot: Field
    strata: NDArray[np.float64]


@dataclass(frozen=True)
class Day:
    """Land on a day of a year.

    Attributes:
        land: The land.
        grain: What lasts in its look.
        day: Day of the year.
        wetness: Deviation of the year's rain from the mean, in standard deviations.
        chance: A number in [0, 1) for each field or plot that is new every year, at its cells.
        turbidity: Share of turbid water in rivers and lakes.
        glint: Share of water that mirrors the sun.
    """

    land: Land
    grain: Grain
    day: int
    wetness: float
    chance: Field
    turbidity: float
    glint: float

    @property
    def greenness(self) -> float:
        """Green share of the steppe, 0 to 1; it peaks at the end of July."""
        peak = float(np.exp(-(((self.day - 208) / 48) ** 2)))
        return float(np.clip(0.12 + (0.6 + 0.08 * self.wetness) * peak, 0.05, 0.95))


def draw_grain(key: tuple[int, ...], land: Land, place: Place | None = None) -> Grain:
    """Draw what lasts in the look of some land.

    Args:
        key: Equal keys draw equal grain.
        land: The land at any time.
        place: Where it lies in its site; alone by default.
    """
    rng, size = generator(*key, 3), len(land.surface)
    coarse = (place or whole_place(key, size)).smooth(rng, GRAIN, scale=22)
    middle, fine = (smooth_noise(rng, size, scale) for scale in (5, 1.3))
    depth = np.linspace(0, 1, PIT_BENCHES + 2)[:, None]
    strata = np.hstack([1.3 - 1.8 * depth, 1.2 - 0.5 * depth, 0.3 + 0.5 * depth, 1.5 * depth**2 - 0.3])
    strata = np.clip(strata + rng.normal(0, 0.5, strata.shape), 0.03, None)
    return Grain(coarse, middle, fine, per_plot(rng, land), strata / strata.sum(axis=1, keepdims=True))


def draw_day(
    rng: np.random.Generator,
    land: Land,
    grain: Grain,
    *,
    day: int,
    wetness: float,
    shared: np.random.Generator | None = None,
) -> Day:
    """Draw what is new in a year: which fields lie bare and, from ``shared`` or ``rng``, how turbid water is."""
    turbidity, glint = (shared or rng).uniform((0.15, 0), (0.75, 0.12)).tolist()
    return Day(land, grain, day, wetness, per_plot(rng, land), turbidity, glint)


def per_plot(rng: np.random.Generator, land: Land) -> Field:
    """A number in [0, 1) for each field or plot, at its cells."""
    drawn: Field = rng.random(land.plots, dtype=np.float32)[land.parcel]
    return drawn


def day_of(year: int, day: int) -> datetime.date:
    """The date of a day of the year, counted from 1.

    >>> day_of(2024, 61)
    datetime.date(2024, 3, 1)
    """
    return datetime.date(year, 1, 1) + datetime.timedelta(days=day - 1)


def decimal_year(day: datetime.date) -> float:
    """A date as a fractional year.

    >>> round(decimal_year(datetime.date(2023, 7, 2)), 2)
    2023.5
    """
    return day.year + (day.timetuple().tm_yday - 1) / 365
