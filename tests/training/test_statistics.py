from pathlib import Path

import numpy as np
import pytest
from small_scenes import BANDS, stored_numbers, write_raster

from pitscape.imagery.errors import InputError
from pitscape.imagery.sensor import load_sensor
from pitscape.inference.tiles import Area
from pitscape.training import statistics
from pitscape.training.labelled import labelled_scenes
from pitscape.training.statistics import band_statistics


def test_statistics_are_those_of_the_observed_pixels_of_the_region(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statistics, "ROWS_AT_ONCE", 7)
    stored = stored_numbers(20, 30)
    stored[:, :3] = 0
    write_raster(tmp_path / "i" / "a_20230709.tif", stored, bands=BANDS)
    write_raster(tmp_path / "m" / "a_20230709.tif", np.ones((1, 20, 30), np.uint8))
    scenes = labelled_scenes(
        tmp_path / "i", tmp_path / "m", sensor=load_sensor("sentinel2_l2a"), bands=BANDS, codes=np.zeros(256, np.uint8)
    )
    found = band_statistics(scenes, [Area(0, 20, 5, 30)])
    reflectance = (stored[:, 3:, 5:].reshape(10, -1) - 1000.0) / 10000
    np.testing.assert_allclose(found.mean, reflectance.mean(axis=1), rtol=1e-6)
    np.testing.assert_allclose(found.std, reflectance.std(axis=1), rtol=1e-5)
    with pytest.raises(InputError, match="nothing observed"):
        band_statistics(scenes, [Area(0, 3, 0, 30)])
