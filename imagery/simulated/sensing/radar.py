"""Simulated Sentinel-1 scenes: backscatter in VV and VH with speckle, in decibels."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from pitscape.imagery.simulated.sensing.day import Grain, per_plot
from pitscape.imagery.simulated.sensing.scene import CELL_M
from pitscape.imagery.simulated.terrain.land import Land
from pitscape.imagery.simulated.terrain.place import Place
from pitscape.imagery.simulated.terrain.shapes import Field, Mask, generator
from pitscape.imagery.simulated.terrain.surfaces import Surface

POLARISATIONS = ("VV", "VH")

LOOKS = 4.4
"""Equivalent number of looks, near that of ground-range detected scenes of the interferometric wide swath. The speckle of
neighbouring cells is independent here."""

FIRST_YEAR = 2017
"""Earlier epochs have no radar scene."""

BACKSCATTER_DB = {
    # VV, VH, spread of the texture
    Surface.GRASSLAND: (-12.5, -19.5, 0.8),
    Surface.FARMLAND: (-11.0, -18.5, 0.7),
    Surface.FOREST: (-9.0, -14.5, 0.8),
    Surface.RIVER: (-20.0, -27.0, 1.0),
    Surface.LAKE: (-21.0, -28.0, 0.8),
    Surface.VILLAGE: (-6.0, -13.5, 2.2),
    Surface.ROAD: (-15.0, -22.5, 1.2),
    Surface.DUMP: (-9.5, -17.5, 1.3),
    Surface.RESTORED: (-11.0, -17.5, 1.0),
    Surface.HAUL_ROAD: (-13.0, -21.0, 1.0),
    Surface.PLANT: (-4.5, -13.5, 2.8),
    Surface.BASIN: (-18.5, -25.5, 1.5),
    Surface.PIT: (-8.5, -17.0, 1.6),
    Surface.PIT_POND: (-19.5, -26.0, 1.2),
}
"""Plausible values chosen for the simulation, not measured ones: smooth water is dark, buildings are bright, broken rock
is rough in VV and low in VH, volume scattering of trees raises VH."""

PLOT_SPREAD_DB = {Surface.FARMLAND: 4.5, Surface.VILLAGE: 7.0, Surface.PLANT: 10.0, Surface.BASIN: 3.0}
"""Range of what differs from field to field and from building to building."""

NOISE_FLOOR = 10**-2.5
POINT_SPREAD = 0.9
"""Noise-equivalent power, and standard deviation of the point spread [cells]."""

INCIDENCE = np.deg2rad(39)
SCENE_NUMBER = 61


def simulate_radar(key: tuple[int, ...], land: Land, grain: Grain, place: Place, day: int) -> NDArray[np.float32]:
    """Draw a radar scene of some land.

    Args:
        key: Equal keys draw equal scenes.
        land: The land on that day.
        grain: What lasts in its look.
        place: Where the land lies in the scene.
        day: Equal days of a site have equal orbits and winds.

    Returns:
        VV and VH [dB], (2, y, x); NaN beyond the swath.
    """
    rng, shared = generator(*key, 2), place.shared(SCENE_NUMBER, day)
    rough, moist = shared.uniform((-1.5, -1.0), (3.0, 1.0)).tolist()
    looks_east, covered = bool(shared.random() < 0.5), _swath(shared, place)
    water = land.covered(Surface.RIVER, Surface.LAKE, Surface.BASIN, Surface.PIT_POND)
    common = np.where(water, rough, moist) + _facing(land, looks_east=looks_east)
    texture, plots = 0.6 * grain.middle + 0.8 * grain.fine, per_plot(rng, land) - np.float32(0.5)
    tables = _tables()
    scene = np.empty((2, *land.surface.shape), np.float32)
    for number in range(2):
        mean, spread, by_plot = (table[land.surface] for table in (tables[number], tables[2], tables[3]))
        decibels = mean + common + spread * texture + by_plot * plots
        power = gaussian_filter((10 ** (decibels / 10)).astype(np.float32), POINT_SPREAD, mode="nearest") + NOISE_FLOOR
        scene[number] = np.where(covered, 10 * np.log10(speckled(rng, power)), np.nan)
    return scene


def speckled(rng: np.random.Generator, power: NDArray[np.floating], looks: float = LOOKS) -> NDArray[np.float64]:
    """Power under speckle: multiplied by gamma-distributed numbers of mean 1 and variance 1 / ``looks``."""
    return power * rng.gamma(looks, 1 / looks, power.shape)


def _tables() -> NDArray[np.float32]:
    """VV, VH, texture and range between plots (4, 256), by surface."""
    tables = np.zeros((4, 256), np.float32)
    for surface, values in BACKSCATTER_DB.items():
        tables[:3, surface] = values
    for surface, spread in PLOT_SPREAD_DB.items():
        tables[3, surface] = spread
    return tables


def _facing(land: Land, *, looks_east: bool) -> Field:
    """What slopes that face the radar gain and others lose [dB], by the area that a cell shows (Ulander 1996)."""
    _, rise = np.gradient(land.elevation, CELL_M)
    slope = np.clip(np.arctan(rise if looks_east else -rise), -0.45, 0.45)
    gain: Field = (10 * np.log10(np.sin(INCIDENCE) / np.sin(INCIDENCE - slope))).astype(np.float32)
    return gain


def _swath(shared: np.random.Generator, place: Place) -> Mask:
    """All but a strip at the side where the swath ends."""
    side = shared.choice((0.0, np.pi)) + shared.normal(0, 0.05)
    return np.asarray(place.along(side) < place.whole * shared.uniform(0.46, 0.52))
