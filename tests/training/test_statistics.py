from pathlib import Path

import numpy as np
import pytest
from labelled_land import columns_of, read_labelled_scenes
from small_scenes import BANDS, stored_numbers, write_raster

from pitscape.imagery.errors import InputError
from pitscape.training import land
from pitscape.training.statistics import band_statistics


def test_statistics_are_those_of_the_observed_pixels_of_the_region(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(land, "ROWS_AT_ONCE", 7)
    stored = stored_numbers(20, 30)
    stored[:, :3] = 0
    stored[:, :, :3] = 0
    write_raster(tmp_path / "images" / "a_20230709.tif", stored, bands=BANDS)
    write_raster(tmp_path / "masks" / "a_20230709.tif", np.ones((1, 20, 30), np.uint8))
    scenes = read_labelled_scenes(tmp_path)
    found = band_statistics(columns_of(scenes, 5, None))[0].normalisation
    reflectance = (stored[:, 3:, 5:].reshape(10, -1) - 1000.0) / 10000
    np.testing.assert_allclose(found.mean, reflectance.mean(axis=1), rtol=1e-6)
    np.testing.assert_allclose(found.std, reflectance.std(axis=1), rtol=1e-5)
    with pytest.raises(InputError, match="nothing observed"):
        band_statistics(columns_of(scenes, 0, 3))
