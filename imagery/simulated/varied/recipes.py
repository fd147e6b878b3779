"""What varied land is made of on a day: amounts of materials by cover."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from scipy.special import expit

from pitscape.imagery.simulated.terrain.shapes import Field
from pitscape.imagery.simulated.varied.covers import Cover
from pitscape.imagery.simulated.varied.quarries import QuarryLand

Amounts = Mapping[str, NDArray[np.floating] | float]
"""Relative amounts of materials, as in ``sensing.cover``."""


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
    bare = bare + 0.25 * (1 - grown) * up * (tone > 0.4) + 0.07
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
        "bright_roof": built * (tone > 0.88),
        "concrete": built * 0.25 * (season.plot > 0.5),
        "asphalt": built * 0.2,
        "grass": garden * season.green * 0.5,
        "dry_grass": garden * (1 - season.green) * 0.4,
        "broadleaf": garden * season.leaves * (0.45 + 0.4 * season.fine),
        "bare_trees": garden * (1 - season.leaves) * (0.4 + 0.3 * season.fine),
        "conifer": garden * 0.12 * (1 + 1.5 * season.fine),
    }


def _works(season: Season) -> Amounts:
    """Halls, yards and heaps."""
    plot = season.plot
    return {
        "bright_roof": 1.0 * (plot < 0.2),
        "grey_roof": 1.0 * ((plot >= 0.2) & (plot < 0.35)),
        "blue_roof": 1.0 * ((plot >= 0.35) & (plot < 0.42)),
        "concrete": 0.8 * ((plot >= 0.42) & (plot < 0.65)) + 0.1,
        "asphalt": 0.8 * ((plot >= 0.65) & (plot < 0.85)) + 0.15,
        "soil": 0.4 * (plot >= 0.85),
        "grass": 0.5 * (plot >= 0.9) * season.green,
        "rock": 0.05,
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
    kind = np.clip(season.rng.uniform(-0.8, 1.2) + 0.3 * season.coarse, 0, 1)
    frozen = season.rng.random() < 0.12 and (season.day < 60 or season.day > 345)
    return {
        "clear_water": 1 - kind,
        "turquoise_water": kind * season.rng.uniform(0.3, 1),
        "turbid_water": 0.3 * kind * season.rng.random(),
        "algae_water": 0.3 * season.rng.random(),
        "rock": np.clip(season.rng.uniform(-0.1, 0.05) + 0.05 * season.fine, 0, 0.2),
        "ice": 4.0 * frozen,
    }


def _yard(season: Season) -> Amounts:
    """Dumps, heaps of crushed rock, dusty tracks, stripped earth, and the halls and machines of the plant."""
    plot, mix = season.plot, season.coarse + 0.4 * season.fine
    halls = 1.5 * season.rng.random() * (season.coarse > season.rng.uniform(0, 3))
    return {
        "rock": 0.8 - 0.2 * mix,
        "other_rock": season.rng.uniform(-0.2, 0.4) + 0.25 * mix,
        "soil": np.clip(season.rng.uniform(-0.3, 0.4) - 0.2 * season.coarse, 0, 1),
        "pale_soil": 0.1 + 0.1 * season.fine,
        "grass": np.clip(season.rng.uniform(-0.2, 0.2) + 0.2 * season.coarse, 0, 0.4) * season.green,
        "dry_grass": np.clip(season.rng.uniform(-0.2, 0.2) + 0.15 * season.coarse, 0, 0.4),
        "grey_roof": halls * (plot < 0.1),
        "bright_roof": halls * ((plot >= 0.1) & (plot < 0.15)),
        "blue_roof": halls * ((plot >= 0.15) & (plot < 0.25)),
        "concrete": halls * 0.5 * ((plot >= 0.25) & (plot < 0.4)),
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
    Cover.YARD: _yard,
    Cover.POND: _pond,
    Cover.REGROWN: _regrown,
}
