import datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from pitscape.imagery.indices import normalised_difference
from pitscape.imagery.sensor import load_sensor
from pitscape.imagery.simulated.sensing.cover import RECIPES, material_shares
from pitscape.imagery.simulated.sensing.day import draw_day, draw_grain
from pitscape.imagery.simulated.sensing.materials import SPECTRA
from pitscape.imagery.simulated.sensing.scene import SimulatedScene, simulate_scene
from pitscape.imagery.simulated.terrain.land import Land, simulate_territory
from pitscape.imagery.simulated.terrain.shapes import generator
from pitscape.imagery.simulated.terrain.surfaces import MINED, VEGETATED, WATER, Surface

SENSOR = load_sensor("sentinel2_l2a")
SUMMER = datetime.date(2023, 7, 28)


@pytest.fixture(scope="module")
def land() -> Land:
    return simulate_territory((3, 0), 96, opens=2015.8, complete=2024.6).at(2023.6)


def scene_of(land: Land, acquired: datetime.date = SUMMER) -> SimulatedScene:
    return simulate_scene((3, 9), land, draw_grain((3,), land), acquired, SENSOR)


def reflectance(scene: SimulatedScene) -> NDArray[np.floating]:
    stored = scene.stored.astype(np.float64) + (0 if scene.acquired >= datetime.date(2022, 1, 25) else 1000)
    return SENSOR.physical(stored, SENSOR.band_names)


def test_every_surface_has_a_recipe_of_known_materials(land: Land) -> None:
    assert {surface for kinds in RECIPES for surface in kinds} == set(Surface)
    today = draw_day(generator(1), land, draw_grain((3,), land), day=200, wetness=0)
    assert all(set(recipe(today)) <= set(SPECTRA) for recipe in RECIPES.values())


def test_material_shares_are_fractions_that_sum_to_one(land: Land) -> None:
    shares = material_shares(draw_day(generator(1), land, draw_grain((3,), land), day=200, wetness=0))
    assert shares.min() >= 0
    np.testing.assert_allclose(shares.sum(axis=0), 1, rtol=1e-5)


def test_only_a_small_part_is_unobserved_and_it_is_zero_in_all_bands(land: Land) -> None:
    scene = scene_of(land)
    assert 0 < (~scene.observed).mean() < 0.05
    assert (scene.stored[:, ~scene.observed] == 0).all()
    assert (scene.stored[:, scene.observed] > 0).all()
    assert (land.classes[~scene.observed] != MINED).all()


def test_the_same_land_has_the_same_reflectance_on_both_sides_of_the_offset(land: Land) -> None:
    before, after = (scene_of(land, datetime.date(year, 7, 28)) for year in (2021, 2023))
    np.testing.assert_array_equal(before.stored[:, before.observed] + 1000, after.stored[:, after.observed])


def test_vegetation_is_green_and_water_dark_in_the_infrared(land: Land) -> None:
    scene = scene_of(land)
    bands = reflectance(scene)
    ndvi = normalised_difference(bands[6], bands[2])
    seen = {kind: scene.observed & (land.classes == kind) for kind in (MINED, VEGETATED, WATER)}
    assert np.median(ndvi[seen[VEGETATED]]) > 0.35
    assert np.median(ndvi[seen[MINED]]) < 0.2
    assert np.median(bands[8][seen[WATER]]) < 0.6 * np.median(bands[8][seen[VEGETATED]])


def test_fields_change_from_year_to_year_and_the_pit_does_not_move(land: Land) -> None:
    grain = draw_grain((3,), land)
    one, two = (simulate_scene((3, 9, year), land, grain, SUMMER, SENSOR) for year in (1, 2))
    both = one.observed & two.observed
    change = np.abs(reflectance(one)[6] - reflectance(two)[6])
    assert change[both & land.covered(Surface.FARMLAND)].mean() > 3 * change[both & land.covered(Surface.PIT)].mean()
