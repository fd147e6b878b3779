from pathlib import Path

import geopandas
import numpy as np
import pytest
from labelled_land import CODES
from shapely.geometry import box
from small_scenes import grid, write_raster

from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import load_legend
from pitscape.training.label_source import LabelSource, label_source

HERE = grid(20, 30)
WEST, NORTH = HERE.affine.c, HERE.affine.f
WORDS: dict[int | str, str] = {"pit": "mined", "lake": "water", "unsure": "ignore"}


def rectangle(left: int, right: int, top: int, bottom: int) -> object:
    """Of cells."""
    return box(WEST + 10 * left, NORTH - 10 * bottom, WEST + 10 * right, NORTH - 10 * top)


def polygons(path: Path, words: list[str], shapes: list[object], *, crs: str = "EPSG:32633") -> Path:
    table = geopandas.GeoDataFrame({"cover": words}, geometry=shapes, crs="EPSG:32633").to_crs(crs)
    table.to_file(path)
    return path


def source(path: Path, crosswalk: dict[int | str, str] = WORDS, column: str = "cover") -> LabelSource:
    return label_source(path, HERE, load_legend(), crosswalk, column=column)


@pytest.mark.parametrize("crs", ["EPSG:32633", "EPSG:4326"])
def test_polygons_label_the_cells_whose_centres_they_hold(tmp_path: Path, crs: str) -> None:
    shapes = [rectangle(2, 10, 3, 8), rectangle(20, 30, 0, 20)]
    labels = source(polygons(tmp_path / "a.gpkg", ["pit", "lake"], shapes, crs=crs))
    found = labels.read(slice(0, 20), slice(0, 30))
    expected = np.full((20, 30), 255)
    expected[3:8, 2:10], expected[:, 20:] = 0, 3
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(labels.read(slice(5, 9), slice(7, 25)), expected[5:9, 7:25])


def test_where_classes_overlap_nothing_is_known(tmp_path: Path) -> None:
    shapes = [rectangle(0, 10, 0, 20), rectangle(5, 15, 0, 20), rectangle(12, 20, 0, 20)]
    found = source(polygons(tmp_path / "a.gpkg", ["pit", "lake", "lake"], shapes)).read(slice(0, 1), slice(0, 21))
    assert found[0].tolist() == [0] * 5 + [255] * 5 + [3] * 10 + [255]


def test_land_to_ignore_is_cut_out(tmp_path: Path) -> None:
    shapes = [rectangle(0, 10, 0, 20), rectangle(3, 6, 0, 20)]
    found = source(polygons(tmp_path / "a.gpkg", ["pit", "unsure"], shapes)).read(slice(0, 1), slice(0, 10))
    assert found[0].tolist() == [0] * 3 + [255] * 3 + [0] * 4


def test_codes_of_a_raster_become_classes(tmp_path: Path) -> None:
    codes = np.array([[[0, 1, 2], [3, 4, 0]]], np.uint8)
    path = write_raster(tmp_path / "m.tif", codes)
    found = label_source(path, grid(2, 3), load_legend(), CODES, column="class").read(slice(0, 2), slice(0, 3))
    assert found.tolist() == [[255, 0, 1], [2, 3, 255]]


def test_a_code_that_the_crosswalk_does_not_name_is_refused(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "m.tif", np.full((1, 2, 3), 9, np.uint8))
    labels = label_source(path, grid(2, 3), load_legend(), CODES, column="class")
    with pytest.raises(InputError, match=r"m\.tif: holds label code 9, which the crosswalk does not name"):
        labels.read(slice(0, 2), slice(0, 3))


def test_labels_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = polygons(tmp_path / "a.gpkg", ["pit"], [rectangle(0, 1, 0, 1)])
    with pytest.raises(InputError, match=r"a\.gpkg: has no column 'class'; it has cover"):
        source(path, column="class")
    with pytest.raises(InputError, match=r"a\.gpkg: the crosswalk does not name 'pit' of column cover"):
        source(path, {"lake": "water"})
    (tmp_path / "b.gpkg").write_text("no polygons")
    with pytest.raises(InputError, match=r"b\.gpkg: is not a vector file"):
        source(tmp_path / "b.gpkg")
    wide = write_raster(tmp_path / "m.tif", np.zeros((1, 20, 30), np.uint16))
    with pytest.raises(InputError, match="holds uint16"):
        source(wide, CODES)
    with pytest.raises(InputError, match="'pit' in the crosswalk: codes of rasters are numbers"):
        source(write_raster(tmp_path / "n.tif", np.zeros((1, 20, 30), np.uint8)))
