"""The layers of a site on disk: they agree with one another, and are read as what they are."""

import datetime
import json
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from pitscape.imagery.scene import open_scene
from pitscape.imagery.sensor import load_sensor
from pitscape.imagery.simulated.district import District
from pitscape.imagery.simulated.epoch import Epoch
from pitscape.imagery.simulated.files import simulated_grid
from pitscape.imagery.simulated.layers import LAYERS, SENTINEL2, coarser
from pitscape.imagery.simulated.records import annual_rain, simulate_climate
from pitscape.imagery.simulated.site import SimulatedSite, simulate_site
from pitscape.imagery.simulated.terrain.shapes import generator
from pitscape.imagery.simulated.terrain.surfaces import LAND_CLASS, looked_up

SIZE, SIDE = 140, 72
LAYERS_READ = ("images", "images_cloudy", "images_landsat", "sar", "dem", "truth", "influence", "polygons")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> SimulatedSite:
    """A site in four pieces, two of them cut."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pitscape.imagery.simulated.district.LARGEST_WHOLE", SIDE)
        patch.setattr("pitscape.imagery.simulated.district.PIECE", SIDE)
        return simulate_site(
            tmp_path_factory.mktemp("district") / "site", size=SIZE, epochs=3, seed=2, layers=LAYERS_READ
        )


def read(path: Path) -> NDArray[Any]:
    with rasterio.open(path) as dataset:
        values: NDArray[Any] = dataset.read()
        return values


def test_bands_are_those_of_the_sensors() -> None:
    for layer in LAYERS.values():
        if layer.sensor not in {"", "dem"}:
            sensor = load_sensor(layer.sensor)
            quality = {sensor.quality.name} if sensor.quality else set()
            assert [name for name in layer.bands if name not in quality] == list(sensor.band_names)
    assert load_sensor("sentinel2_l2a").band_names == SENTINEL2


def test_every_window_is_that_part_of_the_whole(site: SimulatedSite) -> None:
    """The last epoch, drawn again piece by piece, in another order."""
    truth, influence, dem = (read(paths[-1])[0] for paths in (site.truths, site.influence, site.dem))
    date = json.loads(site.truth.read_text("utf-8"))["epochs"][-1]["date"]
    year = int(date[:4]) + (np.datetime64(date) - np.datetime64(date[:4])).astype(int) / 365
    district = District(2, SIZE, SIDE, 2015.8, 2024.6)
    for row, column in ((1, 1), (0, 1), (1, 0), (0, 0)):
        piece = district.piece(row, column)
        land, window = piece.territory.at(year), (piece.rows, piece.columns)
        classes = looked_up(land.surface, LAND_CLASS)[piece.inside]
        observed = truth[window] != 255
        np.testing.assert_array_equal(truth[window][observed], classes[observed])
        np.testing.assert_array_equal(influence[window], piece.territory.changed_at(year)[piece.inside])
        np.testing.assert_allclose(dem[window], land.elevation[piece.inside] + 1050, atol=1e-3)


@pytest.mark.parametrize(("row", "column"), [(1, 1), (0, 1)])
def test_every_window_of_a_scene_is_that_part_of_the_whole(site: SimulatedSite, row: int, column: int) -> None:
    date = datetime.date.fromisoformat(json.loads(site.truth.read_text("utf-8"))["epochs"][0]["date"])
    rain_mm = annual_rain(simulate_climate(generator(2, 2), 2003, 2024), date.year)
    epoch = Epoch(date, rain_mm, True, load_sensor("sentinel2_l2a"), load_sensor("landsat5_c2l2"))
    scenes = {"images": site.images, "images_cloudy": site.images_cloudy, "images_landsat": site.images_landsat}
    drawn = epoch.draw(District(2, SIZE, SIDE, 2015.8, 2024.6).piece(row, column), scenes)
    for name, paths in scenes.items():
        part = read(paths[0])[:, *drawn.window(LAYERS[name].cells)]
        np.testing.assert_array_equal(part, drawn.rasters[name])


def test_the_land_changes_only_where_the_mine_has_influence(site: SimulatedSite) -> None:
    first, *later = (read(path)[0] for path in site.truths)
    areas = []
    for ids, path in zip(later, site.influence[1:], strict=True):
        influence = read(path)[0]
        both = (first != 255) & (ids != 255)
        assert influence[both & (first != ids)].all()
        areas.append(influence.sum())
    assert not read(site.influence[0]).any()
    assert 0 < areas[0] < areas[1]


def test_the_pit_is_cut_into_the_land_and_dumps_are_built_on_it(site: SimulatedSite) -> None:
    before, after = read(site.dem[0])[0], read(site.dem[-1])[0]
    changed, mined = read(site.influence[-1])[0] == 1, read(site.truths[-1])[0] == 0
    rise = after - before
    assert rise[mined].mean() < -15
    assert 10 < np.quantile(rise[changed], 0.98) < 40
    assert np.abs(rise[~changed]).mean() < 0.5
    assert 900 < before.min() < before.max() < 1200


def test_slopes_towards_the_sun_are_brighter(site: SimulatedSite) -> None:
    """The sun stands between 140 and 160 degrees: to the right and, mostly, down."""
    down, right = np.gradient(read(site.dem[-1])[0], 10)
    image, mined = read(site.images[-1])[8].astype(float), read(site.truths[-1])[0] == 0
    falls = -(0.5 * right + 0.87 * down)[mined]
    assert np.corrcoef(falls, image[mined])[0, 1] > 0.3


def test_polygons_have_the_area_of_the_maps(site: SimulatedSite) -> None:
    table = geopandas.read_file(site.polygons)
    truth = json.loads(site.truth.read_text("utf-8"))
    assert set(table.kind) >= {"pit", "sump", "dump", "tailings pond", "plant"}
    assert set(table.mine) == {1, 2, 3, 4}
    for entry in truth["epochs"]:
        parts = table[table.epoch == entry["date"]]
        pits = parts[parts.kind.isin(["pit", "sump"])].area_km2.sum()
        assert pits == pytest.approx(entry["excavated_km2"], abs=1e-6)
        assert parts.area_km2.sum() <= entry["affected_km2"] + 1e-6


def test_pits_grow_in_the_direction_that_is_told(site: SimulatedSite) -> None:
    """From where digging begins to the middle of the finished pit; water and villages may turn it aside."""
    table = geopandas.read_file(site.polygons)
    truth = json.loads(site.truth.read_text("utf-8"))
    pits = table[(table.kind == "pit") & (table.epoch == truth["epochs"][-1]["date"])].dissolve("mine")
    assert [mine["mine"] for mine in truth["mines"]] == [1, 2, 3, 4]
    for mine in truth["mines"]:
        middle = pits.geometry[mine["mine"]].centroid
        towards = np.rad2deg(np.arctan2(middle.x - mine["easting_m"], middle.y - mine["northing_m"]))
        assert abs((towards - mine["growth_azimuth_deg"] + 180) % 360 - 180) < 60
        octants = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
        assert octants[round(mine["growth_azimuth_deg"] / 45) % 8] == mine["growth_direction"]


@pytest.mark.parametrize("name", ["images", "images_cloudy", "images_landsat", "sar", "dem"])
def test_scenes_are_recognised_and_lie_on_the_grid(site: SimulatedSite, name: str) -> None:
    grid = coarser(simulated_grid(SIZE), LAYERS[name].cells)
    bands = LAYERS[name].bands if name == "dem" else None
    for path in getattr(site, name):
        with open_scene(path, bands=bands) as scene:
            height, width = scene.grid.shape
            _, observed = scene.read(slice(0, height), slice(0, width))
            assert scene.sensor.name == LAYERS[name].sensor
            assert scene.grid == GeoBox(grid.shape, grid.affine, scene.grid.crs)
        assert observed.mean() > 0.5


def test_clouds_are_masked_by_the_classification(site: SimulatedSite) -> None:
    path = site.images_cloudy[-1]
    codes, clear = read(path)[10], read(site.images[-1])
    with open_scene(path) as scene:
        numbers, observed = scene.read(slice(0, SIZE), slice(0, SIZE))
    np.testing.assert_array_equal(observed, np.isin(codes, (4, 5, 6)))
    difference = np.abs(numbers - clear)[:, observed].mean()
    hidden = (codes == 9) | (codes == 3)
    assert difference < 500
    assert np.abs(read(path)[:10].astype(float) - clear)[:, hidden].mean() > 2 * difference
