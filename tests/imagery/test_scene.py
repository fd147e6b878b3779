from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.enums import ColorInterp
from small_scenes import BANDS, SceneMaker, grid, stored_numbers, write_raster

from pitscape.imagery.errors import InputError
from pitscape.imagery.radiometry import CONVENTION_TAG, SENSOR_TAG, UNOBSERVED_STORED
from pitscape.imagery.reading import Reading
from pitscape.imagery.scene import open_scene
from pitscape.imagery.sensor import load_sensor

SENSOR = load_sensor("sentinel2_l2a")
ALL = (slice(0, 4), slice(0, 5))


def test_bands_come_in_the_order_wanted(write_scene: SceneMaker) -> None:
    stored = stored_numbers(4, 5)
    with open_scene(write_scene(stored), SENSOR, bands=("B12", "B02")) as scene:
        pixels, observed = scene.read(*ALL)
    np.testing.assert_array_equal(pixels, stored[[9, 0]])
    assert observed.all()


@pytest.mark.parametrize(("name", "added"), [("s_20220124.tif", 1000), ("s_20220125.tif", 0)])
def test_older_scenes_are_brought_to_the_convention(write_scene: SceneMaker, name: str, added: int) -> None:
    stored = stored_numbers(4, 5)
    stored[:, 0, 0] = 0
    with open_scene(write_scene(stored, name), SENSOR) as scene:
        pixels, observed = scene.read(*ALL)
    assert scene.radiometry.added == added
    assert f"name of {name}: acquired 2022-01-2" in scene.radiometry.reason
    np.testing.assert_array_equal(pixels[:, observed], stored[:, observed] + added)
    assert not observed[0, 0]
    assert (pixels[:, 0, 0] == UNOBSERVED_STORED).all()


@pytest.mark.parametrize(
    ("dtype", "nodata", "value"),
    [
        ("uint16", None, 0),
        ("uint16", None, 65535),
        ("uint16", 777, 777),
        ("float32", None, np.nan),
        ("float32", np.nan, np.nan),
        ("float32", None, np.inf),
        ("float64", -1e38, -1e38),
        ("float64", None, 1e39),
        ("float64", -1.7976931348623157e308, -1.7976931348623157e308),
        ("int16", -9999, -9999),
    ],
)
def test_unobserved_pixels_are_found(write_scene: SceneMaker, dtype: str, nodata: float | None, value: float) -> None:
    stored = stored_numbers(4, 5).astype(dtype)
    stored[3, 1, 2] = value
    with open_scene(write_scene(stored, nodata=nodata), SENSOR) as scene:
        pixels, observed = scene.read(*ALL)
    assert np.argwhere(~observed).tolist() == [[1, 2]]
    assert (pixels[:, 1, 2] == UNOBSERVED_STORED).all()
    assert pixels.dtype == np.float32


def test_numbers_beyond_the_valid_range_were_not_observed(tmp_path: Path) -> None:
    stored = np.array([[[5400, -3000, 12000, -2001, -2000]]], np.int16)
    with open_scene(write_raster(tmp_path / "n.tif", stored, bands=("NDVI",)), load_sensor("modis_ndvi")) as scene:
        _, observed = scene.read(slice(0, 1), slice(0, 5))
    assert observed.tolist() == [[True, False, False, False, True]]


def test_names_given_by_the_user_stand_for_missing_ones(write_scene: SceneMaker) -> None:
    stored = stored_numbers(4, 5)
    path = write_scene(stored, bands=None)
    with pytest.raises(InputError, match=r"does not name its 10 bands.*--bands"), open_scene(path, SENSOR):
        pass
    with open_scene(path, SENSOR, bands=("B03",), reading=Reading(stored_bands=BANDS)) as scene:
        np.testing.assert_array_equal(scene.read(*ALL)[0], stored[[1]])
    short = Reading(stored_bands=("B02", "B03"))
    with pytest.raises(InputError, match="has 10 bands, but --bands names 2"), open_scene(path, SENSOR, reading=short):
        pass


def test_reflectance_is_refused_where_stored_numbers_are_needed(write_scene: SceneMaker) -> None:
    path = write_scene((stored_numbers(4, 5) / 1e4).astype(np.float32))
    with pytest.raises(InputError, match=r"holds reflectance \(at most 0\.\d+\)"), open_scene(path, SENSOR):
        pass


def test_reflectance_beside_nodata_is_refused_too(write_scene: SceneMaker) -> None:
    reflectance = (stored_numbers(4, 5) / 1e4).astype(np.float32)
    reflectance[:, 0, 0], reflectance[:, 0, 1] = 9999, np.inf
    path = write_scene(reflectance, nodata=9999)
    with pytest.raises(InputError, match="holds reflectance"), open_scene(path, SENSOR):
        pass


def test_a_fourth_band_with_a_name_is_no_alpha(tmp_path: Path) -> None:
    colours = np.random.default_rng(0).integers(0, 255, (4, 3, 3)).astype(np.uint8)
    sensor = load_sensor("rgbn_half_metre")
    named = write_raster(tmp_path / "named.tif", colours, bands=sensor.band_names)
    bare = write_raster(tmp_path / "bare.tif", colours)
    for path, reading in [(named, None), (bare, Reading(stored_bands=sensor.band_names))]:
        with open_scene(path, sensor, reading=reading) as scene:
            pixels, observed = scene.read(slice(0, 3), slice(0, 3))
        np.testing.assert_array_equal(pixels, colours)
        assert observed.all()


def test_alpha_in_front_shifts_no_band_and_hides_beside_nodata(tmp_path: Path) -> None:
    stored = np.array([[[255, 0]], [[1100, 1200]], [[1300, 1400]]], np.int16)
    path = write_raster(tmp_path / "s_20230709.tif", stored, nodata=-1)
    with rasterio.open(path, "r+") as dataset:
        dataset.colorinterp = (ColorInterp.alpha, ColorInterp.gray, ColorInterp.undefined)
    with open_scene(path, SENSOR, bands=("B03",), reading=Reading(stored_bands=("B02", "B03"))) as scene:
        pixels, observed = scene.read(slice(0, 1), slice(0, 2))
    assert observed.tolist() == [[True, False]]
    assert pixels[0].tolist() == [[1300, 0]]


def test_a_file_that_names_sensor_and_convention_is_believed(write_scene: SceneMaker) -> None:
    path = write_scene(stored_numbers(4, 5), "s_20180101.tif")
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(**{SENSOR_TAG: "sentinel2_l2a", CONVENTION_TAG: SENSOR.convention})
    with open_scene(path) as scene:
        assert (scene.sensor.name, scene.radiometry.added) == ("sentinel2_l2a", 0)
    other = load_sensor("sentinel2_l1c")
    with (
        pytest.raises(InputError, match="is of sensor sentinel2_l2a, but sentinel2_l1c is wanted"),
        open_scene(path, other),
    ):
        pass


def test_a_smaller_picture_of_a_scene(write_scene: SceneMaker) -> None:
    with open_scene(write_scene(stored_numbers(40, 50)), SENSOR) as scene:
        pixels, observed = scene.read(slice(0, 40), slice(0, 50), shape=(4, 5))
    assert pixels.shape == (10, 4, 5)
    assert observed.all()


def test_a_missing_band_is_named(write_scene: SceneMaker) -> None:
    path = write_scene(stored_numbers(4, 5)[:9], bands=BANDS[:9])
    with pytest.raises(InputError, match=f"{path}: lacks band B12"), open_scene(path, SENSOR):
        pass


def test_turned_grids_and_missing_systems_are_refused(write_scene: SceneMaker) -> None:
    path = write_scene(stored_numbers(4, 5))
    with rasterio.open(path, "r+") as dataset:
        dataset.transform = Affine(10, 2, 0, 2, -10, 0)
    with (
        pytest.raises(InputError, match="lies on a turned grid; straighten it with gdalwarp"),
        open_scene(path, SENSOR),
    ):
        pass
    path = write_scene(stored_numbers(4, 5), "n.tif", crs=None)
    with pytest.raises(InputError, match="has no coordinate reference system"), open_scene(path, SENSOR):
        pass


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize(
    ("gcps", "problem"), [(False, "does not say where its pixels are"), (True, "run gdalwarp|with gdalwarp")]
)
def test_rasters_without_a_place_are_refused(tmp_path: Path, gcps: bool, problem: str) -> None:  # noqa: FBT001
    path = tmp_path / "s_20230709.tif"
    profile = {"driver": "GTiff", "count": 1, "height": 4, "width": 5, "dtype": "uint16", "crs": "EPSG:32633"}
    points = [GroundControlPoint(r, c, 600000 + 10 * c, 5700000 - 10 * r) for r, c in [(0, 0), (0, 4), (3, 0), (3, 4)]]
    with rasterio.open(path, "w", **profile, **({"gcps": points} if gcps else {})) as dataset:
        dataset.descriptions = ("B02",)
    with pytest.raises(InputError, match=problem), open_scene(path, SENSOR, bands=("B02",)):
        pass


def test_an_alpha_band_hides_and_is_no_band(tmp_path: Path) -> None:
    colours = np.random.default_rng(0).integers(0, 255, (4, 3, 3)).astype(np.uint8)
    colours[3] = [[255, 0, 255], [255, 255, 255], [255, 255, 0]]
    path = write_raster(tmp_path / "aerial.tif", colours)
    with rasterio.open(path, "r+") as dataset:
        dataset.colorinterp = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)
    reading = Reading(stored_bands=("red", "green", "blue"))
    with open_scene(path, load_sensor("rgb_half_metre"), reading=reading) as scene:
        pixels, observed = scene.read(slice(0, 3), slice(0, 3))
    assert np.argwhere(~observed).tolist() == [[0, 1], [2, 2]]
    np.testing.assert_array_equal(pixels[:, observed], colours[:3, observed])


def test_a_users_mask_on_another_grid_hides_land(write_scene: SceneMaker, tmp_path: Path) -> None:
    """One masked cell of 20 m hides two by two of 10 m; land beyond the mask is hidden as well."""
    codes = np.zeros((1, 2, 2), np.uint8)
    codes[0, 0, 1] = 1
    mask = write_raster(tmp_path / "mask.tif", codes, side=20)
    with open_scene(write_scene(stored_numbers(4, 5)), SENSOR, reading=Reading(mask=mask)) as scene:
        pixels, observed = scene.read(*ALL)
    assert observed.astype(int).tolist() == [[1, 1, 0, 0, 0], [1, 1, 0, 0, 0], [1, 1, 1, 1, 0], [1, 1, 1, 1, 0]]
    assert (pixels[:, ~observed] == UNOBSERVED_STORED).all()


def test_a_scene_class_band_hides_clouds_unless_kept(write_scene: SceneMaker) -> None:
    stored = np.concatenate([stored_numbers(2, 3), [[[4, 9, 5], [3, 4, 11]]]]).astype(np.uint16)
    path = write_scene(stored, bands=(*BANDS, "SCL"))
    for keep, seen in [(False, [[1, 0, 1], [0, 1, 1]]), (True, [[1, 1, 1], [1, 1, 1]])]:
        with open_scene(path, SENSOR, reading=Reading(keep_clouds=keep)) as scene:
            assert scene.read(slice(0, 2), slice(0, 3))[1].astype(int).tolist() == seen


def test_slope_of_a_plane_is_the_planes(tmp_path: Path) -> None:
    """A plane that rises 10 m to the east and 5 m to the south on each 10 m: arctan(sqrt(1 + 0.25)) degrees."""
    rows, columns = np.mgrid[:9, :8]
    plane = (100 + 10 * columns + 5 * rows).astype(np.float32)
    with open_scene(write_raster(tmp_path / "d.tif", plane[None], bands=("elevation",)), load_sensor("dem")) as scene:
        assert scene.bands == ("elevation", "slope")
        values, _ = scene.read(slice(0, 9), slice(0, 8))
        part, _ = scene.read(slice(3, 6), slice(2, 5))
    np.testing.assert_allclose(values[1, 1:-1, 1:-1], np.degrees(np.arctan(np.sqrt(1.25))), rtol=1e-6)
    np.testing.assert_array_equal(part, values[:, 3:6, 2:5])


def test_a_slope_that_is_stored_is_not_derived(tmp_path: Path) -> None:
    stored = np.stack([np.full((3, 3), 100), np.full((3, 3), 12)]).astype(np.float32)
    path = write_raster(tmp_path / "d.tif", stored, bands=("elevation", "slope"))
    with open_scene(path, load_sensor("dem"), bands=("slope",)) as scene:
        assert (scene.read(slice(0, 3), slice(0, 3))[0] == 12).all()


@pytest.mark.parametrize(
    ("crs", "transform", "ground_m"),
    [
        ("EPSG:3857", Affine(10, 0, 0, 0, -10, 8399738), 5.0),  # Mercator doubles lengths there
        ("EPSG:4326", Affine(0.001, 0, 15, 0, -0.001, 60.0025), 55.80),  # half of a degree's length at the equator
    ],
)
def test_slope_has_the_cells_of_the_ground(tmp_path: Path, crs: str, transform: Affine, ground_m: float) -> None:
    """10 m of rise from cell to cell at 60 degrees north, WGS84."""
    path, columns = tmp_path / "d.tif", np.mgrid[:5, :5][1]
    profile = {"driver": "GTiff", "count": 1, "height": 5, "width": 5, "dtype": "float32", "crs": crs}
    with rasterio.open(path, "w", transform=transform, **profile) as dataset:
        dataset.write((10 * columns).astype(np.float32), 1)
        dataset.descriptions = ("elevation",)
    with open_scene(path, load_sensor("dem"), bands=("slope",)) as scene:
        values, _ = scene.read(slice(1, 4), slice(1, 4))
    np.testing.assert_allclose(values, np.degrees(np.arctan(10 / ground_m)), rtol=3e-3)


def test_a_scene_is_read_on_any_other_grid(write_scene: SceneMaker) -> None:
    stored = stored_numbers(40, 40)
    with open_scene(write_scene(stored), SENSOR) as scene:
        pixels, observed = scene.on(grid(20, 20, side=20)).read(slice(0, 20), slice(0, 20))
    assert observed.all()
    means = stored.reshape(10, 20, 2, 20, 2).mean(axis=(2, 4))
    np.testing.assert_allclose(pixels, means, rtol=1e-6)


def test_dates_of_one_place_lie_on_one_scale(reference_data: Path) -> None:
    """June 2021, before the offset, and June 2022, after it: dark water and forest tell an offset of 1000."""
    darkest = []
    for date in ("20210619", "20220619"):
        path = reference_data / "strzegom_sentinel2" / "images" / f"strzegom_{date}.tif"
        with open_scene(path, SENSOR, bands=("B02", "B03", "B04")) as scene:
            pixels, observed = scene.read(slice(2, 400), slice(1, 400))
        darkest.append(np.percentile(pixels[:, observed], 1, axis=1))
    np.testing.assert_allclose(darkest[0], darkest[1], atol=250)


def test_all_dates_of_strzegom_lie_on_one_scale(reference_data: Path) -> None:
    """The darkest land of each of the seven dates is within 0 to 0.05 of reflectance in blue, green and red."""
    for path in sorted((reference_data / "strzegom_sentinel2" / "images").glob("*.tif")):
        with open_scene(path, SENSOR, bands=("B02", "B03", "B04")) as scene:
            pixels, observed = scene.read(slice(2, 400), slice(1, 400))
        darkest = np.percentile(SENSOR.physical(pixels[:, observed], scene.bands), 1, axis=1)
        assert (darkest > 0).all(), path.name
        assert (darkest < 0.05).all(), path.name
