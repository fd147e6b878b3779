import math

import numpy as np

from pitscape.imagery.indices import normalised_difference

NAN = math.nan


def test_ndvi_by_hand() -> None:
    nir = np.array([[0.45, 0.05, 0.2], [0.0, NAN, 0.3]])
    red = np.array([[0.05, 0.15, 0.2], [0.0, 0.1, -0.01]])
    np.testing.assert_allclose(normalised_difference(nir, red), [[0.8, -0.5, 0.0], [NAN, NAN, 1.0]], rtol=1e-6)


def test_stored_integers_do_not_wrap() -> None:
    assert normalised_difference(np.array([500], np.uint16), np.array([1500], np.uint16)).tolist() == [-0.5]
