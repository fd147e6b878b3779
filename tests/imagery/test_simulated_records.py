import numpy as np
import pytest

from pitscape.imagery.simulated.records import (
    NO_VALUE,
    annual_rain,
    simulate_climate,
    simulate_et,
    simulate_npp,
    simulate_runoff,
    vegetation_growth,
)
from pitscape.imagery.simulated.terrain.land import Land, simulate_territory
from pitscape.imagery.simulated.terrain.shapes import generator
from pitscape.imagery.simulated.terrain.surfaces import MINED, VEGETATED, WATER, Surface


@pytest.fixture(scope="module")
def land() -> Land:
    return simulate_territory((3, 0), 96, opens=2015.8, complete=2024.6).at(2023.6)


@pytest.mark.parametrize("seed", range(5))
def test_the_climate_is_that_of_a_semi_arid_steppe(seed: int) -> None:
    climate = simulate_climate(generator(seed), 2003, 2024)
    assert [(month.year, month.month) for month in climate] == [(y, m) for y in range(2003, 2025) for m in range(1, 13)]
    rain = np.array([annual_rain(climate, year) for year in range(2015, 2025)])
    assert 340 < rain.mean() < 460
    assert 0.12 < np.abs(rain - rain.mean()).mean() / rain.mean() < 0.22
    warm = np.array([month.temperature_c for month in climate if 4 <= month.month <= 10])
    assert warm.mean() == pytest.approx(15, abs=1)


def test_mined_land_produces_and_evaporates_least(land: Land) -> None:
    npp, et = simulate_npp(generator(1), land, 400.0), simulate_et(generator(1), land, 400.0)
    mined, vegetated = land.classes == MINED, land.classes == VEGETATED
    assert npp[mined].mean() < 0.1 * npp[vegetated].mean()
    assert et[mined].mean() < 0.7 * et[vegetated].mean()
    assert npp[land.covered(Surface.DUMP)].mean() < npp[land.covered(Surface.RESTORED)].mean()
    assert 0.15 < npp[vegetated].mean() < 0.5
    assert 280 < et[vegetated].mean() < 480


def test_water_alone_has_no_value(land: Land) -> None:
    for raster in (simulate_npp(generator(1), land, 400.0), simulate_et(generator(1), land, 400.0)):
        np.testing.assert_array_equal(raster == NO_VALUE, land.classes == WATER)


def test_runoff_is_small_on_plants_and_large_on_bare_land(land: Land) -> None:
    runoff = simulate_runoff(generator(1), land, 400.0)
    grass, mined = runoff[land.covered(Surface.GRASSLAND)].mean(), runoff[land.classes == MINED].mean()
    assert grass == pytest.approx(0.0478 * 400, rel=0.1)
    assert 4 * grass < mined < 0.5 * 400
    np.testing.assert_array_equal(runoff == NO_VALUE, land.classes == WATER)


def test_growth_is_summed_over_cells() -> None:
    surface = np.array([[Surface.GRASSLAND, Surface.FOREST], [Surface.LAKE, Surface.PIT]], np.uint8)
    assert vegetation_growth(surface) == pytest.approx(0.26 + 0.42 + 0.01)


def test_wet_years_produce_more(land: Land) -> None:
    dry, wet = (simulate_npp(generator(1), land, rain)[land.classes == VEGETATED].mean() for rain in (300.0, 500.0))
    assert wet > dry
