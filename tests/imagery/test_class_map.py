from pathlib import Path

import numpy as np
import pytest
import rasterio
from small_scenes import SceneMaker, grid

from pitscape.imagery.class_map import names_file, new_class_map, open_class_map, save_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import load_legend

LEGEND = load_legend()
IDS = np.random.default_rng(0).choice(np.array([0, 1, 2, 3, 255], np.uint8), (700, 600))


def test_a_map_carries_its_legend_colours_and_names(tmp_path: Path) -> None:
    path = tmp_path / "карта" / "classes.tif"
    save_class_map(path, IDS, grid(700, 600), LEGEND)
    with open_class_map(path) as classes:
        np.testing.assert_array_equal(classes.read(), IDS)
        assert classes.legend == LEGEND
        assert classes.dataset.nodata == 255
        assert classes.dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert classes.dataset.colormap(1)[0] == (*LEGEND.classes[0].rgb, 255)
        assert classes.dataset.overviews(1)
    assert "<Category>occupied</Category>" in names_file(path).read_text()
    assert sorted(p.name for p in path.parent.iterdir()) == ["classes.tif", "classes.tif.aux.xml"]


def test_equal_maps_are_equal_bytes(tmp_path: Path) -> None:
    for name in ("a.tif", "b.tif"):
        save_class_map(tmp_path / name, IDS, grid(700, 600), LEGEND)
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()


def test_overviews_take_the_most_frequent_class(tmp_path: Path) -> None:
    ids = np.tile(np.array([[2, 2], [2, 0]], np.uint8), (600, 600))
    save_class_map(tmp_path / "a.tif", ids, grid(1200, 1200), LEGEND)
    with rasterio.open(tmp_path / "a.tif", overview_level=0) as overview:
        assert np.unique(overview.read(1)).tolist() == [2]


def test_row_bands_are_the_map(tmp_path: Path) -> None:
    save_class_map(tmp_path / "a.tif", IDS, grid(700, 600), LEGEND)
    with open_class_map(tmp_path / "a.tif") as classes:
        bands = list(classes.row_bands(300))
    assert [tuple(g.shape) for _, g in bands] == [(300, 600), (300, 600), (100, 600)]
    np.testing.assert_array_equal(np.concatenate([ids for ids, _ in bands]), IDS)


def test_a_failed_map_leaves_the_earlier_one_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    save_class_map(path, IDS, grid(700, 600), LEGEND)
    before = path.read_bytes()
    with pytest.raises(RuntimeError, match="power cut"), new_class_map(path, grid(700, 600), LEGEND) as write:
        write(0, IDS[:10])
        raise RuntimeError("power cut")
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2


def test_ids_beyond_the_legend_are_refused_and_foreign_nodata_is_unobserved(write_scene: SceneMaker) -> None:
    foreign = write_scene(np.array([[[9, 1], [2, 4]]], np.uint8), "f.tif", bands=None, nodata=9)
    with open_class_map(foreign, LEGEND) as classes, pytest.raises(InputError, match=r"f\.tif: holds class id 4"):
        classes.read()
    fine = write_scene(np.array([[[9, 1], [2, 3]]], np.uint8), "g.tif", bands=None, nodata=9)
    with open_class_map(fine, LEGEND) as classes:
        assert classes.read().tolist() == [[255, 1], [2, 3]]


def test_the_legend_in_the_file_wins(tmp_path: Path) -> None:
    save_class_map(tmp_path / "a.tif", IDS, grid(700, 600), LEGEND)
    other = LEGEND.model_copy(update={"classes": LEGEND.classes[:2]})
    with open_class_map(tmp_path / "a.tif", other) as classes:
        assert classes.legend == LEGEND


def test_other_rasters_are_refused(write_scene: SceneMaker) -> None:
    scene = write_scene(np.ones((2, 4, 4), np.uint16), bands=None)
    with pytest.raises(InputError, match="is no class map"), open_class_map(scene):
        pass
    bare = write_scene(np.ones((1, 4, 4), np.uint8), "bare.tif", bands=None)
    with pytest.raises(InputError, match="carries no legend"), open_class_map(bare):
        pass
    with open_class_map(bare, LEGEND) as classes:
        assert classes.read().tolist() == [[1] * 4] * 4
