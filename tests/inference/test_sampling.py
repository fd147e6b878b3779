from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from scipy import stats
from shapely.geometry import box
from small_scenes import grid

from pitscape.imagery.cell_area import cell_areas
from pitscape.imagery.class_map import save_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import load_legend
from pitscape.inference.sample.sampled_land import NO_CODE, open_land
from pitscape.inference.sample.sampling import SamplePoints, draw_points
from pitscape.inference.sample.strata import POOLED, Stratum, strata_of

SIZES = np.array([30, 20, 40, 10])


def saved(path: Path, ids: NDArray[np.uint8], where: GeoBox | None = None) -> Path:
    save_class_map(path, ids, where or grid(*ids.shape), load_legend())
    return path


@pytest.fixture
def ids() -> NDArray[np.uint8]:
    """600 rows, so that a map has two bands of rows."""
    values = np.array([0, 1, 2, 3, 255], np.uint8)
    return np.random.default_rng(0).choice(values, (600, 70), p=[0.05, 0.05, 0.75, 0.05, 0.1])


def drawn(path: Path, *, seed: int = 0, sizes: NDArray[np.int64] = SIZES) -> tuple[SamplePoints, list[Stratum]]:
    with open_land(path) as land:
        strata = strata_of(land.names, land.census())
        return draw_points(land, strata, sizes, seed=seed), strata


def cells(found: SamplePoints) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows and columns on the grid of ``small_scenes``, in cells."""
    return (5652250 - found.y) / 10, (found.x - 585420) / 10


def test_points_are_centres_of_different_cells_of_their_stratum(tmp_path: Path, ids: NDArray[np.uint8]) -> None:
    found, strata = drawn(saved(tmp_path / "a.tif", ids))
    row, column = cells(found)
    np.testing.assert_allclose(np.stack([row, column]) % 1, 0.5)
    assert len({(r, c) for r, c in zip(row, column, strict=True)}) == SIZES.sum()
    np.testing.assert_array_equal(ids[row.astype(int), column.astype(int)], found.stratum)
    assert np.bincount(found.stratum).tolist() == SIZES.tolist()
    assert [stratum.name for stratum in strata] == ["mined", "occupied", "vegetated", "water"]


def test_the_census_is_that_of_the_cells(tmp_path: Path, ids: NDArray[np.uint8]) -> None:
    where = GeoBox(ids.shape, Affine(0.001, 0, 110, 0, -0.001, 40), "EPSG:4326")
    with open_land(saved(tmp_path / "a.tif", ids, where)) as land:
        census = land.census()
    per_cell = np.broadcast_to(cell_areas(where), ids.shape)
    for code in range(4):
        assert census.pixels[code] == (ids == code).sum()
        assert census.areas[code] == pytest.approx(per_cell[ids == code].sum())


def test_a_stratum_that_is_taken_whole(tmp_path: Path, ids: NDArray[np.uint8]) -> None:
    pixels = np.array([(ids == code).sum() for code in range(4)])
    found, _ = drawn(saved(tmp_path / "a.tif", ids), sizes=np.array([pixels[0], 1, 1, 1]))
    row, column = (each[found.stratum == 0].astype(int) for each in cells(found))
    assert set(zip(row.tolist(), column.tolist(), strict=True)) == set(map(tuple, np.argwhere(ids == 0).tolist()))


def test_seeds_decide(tmp_path: Path, ids: NDArray[np.uint8]) -> None:
    path = saved(tmp_path / "a.tif", ids)
    one, same, other = (drawn(path, seed=seed)[0] for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.x, same.x)
    np.testing.assert_array_equal(one.stratum, same.stratum)
    assert (one.x != other.x).any()


def test_every_cell_has_the_same_chance(tmp_path: Path) -> None:
    """24 cells, 6 drawn 400 times: 100 expected in each."""
    path = saved(tmp_path / "a.tif", np.full((4, 6), 2, np.uint8))
    counts = np.zeros((4, 6))
    with open_land(path) as land:
        strata = strata_of(land.names, land.census())
        for seed in range(400):
            row, column = cells(draw_points(land, strata, np.array([6]), seed=seed))
            counts[row.astype(int), column.astype(int)] += 1
    assert counts.sum() == 2400
    assert stats.chisquare(counts.ravel()).pvalue > 0.001


def test_the_order_tells_nothing_of_stratum_or_place(tmp_path: Path, ids: NDArray[np.uint8]) -> None:
    found, _ = drawn(saved(tmp_path / "a.tif", ids), sizes=np.array([300, 300, 300, 300]))
    order = np.arange(1200)
    assert abs(stats.spearmanr(order, found.stratum).statistic) < 0.1
    assert abs(stats.spearmanr(order, found.y).statistic) < 0.1


BEFORE = np.array([[2, 2, 2, 0], [2, 2, 255, 0], [3, 2, 2, 1]], np.uint8)
AFTER = np.array([[0, 2, 2, 0], [2, 255, 0, 0], [2, 2, 2, 0]], np.uint8)


def test_transitions_are_of_land_observed_at_both_epochs(tmp_path: Path) -> None:
    """By hand: 10 cells, 5 of vegetated that stays, 2 of mined that stays, and one each of three changes."""
    before, after = saved(tmp_path / "b.tif", BEFORE), saved(tmp_path / "a.tif", AFTER)
    with open_land(after, before) as land:
        census = land.census()
        found = {stratum.name: stratum.pixels for stratum in strata_of(land.names, census)}
        pooled = {stratum.name: stratum.pixels for stratum in strata_of(land.names, census, pool_below=0.15)}
    assert found == {
        "mined to mined": 2,
        "occupied to mined": 1,
        "vegetated to mined": 1,
        "vegetated to vegetated": 5,
        "water to vegetated": 1,
    }
    assert pooled == {"mined to mined": 2, "vegetated to vegetated": 5, POOLED: 3}


def test_codes_of_points(tmp_path: Path) -> None:
    before, after = saved(tmp_path / "b.tif", BEFORE), saved(tmp_path / "a.tif", AFTER)
    x = 585420 + 10 * np.array([0.5, 1.5, 3.99, 4.5, -0.1])
    y = 5652250 - 10 * np.array([0.5, 1.5, 2.99, 0.5, 0.5])
    with open_land(after, before) as land:
        codes, inside = land.codes_at(x, y)
    assert codes.tolist() == [8, NO_CODE, 4, NO_CODE, NO_CODE]
    assert inside.tolist() == [True, True, True, False, False]


def test_zones_limit_the_land(tmp_path: Path) -> None:
    """The two left columns by their centres; zones that overlap count once."""
    zones = [box(585420, 5652200, 585436, 5652260), box(585420, 5652200, 585430, 5652260)]
    with open_land(saved(tmp_path / "a.tif", AFTER), zones=zones) as land:
        assert land.census().pixels.tolist() == [1, 0, 4, 0]


def test_maps_on_other_grids_are_refused(tmp_path: Path) -> None:
    after = saved(tmp_path / "a.tif", AFTER)
    before = saved(tmp_path / "b.tif", BEFORE, grid(3, 4, side=20.0))
    with pytest.raises(InputError, match=r"b\.tif: lies on another grid"), open_land(after, before):
        pass
