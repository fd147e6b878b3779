from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from numpy.testing import assert_array_equal
from odc.geo.geobox import GeoBox

from pitscape.imagery.class_map import open_class_map, save_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import load_legend
from pitscape.inference.scope.changed_land import DISTURBED, ChangedLand, changed_land
from pitscape.inference.scope.index_loss import index_loss

M, O, V, W, U = 0, 1, 2, 3, 255  # noqa: E741 - mined, occupied, vegetated, water, unobserved
GRID = GeoBox((1, 4), Affine(10, 0, 620_000, 0, -10, 5_010_000), "EPSG:32650")


def compare(folder: Path, *epochs: Sequence[int], into: Sequence[str] = DISTURBED) -> ChangedLand:
    """Compare maps of one row."""
    with ExitStack() as stack:
        maps = []
        for number, ids in enumerate(epochs):
            path, grid = folder / f"{number}.tif", GeoBox((1, len(ids)), GRID.affine, GRID.crs)
            save_class_map(path, np.array([ids], np.uint8), grid, load_legend())
            maps.append(stack.enter_context(open_class_map(path)))
        return changed_land(maps, into=into)  # type: ignore[arg-type]


def test_changes_into_mined_occupied_and_water_count(tmp_path: Path) -> None:
    land = compare(tmp_path, [V, V, V, O, W, O, V], [M, O, W, M, O, V, V])
    assert land.changed.tolist() == [[True, True, True, True, True, False, False]]
    assert land.into.tolist() == [[M, O, W, M, O, U, U]]


def test_change_accumulates_over_epochs(tmp_path: Path) -> None:
    land = compare(tmp_path, [V, V, V], [O, V, V], [V, O, V], [V, M, V])
    assert land.changed.tolist() == [[True, True, False]]
    assert land.into.tolist() == [[O, M, U]]


def test_unobserved_cells_never_change(tmp_path: Path) -> None:
    land = compare(tmp_path, [U, V, U, U, V], [M, U, V, U, M], [M, U, O, M, U])
    assert land.changed.tolist() == [[False, False, True, False, True]]
    assert land.compared.tolist() == [[True, False, True, False, True]]
    assert land.mined_before.tolist() == [[True, False, False, True, False]]


def test_land_mined_before_is_no_change(tmp_path: Path) -> None:
    land = compare(tmp_path, [M, M, M], [W, O, V], [V, M, M])
    assert not land.changed.any()
    assert land.mined_before.all()


def test_roles_that_count_may_be_chosen(tmp_path: Path) -> None:
    land = compare(tmp_path, [V, V, V, O], [M, O, W, V], into=("mined",))
    assert land.changed.tolist() == [[True, False, False, False]]


def test_land_that_turned_into_a_class_that_does_not_count_tells_no_loss(tmp_path: Path) -> None:
    land = compare(tmp_path, [V, V, V, O, V], [O, V, U, V, M], [V, V, V, V, U], into=("mined",))
    assert land.steady.tolist() == [[False, True, True, False, False]]
    everywhere = np.ones((1, 5), np.bool_)
    assert land.with_loss(everywhere).changed.tolist() == [[False, True, True, False, True]]


def test_one_map_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"0\.tif: is one map; give at least two, in order of time"):
        compare(tmp_path, [V, M])


def test_land_that_no_two_epochs_observed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"1\.tif: no cell was observed at two epochs; give clearer maps"):
        compare(tmp_path, [V, U], [U, M])


def test_turned_grids_are_refused(tmp_path: Path) -> None:
    turned = GeoBox((1, 2), GRID.affine * Affine.rotation(30), GRID.crs)
    for name in ("0.tif", "1.tif"):
        save_class_map(tmp_path / name, np.array([[V, M]], np.uint8), turned, load_legend())
    with (
        open_class_map(tmp_path / "0.tif") as first,
        open_class_map(tmp_path / "1.tif") as last,
        pytest.raises(InputError, match=r"0\.tif: lies on a turned grid; straighten it with gdalwarp"),
    ):
        changed_land([first, last])


def test_maps_of_other_grids_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"1\.tif: is on another grid than .*0\.tif; bring it there with gdalwarp"):
        compare(tmp_path, [V, M], [V, M, M])


def test_an_index_that_falls_with_the_season_is_no_loss(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    before = rng.normal(0.7, 0.02, (1, 400)).astype(np.float32)
    after = before - 0.3 + rng.normal(0, 0.02, before.shape).astype(np.float32)
    after[0, :3], after[0, 3] = 0.05, np.nan
    everywhere = np.ones(before.shape, np.bool_)
    found = index_loss(before, after, everywhere, everywhere, limit=4)
    assert found.median == pytest.approx(-0.3, abs=0.005)
    assert found.sd == pytest.approx(0.02, rel=0.15)
    assert_array_equal(np.flatnonzero(found.lost), [0, 1, 2])
    land = compare(tmp_path, [V] * 400, [M] + [V] * 399).with_loss(found.lost)
    assert np.flatnonzero(land.lost).tolist() == [1, 2]  # the first is a change of class
    assert np.flatnonzero(land.changed).tolist() == [0, 1, 2]


def test_an_index_needs_background() -> None:
    few = np.zeros((1, 50), np.float32)
    with pytest.raises(ValueError, match="only 50 cells of unchanged vegetated land far from the mine"):
        index_loss(few, few, few == 0, few == 0)
