import itertools

import numpy as np
import pytest

from pitscape.imagery.simulated.terrain.land import Territory, simulate_territory
from pitscape.imagery.simulated.terrain.surfaces import LAND_CLASS, MINED, OCCUPIED, VEGETATED, WATER, Surface

OPENS, COMPLETE = 2015.8, 2024.6
YEARS = (2015.5, 2017.5, 2020.5, 2024.7)


@pytest.fixture(scope="module", params=[64, 97])
def territory(request: pytest.FixtureRequest) -> Territory:
    return simulate_territory((7, 0), request.param, opens=OPENS, complete=COMPLETE)


def test_every_surface_has_a_land_class() -> None:
    assert set(LAND_CLASS) == set(Surface)
    assert set(LAND_CLASS.values()) == {MINED, OCCUPIED, VEGETATED, WATER}


def test_no_mine_before_it_opens(territory: Territory) -> None:
    before = territory.at(YEARS[0])
    assert not (before.classes == MINED).any()
    np.testing.assert_array_equal(before.surface, territory.ground.surface)


def test_the_pit_never_shrinks(territory: Territory) -> None:
    pits = [territory.at(year).covered(Surface.PIT, Surface.PIT_POND) for year in YEARS]
    for earlier, later in itertools.pairwise(pits):
        assert later[earlier].all()
    areas = [int((territory.at(year).classes == MINED).sum()) for year in YEARS]
    assert areas == sorted(set(areas))


def test_the_finished_mine_has_all_its_parts(territory: Territory) -> None:
    land = territory.at(YEARS[-1])
    for part in (Surface.PIT, Surface.PIT_POND, Surface.DUMP, Surface.RESTORED, Surface.PLANT, Surface.BASIN):
        assert land.covered(part).any(), part.name
    assert 0.04 < (land.classes == MINED).mean() < 0.13


def test_dumps_are_restored_after_years_and_count_as_vegetated(territory: Territory) -> None:
    dumped, late = territory.at(2017.5).covered(Surface.DUMP), territory.at(2024.7)
    restored = late.covered(Surface.RESTORED)
    assert (restored & dumped).any()
    assert (late.classes[restored] == VEGETATED).all()


def test_ecosystems_are_those_before_mining(territory: Territory) -> None:
    assert set(np.unique(territory.ecosystems)) == {0, 1, 2, 3}
    untouched = territory.ground.surface == Surface.FOREST
    np.testing.assert_array_equal(territory.ecosystems == 1, untouched)


def test_the_pit_lies_below_and_dumps_above_the_land(territory: Territory) -> None:
    land = territory.at(YEARS[-1])
    relief = land.elevation - territory.ground.elevation
    assert relief[land.covered(Surface.PIT)].mean() < -10
    assert relief[land.covered(Surface.DUMP, Surface.RESTORED)].mean() > 5


def test_equal_keys_give_equal_land_and_others_do_not(territory: Territory) -> None:
    again = simulate_territory((7, 0), territory.size, opens=OPENS, complete=COMPLETE)
    other = simulate_territory((8, 0), territory.size, opens=OPENS, complete=COMPLETE)
    np.testing.assert_array_equal(again.at(2020).surface, territory.at(2020).surface)
    assert (other.at(2020).surface != territory.at(2020).surface).mean() > 0.2
