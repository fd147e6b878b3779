"""Reflectance of materials that differs from place to place, drawn around rounded typical values."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Spectrum = tuple[float, ...]

SURFACES: Mapping[str, Spectrum] = {
    # B02, B03, B04, B05, B06, B07, B08, B8A, B11, B12
    "conifer": (0.015, 0.029, 0.018, 0.054, 0.160, 0.195, 0.205, 0.215, 0.092, 0.040),
    "broadleaf": (0.018, 0.038, 0.020, 0.070, 0.270, 0.350, 0.365, 0.375, 0.155, 0.066),
    "bare_trees": (0.022, 0.034, 0.045, 0.072, 0.108, 0.126, 0.147, 0.152, 0.155, 0.103),
    "crop": (0.022, 0.052, 0.026, 0.095, 0.340, 0.450, 0.475, 0.485, 0.155, 0.070),
    "young_crop": (0.038, 0.072, 0.060, 0.125, 0.270, 0.300, 0.330, 0.335, 0.185, 0.115),
    "ripe_crop": (0.068, 0.102, 0.132, 0.185, 0.225, 0.255, 0.280, 0.300, 0.260, 0.160),
    "stubble": (0.088, 0.118, 0.162, 0.195, 0.215, 0.235, 0.252, 0.272, 0.305, 0.215),
    "grass": (0.032, 0.062, 0.044, 0.110, 0.260, 0.315, 0.335, 0.350, 0.195, 0.105),
    "dry_grass": (0.060, 0.088, 0.110, 0.150, 0.185, 0.205, 0.225, 0.240, 0.290, 0.205),
    "tile_roof": (0.075, 0.090, 0.135, 0.155, 0.170, 0.185, 0.195, 0.205, 0.240, 0.220),
    "grey_roof": (0.105, 0.115, 0.125, 0.130, 0.138, 0.145, 0.150, 0.155, 0.180, 0.170),
    "bright_roof": (0.290, 0.305, 0.315, 0.320, 0.330, 0.335, 0.340, 0.340, 0.330, 0.290),
    "blue_roof": (0.200, 0.205, 0.165, 0.160, 0.175, 0.185, 0.195, 0.200, 0.215, 0.180),
    "solar": (0.065, 0.062, 0.062, 0.066, 0.085, 0.095, 0.100, 0.105, 0.120, 0.110),
    "asphalt": (0.085, 0.098, 0.108, 0.114, 0.124, 0.132, 0.138, 0.144, 0.165, 0.150),
    "concrete": (0.180, 0.205, 0.230, 0.240, 0.250, 0.260, 0.270, 0.275, 0.300, 0.275),
    "clear_water": (0.020, 0.024, 0.014, 0.013, 0.016, 0.018, 0.021, 0.019, 0.021, 0.015),
    "turquoise_water": (0.120, 0.165, 0.110, 0.085, 0.042, 0.040, 0.036, 0.032, 0.024, 0.017),
    "turbid_water": (0.085, 0.112, 0.115, 0.100, 0.070, 0.067, 0.060, 0.053, 0.028, 0.020),
    "algae_water": (0.030, 0.058, 0.036, 0.056, 0.062, 0.068, 0.062, 0.055, 0.028, 0.018),
    "ice": (0.260, 0.270, 0.265, 0.255, 0.225, 0.210, 0.200, 0.185, 0.050, 0.035),
}

SOILS: Mapping[str, Spectrum] = {
    "brown": (0.070, 0.097, 0.133, 0.156, 0.176, 0.195, 0.211, 0.226, 0.285, 0.225),
    "dark": (0.042, 0.056, 0.070, 0.084, 0.098, 0.110, 0.122, 0.132, 0.185, 0.160),
    "loess": (0.105, 0.145, 0.190, 0.218, 0.238, 0.256, 0.275, 0.290, 0.370, 0.320),
    "red": (0.055, 0.082, 0.160, 0.190, 0.205, 0.215, 0.230, 0.245, 0.330, 0.280),
    "sand": (0.140, 0.190, 0.245, 0.270, 0.288, 0.305, 0.320, 0.335, 0.430, 0.390),
}

ROCKS: Mapping[str, Spectrum] = {
    "granite": (0.190, 0.250, 0.282, 0.292, 0.305, 0.316, 0.320, 0.324, 0.380, 0.375),
    "limestone": (0.270, 0.315, 0.350, 0.365, 0.378, 0.390, 0.400, 0.408, 0.430, 0.380),
    "sandstone": (0.110, 0.160, 0.225, 0.260, 0.275, 0.285, 0.300, 0.315, 0.400, 0.360),
    "gravel": (0.150, 0.190, 0.225, 0.240, 0.252, 0.265, 0.278, 0.288, 0.345, 0.310),
    "basalt": (0.070, 0.080, 0.088, 0.094, 0.100, 0.106, 0.110, 0.115, 0.145, 0.140),
    "clay": (0.115, 0.150, 0.195, 0.225, 0.240, 0.255, 0.270, 0.285, 0.330, 0.260),
    "coal": (0.031, 0.033, 0.035, 0.036, 0.038, 0.039, 0.041, 0.043, 0.054, 0.052),
}

MATERIALS = (*SURFACES, "soil", "pale_soil", "rock", "other_rock")
"""Names in the order of a palette's rows."""

SPREAD = 0.18
"""Of spectra around the typical ones, as ``varied`` takes it."""

WAVELENGTHS = (492, 560, 665, 704, 740, 783, 833, 865, 1614, 2202)
"""Of the bands [nm]."""


def draw_palette(rng: np.random.Generator, *, spread: float = SPREAD) -> NDArray[np.float32]:
    """Draw the reflectance of ``MATERIALS`` at one place, (material, band): two soils and two rocks among them."""
    soils = [SOILS[name] for name in rng.choice(list(SOILS), 2, replace=False)]
    weights = np.array([4, 2, 1.5, 1.5, 1, 1, 1]) / 12
    rocks = [ROCKS[name] for name in rng.choice(list(ROCKS), 2, replace=False, p=weights)]
    return varied(rng, np.array([*SURFACES.values(), *soils, *rocks], np.float32), spread=spread)


def varied(rng: np.random.Generator, spectra: NDArray[np.float32], *, spread: float = SPREAD) -> NDArray[np.float32]:
    """Spectra that differ in brightness, in slope and band by band.

    Args:
        rng: Where it is drawn from.
        spectra: Reflectance (material, band) in the ten bands of ``WAVELENGTHS``.
        spread: Standard deviation of the logarithm of brightness; that of slope is half and of bands a fifth of it.
    """
    count, bands = spectra.shape
    along = np.log(np.array(WAVELENGTHS) / 850)
    factor = rng.normal(0, spread, (count, 1)) + rng.normal(0, spread / 2, (count, 1)) * along
    factor = factor + rng.normal(0, spread / 5, (count, bands))
    drawn: NDArray[np.float32] = (spectra * np.exp(factor)).astype(np.float32)
    return drawn
