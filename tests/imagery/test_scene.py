from pathlib import Path

import numpy as np
import pytest
from small_scenes import BANDS, SceneMaker, stored_numbers

from pitscape.imagery.errors import InputError
from pitscape.imagery.scene import date_of, open_scene, rasters_in
from pitscape.imagery.sensor import load_sensor

SENSOR = load_sensor("sentinel2_l2a")
ALL = (slice(0, 4), slice(0, 5))


def test_bands_come_in_the_order_wanted(write_scene: SceneMaker) -> None:
    stored = stored_numbers(4, 5)
    with open_scene(write_scene(stored), SENSOR, bands=("B12", "B02")) as scene:
        pixels, observed = scene.read(*ALL)
    np.testing.assert_array_equal(pixels, stored[[9, 0]])
    assert observed.all()


@pytest.mark.parametrize(("name", "added"), [("s_20220124.tif", 1000), ("s_20220125.tif", 0), ("s.tif", 0)])
def test_older_scenes_are_brought_to_the_convention(write_scene: SceneMaker, name: str, added: int) -> None:
    stored = stored_numbers(4, 5)
    stored[:, 0, 0] = 0
    with open_scene(write_scene(stored, name), SENSOR) as scene:
        pixels, observed = scene.read(*ALL)
    assert scene.added_offset == added
    np.testing.assert_array_equal(pixels[:, observed], stored[:, observed] + added)
    assert not observed[0, 0]
    assert (pixels[:, 0, 0] == 0).all()


@pytest.mark.parametrize(
    ("dtype", "nodata", "value"),
    [
        ("uint16", None, 0),
        ("uint16", 65535, 65535),
        ("float32", None, np.nan),
        ("float32", np.nan, np.nan),
        ("int16", -9999, -9999),
    ],
)
def test_unobserved_pixels_are_found(write_scene: SceneMaker, dtype: str, nodata: float | None, value: float) -> None:
    stored = stored_numbers(4, 5).astype(dtype)
    stored[3, 1, 2] = value
    with open_scene(write_scene(stored, nodata=nodata), SENSOR) as scene:
        pixels, observed = scene.read(*ALL)
    assert np.argwhere(~observed).tolist() == [[1, 2]]
    assert (pixels[:, 1, 2] == 0).all()
    assert pixels.dtype == np.float32


def test_names_given_by_the_user_stand_for_missing_ones(write_scene: SceneMaker) -> None:
    stored = stored_numbers(4, 5)
    path = write_scene(stored, bands=None)
    with pytest.raises(InputError, match=r"does not name its 10 bands.*--bands"), open_scene(path, SENSOR):
        pass
    with open_scene(path, SENSOR, bands=("B03",), stored_bands=BANDS) as scene:
        np.testing.assert_array_equal(scene.read(*ALL)[0], stored[[1]])
    with (
        pytest.raises(InputError, match="has 10 bands, but --bands names 2"),
        open_scene(path, SENSOR, stored_bands=("B02", "B03")),
    ):
        pass


def test_reflectance_is_refused_where_stored_numbers_are_needed(write_scene: SceneMaker) -> None:
    path = write_scene((stored_numbers(4, 5) / 1e4).astype(np.float32))
    with pytest.raises(InputError, match=r"holds reflectance \(at most 0\.\d+\)"), open_scene(path, SENSOR):
        pass


def test_a_reprocessed_old_product_has_the_offset_already(write_scene: SceneMaker) -> None:
    path = write_scene(stored_numbers(4, 5), "S2A_MSIL2A_20170709T100031_N0500_R122.tif")
    with open_scene(path, SENSOR) as scene:
        assert str(scene.acquired) == "2017-07-09"
        assert scene.added_offset == 0


def test_a_smaller_picture_of_a_scene(write_scene: SceneMaker) -> None:
    with open_scene(write_scene(stored_numbers(40, 50)), SENSOR) as scene:
        pixels, observed = scene.read(slice(0, 40), slice(0, 50), shape=(4, 5))
    assert pixels.shape == (10, 4, 5)
    assert observed.all()


def test_a_missing_band_is_named(write_scene: SceneMaker) -> None:
    path = write_scene(stored_numbers(4, 5)[:9], bands=BANDS[:9])
    with pytest.raises(InputError, match=f"{path}: lacks band B12"), open_scene(path, SENSOR):
        pass


def test_what_is_no_raster_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "scene.tif"
    text.write_text("not a raster")
    for path, problem in [(text, "not a raster"), (tmp_path / "none.tif", "no such file")]:
        with pytest.raises(InputError, match=problem), open_scene(path, SENSOR):
            pass


def test_dates_in_names() -> None:
    assert str(date_of(Path("S2_2021-06-19_x.tif"))) == "2021-06-19"
    assert date_of(Path("tile_20210231.tif")) is None
    assert date_of(Path("120210619001.tif")) is None


def test_empty_and_missing_folders_are_refused(tmp_path: Path) -> None:
    for folder, problem in [(tmp_path, "holds no raster"), (tmp_path / "none", "no such folder")]:
        with pytest.raises(InputError, match=problem):
            rasters_in(folder)


def test_dates_of_one_place_lie_on_one_scale(reference_data: Path) -> None:
    """June 2021, before the offset, and June 2022, after it: dark water and forest tell an offset of 1000."""
    darkest = []
    for date in ("20210619", "20220619"):
        path = reference_data / "strzegom_sentinel2" / "images" / f"strzegom_{date}.tif"
        with open_scene(path, SENSOR, bands=("B02", "B03", "B04")) as scene:
            pixels, observed = scene.read(slice(2, 400), slice(1, 400))
        darkest.append(np.percentile(pixels[:, observed], 1, axis=1))
    np.testing.assert_allclose(darkest[0], darkest[1], atol=250)
