import datetime

import numpy as np
import pytest

from pitscape.imagery.sensor import load_sensor
from pitscape.imagery.simulated.sensing.scene import SimulatedScene
from pitscape.imagery.simulated.sensing.thematic_mapper import LIKE, NOISE, landsat_scene
from pitscape.imagery.simulated.terrain.shapes import generator

SENTINEL2, LANDSAT = load_sensor("sentinel2_l2a"), load_sensor("landsat5_c2l2")


def scene_of(stored: np.ndarray[tuple[int, ...], np.dtype[np.uint16]], year: int) -> SimulatedScene:
    return SimulatedScene(datetime.date(year, 7, 1), stored, stored[0] > 0, (2.6, 1.1))


def test_its_bands_stand_in_for_all_of_landsats() -> None:
    assert tuple(LIKE) == LANDSAT.band_names
    for landsat, sentinel2 in LIKE.items():
        assert LANDSAT.band(landsat).wavelength_nm == pytest.approx(SENTINEL2.band(sentinel2).wavelength_nm, rel=0.03)


@pytest.mark.parametrize(("year", "added"), [(2017, 0), (2023, 1000)])
def test_a_cell_of_30_m_is_the_mean_of_nine(year: int, added: int) -> None:
    """Half of the columns at 0.1 and half at 0.4, in stripes of 3: cells alternate; in stripes of 1: 0.2 or 0.3."""
    wide = np.where(np.arange(300) // 3 % 2, 4000, 1000)
    thin = np.where(np.arange(300) % 2, 4000, 1000)
    for line, expected in ((wide, (0.1, 0.4)), (thin, (0.2, 0.3))):
        stored = np.broadcast_to((line + added).astype(np.uint16), (10, 300, 300))
        numbers = landsat_scene(generator(1), scene_of(stored, year), SENTINEL2, LANDSAT)
        seen = LANDSAT.physical(numbers[:6].astype(np.float64), LANDSAT.band_names)
        assert seen[:, :, 0::2].mean() == pytest.approx(expected[0], abs=1e-4)
        assert seen[:, :, 1::2].mean() == pytest.approx(expected[1], abs=1e-4)
        assert seen[:, :, 0::2].std() == pytest.approx(NOISE, rel=0.05)


def test_a_cell_is_filled_where_one_of_the_nine_is_not_observed() -> None:
    stored = np.full((10, 7, 6), 3000, np.uint16)
    stored[:, 1, 1] = 0
    numbers = landsat_scene(generator(1), scene_of(stored, 2023), SENTINEL2, LANDSAT)
    assert numbers.shape == (7, 3, 2)
    assert (numbers[:6, 0, 0] == 0).all()
    assert numbers[6].tolist() == [[1, 64], [64, 64], [64, 64]]
    assert (numbers[:6].reshape(6, -1)[:, 1:] > 0).all()
    assert LANDSAT.quality
    assert LANDSAT.quality.hides(numbers[6]).tolist() == [[True, False], [False, False], [False, False]]
