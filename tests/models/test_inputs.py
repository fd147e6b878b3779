import numpy as np
import pytest

from pitscape.imagery.sensor import load_sensor
from pitscape.models.card import Normalisation, SourceInput
from pitscape.models.inputs import feeds, input_names


def source(sensor: str, *bands: str) -> SourceInput:
    ones = (1.0,) * len(bands)
    return SourceInput(sensor=load_sensor(sensor), bands=bands, normalisation=Normalisation(mean=ones, std=ones))


RADAR, DEM = source("sentinel1_grd_db", "VV", "VH"), source("dem", "elevation")


def test_one_source_enters_by_one_input() -> None:
    stored = np.ones((2, 2, 4, 4), np.float32)

    assert list(feeds([RADAR], stored)) == ["stored"]
    assert feeds([RADAR], stored)["stored"] is stored


def test_each_of_several_sources_has_an_input_and_all_share_the_flags() -> None:
    stored = np.arange(2 * 3 * 4, dtype=np.float32).reshape(2, 3, 2, 2) + 1
    stored[1, 2] = 0  # the second image has no elevation

    given = feeds([RADAR, DEM], stored)

    assert tuple(given) == input_names([RADAR, DEM]) == ("stored_sentinel1_grd_db", "stored_dem", "present")
    np.testing.assert_array_equal(given["stored_sentinel1_grd_db"], stored[:, :2])
    np.testing.assert_array_equal(given["stored_dem"], stored[:, 2:])
    np.testing.assert_array_equal(given["present"], [[1, 1], [1, 0]])


@pytest.mark.parametrize("missing", [0, 1])
def test_a_source_with_one_observed_pixel_is_there(missing: int) -> None:
    stored = np.zeros((1, 3, 2, 2), np.float32)
    stored[0, 2 * missing, 0, 0] = 5

    assert feeds([RADAR, DEM], stored)["present"].tolist() == [[float(missing == 0), float(missing == 1)]]
