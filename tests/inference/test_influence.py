from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from pitscape.demo import simulated_site
from pitscape.imagery.class_map import open_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import UNOBSERVED, load_legend
from pitscape.inference.scope.changed_land import ChangedLand, changed_land
from pitscape.inference.scope.friction import Resistance, ground_friction
from pitscape.inference.scope.influence import Influence, influence
from pitscape.inference.scope.mine_patches import mine_patches
from pitscape.inference.scope.reach import reach_of

SIDE = 120
GRID = GeoBox((SIDE, SIDE), Affine(10, 0, 620_000, 0, -10, 5_010_000), "EPSG:32650")
MINED, OCCUPIED, VEGETATED, WATER = range(4)
PIT = (slice(50, 70), slice(50, 70))
Ids = NDArray[np.uint8]


def land_of(before: Ids, after: Ids) -> ChangedLand:
    """Land that changed once."""
    seen = (before != UNOBSERVED) & (after != UNOBSERVED)
    counts = seen & (before != after) & (after != VEGETATED) & (before != MINED)
    into = np.where(counts, after, np.uint8(UNOBSERVED))
    mined = (before == MINED) | (after == MINED)
    none = np.zeros(seen.shape, np.bool_)
    return ChangedLand(GRID, load_legend(), before, into, mined, counts, seen, none)


def scope_of(land: ChangedLand, **options: float) -> Influence:
    seeds = mine_patches(land.mined, land.grid, least_ha=1, source="maps")
    friction = ground_friction(seeds.shape, Resistance(), cell_m=10, water=land.water_before)
    return influence(land, reach_of(land, seeds, friction), **options)


@pytest.fixture
def before() -> Ids:
    return np.full((SIDE, SIDE), VEGETATED, np.uint8)


@pytest.fixture
def after(before: Ids) -> Ids:
    """A pit with a dump beside it."""
    ids = before.copy()
    ids[PIT] = MINED
    ids[52:68, 70:85] = OCCUPIED
    return ids


def test_pit_and_dump_are_the_influence(before: Ids, after: Ids) -> None:
    found = scope_of(land_of(before, after))
    assert np.array_equal(found.changed, after != VEGETATED)
    assert found.flags == {}
    assert (found.parts[PIT] == 0).all()


def test_what_changes_far_away_is_not_the_mine_s(before: Ids, after: Ids) -> None:
    after[5:9, 5:9] = after[100:106, 20:24] = OCCUPIED
    found = scope_of(land_of(before, after))
    assert not found.changed[:20].any()
    assert not found.changed[90:].any()


def test_an_island_in_the_scope_counts_where_links_are_long_enough(before: Ids, after: Ids) -> None:
    after[44:47, 75:80] = OCCUPIED  # five cells of land lie between it and the dump
    land, island = land_of(before, after), (slice(44, 47), slice(75, 80))
    assert not scope_of(land).changed[island].any()
    assert scope_of(land, link_m=60).changed[island].all()
    assert scope_of(land, link_m=np.inf).changed[island].all()
    assert not scope_of(land, link_m=np.inf, least_ha=0.2).changed[island].any()  # it has 0.15 ha


def test_change_beyond_a_river_that_blocks_does_not_count(before: Ids, after: Ids) -> None:
    before[:, 88:92] = after[:, 88:92] = WATER
    after[50:70, 93:97] = OCCUPIED
    land = land_of(before, after)
    seeds = mine_patches(land.mined, land.grid, least_ha=1, source="maps")
    for river, counts in ((1.0, True), (np.inf, False)):
        friction = ground_friction(seeds.shape, Resistance(river=river), cell_m=10, water=land.water_before)
        found = influence(land, reach_of(land, seeds, friction), link_m=np.inf)
        assert found.changed[50:70, 93:97].all() == counts
        assert found.changed[:, 92:].any() == counts
        assert ("not_reached" in found.flags) == (not counts)


def test_land_enclosed_by_a_dump_counts_up_to_a_size(before: Ids, after: Ids) -> None:
    after[55:60, 75:80] = VEGETATED  # 0.25 ha
    after[62:64, 75:80] = UNOBSERVED
    land, hole = land_of(before, after), (slice(55, 60), slice(75, 80))
    assert not scope_of(land).changed[hole].any()
    assert not scope_of(land, fill_ha=0.2).changed[hole].any()
    found = scope_of(land, fill_ha=0.3)
    assert found.changed[hole].all()
    assert not found.changed[62:64, 75:80].any()
    assert found.changed.sum() == 400 + 240 - 10


def test_unobserved_cells_are_never_changed(before: Ids, after: Ids) -> None:
    after[52:60, 70:85] = UNOBSERVED
    before[60:62, 50:70] = UNOBSERVED
    found = scope_of(land_of(before, after))
    assert not found.changed[52:60, 70:85].any()
    assert not found.changed[60:62, 50:70].any()
    assert (found.parts[53:59, 72:80] == UNOBSERVED).all()


def test_no_mined_land_is_an_error(before: Ids) -> None:
    with pytest.raises(InputError, match=r"maps: no land is mined at any epoch; check the legend"):
        scope_of(land_of(before, before))


def test_mined_land_in_crumbs_only_is_an_error(before: Ids) -> None:
    after = before.copy()
    after[3:8, 3:8] = MINED
    with pytest.raises(InputError, match=r"maps: the largest patch of mined land has 0\.25 ha; lower --min-seed"):
        scope_of(land_of(before, after))


def test_a_mine_that_was_there_before_is_told_apart(before: Ids, after: Ids) -> None:
    before[PIT] = MINED
    found = scope_of(land_of(before, after))
    assert (found.parts[PIT] == 4).all()
    assert found.changed.sum() == 16 * 15
    assert "mined_before" in found.flags


def test_a_mine_at_the_edge_gives_a_lower_bound(before: Ids) -> None:
    after = before.copy()
    after[:20, 50:70] = MINED
    assert {"mine_at_edge"} <= scope_of(land_of(before, after)).flags.keys()


def test_where_all_has_changed_only_mined_land_counts(before: Ids) -> None:
    after = np.full_like(before, OCCUPIED)
    after[PIT] = MINED
    found = scope_of(land_of(before, after))
    assert "no_gradient" in found.flags
    assert found.changed.sum() == 400


def test_where_nothing_else_has_changed_the_pit_is_the_influence(before: Ids) -> None:
    after = before.copy()
    after[PIT] = MINED
    found = scope_of(land_of(before, after))
    assert found.changed.sum() == 400
    assert found.gradient.cut_off_m == 0


def test_change_that_fades_only_at_the_edge_has_no_background(before: Ids) -> None:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    far = np.hypot(rows - 60, columns - 60) / 85
    after = np.where(np.random.default_rng(1).random(far.shape) > far, OCCUPIED, VEGETATED).astype(np.uint8)
    after[PIT] = MINED
    assert "no_background" in scope_of(land_of(before, after)).flags


def test_a_mine_that_fills_the_map_is_its_own_scope(before: Ids) -> None:
    after = np.full_like(before, MINED)
    found = scope_of(land_of(before, after))
    assert found.changed.all()
    assert found.gradient.ends == 0
    assert "no_background" not in found.flags  # there is no gradient that could reach it


@pytest.mark.parametrize("seed", [0, 4, 11])
def test_simulated_mines_with_natural_change_are_met_within_ten_percent(seed: int, tmp_path: Path) -> None:
    folder = simulated_site(tmp_path / "site", size=256, epochs=5, seed=seed, layers=["truth", "influence"])
    paths = sorted((folder / "truth").glob("*.tif"))
    maps: list[_Noisy] = []
    for number, path in enumerate(paths):
        with open_class_map(path) as classes, rasterio.open(folder / "influence" / path.name) as dataset:
            ids, truth = classes.read(), dataset.read(1) == 1
            maps.append(_Noisy(classes.path, classes.grid, classes.legend, ids))
        for later in range(number * 12):  # some 2 % of the land turns by itself, far from the mine and near it
            row, column = np.random.default_rng((seed, later)).integers(0, 248, 2)
            field = (slice(row, row + 6), slice(column, column + 8))
            ids[field] = np.where((ids[field] == VEGETATED) & ~truth[field], OCCUPIED, ids[field])
        if number:
            found = scope_of(changed_land(maps)).changed  # type: ignore[arg-type]
            commission, omission = (found & ~truth).sum() / truth.sum(), (truth & ~found).sum() / truth.sum()
            assert abs(found.sum() / truth.sum() - 1) < 0.1, (number, commission, omission)
            assert max(commission, omission) < 0.1


class _Noisy:
    """A class map in memory."""

    def __init__(self, path: Path, grid: GeoBox, legend: object, ids: Ids) -> None:
        self.path, self.grid, self.legend, self.ids = path, grid, legend, ids

    def read(self, rows: slice) -> Ids:
        return self.ids[rows].copy()
