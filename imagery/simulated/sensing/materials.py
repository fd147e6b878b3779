"""Reflectance of the materials that simulated land is made of: rounded typical values of Sentinel-2's ten bands."""

import numpy as np
from numpy.typing import NDArray

SPECTRA = {
    # B02, B03, B04, B05, B06, B07, B08, B8A, B11, B12
    "soil": (0.075, 0.105, 0.145, 0.175, 0.195, 0.215, 0.235, 0.250, 0.330, 0.275),
    "overburden": (0.125, 0.165, 0.205, 0.225, 0.240, 0.255, 0.270, 0.285, 0.350, 0.310),
    "rock": (0.085, 0.100, 0.115, 0.125, 0.132, 0.140, 0.148, 0.155, 0.195, 0.180),
    "coal": (0.031, 0.033, 0.035, 0.036, 0.038, 0.039, 0.041, 0.043, 0.054, 0.052),
    "concrete": (0.180, 0.205, 0.230, 0.240, 0.250, 0.260, 0.270, 0.275, 0.300, 0.275),
    "asphalt": (0.080, 0.090, 0.100, 0.106, 0.112, 0.118, 0.124, 0.130, 0.155, 0.140),
    "blue_roof": (0.200, 0.205, 0.165, 0.160, 0.175, 0.185, 0.195, 0.200, 0.215, 0.180),
    "green_crop": (0.028, 0.058, 0.036, 0.090, 0.270, 0.345, 0.375, 0.390, 0.195, 0.100),
    "ripe_crop": (0.070, 0.105, 0.135, 0.170, 0.205, 0.230, 0.255, 0.275, 0.310, 0.220),
    "green_grass": (0.042, 0.072, 0.062, 0.112, 0.215, 0.255, 0.280, 0.300, 0.245, 0.150),
    "dry_grass": (0.068, 0.096, 0.125, 0.155, 0.182, 0.202, 0.225, 0.245, 0.320, 0.245),
    "trees": (0.022, 0.038, 0.027, 0.066, 0.185, 0.230, 0.250, 0.265, 0.130, 0.066),
    "clear_water": (0.042, 0.044, 0.028, 0.024, 0.018, 0.016, 0.014, 0.013, 0.009, 0.007),
    "glint": (0.300,) * 10,
    "turbid_water": (0.090, 0.118, 0.115, 0.105, 0.075, 0.072, 0.064, 0.058, 0.030, 0.022),
}
"""Reflectance by material. Pit, dumps, bare fields and yards share soil, overburden and rock; pit floors, waste and
stockpiles share coal: one cell's colours do not tell them apart."""


def endmembers() -> NDArray[np.float32]:
    """Reflectance (material, band), in the order of ``SPECTRA``."""
    return np.array(list(SPECTRA.values()), np.float32)
