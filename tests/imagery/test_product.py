import json
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from products import LANDSAT, tarred, write_landsat, write_safe, zipped
from small_scenes import BANDS, SceneMaker, stored_numbers

from pitscape.imagery.errors import InputError
from pitscape.imagery.product import date_of
from pitscape.imagery.reading import Reading
from pitscape.imagery.scene import open_scene
from pitscape.imagery.sensor import load_sensor


@pytest.mark.parametrize("packed", [lambda product: product, zipped], ids=["folder", "zip"])
def test_safe_products_are_read(tmp_path: Path, packed: Callable[[Path], Path]) -> None:
    product, bands = write_safe(tmp_path)
    with open_scene(packed(product), bands=("B08", "B11", "B04")) as scene:
        pixels, observed = scene.read(slice(0, 24), slice(0, 24))
    assert scene.sensor.name == "sentinel2_l2a"
    assert scene.recognised == "its metadata name sentinel2_l2a"
    assert scene.radiometry.reason == "MTD_MSIL2A.xml: processing baseline 03.01"
    assert str(scene.acquired) == "2021-06-19"
    assert scene.grid.shape == (24, 24)
    assert np.argwhere(~observed).tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    for place, name in [(0, "B08"), (2, "B04")]:
        np.testing.assert_array_equal(pixels[place][observed], bands[name][observed].astype(np.float32) + 1000)
    # the centre of a 10 m cell lies a quarter of a 20 m cell away from that cell's centre
    rows = 0.75 * bands["B11"][5] + 0.25 * bands["B11"][4] + 1000
    np.testing.assert_allclose(pixels[1][10, 6:12:2], 0.75 * rows[3:6] + 0.25 * rows[2:5], rtol=1e-5)
    np.testing.assert_allclose(pixels[1][10, 7:13:2], 0.75 * rows[3:6] + 0.25 * rows[4:7], rtol=1e-5)


@pytest.mark.parametrize(("baseline", "added"), [("03.01", 1000), ("05.00", 0)])
def test_reprocessed_products_hold_the_offset_whatever_their_date(tmp_path: Path, baseline: str, added: int) -> None:
    product, _ = write_safe(tmp_path, baseline=baseline)
    with open_scene(product, bands=("B04",)) as scene:
        assert scene.radiometry.added == added


def test_missing_bands_and_other_sensors_are_named(tmp_path: Path) -> None:
    product, _ = write_safe(tmp_path)
    with pytest.raises(InputError, match=r"lacks band B02, B03.*it has B04, B08, B11"), open_scene(product):
        pass
    other = load_sensor("sentinel2_l1c")
    with (
        pytest.raises(InputError, match="is of sensor sentinel2_l2a, but sentinel2_l1c is wanted"),
        open_scene(product, other),
    ):
        pass


@pytest.mark.parametrize("packed", [lambda product: product, tarred], ids=["folder", "tar"])
def test_landsat_products_are_read(tmp_path: Path, packed: Callable[[Path], Path]) -> None:
    product, red = write_landsat(tmp_path)
    with open_scene(packed(product), bands=("SR_B4", "SR_B5")) as scene:
        pixels, observed = scene.read(slice(0, 10), slice(0, 12))
    assert (scene.sensor.name, str(scene.acquired)) == ("landsat89_c2l2", "2022-07-19")
    assert np.argwhere(~observed).tolist() == [[2, 3], [9, 11]]
    np.testing.assert_array_equal(pixels[0][observed], red[observed])


@pytest.mark.parametrize(
    ("name", "problem"),
    [(LANDSAT.replace("L2SP", "L1TP"), "is LC08 L1TP; level 2"), (LANDSAT.replace("LC08", "LO08"), "is LO08 L2SP")],
)
def test_other_landsat_levels_are_refused(tmp_path: Path, name: str, problem: str) -> None:
    product, _ = write_landsat(tmp_path, name)
    with pytest.raises(InputError, match=problem), open_scene(product):
        pass


def test_two_products_in_a_folder_are_not_mixed(tmp_path: Path) -> None:
    product, _ = write_landsat(tmp_path)
    second = LANDSAT.replace("20220719", "20220804")
    for file in list(product.iterdir()):
        file.with_name(file.name.replace(LANDSAT, second)).write_bytes(file.read_bytes())
    with pytest.raises(InputError, match="holds 2 products"), open_scene(product):
        pass


@pytest.mark.parametrize("name", ["broken.zip", "broken.tar"])
def test_broken_archives_are_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"PK\x03\x04" + bytes(40))
    with pytest.raises(InputError, match="archive or is cut off"), open_scene(path):
        pass


def test_folders_without_a_product_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither a Sentinel-2 SAFE folder nor a Landsat"), open_scene(tmp_path):
        pass


@pytest.mark.parametrize(
    ("names", "sensor"),
    [
        (("B2", "B3", "B4", "B8A", "B10"), "sentinel2_l1c"),
        (("B4", "B8", "SCL"), "sentinel2_l2a"),
        (("SR_B4", "SR_B6", "QA_PIXEL"), "landsat89_c2l2"),
        (("VV", "VH"), "sentinel1_grd_db or sentinel1_grd_linear"),
        (("B4", "B8A"), "sentinel2_l1c or sentinel2_l2a"),
        (("b1", "b2"), None),
    ],
)
def test_sensors_are_recognised_by_their_bands_and_never_guessed(
    write_scene: SceneMaker, names: tuple[str, ...], sensor: str | None
) -> None:
    path = write_scene(stored_numbers(4, 5)[: len(names)].astype("float32"), bands=names)
    if sensor and " or " not in sensor:
        with open_scene(path, bands=(load_sensor(sensor).band(names[0]).name,)) as scene:
            assert (scene.sensor.name, scene.recognised) == (sensor, "by the names of its bands")
        return
    problem = f"may be of {sensor} by its bands" if sensor else "bands b1, b2 are of no sensor that is known"
    with pytest.raises(InputError, match=problem), open_scene(path):
        pass


def test_bands_of_another_sensor_are_refused(write_scene: SceneMaker) -> None:
    path = write_scene(stored_numbers(4, 5)[:4], bands=("B2", "B3", "B4", "B10"))
    wanted = load_sensor("sentinel2_l2a")
    with (
        pytest.raises(InputError, match="are those of sentinel2_l1c, but sentinel2_l2a is wanted"),
        open_scene(path, wanted),
    ):
        pass


def test_a_stac_item_beside_a_raster_tells_sensor_and_offset(write_scene: SceneMaker) -> None:
    path = write_scene(stored_numbers(4, 5), "mine.tif")
    properties = {
        "s2:processing_baseline": "05.09",
        "earthsearch:boa_offset_applied": True,
        "datetime": "2023-10-05T10:00:00Z",
    }
    item = {"type": "Feature", "stac_version": "1.0.0", "collection": "sentinel-2-l2a", "properties": properties}
    path.with_suffix(".json").write_text(json.dumps(item))
    with open_scene(path) as scene:
        assert scene.sensor.name == "sentinel2_l2a"
        assert scene.radiometry.added == 1000
        assert scene.radiometry.reason == "STAC item mine.json: the catalogue subtracted the offset"
        assert str(scene.acquired) == "2023-10-05"
    with open_scene(path, reading=Reading(offset="included")) as scene:
        assert scene.radiometry.added == 0


@pytest.mark.parametrize(("platform", "sensor"), [("landsat-8", "landsat89_c2l2"), ("landsat-5", "landsat5_c2l2")])
def test_a_collection_of_several_sensors_is_told_apart_by_platform(
    write_scene: SceneMaker, platform: str, sensor: str
) -> None:
    path = write_scene(stored_numbers(4, 5)[:2], "mine.tif", bands=("red", "nir08"))
    properties = {"platform": platform, "datetime": "2003-10-05T10:00:00Z"}
    item = {"type": "Feature", "stac_version": "1.0.0", "collection": "landsat-c2-l2", "properties": properties}
    path.with_suffix(".json").write_text(json.dumps(item))
    names = tuple(load_sensor(sensor).band(name).name for name in ("red", "nir08"))
    with open_scene(path, bands=names) as scene:
        assert scene.sensor.name == sensor
    path.with_suffix(".json").write_text(json.dumps(item | {"properties": {}}))
    with pytest.raises(InputError, match="may be of"), open_scene(path, bands=names):
        pass


def test_tags_of_a_geotiff_tell_the_offset(write_scene: SceneMaker) -> None:
    path = write_scene(stored_numbers(4, 5), "mine_20230709.tif")
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(**{"s2:processing_baseline": "05.09", "earthsearch:boa_offset_applied": "True"})
    with open_scene(path, load_sensor("sentinel2_l2a")) as scene:
        assert scene.radiometry.added == 1000
        assert scene.radiometry.reason == "tags of mine_20230709.tif: the catalogue subtracted the offset"


def test_two_products_in_an_archive_are_not_mixed(tmp_path: Path) -> None:
    product, _ = write_safe(tmp_path)
    second = product.with_name(product.name.replace("20210619T100031", "20220719T100031"))
    shutil.copytree(product, second)
    archive = zipped(product)
    with zipfile.ZipFile(archive, "a") as file:
        for each in second.rglob("*"):
            file.write(each, f"{second.name}/{each.relative_to(second).as_posix()}")
    with pytest.raises(InputError, match="holds 2 products with 2 granules"), open_scene(archive):
        pass


def test_archives_hold_images_alone(tmp_path: Path) -> None:
    product, _ = write_safe(tmp_path)
    image = next(product.rglob("*_B04_10m.jp2"))
    image.write_text("<VRTDataset rasterXSize='1' rasterYSize='1'></VRTDataset>")
    with (
        pytest.raises(InputError, match="not a raster that GDAL can read"),
        open_scene(zipped(product), bands=("B04",)),
    ):
        pass


def test_a_tar_with_a_leading_dot_and_one_cut_off(tmp_path: Path) -> None:
    product, red = write_landsat(tmp_path)
    path = tmp_path / "p.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(product, "./deep")
    with open_scene(path, bands=("SR_B4",)) as scene:
        pixels, observed = scene.read(slice(0, 10), slice(0, 12))
    np.testing.assert_array_equal(pixels[0][observed], red[observed])
    path.write_bytes(path.read_bytes()[:600])
    with pytest.raises(InputError, match="archive or is cut off"), open_scene(path):
        pass


def test_a_reprocessed_old_product_has_the_offset_already(write_scene: SceneMaker) -> None:
    path = write_scene(stored_numbers(4, 5), "S2A_MSIL2A_20170709T100031_N0500_R122.tif")
    with open_scene(path, load_sensor("sentinel2_l2a"), bands=BANDS) as scene:
        assert (str(scene.acquired), scene.radiometry.added) == ("2017-07-09", 0)


def test_dates_in_names() -> None:
    assert str(date_of(Path("S2_2021-06-19_x.tif"))) == "2021-06-19"
    assert date_of(Path("tile_20210231.tif")) is None
    assert date_of(Path("120210619001.tif")) is None
