"""Simulated Sentinel-2 scenes: material mixtures under the sun, seen by the sensor, stored as it stores them."""

import datetime
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from pitscape.imagery.sensor import Sensor
from pitscape.imagery.simulated.sensing.cover import material_shares
from pitscape.imagery.simulated.sensing.day import Day, Grain, draw_day
from pitscape.imagery.simulated.sensing.materials import endmembers
from pitscape.imagery.simulated.terrain.land import Land
from pitscape.imagery.simulated.terrain.place import Place, whole_place
from pitscape.imagery.simulated.terrain.shapes import Field, Mask, generator, smooth_noise, turned
from pitscape.imagery.simulated.terrain.surfaces import Surface

CELL_M = 10.0
POINT_SPREAD = {10.0: 0.55, 20.0: 0.95}
"""Standard deviation of the point spread [cells] by the band's ground sampling distance [m]."""

SKYLIGHT = 0.28
"""Share of diffuse light at 450 nm; it falls with wavelength, so that shadows are dark and blue, like water."""


@dataclass(frozen=True)
class SimulatedScene:
    """One scene.

    Attributes:
        acquired: The day.
        stored: Stored numbers as of that day (band, y, x), the sensor's fill where not observed.
        observed: Which cells were observed (y, x).
        sun: Azimuth, from north towards east, and height above the horizon [rad].
    """

    acquired: datetime.date
    stored: NDArray[np.uint16]
    observed: Mask
    sun: tuple[float, float]


def simulate_scene(
    key: tuple[int, ...],
    land: Land,
    grain: Grain,
    acquired: datetime.date,
    sensor: Sensor,
    *,
    wetness: float = 0.0,
    place: Place | None = None,
    spectra: NDArray[np.float32] | None = None,
) -> SimulatedScene:
    """Draw a scene of some land.

    Args:
        key: Equal keys draw equal scenes.
        land: The land on that day.
        grain: What lasts in its look.
        acquired: The day.
        sensor: The sensor, whose default bands are those of ``SPECTRA``.
        wetness: Deviation of the year's rain from the mean, in standard deviations.
        place: Where the land lies in the scene; alone by default.
        spectra: Reflectance (material, band) in place of ``endmembers()``.
    """
    rng, place = generator(*key), place or whole_place(key, len(land.surface))
    spectra = endmembers() if spectra is None else spectra
    shared = rng if place.alone else place.shared(9, acquired.toordinal())
    today = draw_day(rng, land, grain, day=acquired.timetuple().tm_yday, wetness=wetness, shared=shared)
    shares = material_shares(today) * _brightness(rng, today)
    height = np.deg2rad(66 - 0.25 * abs(today.day - 172))
    azimuth = np.deg2rad(shared.uniform(140, 160))
    light = _illumination(shared, land, place, sun=(azimuth, height))
    observed = _observed(shared, place)
    haze = shared.uniform(0, 0.012)
    stored = np.empty((len(sensor.band_names), *land.surface.shape), np.uint16)
    for number, (name, spectrum) in enumerate(zip(sensor.band_names, spectra.T, strict=True)):
        band, blueness = sensor.band(name), blueness_of(sensor, name)
        lit = light * (1 - SKYLIGHT * blueness) + SKYLIGHT * blueness
        reflectance = np.einsum("m,myx->yx", spectrum, shares) * lit + haze * blueness**2
        seen = _seen(rng, reflectance, band.gsd_m)
        numbers = np.round((seen - band.offset) / band.scale) - missing_offset(sensor, acquired)
        stored[number] = np.where(observed, np.clip(numbers, 1, 65535), band.fill[0])
    return SimulatedScene(acquired, stored, observed, (float(azimuth), float(height)))


def missing_offset(sensor: Sensor, acquired: datetime.date) -> int:
    """What stored numbers of a day lack to be in the sensor's convention."""
    change = sensor.offset_since
    return change.added if change and acquired < change.date else 0


def blueness_of(sensor: Sensor, band: str) -> float:
    """How much of the light of a band is scattered by clear air, relative to 450 nm."""
    wavelength = sensor.band(band).wavelength_nm
    assert wavelength
    return float((wavelength / 450) ** -1.3)


def _brightness(rng: np.random.Generator, today: Day) -> Field:
    """Factor on the reflectance of each cell, by field, plot and patch."""
    grain = today.grain
    tone = 0.16 * (grain.plot - 0.5) + 0.14 * (today.chance - 0.5)
    tone = tone * today.land.covered(Surface.FARMLAND, Surface.VILLAGE, Surface.PLANT, Surface.BASIN)
    rough = today.land.covered(Surface.PIT, Surface.DUMP, Surface.HAUL_ROAD)
    tone = tone + 0.05 * grain.coarse + 0.03 * grain.middle + np.where(rough, 0.08, 0.03) * grain.fine
    factor: Field = np.exp(tone + 0.03 * smooth_noise(rng, len(tone), 2)).astype(np.float32)
    return factor


def _illumination(rng: np.random.Generator, land: Land, place: Place, *, sun: tuple[float, float]) -> Field:
    """Direct light on the relief relative to flat land, with a gradient over the scene."""
    azimuth, height = sun
    down, right = np.gradient(land.elevation, CELL_M)
    towards_sun = np.sin(azimuth) * right - np.cos(azimuth) * down
    lit = (np.sin(height) - np.cos(height) * towards_sun) / np.sqrt(1 + down**2 + right**2) / np.sin(height)
    along = place.along(rng.uniform(0, 2 * np.pi))
    gain = rng.uniform(0.94, 1.06) * (1 + rng.uniform(0.02, 0.06) * along / place.whole)
    light: Field = (np.clip(lit, 0.08, 1.6) * gain).astype(np.float32)
    return light


def _seen(rng: np.random.Generator, reflectance: Field, gsd_m: float) -> Field:
    """Reflectance blurred by the sensor, with correlated and white noise."""
    blurred = gaussian_filter(reflectance, POINT_SPREAD[gsd_m], mode="nearest")
    correlated = 0.012 * blurred * smooth_noise(rng, len(blurred), 1.5)
    seen: Field = blurred + correlated + 0.002 * rng.standard_normal(blurred.shape, dtype=np.float32)
    return seen


def _observed(rng: np.random.Generator, place: Place) -> Mask:
    """All but a corner that the swath cuts off or, of a single piece, a cloud and its shadow near the edge."""
    size = place.size
    along, across = turned(size, place.middle, rng.uniform(0, 2 * np.pi))
    if rng.random() < 0.5 or not place.alone:
        along = place.along(np.pi / 4 + np.pi / 2 * rng.integers(4) + rng.uniform(-0.2, 0.2))
        return np.asarray(along < place.whole * rng.uniform(0.58, 0.63))
    ragged = 1 + 0.2 * smooth_noise(rng, size, max(0.02 * size, 3))
    cloud = np.hypot(along - 0.46 * size, across) / ragged
    shadow = np.hypot(along - 0.49 * size, across - 0.05 * size) / ragged
    return np.asarray(np.minimum(cloud, shadow) > size * rng.uniform(0.03, 0.045))
