"""A Sentinel-2 scene of quarry land on any day of the year, at any place and under any clear sky."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter, shift
from scipy.special import expit

from pitscape.imagery.sensor import Sensor
from pitscape.imagery.simulated.sensing.scene import CELL_M, blueness_of
from pitscape.imagery.simulated.terrain.shapes import Field, smooth_noise
from pitscape.imagery.simulated.varied.palette import MATERIALS, draw_palette
from pitscape.imagery.simulated.varied.quarries import Cover, QuarryLand

Amounts = Mapping[str, NDArray[np.floating] | float]
"""Relative amounts of materials, as in ``sensing.cover``."""

SHADOW_REACH = 24
"""Cells that a shadow reaches at most."""


@dataclass(frozen=True)
class Season:
    """A day on quarry land, and what is new on it.

    Attributes:
        land: The land.
        rng: Where the rest is drawn from.
        day: Day of the year in the north, 1 to 365.
        leaves: Share of leaves that broadleaved trees carry.
        green: Share of grass that is green.
        plot: A number in [0, 1) for each field or plot.
        tone: Another one.
        coarse: Smooth noise over fields and woods; mean 0, standard deviation 1.
        fine: The same of nearly one cell.
    """

    land: QuarryLand
    rng: np.random.Generator
    day: int
    leaves: float
    green: float
    plot: Field
    tone: Field
    coarse: Field
    fine: Field


def varied_scene(rng: np.random.Generator, land: QuarryLand, sensor: Sensor) -> NDArray[np.uint16]:
    """Draw a scene.

    Args:
        rng: Where it is drawn from.
        land: The land.
        sensor: Sentinel-2, with the ten bands of ``varied.palette``.

    Returns:
        Stored numbers in the sensor's convention, (band, y, x).
    """
    season, palette = _season(rng, land), draw_palette(rng)
    shares = _shares(season)
    brightness = np.exp(0.22 * (season.tone - 0.5) + rng.uniform(0.02, 0.06) * season.coarse + 0.04 * season.fine)
    brightness = np.where(land.depth > 0, brightness * np.exp(0.1 * season.fine), brightness)
    direct = _direct(rng, land.elevation, season.day)
    haze, gain = rng.exponential(0.006) - 0.004, rng.normal(1, 0.06)
    skylight, spread = rng.uniform(0.12, 0.35), rng.uniform(0.8, 1.2)
    stored = np.empty((len(sensor.band_names), *land.cover.shape), np.uint16)
    for number, (name, spectrum) in enumerate(zip(sensor.band_names, palette.T, strict=True)):
        band, blueness = sensor.band(name), blueness_of(sensor, name)
        light = direct * (1 - skylight * blueness) + skylight * blueness
        seen = np.tensordot(spectrum, shares, 1) * brightness * light * gain + haze * blueness**2
        seen = gaussian_filter(seen, spread * (0.55 if band.gsd_m <= 10 else 0.95), mode="nearest")
        seen *= 1 + 0.01 * smooth_noise(rng, len(seen), 1.5)
        seen += rng.normal(0, 0.002, seen.shape)
        stored[number] = np.clip(np.round((seen - band.offset) / band.scale), 1, 65535)
    return stored


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
    shares[MATERIALS.index("asphalt")] += land.paved * (0.6 + 0.4 * season.rng.random())
    shares /= np.maximum(shares.sum(axis=0), 1e-6)
    return shares


def _field(season: Season) -> Amounts:
    """Winter crops, summer crops and fallow: bare, young, full, ripe, stubble by plot and day."""
    day, plot, tone = season.day, season.plot, season.tone
    winter, ripe = plot < 0.55, 170 + 60 * ((plot * 7) % 1)
    sown = np.where(winter, 0, 100 + 70 * ((plot * 13) % 1))
    ripe = np.where(winter, ripe, ripe + 80)
    grown = expit((day - np.where(winter, 85 + 40 * tone, sown + 35)) / 8)
    up, ripening, cut = expit((day - sown - 12) / 5), expit((day - ripe + 12) / 6), expit((day - ripe - 8) / 2)
    sprouting = expit((day - 285 - 40 * tone) / 10) * winter
    ploughed = cut * ((plot * 31) % 1 < 0.25 + (day > 260) * 0.4)
    bare = (1 - up) + ploughed * (1 - sprouting)
    bare = bare + 0.25 * (1 - grown) * up + 0.15
    return {
        "crop": up * grown * (1 - ripening) * (0.8 + 0.2 * season.coarse),
        "young_crop": up * (1 - grown) * (1 - cut) + sprouting * cut,
        "ripe_crop": ripening * (1 - cut),
        "stubble": cut * (1 - ploughed) * (1 - sprouting),
        "soil": bare * (0.7 + 0.4 * season.coarse),
        "pale_soil": bare * (0.3 - 0.4 * season.coarse),
    }


def _meadow(season: Season) -> Amounts:
    return {
        "grass": season.green + 0.15 * season.coarse,
        "dry_grass": 1 - season.green - 0.1 * season.coarse,
        "bare_trees": 0.1 * season.fine,
        "soil": 0.05 + 0.05 * season.fine,
    }


def _conifer(season: Season) -> Amounts:
    return {
        "conifer": 0.9 + 0.1 * season.fine,
        "bare_trees": 0.12 - 0.06 * season.coarse,
        "broadleaf": season.leaves * (0.1 + 0.1 * season.coarse),
    }


def _broadleaf(season: Season) -> Amounts:
    return {
        "broadleaf": season.leaves * (0.95 + 0.1 * season.fine),
        "bare_trees": 1 - season.leaves + 0.08 + 0.1 * season.coarse,
        "conifer": 0.1 + 0.15 * season.coarse,
        "dry_grass": (1 - season.leaves) * 0.15,
    }


def _village(season: Season) -> Amounts:
    """Roofs and yards among gardens."""
    built, tone = season.land.built, season.tone
    garden = 1 - built
    return {
        "tile_roof": built * (tone < 0.55),
        "grey_roof": built * (tone >= 0.45) * 0.8,
        "bright_roof": built * (tone > 0.93) * 0.8,
        "concrete": built * 0.25 * (season.plot > 0.5),
        "asphalt": built * 0.2,
        "grass": garden * season.green * 0.6,
        "dry_grass": garden * (1 - season.green) * 0.6,
        "broadleaf": garden * season.leaves * (0.25 + 0.15 * season.fine),
        "bare_trees": garden * (1 - season.leaves) * (0.3 + 0.15 * season.fine),
        "conifer": garden * 0.08 * (1 + season.fine),
    }


def _works(season: Season) -> Amounts:
    """Halls, yards and heaps."""
    plot = season.plot
    return {
        "bright_roof": 1.0 * (plot < 0.2),
        "grey_roof": 1.0 * ((plot >= 0.2) & (plot < 0.35)),
        "blue_roof": 1.0 * ((plot >= 0.35) & (plot < 0.42)),
        "concrete": 0.8 * ((plot >= 0.42) & (plot < 0.65)) + 0.1,
        "asphalt": 0.8 * ((plot >= 0.65) & (plot < 0.85)) + 0.1,
        "soil": 0.4 * (plot >= 0.85),
        "grass": 0.5 * (plot >= 0.9) * season.green,
        "rock": 0.15,
    }


def _solar(season: Season) -> Amounts:
    return {"solar": 0.65 + 0.1 * season.fine, "grass": 0.35 * season.green, "dry_grass": 0.35 * (1 - season.green)}


def _lake(season: Season) -> Amounts:
    """Dark, brown, green or frozen water, with its bed or reeds at the banks."""
    away = distance_transform_edt(season.land.cover == Cover.LAKE)
    kind = season.rng.dirichlet((1.6, 0.5, 0.4))
    frozen = season.rng.random() < 0.12 and (season.day < 60 or season.day > 345)
    return {
        "clear_water": kind[0],
        "turbid_water": kind[1],
        "algae_water": kind[2],
        "ice": 4.0 * frozen,
        "dry_grass": 0.3 * np.exp(-away / 1.2),
    }


def _pond(season: Season) -> Amounts:
    """Quarry ponds: dark, turquoise, pale or frozen, one kind to a pond as noise has it."""
    kind = np.clip(season.rng.uniform(-0.3, 1.3) + 0.3 * season.coarse, 0, 1)
    frozen = season.rng.random() < 0.12 and (season.day < 60 or season.day > 345)
    return {
        "clear_water": 1 - kind,
        "turquoise_water": kind * season.rng.uniform(0.3, 1),
        "turbid_water": 0.3 * kind * season.rng.random(),
        "algae_water": 0.3 * season.rng.random(),
        "rock": np.clip(0.05 * season.fine, 0, 0.2),
        "ice": 4.0 * frozen,
    }


def _pit(season: Season) -> Amounts:
    """Two rocks, earth near the rim, weeds and puddles."""
    near_rim = np.exp(-season.land.depth / 2.0)
    mix = season.coarse + 0.4 * season.fine
    return {
        "rock": 0.85 - 0.2 * mix,
        "other_rock": season.rng.uniform(-0.2, 0.4) + 0.25 * mix,
        "soil": 0.5 * near_rim * season.rng.random() + 0.06 * season.fine,
        "pale_soil": 0.1 + 0.1 * season.fine,
        "grass": np.clip(season.rng.uniform(-0.1, 0.15) + 0.15 * season.coarse, 0, 0.3) * season.green,
        "dry_grass": np.clip(season.rng.uniform(-0.2, 0.15) + 0.1 * season.coarse, 0, 0.3),
        "clear_water": np.clip(0.15 * season.fine - 0.3, 0, 0.3),
    }


def _regrown(season: Season) -> Amounts:
    return {
        "grass": 0.4 * season.green,
        "dry_grass": 0.4 * (1 - season.green) + 0.1,
        "broadleaf": season.leaves * (0.4 + 0.3 * season.coarse),
        "bare_trees": (1 - season.leaves) * (0.4 + 0.3 * season.coarse),
        "rock": 0.12 + 0.12 * season.fine,
    }


def _direct(rng: np.random.Generator, elevation: Field, day: int) -> Field:
    """Direct light relative to flat land, with the shadows that rims cast."""
    latitude, azimuth = np.deg2rad(rng.uniform(20, 55)), np.deg2rad(rng.uniform(135, 175))
    declination = np.deg2rad(23.4) * np.sin(2 * np.pi * (day - 81) / 365)
    height = float(np.clip(np.pi / 2 - latitude + declination - np.deg2rad(4), np.deg2rad(12), np.deg2rad(75)))
    down, right = np.gradient(elevation, CELL_M)
    towards = np.sin(azimuth) * right - np.cos(azimuth) * down
    lit = (np.sin(height) - np.cos(height) * towards) / np.sqrt(1 + down**2 + right**2) / np.sin(height)
    lit = np.clip(lit, 0.05, 1.6)
    step = np.array([-np.cos(azimuth), np.sin(azimuth)])
    for far in range(1, SHADOW_REACH):
        beyond = shift(elevation, -far * step, order=1, mode="nearest")
        above = (beyond - elevation) - far * CELL_M * np.tan(height)
        lit = np.minimum(lit, np.clip(1 - above / 4, 0.05, 1.6))
    light: Field = gaussian_filter(lit, 0.4).astype(np.float32)
    return light


RECIPES: dict[Cover, Callable[[Season], Amounts]] = {
    Cover.FIELD: _field,
    Cover.MEADOW: _meadow,
    Cover.CONIFER: _conifer,
    Cover.BROADLEAF: _broadleaf,
    Cover.VILLAGE: _village,
    Cover.WORKS: _works,
    Cover.SOLAR: _solar,
    Cover.ROAD: _village,
    Cover.LAKE: _lake,
    Cover.PIT: _pit,
    Cover.POND: _pond,
    Cover.REGROWN: _regrown,
}
