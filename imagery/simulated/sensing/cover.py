"""What simulated surfaces are made of on a day: shares of materials per cell."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from scipy.special import expit

from pitscape.imagery.simulated.sensing.day import Day, Grain
from pitscape.imagery.simulated.sensing.materials import SPECTRA
from pitscape.imagery.simulated.terrain.land import PIT_BENCHES
from pitscape.imagery.simulated.terrain.shapes import Field
from pitscape.imagery.simulated.terrain.surfaces import Surface

Shares = Mapping[str, NDArray[np.floating] | float]
"""Relative amounts of materials: negative ones count as none, and they need not sum to 1."""


def material_shares(today: Day) -> NDArray[np.float32]:
    """Shares of materials (material, y, x) that sum to 1 in each cell, in the order of ``SPECTRA``."""
    shares = np.zeros((len(SPECTRA), *today.land.surface.shape), np.float32)
    for kinds, recipe in RECIPES.items():
        where = today.land.covered(*kinds)
        if where.any():
            for name, amount in recipe(today).items():
                shares[list(SPECTRA).index(name), where] = amount[where] if isinstance(amount, np.ndarray) else amount
    np.maximum(shares, 0, out=shares)
    shares /= shares.sum(axis=0)
    return shares


def _steppe(today: Day) -> Shares:
    grain = today.grain
    return {
        "green_grass": today.greenness + 0.13 * grain.coarse + 0.08 * grain.middle,
        "dry_grass": 1 - today.greenness - 0.1 * grain.coarse,
        "soil": 0.1 - 0.12 * grain.coarse + 0.16 * grain.middle,
        "overburden": 0.25 * (grain.middle - 1.2),
        "rock": 0.2 * (grain.coarse - 1.4),
    }


def _fields(today: Day) -> Shares:
    """Crops that come up in June or are ripe in July, September or between; a part is fallow or ploughed."""
    plot, chance = today.grain.plot, today.chance
    sown, ripe = 130 + 55 * ((plot * 7) % 1), 188 + 95 * plot
    green = expit((today.day - sown) / 7) * expit((ripe - today.day) / 8) * (chance > 0.12)
    bare = (1 - green) * ((today.day < sown + 8) | (chance < 0.12) | (chance > 0.55))
    tone = (chance * 13) % 1
    return {
        "green_crop": green * (0.75 + 0.25 * tone) + 0.02,
        "ripe_crop": (1 - green) - bare + 0.03,
        **_bare_ground(bare + 0.12 * (1 - green), (plot * 31) % 1, today.grain),
    }


def _bare_ground(amount: NDArray[np.floating], tone: Field, grain: Grain) -> Shares:
    """Earth from dark to pale, as in bare fields."""
    return {
        "soil": amount * (0.95 - 0.5 * tone + 0.1 * grain.coarse),
        "overburden": amount * (1.3 * tone - 0.35 + 0.12 * grain.middle),
        "rock": amount * (0.55 - 0.9 * tone - 0.1 * grain.coarse),
    }


def _woods(today: Day) -> Shares:
    return {
        "trees": 0.85 + 0.12 * today.grain.middle + 0.1 * today.grain.fine,
        "green_grass": 0.25 * today.greenness - 0.1 * today.grain.middle,
        "dry_grass": 0.25 * (1 - today.greenness) - 0.1 * today.grain.fine,
    }


def _restored(today: Day) -> Shares:
    """Sown grass that closes with the years, and shrubs planted along the terraces."""
    cover = np.clip(0.42 + 0.09 * today.land.age + 0.1 * today.grain.middle, 0.3, 0.9)
    rows = (today.land.step * 2) % 1 < 0.4
    return {
        "green_grass": cover * (today.greenness + 0.1),
        "dry_grass": cover * (1 - today.greenness),
        "trees": 0.3 * rows * cover + 0.08 * today.grain.fine,
        **_bare_ground(1 - cover, today.grain.plot, today.grain),
    }


def _village(today: Day) -> Shares:
    """Roofs, yards and gardens, one to a plot."""
    plot = today.grain.plot
    return {
        "concrete": 1.0 * (plot < 0.24) + 0.1,
        "asphalt": 1.0 * ((plot >= 0.24) & (plot < 0.42)) + 0.12,
        "blue_roof": 1.0 * ((plot >= 0.42) & (plot < 0.5)),
        "soil": 0.7 * ((plot >= 0.5) & (plot < 0.8)) + 0.1,
        "overburden": 0.5 * ((plot >= 0.6) & (plot < 0.8)),
        "trees": 0.6 * (plot >= 0.8) + 0.08 * today.grain.middle,
        "green_grass": 0.5 * (plot >= 0.8) * today.greenness,
    }


def _plant(today: Day) -> Shares:
    """Halls, coal heaps and yards."""
    plot = today.grain.plot
    return {
        "concrete": 1.0 * (plot < 0.25) + 0.05,
        "blue_roof": 1.0 * ((plot >= 0.25) & (plot < 0.35)),
        "coal": 1.0 * ((plot >= 0.35) & (plot < 0.55)) + 0.12,
        "asphalt": 0.8 * ((plot >= 0.55) & (plot < 0.75)) + 0.1,
        "soil": 0.5 * (plot >= 0.75),
        "overburden": 0.5 * (plot >= 0.85),
        "rock": 0.3 * (plot >= 0.65),
    }


def _road(today: Day) -> Shares:
    coarse = today.grain.coarse
    return {
        "asphalt": 0.6 + 0.2 * coarse,
        "concrete": 0.25 + 0.15 * coarse,
        "soil": 0.25 - 0.2 * coarse,
        "overburden": 0.1,
    }


def _haul_road(today: Day) -> Shares:
    return {"overburden": 0.5, "rock": 0.35 + 0.1 * today.grain.middle, "coal": 0.12, "soil": 0.1}


def _dump(today: Day) -> Shares:
    """Earth, rock and waste as lorries tip them, heap by heap, with weeds that come with the years."""
    grain, heap = today.grain, today.grain.middle + 0.8 * today.grain.fine
    return {
        "soil": 0.5 + 0.2 * grain.coarse + 0.2 * heap,
        "overburden": 0.45 - 0.25 * heap,
        "rock": 0.35 - 0.15 * grain.coarse + 0.15 * grain.fine,
        "coal": 0.12 - 0.12 * heap,
        "green_grass": np.clip(0.05 * today.land.age + 0.07 * heap, 0, 0.25) * today.greenness,
    }


def _pit(today: Day) -> Shares:
    """Strata in the benches, coal and wet coal mud in patches of the floor."""
    grain, step = today.grain, today.land.step
    level = np.clip(step + 0.25 * grain.middle, 0, PIT_BENCHES + 0.99)
    upper = np.floor(level).astype(np.intp)
    soil, overburden, rock, coal = np.moveaxis(grain.strata[upper], -1, 0).astype(np.float32)
    floor = np.clip(step - 0.65 * PIT_BENCHES, 0, 1)
    return {
        "soil": soil,
        "overburden": overburden,
        "rock": rock + 0.1 * grain.fine,
        "coal": coal + floor * np.clip(0.7 * grain.middle + 0.6 * grain.coarse + 0.7, 0, 3),
        "clear_water": floor * np.clip(0.8 * grain.middle + 0.3 * grain.fine - 0.1, 0, 1.1),
    }


def _natural_water(today: Day) -> Shares:
    """Water whose bed shows at the banks."""
    wet = today.land.covered(Surface.RIVER, Surface.LAKE)
    depth = distance_transform_edt(wet).astype(np.float32)
    return {
        "turbid_water": today.turbidity + 0.15 * today.grain.middle,
        "clear_water": 1 - today.turbidity,
        "glint": today.glint * (1 + 0.4 * today.grain.middle),
        "soil": 0.5 * np.exp(-depth / 1.8),
        "green_grass": 0.12 * np.exp(-depth / 2.5) + 0.06 * (today.grain.middle - 0.5),
    }


def _mine_water(today: Day) -> Shares:
    """Process and pit water: black, grey or pale, by basin and year."""
    tone = (today.grain.plot * 5 + today.chance * 0.4) % 1
    return {
        "turbid_water": 0.9 * tone + 0.1 * today.grain.middle,
        "clear_water": 0.9 - 0.8 * tone,
        "glint": today.glint,
        "coal": 0.9 - 0.7 * tone + 0.3 * today.grain.middle,
        "rock": 0.7 * tone - 0.1 + 0.25 * today.grain.middle,
    }


RECIPES: dict[tuple[Surface, ...], Callable[[Day], Shares]] = {
    (Surface.GRASSLAND,): _steppe,
    (Surface.FARMLAND,): _fields,
    (Surface.FOREST,): _woods,
    (Surface.RESTORED,): _restored,
    (Surface.VILLAGE,): _village,
    (Surface.PLANT,): _plant,
    (Surface.ROAD,): _road,
    (Surface.HAUL_ROAD,): _haul_road,
    (Surface.DUMP,): _dump,
    (Surface.PIT,): _pit,
    (Surface.RIVER, Surface.LAKE): _natural_water,
    (Surface.BASIN, Surface.PIT_POND): _mine_water,
}
