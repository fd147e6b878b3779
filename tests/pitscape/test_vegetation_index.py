from pathlib import Path

import numpy as np
import pytest
from small_scenes import BANDS, grid, stored_numbers, write_raster

from pitscape.imagery.errors import InputError
from pitscape.imagery.sensor import load_sensor
from pitscape.vegetation_index import check_index_file, index_of_files

GRID, SENSOR = grid(4, 5), load_sensor("sentinel2_l2a")
MODIS_BANDS = ("sur_refl_b01", "sur_refl_b02")


def test_modis_bands_two_and_one(tmp_path: Path) -> None:
    """Stored 1000 and 3000: reflectance 0.1 and 0.3, NDVI 0.5; -28672 is fill."""
    stored = np.empty((2, 4, 5), np.int16)
    stored[0], stored[1] = 1000, 3000
    stored[:, 0, 0] = -28672
    found = index_of_files([write_raster(tmp_path / "m.tif", stored, bands=MODIS_BANDS)], GRID, SENSOR)
    assert found.source == "modis_reflectance"
    assert np.isnan(found.values[0, 0])
    np.testing.assert_allclose(found.values[1:], 0.5)


def test_the_mean_of_dates_counts_negatives_as_zero_and_leaves_gaps_out(tmp_path: Path) -> None:
    dates = [np.full((1, 4, 5), value, np.int16) for value in (6000, -1500, 3000)]
    dates[2][0, 0, 0] = -3000  # fill
    paths = [write_raster(tmp_path / f"MOD13Q1_{n}.tif", each) for n, each in enumerate(dates)]
    found = index_of_files(paths, GRID, SENSOR)
    assert (found.source, found.dates) == ("modis_ndvi", 3)
    assert found.values[0, 0] == pytest.approx(0.3)  # (0.6 + 0) / 2
    assert found.values[1, 1] == pytest.approx(0.3)  # (0.6 + 0 + 0.3) / 3
    largest = index_of_files(paths[1:], GRID, SENSOR, composite="maximum")
    assert (largest.values[0, 0], largest.values[1, 1]) == (0, pytest.approx(0.3))


def test_plain_rasters_hold_ndvi_itself(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "ndvi.tif", np.full((1, 4, 5), 0.4, np.float32))
    found = index_of_files([path], GRID, SENSOR)
    np.testing.assert_allclose(found.values, 0.4)
    assert found.source == "NDVI raster"
    wrong = write_raster(tmp_path / "wrong.tif", np.full((1, 4, 5), 4000, np.int16))
    with pytest.raises(InputError, match=r"wrong\.tif: holds 4000; NDVI is in -1 to 1: scale it"):
        index_of_files([wrong], GRID, SENSOR)


def test_sources_do_not_mix_within_an_epoch(tmp_path: Path) -> None:
    one = write_raster(tmp_path / "ndvi.tif", np.full((1, 4, 5), 0.4, np.float32))
    other = write_raster(tmp_path / "MOD13Q1.tif", np.full((1, 4, 5), 4000, np.int16))
    with pytest.raises(InputError, match="give one source"):
        index_of_files([one, other], GRID, SENSOR)


def test_scenes_are_checked_before_work(tmp_path: Path) -> None:
    scene = write_raster(tmp_path / "s_20230701.tif", stored_numbers(4, 5), bands=BANDS)
    assert index_of_files([scene], GRID, SENSOR).source == "sentinel2_l2a"
    check_index_file(write_raster(tmp_path / "s_20230701.tif", stored_numbers(4, 5), bands=BANDS), SENSOR)
    with pytest.raises(InputError, match=r"none\.tif: no such file"):
        check_index_file(tmp_path / "none.tif", SENSOR)
