from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from labelled_land import CODES
from odc.geo.geobox import GeoBox
from pydantic import ValidationError

from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import load_legend
from pitscape.imagery.sensor import load_sensor
from pitscape.imagery.stack import Channels, Source
from pitscape.inference.tiles import Area
from pitscape.training.label_source import LabelRaster, code_table
from pitscape.training.labelled import LabelledScene
from pitscape.training.land import lands
from pitscape.training.split import (
    JUDGES,
    TRAINS,
    UNUSED,
    BlockSplit,
    ColumnSplit,
    LeaveOut,
    NoSplit,
    RandomSplit,
    Split,
)

WHOLE = Area(0, 401, 0, 401)


def scene(name: str = "a_20230709.tif", *, east: float = 585420, folder: str = ".") -> LabelledScene:
    grid = GeoBox((401, 401), Affine(10, 0, east, 0, -10, 5652250), "EPSG:32633")
    return scene_on(grid, name, folder)


def scene_on(grid: GeoBox, name: str = "a.tif", folder: str = ".") -> LabelledScene:
    labels = LabelRaster(Path("b.tif"), code_table(load_legend(), CODES))
    sensor = load_sensor("sentinel2_l2a")
    return LabelledScene((Source(Path(name), sensor, ("B02",)),), (Channels(sensor, ("B02",)),), labels, grid, folder)


@pytest.mark.parametrize(
    ("train", "judge", "expected"),
    [
        ((0, 200), (200, 300), Area(0, 401, 0, 184)),
        ((0, 100), (200, 300), Area(0, 401, 0, 100)),
        ((200, None), (0, 200), Area(0, 401, 216, 401)),
        ((0, None), (300, None), Area(0, 401, 0, 284)),
        ((0, 300), (100, 200), Area(0, 401, 0, 300)),
    ],
)
def test_the_buffer_keeps_training_land_away(
    train: tuple[int, int | None], judge: tuple[int, int | None], expected: Area
) -> None:
    split = ColumnSplit(train=train, validate_on=judge, buffer=16)
    (land,) = lands([scene()], split, TRAINS)
    assert land.area == expected
    first, end = judge[0], judge[1] or 401
    assert not land.mask(WHOLE)[:, max(first - 16, 0) : end + 16].any()


def test_columns_that_are_not_there_hold_no_land() -> None:
    assert lands([scene()], ColumnSplit(train=(0, 100), validate_on=(500, 600)), JUDGES) == ()
    assert lands([scene()], ColumnSplit(train=(0, None), validate_on=(0, None)), TRAINS) == ()
    with pytest.raises(ValidationError, match="end must lie beyond"):
        ColumnSplit(train=(5, 5), validate_on=(10, 20))


def test_blocks_judge_in_turn_and_every_pixel_judges_once() -> None:
    folds = [BlockSplit(side_m=500, folds=4, fold=k, buffer_m=0).roles(scene(), WHOLE) for k in range(4)]
    assert (sum((roles == JUDGES).astype(int) for roles in folds) == 1).all()
    assert all(0.2 < (roles == JUDGES).mean() < 0.3 for roles in folds)
    assert all(((roles == TRAINS) | (roles == JUDGES)).all() for roles in folds)


def test_no_pixel_within_the_buffer_of_judging_land_trains() -> None:
    roles = BlockSplit(side_m=640, folds=5, fold=2, buffer_m=80).roles(scene(), WHOLE)
    judging, training = np.argwhere(roles == JUDGES), roles == TRAINS
    for row, column in judging[::97]:
        assert not training[max(row - 8, 0) : row + 9, max(column - 8, 0) : column + 9].any()
    lone = BlockSplit(side_m=640, folds=5, fold=2, buffer_m=0).roles(scene(), WHOLE) == TRAINS
    assert 0 < (lone & (roles == UNUSED)).sum() < lone.sum()


def test_the_same_ground_has_the_same_role_on_every_scene() -> None:
    split = BlockSplit(side_m=500, folds=3)
    shifted = split.roles(scene(east=585420 + 1000), WHOLE)
    np.testing.assert_array_equal(split.roles(scene(), WHOLE)[:, 100:], shifted[:, :301])


def test_blocks_of_a_scene_in_degrees_are_as_large_along_the_equator() -> None:
    cell = 10 / 111_320
    grid = GeoBox((200, 200), Affine(cell, 0, 0, 0, -cell, 0), "EPSG:4326")
    roles = BlockSplit(side_m=500, folds=2, buffer_m=0).roles(scene_on(grid), Area(0, 200, 0, 200))
    changes = np.flatnonzero(np.diff(roles[0].astype(int))) + 1
    assert changes.tolist() == [50, 100, 150]


SPLITS: list[Split] = [
    ColumnSplit(train=(0, 200), validate_on=(200, 300)),
    BlockSplit(side_m=300, folds=3, fold=1, buffer_m=45),
    RandomSplit(patch=7, share=0.4, seed=3),
    LeaveOut(dates=("2023-07-09",), space=BlockSplit(side_m=700, folds=2)),
    NoSplit(),
]


@given(st.sampled_from(SPLITS), st.integers(0, 380), st.integers(0, 380), st.integers(1, 60), st.integers(1, 60))
def test_a_window_has_the_roles_of_the_whole(split: Split, top: int, left: int, height: int, width: int) -> None:
    window = Area(top, min(top + height, 401), left, min(left + width, 401))
    whole = split.roles(scene(), WHOLE)
    np.testing.assert_array_equal(split.roles(scene(), window), whole[window.rows, window.columns])


def test_random_patches_differ_from_date_to_date_so_that_they_flatter() -> None:
    split = RandomSplit(patch=20, share=0.25)
    one, other = (split.roles(scene(name), WHOLE) for name in ("a_20220101.tif", "a_20230101.tif"))
    assert ((one == JUDGES) & (other == TRAINS)).any()
    assert (one == JUDGES).mean() == pytest.approx(0.25, abs=0.06)


def test_a_date_left_out_judges_on_land_that_never_trained() -> None:
    space = ColumnSplit(train=(0, 300), validate_on=(200, 300), buffer=16)
    split = LeaveOut(dates=("2023-07-09",), space=space)
    out, other = scene("a_20230709.tif"), scene("a_20220619.tif")
    assert [land.scene.image.name for land in lands([out, other], split, TRAINS)] == ["a_20220619.tif"]
    (judged,) = lands([out, other], split, JUDGES)
    assert (judged.scene, judged.area) == (out, Area(0, 401, 200, 300))


def test_a_site_is_a_folder_or_the_name_without_the_date() -> None:
    assert scene("strzegom_20230709.tif").site == "strzegom"
    assert scene("pit_2023-07-09.tif").site == "pit"
    assert scene("20230709.tif", folder="turow").site == "turow"
    split = LeaveOut(sites=("turow",))
    scenes = [scene("20230709.tif", folder="turow"), scene("strzegom_20230709.tif")]
    assert [land.scene.site for land in lands(scenes, split, JUDGES)] == ["turow"]
    assert [land.scene.site for land in lands(scenes, split, TRAINS)] == ["strzegom"]


def test_splits_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValidationError, match="the last is 4"):
        BlockSplit(folds=5, fold=5)
    with pytest.raises(ValidationError, match="name at least one"):
        LeaveOut()


def test_the_buffer_is_as_wide_in_degrees_as_on_the_ground() -> None:
    """At 60 degrees north a cell of 0.0001 degrees is 11.1 m high and 5.6 m wide; a cell nearer than the buffer never trains."""
    grid = GeoBox((400, 400), Affine(0.0001, 0, 20, 0, -0.0001, 60), "EPSG:4326")
    split = BlockSplit(side_m=1100, buffer_m=100)
    roles = split.roles(scene_on(grid), Area(0, 400, 0, 400))
    for row in roles:
        trains, judges = np.flatnonzero(row == TRAINS), np.flatnonzero(row == JUDGES)
        if len(trains) and len(judges):
            assert np.abs(trains[:, None] - judges).min() * 5.56 >= 99
    for column in roles.T:
        trains, judges = np.flatnonzero(column == TRAINS), np.flatnonzero(column == JUDGES)
        if len(trains) and len(judges):
            assert np.abs(trains[:, None] - judges).min() * 11.1 >= 99


def test_names_that_no_scene_has_are_refused() -> None:
    scenes = [scene("a_20230709.tif"), scene("b_20230709.tif")]
    LeaveOut(sites=("a",), dates=("2023-07-09",)).check(scenes)
    with pytest.raises(InputError, match=r"split\.dates: 2023-07-08 is of no scene; there are 2023-07-09\."):
        LeaveOut(dates=("2023-07-08",)).check(scenes)
    with pytest.raises(InputError, match=r"split\.sites: c is of no scene; there are a, b\."):
        LeaveOut(sites=("a", "c")).check(scenes)


def test_blocks_refuse_the_same_land_in_two_projections() -> None:
    """Zones 32 and 33 at their border, and a scene of zone 32 that lies far to the west."""
    east = scene("a.tif", east=585420)
    same = scene_on(east.grid.to_crs("EPSG:32632"), "b.tif")
    far = scene_on(GeoBox((401, 401), Affine(10, 0, 300000, 0, -10, 5652250), "EPSG:32632"), "c.tif")
    BlockSplit().check([east, far, scene("d.tif", east=585500)])
    with pytest.raises(InputError, match=r"b\.tif: shows land of a\.tif in another projection"):
        BlockSplit().check([east, same])
