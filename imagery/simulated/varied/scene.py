"""A Sentinel-2 scene of quarry land on any day of the year, at any place and under any clear sky."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, shift
from scipy.special import expit

from pitscape.imagery.sensor import Sensor
from pitscape.imagery.simulated.sensing.scene import CELL_M, blueness_of
from pitscape.imagery.simulated.terrain.shapes import Field, smooth_noise
from pitscape.imagery.simulated.varied.covers import Cover
from pitscape.imagery.simulated.varied.palette import MATERIALS, SPREAD, draw_palette
from pitscape.imagery.simulated.varied.quarries import QuarryLand
from pitscape.imagery.simulated.varied.recipes import RECIPES, Season

SHADOW_REACH = 24
"""Cells that a shadow reaches at most."""

ROUGHNESS = {
    Cover.CONIFER: 0.16,
    Cover.BROADLEAF: 0.16,
    Cover.REGROWN: 0.2,
    Cover.VILLAGE: 0.35,
    Cover.PIT: 0.1,
    Cover.YARD: 0.22,
}
"""Standard deviation of the logarithm of brightness between neighbouring cells, where it is not that of fields."""


def varied_scene(
    rng: np.random.Generator, land: QuarryLand, sensor: Sensor, *, spread: float = SPREAD
) -> NDArray[np.uint16]:
    """Draw a scene.

    Args:
        rng: Where it is drawn from.
        land: The land.
        sensor: Sentinel-2, with the ten bands of ``varied.palette``.
        spread: Of its spectra, as of ``varied.palette``.

    Returns:
        Stored numbers in the sensor's convention, (band, y, x).
    """
    season, palette = _season(rng, land), draw_palette(rng, spread=spread)
    shares = _shares(season)
    brightness = np.exp(0.22 * (season.tone - 0.5) + rng.uniform(0.02, 0.08) * season.coarse + _rough(rng, season))
    direct = _direct(rng, land.elevation, season.day)
    haze, gain = rng.exponential(0.006) - 0.004, rng.normal(1, 0.06)
    skylight, fall, blur = rng.uniform(0.06, 0.3), rng.uniform(0.1, 1), rng.uniform(0.8, 1.2)
    stored = np.empty((len(sensor.band_names), *land.cover.shape), np.uint16)
    for number, (name, spectrum) in enumerate(zip(sensor.band_names, palette.T, strict=True)):
        band, blueness = sensor.band(name), blueness_of(sensor, name)
        sky = skylight * blueness**fall
        light = direct * (1 - sky) + sky
        seen = np.tensordot(spectrum, shares, 1) * brightness * light * gain + haze * blueness**2
        seen = gaussian_filter(seen, blur * (0.55 if band.gsd_m <= 10 else 0.95), mode="nearest")
        seen *= 1 + 0.01 * smooth_noise(rng, len(seen), 1.5)
        seen += rng.normal(0, 0.002, seen.shape)
        stored[number] = np.clip(np.round((seen - band.offset) / band.scale), 1, 65535)
    return stored


def _rough(rng: np.random.Generator, season: Season) -> Field:
    """Logarithm of brightness as it changes from cell to cell: crowns, heaps, roofs, rows in fields."""
    sigma = np.full(len(Cover), rng.uniform(0.03, 0.09), np.float32)
    sigma[list(ROUGHNESS)] = np.array(list(ROUGHNESS.values())) * rng.uniform(0.6, 1.4)
    rough: Field = sigma[season.land.cover] * season.fine
    return rough


def _season(rng: np.random.Generator, land: QuarryLand) -> Season:
    day, size = int(rng.integers(1, 366)), len(land.cover)
    late, dry = rng.normal(0, 10), rng.uniform(0, 1)
    leaves = float(expit((day - 118 - late) / 6) * expit((300 - late - day) / 8))
    summer = float(np.exp(-(((day - 205) / 40) ** 2)))
    green = float(np.clip(0.9 - 0.4 * (1 - leaves) - 0.7 * dry * summer, 0.1, 1))
    plots = int(land.parcel.max()) + 1
    plot, tone = (rng.random(plots, dtype=np.float32)[land.parcel] for _ in range(2))
    coarse, fine = smooth_noise(rng, size, rng.uniform(4, 25)), smooth_noise(rng, size, rng.uniform(0.6, 1.5))
    return Season(land, rng, day, leaves, green, plot, tone, coarse, fine)


def _shares(season: Season) -> NDArray[np.float32]:
    """Shares of ``MATERIALS`` (material, y, x) that sum to 1 in each cell."""
    land = season.land
    shares = np.zeros((len(MATERIALS), *land.cover.shape), np.float32)
    for kind, recipe in RECIPES.items():
        where = land.cover == kind
        if where.any():
            for name, amount in recipe(season).items():
                shares[MATERIALS.index(name), where] += amount[where] if isinstance(amount, np.ndarray) else amount
    np.maximum(shares, 0, out=shares)
    shares /= np.maximum(shares.sum(axis=0), 1e-6)
    shares *= 1 - land.paved
    for name, amount in zip(("asphalt", "concrete", "pale_soil"), season.rng.dirichlet((4, 1, 1)), strict=True):
        shares[MATERIALS.index(name)] += land.paved * amount
    shares /= np.maximum(shares.sum(axis=0), 1e-6)
    return shares


def _direct(rng: np.random.Generator, elevation: Field, day: int) -> Field:
    """Direct light relative to flat land, with the shadows that rims cast."""
    latitude, azimuth = np.deg2rad(rng.uniform(20, 58)), np.deg2rad(rng.uniform(135, 175))
    declination = np.deg2rad(23.4) * np.sin(2 * np.pi * (day - 81) / 365)
    height = float(np.clip(np.pi / 2 - latitude + declination - np.deg2rad(4), np.deg2rad(12), np.deg2rad(75)))
    down, right = np.gradient(elevation, CELL_M)
    towards = np.sin(azimuth) * right - np.cos(azimuth) * down
    lit = (np.sin(height) - np.cos(height) * towards) / np.sqrt(1 + down**2 + right**2) / np.sin(height)
    lit = np.clip(lit, 0.01, 1.6)
    step = np.array([-np.cos(azimuth), np.sin(azimuth)])
    for far in range(1, SHADOW_REACH):
        beyond = shift(elevation, -far * step, order=1, mode="nearest")
        above = (beyond - elevation) - far * CELL_M * np.tan(height)
        lit = np.minimum(lit, np.clip(1 - above / 4, 0.01, 1.6))
    light: Field = gaussian_filter(lit, 0.4).astype(np.float32)
    return light
