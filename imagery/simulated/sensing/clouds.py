"""Clouds, their shadows and haze over simulated scenes, and the scene classification that tells of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from pitscape.imagery.sensor import Sensor
from pitscape.imagery.simulated.sensing.scene import CELL_M, SKYLIGHT, SimulatedScene, blueness_of, missing_offset
from pitscape.imagery.simulated.terrain.place import MARGIN, Place
from pitscape.imagery.simulated.terrain.shapes import Field
from pitscape.imagery.simulated.terrain.surfaces import VEGETATED, WATER

NO_DATA, SHADOW, VEGETATION, BARE, WATERS, THIN, THICK = 0, 3, 4, 5, 6, 8, 9
"""Codes of Sentinel-2's scene classification (SCL); 8 and 9 are clouds of medium and high probability."""

FAINTEST = 0.1
"""Clouds and shadows below this opacity are not told of."""

COVER = (0.04, 0.16)
BASE_M = (700.0, 1500.0)
"""Share of a scene that clouds cover, and height of their base: plausible values of fair-weather cumulus."""

WHITENESS = (0.62, 0.34)
"""Reflectance of thick clouds in visible light and beyond 1500 nm, rounded typical values."""

CLOUD_NOISE, HAZE_NOISE = 51, 52


@dataclass(frozen=True)
class Sky:
    """What lies between the land and the satellite. All arrays have shape (y, x).

    Attributes:
        opacity: Share of the light that clouds hold back, 0 to 1.
        shadow: The same for the direct light of the sun.
        haze: Reflectance at 450 nm that haze adds.
    """

    opacity: Field
    shadow: Field
    haze: Field


def draw_sky(place: Place, day: int, sun: tuple[float, float]) -> Sky:
    """Draw the sky over a piece of land; neighbouring pieces have the same clouds.

    Args:
        place: Where the piece lies.
        day: Equal days draw equal skies.
        sun: Azimuth, from north towards east, and height above the horizon [rad].
    """
    rng = place.shared(CLOUD_NOISE, day)
    cover, base, thickest = rng.uniform((COVER[0], BASE_M[0], 0.01), (COVER[1], BASE_M[1], 0.035)).tolist()
    far = min(base / np.tan(sun[1]) / CELL_M, MARGIN)
    shift = (far * float(np.cos(sun[0])), -far * float(np.sin(sun[0])))
    shadow = _clouds(place, day, cover, shift)
    haze = thickest * np.clip(0.5 + 0.5 * place.noise(HAZE_NOISE, day, scale=60), 0, 2)
    return Sky(_clouds(place, day, cover, (0.0, 0.0)), shadow, haze.astype(np.float32))


def clouded(scene: SimulatedScene, sky: Sky, sensor: Sensor) -> NDArray[np.uint16]:
    """A scene under a sky.

    Args:
        scene: The scene under a clear sky.
        sky: Clouds, shadows and haze.
        sensor: Its sensor.

    Returns:
        Stored numbers as of that day, (band, y, x).
    """
    bands, missing = sensor.band_names, missing_offset(sensor, scene.acquired)
    clear = sensor.physical(scene.stored.astype(np.float32) + missing, bands)
    for number, name in enumerate(bands):
        blueness, wavelength = blueness_of(sensor, name), sensor.band(name).wavelength_nm or 0
        skylight = SKYLIGHT * blueness
        lit = clear[number] * (1 - sky.shadow * (1 - skylight)) + sky.haze * blueness**2
        white = np.interp(wavelength, (900, 1500), WHITENESS) * (0.75 + 0.25 * sky.opacity)
        clear[number] = lit * (1 - sky.opacity) + white * sky.opacity
    numbers = np.round(sensor.stored(clear, bands)) - missing
    return np.where(scene.observed, np.clip(numbers, 1, 65534), 0).astype(np.uint16)


def scene_classification(classes: NDArray[np.uint8], observed: NDArray[np.bool_], sky: Sky) -> NDArray[np.uint16]:
    """The scene classification of land under a sky: true, but blind to the faintest clouds and shadows.

    Args:
        classes: Land class ids (y, x).
        observed: Which cells were observed.
        sky: Clouds and shadows.
    """
    codes = np.select([classes == VEGETATED, classes == WATER], [VEGETATION, WATERS], BARE)
    codes = np.where(sky.shadow >= FAINTEST, SHADOW, codes)
    codes = np.where(sky.opacity >= FAINTEST, np.where(sky.opacity >= 0.6, THICK, THIN), codes)
    return np.where(observed, codes, NO_DATA).astype(np.uint16)


def _clouds(place: Place, day: int, cover: float, shift: tuple[float, float]) -> Field:
    """Opacity of clouds that cover a share of the site, moved by some cells down and right."""
    heaps = place.noise(CLOUD_NOISE, day, 1, scale=26, shift=shift)
    ragged = place.noise(CLOUD_NOISE, day, 2, scale=5, shift=shift)
    noise = (heaps + 0.2 * ragged) / np.float32(np.hypot(1, 0.2))
    opacity: Field = np.clip((noise - np.float32(ndtri(1 - cover))) / np.float32(0.8), 0, 0.97).astype(np.float32)
    return opacity
