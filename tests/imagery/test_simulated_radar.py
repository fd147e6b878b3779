import numpy as np
import pytest
from numpy.typing import NDArray

from pitscape.imagery.simulated.sensing.day import draw_grain
from pitscape.imagery.simulated.sensing.radar import BACKSCATTER_DB, LOOKS, simulate_radar, speckled
from pitscape.imagery.simulated.terrain.land import Land, simulate_territory
from pitscape.imagery.simulated.terrain.place import whole_place
from pitscape.imagery.simulated.terrain.shapes import generator
from pitscape.imagery.simulated.terrain.surfaces import MINED, VEGETATED, Surface

SIZE = 160


@pytest.fixture(scope="module")
def land() -> Land:
    return simulate_territory((3, 0), SIZE, opens=2015.8, complete=2024.6).at(2023.6)


def radar(land: Land, day: int = 5, key: tuple[int, ...] = (3, 9)) -> NDArray[np.float32]:
    return simulate_radar(key, land, draw_grain((3,), land), whole_place((3, 6), SIZE), day)


def test_every_surface_scatters() -> None:
    assert set(BACKSCATTER_DB) == set(Surface)
    assert all(vh < vv for vv, vh, _ in BACKSCATTER_DB.values())


def test_speckle_keeps_the_mean_and_varies_by_its_looks() -> None:
    """Gamma-distributed: mean of the power, variance of the squared power over the looks."""
    power = speckled(generator(1), np.full((500, 500), 0.05))
    assert power.mean() == pytest.approx(0.05, rel=0.005)
    assert power.mean() ** 2 / power.var() == pytest.approx(LOOKS, rel=0.02)
    assert power.min() > 0


def test_water_is_dark_buildings_are_bright_and_trees_scatter_across(land: Land) -> None:
    scene = radar(land)

    def mean(*kinds: Surface) -> NDArray[np.float64]:
        return 10 * np.log10(np.nanmean(10 ** (scene[:, land.covered(*kinds)] / 10), axis=1))

    grass = mean(Surface.GRASSLAND)
    assert (mean(Surface.LAKE, Surface.BASIN) < grass - 2).all()
    assert mean(Surface.PLANT)[0] > grass[0] + 4
    trees, pit = mean(Surface.FOREST), mean(Surface.PIT)
    assert trees[1] - trees[0] > pit[1] - pit[0] + 1


def test_one_threshold_does_not_tell_mines_from_plants(land: Land) -> None:
    vv = radar(land)[0]
    mined, vegetated = (vv[(land.classes == kind) & np.isfinite(vv)] for kind in (MINED, VEGETATED))
    levels = np.linspace(-25, 0, 101)
    best = max(((mined > level).mean() + (vegetated <= level).mean()) / 2 for level in levels)
    assert 0.5 < best < 0.85


def test_beyond_the_swath_there_is_nothing(land: Land) -> None:
    scene = radar(land)
    seen = np.isfinite(scene)
    np.testing.assert_array_equal(seen[0], seen[1])
    assert seen.mean() > 0.9
    assert (scene[seen] > -40).all()
    assert (scene[seen] < 15).all()


def test_equal_keys_draw_equal_scenes_and_others_new_speckle(land: Land) -> None:
    np.testing.assert_array_equal(radar(land), radar(land))
    assert np.nanstd(radar(land) - radar(land, key=(3, 10))) > 1
