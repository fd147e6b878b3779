"""Simulated records of a mine's surroundings: climate, net primary production, evapotranspiration and runoff."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.simulated.terrain.land import Land
from pitscape.imagery.simulated.terrain.shapes import Field, smooth_noise
from pitscape.imagery.simulated.terrain.surfaces import LAND_CLASS, WATER, Surface, looked_up

RAIN_MM = (3, 4, 9, 18, 34, 65, 112, 88, 40, 17, 7, 3)
TEMPERATURE_C = (-17.0, -13.0, -3.5, 7.0, 15.0, 20.0, 22.5, 20.5, 14.0, 6.0, -6.0, -15.0)
"""Mean of each month in a semi-arid steppe of northern China, rounded; 400 mm a year, 15 degrees from April to October."""

RAIN_DEVIATIONS = np.array([-0.29, -0.15, 0.0, 0.15, 0.29])
"""Of a year from the mean, as a fraction: five years draw them in random order, so relative variability is near 0.17."""

NPP_KG_C = {
    Surface.GRASSLAND: 0.26,
    Surface.FARMLAND: 0.36,
    Surface.FOREST: 0.42,
    Surface.VILLAGE: 0.09,
    Surface.ROAD: 0.05,
    Surface.DUMP: 0.03,
    Surface.RESTORED: 0.17,
    Surface.HAUL_ROAD: 0.01,
    Surface.PLANT: 0.02,
    Surface.PIT: 0.01,
}
"""Net primary production of a mean year [kg C m-2 y-1], rounded typical values; water has none."""

ET_SHARE = {
    Surface.GRASSLAND: 0.94,
    Surface.FARMLAND: 1.04,
    Surface.FOREST: 1.02,
    Surface.VILLAGE: 0.62,
    Surface.ROAD: 0.5,
    Surface.DUMP: 0.58,
    Surface.RESTORED: 0.84,
    Surface.HAUL_ROAD: 0.5,
    Surface.PLANT: 0.5,
    Surface.PIT: 0.48,
}
"""Evapotranspiration as a share of the year's precipitation, rounded typical values; water has none."""

RUNOFF_SHARE = {
    Surface.GRASSLAND: 0.0478,
    Surface.FARMLAND: 0.09,
    Surface.FOREST: 0.0229,
    Surface.VILLAGE: 0.5,
    Surface.ROAD: 0.6,
    Surface.DUMP: 0.35,
    Surface.RESTORED: 0.1827,
    Surface.HAUL_ROAD: 0.55,
    Surface.PLANT: 0.5,
    Surface.PIT: 0.3,
}
"""Runoff as a share of the year's precipitation: the coefficients that Dong et al. (2025) give for steppe, mixed forest and
sparse grass on grassland, forest and restored land, plausible values elsewhere; water has none."""

NO_VALUE = -9999.0


@dataclass(frozen=True)
class ClimateMonth:
    """Precipitation [mm] and mean temperature [degC] of one month."""

    year: int
    month: int
    precipitation_mm: float
    temperature_c: float


def simulate_climate(rng: np.random.Generator, first: int, last: int) -> list[ClimateMonth]:
    """Draw the months from January of year ``first`` to December of year ``last``."""
    mean = float(rng.uniform(0.93, 1.07))
    months = []
    for year, deviation in zip(range(first, last + 1), _deviations(rng, last - first + 1), strict=True):
        rain = np.array(RAIN_MM) * rng.gamma(6, size=12)
        rain *= mean * (1 + deviation) * sum(RAIN_MM) / rain.sum()
        warmth = np.array(TEMPERATURE_C) + rng.normal(0, 0.6) + rng.normal(0, 1.0, 12)
        values = zip(range(1, 13), rain.tolist(), warmth.tolist(), strict=True)
        months += [ClimateMonth(year, month, round(mm, 1), round(celsius, 1)) for month, mm, celsius in values]
    return months


def _deviations(rng: np.random.Generator, years: int) -> NDArray[np.float64]:
    rounds = [rng.permutation(RAIN_DEVIATIONS) for _ in range(-(-years // len(RAIN_DEVIATIONS)))]
    return np.concatenate(rounds)[:years] + rng.normal(0, 0.02, years)


def annual_rain(climate: list[ClimateMonth], year: int) -> float:
    """Precipitation of a year [mm]."""
    return sum(month.precipitation_mm for month in climate if month.year == year)


def simulate_npp(rng: np.random.Generator, land: Land, rain_mm: float) -> Field:
    """Net primary production of a year [kg C m-2 y-1], (y, x); -9999 on water."""
    young = land.covered(Surface.RESTORED) & (land.age < 6)
    closing = np.where(young, 0.6 + 0.4 * land.age / 6, 1) if young.any() else 1.0
    return _valued(rng, land, NPP_KG_C, closing * (rain_mm / sum(RAIN_MM)) ** 0.6)


def simulate_et(rng: np.random.Generator, land: Land, rain_mm: float) -> Field:
    """Evapotranspiration of a year [mm], (y, x); -9999 on water."""
    return _valued(rng, land, ET_SHARE, rain_mm * (sum(RAIN_MM) / rain_mm) ** 0.25)


def simulate_runoff(rng: np.random.Generator, land: Land, rain_mm: float) -> Field:
    """Surface runoff of a year [mm], (y, x); -9999 on water."""
    return _valued(rng, land, RUNOFF_SHARE, rain_mm)


def vegetation_growth(surface: NDArray[np.uint8]) -> float:
    """Net primary production of a year of mean rain, summed over cells [kg C m-2 y-1 times cells]."""
    cells = np.bincount(surface.ravel(), minlength=256)
    return float(sum(value * cells[kind] for kind, value in NPP_KG_C.items()))


def _valued(rng: np.random.Generator, land: Land, values: dict[Surface, float], factor: Field | float) -> Field:
    """Values by surface times a factor, with smooth variation of 8 %."""
    table = np.zeros(256, np.float32)
    for kind, value in values.items():
        table[kind] = value
    varied = table[land.surface] * factor * np.exp(0.08 * smooth_noise(rng, len(land.surface), 8))
    kept: Field = np.where(looked_up(land.surface, LAND_CLASS) == WATER, NO_VALUE, varied).astype(np.float32)
    return kept
