from dataclasses import replace
from pathlib import Path

import geopandas
import numpy as np
import pytest
from labelled_land import columns_of, read_labelled_scenes
from small_scenes import write_labelled_scenes

from pitscape.inference.tiles import Area
from pitscape.training.augmentation import Jitter
from pitscape.training.label_source import LabelPolygons
from pitscape.training.labelled import LabelledScene, fingerprint
from pitscape.training.windows import BalancedWindows, CountingSampler, RegularWindows, plots

STILL = Jitter(gain=0, band_gain=0, offset=0)
MEANS = np.full(10, 2000, np.float32)


@pytest.fixture
def scenes(tmp_path: Path) -> tuple[LabelledScene, ...]:
    write_labelled_scenes(tmp_path)
    return read_labelled_scenes(tmp_path)


def test_pixels_beyond_the_scene_are_unobserved_and_unlabelled(scenes: tuple[LabelledScene, ...]) -> None:
    stored, labels = scenes[0].pixels(Area(-3, 10, 90, 100))
    assert stored.shape == (10, 13, 10)
    assert (stored[:, :5] == 0).all()
    assert (labels[:5] == 255).all()
    assert (stored[:, 5:, :6] > 0).all()
    assert (stored[:, :, 6:] == 0).all()


def test_balanced_windows_see_no_pixel_of_other_land(scenes: tuple[LabelledScene, ...]) -> None:
    """The image's columns carry their number: none of the columns beyond the region may appear."""
    windows = BalancedWindows(
        plots(columns_of(scenes, 0, 48)), size=32, per_epoch=40, seed=0, jitter=STILL, means=MEANS
    )
    beyond = np.concatenate([s.pixels(Area(0, 64, 48, 96))[0][5].ravel() for s in scenes])
    inside = np.concatenate([s.pixels(Area(0, 64, 0, 48))[0][5].ravel() for s in scenes])
    only_beyond = set(beyond) - set(inside)
    for index in range(40):
        stored, labels = windows[index]
        assert stored.shape == (10, 32, 32)
        assert (labels != 255).any()
        assert not only_beyond & set(stored[5].numpy().ravel())


def test_every_class_is_drawn_as_often(scenes: tuple[LabelledScene, ...]) -> None:
    """With windows of one pixel, the label is that of the class drawn, but for a few unobserved."""
    windows = BalancedWindows(
        plots(columns_of(scenes, 0, None)), size=1, per_epoch=400, seed=0, jitter=STILL, means=MEANS
    )
    drawn = np.bincount([int(windows[i][1][0, 0]) for i in range(400)], minlength=4)
    assert (np.abs(drawn[:4] - 97) < 30).all()


def test_the_same_index_is_the_same_window_and_epochs_differ(scenes: tuple[LabelledScene, ...]) -> None:
    windows = BalancedWindows(
        plots(columns_of(scenes, 0, None)), size=16, per_epoch=4, seed=3, jitter=Jitter(), means=MEANS
    )
    assert (windows[2][0] == windows[2][0]).all()
    sampler = CountingSampler(4)
    assert [list(sampler), list(sampler)] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert not (windows[2][0] == windows[6][0]).all()


def test_windows_larger_than_their_region_are_filled_with_unobserved(scenes: tuple[LabelledScene, ...]) -> None:
    windows = BalancedWindows(plots(columns_of(scenes, 0, 20)), size=32, per_epoch=4, seed=0, jitter=STILL, means=MEANS)
    stored, labels = windows[0]
    assert stored.shape == (10, 32, 32)
    assert int((labels == 255).sum()) >= 32 * 12


@pytest.mark.parametrize(("size", "context"), [(32, 4), (16, 0), (128, 16)])
def test_regular_windows_judge_each_label_once(scenes: tuple[LabelledScene, ...], size: int, context: int) -> None:
    judging = columns_of(scenes, 40, None)
    windows = RegularWindows(judging, size=size, context=context)
    counted = sum(np.bincount(windows[i][1].numpy().ravel(), minlength=256) for i in range(len(windows)))
    expected = sum(np.bincount(land.pixels(land.area)[1].ravel(), minlength=256) for land in judging)
    np.testing.assert_array_equal(counted[:4], expected[:4])


def test_the_fingerprint_changes_with_any_byte(scenes: tuple[LabelledScene, ...]) -> None:
    before = fingerprint(scenes)
    assert fingerprint(scenes[::-1]) == before
    with scenes[1].labels_from.path.open("ab") as file:
        file.write(b"0")
    assert fingerprint(scenes) != before


def test_the_words_of_a_shapefile_are_part_of_the_fingerprint(
    scenes: tuple[LabelledScene, ...], tmp_path: Path
) -> None:
    polygons = tmp_path / "labels.shp"
    polygons.write_bytes(b"shapes")
    polygons.with_suffix(".dbf").write_bytes(b"mined")
    labelled = replace(scenes[0], labels_from=LabelPolygons(polygons, scenes[0].grid, geopandas.GeoDataFrame()))
    before = fingerprint([labelled])
    polygons.with_suffix(".dbf").write_bytes(b"water")
    assert fingerprint([labelled]) != before
