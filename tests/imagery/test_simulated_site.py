import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from pitscape.imagery.class_map import open_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.outputs import sha256_of
from pitscape.imagery.product import date_of
from pitscape.imagery.scene import open_scene
from pitscape.imagery.sensor import load_sensor
from pitscape.imagery.simulated.site import SimulatedSite, epoch_years, simulate_site

SIZE, EPOCHS = 65, 3


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> SimulatedSite:
    return simulate_site(tmp_path_factory.mktemp("simulated") / "new" / "site", size=SIZE, epochs=EPOCHS, seed=4)


def year_of(path: Path) -> int:
    acquired = date_of(path)
    assert acquired
    return acquired.year


def hashes(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): sha256_of(path) for path in folder.rglob("*") if path.is_file()}


def test_equal_arguments_give_equal_bytes(site: SimulatedSite, tmp_path: Path) -> None:
    again = simulate_site(tmp_path, size=SIZE, epochs=EPOCHS, seed=4)
    assert again.folder == tmp_path
    assert hashes(again.folder) == hashes(site.folder)


def test_another_seed_gives_another_site(site: SimulatedSite, tmp_path: Path) -> None:
    other = simulate_site(tmp_path / "other", size=64, epochs=2, seed=5)
    assert sha256_of(other.ecosystems) != sha256_of(site.ecosystems)
    assert len(other.images) == 2


def test_every_epoch_has_its_files(site: SimulatedSite) -> None:
    years = epoch_years(EPOCHS)
    assert (years[0], years[-1]) == (2015, 2024)
    assert [year_of(path) for path in site.images] == years
    assert [path.name for path in site.truths] == [path.name for path in site.images]
    assert [path.name for path in site.npp] == [f"npp_{year}.tif" for year in years]
    for paths in (site.images_cloudy, site.dem, site.influence):
        assert [path.name for path in paths] == [path.name for path in site.images]
    assert [path.name for path in site.images_landsat] == [site.images[0].name]
    assert [path.name for path in site.sar] == [path.name for path in site.images if year_of(path) >= 2017]
    for paths, name in ((site.et, "et"), (site.runoff, "runoff")):
        assert [path.name for path in paths] == [f"{name}_{year}.tif" for year in years]
    assert not list(site.folder.parent.glob(".*"))


def test_truth_json_counts_what_the_maps_hold(site: SimulatedSite) -> None:
    entries = json.loads(site.truth.read_text("utf-8"))["epochs"]
    for path, entry in zip(site.truths, entries, strict=True):
        with open_class_map(path) as opened:
            ids = opened.read()
            names = opened.legend.names
        assert entry["name"] == path.stem
        assert [row["cells"] for row in entry["classes"]] == np.bincount(ids[ids < 255], minlength=4).tolist()
        assert [row["class_name"] for row in entry["classes"]] == list(names)
        assert entry["unobserved_cells"] == int((ids == 255).sum())
        km2 = sum(row["area_km2"] for row in entry["classes"]) + entry["unobserved_km2"]
        assert km2 == pytest.approx(SIZE**2 * 1e-4, rel=1e-3)
    mined = [entry["classes"][0]["cells"] for entry in entries]
    assert mined[0] == 0 < mined[1] < mined[2]


def test_truth_json_knows_the_life_of_the_mine(site: SimulatedSite) -> None:
    truth = json.loads(site.truth.read_text("utf-8"))
    with site.production.open(newline="") as file:
        produced = {int(row["year"]): float(row["production_mt"]) for row in csv.DictReader(file)}
    stages = {row["year"]: row["stage"] for row in truth["life_cycle"]["stages"]}
    assert {year for year, stage in stages.items() if stage == "initial"} == {y for y, mt in produced.items() if not mt}
    assert [entry["stage"] for entry in truth["epochs"]] == [stages[entry["year"]] for entry in truth["epochs"]]
    years = truth["thresholds"]["years"]
    assert 2015.8 < years["elastic"] < years["yield"] < years["mutation"] < 2025
    assert years["mutation"] > truth["life_cycle"]["stable_from"]
    [mine] = truth["mines"]
    with rasterio.open(site.dem[-1]) as dem:
        assert dem.bounds.left < mine["easting_m"] < dem.bounds.right
        assert dem.bounds.bottom < mine["northing_m"] < dem.bounds.top


def test_old_and_new_scenes_read_alike(site: SimulatedSite) -> None:
    sensor, medians = load_sensor("sentinel2_l2a"), []
    for image, truth in zip(site.images, site.truths, strict=True):
        with open_scene(image, sensor) as scene, open_class_map(truth) as opened:
            numbers, observed = scene.read(slice(0, SIZE), slice(0, SIZE))
            ids = opened.read()
        np.testing.assert_array_equal(observed, ids != 255)
        medians.append(np.median(sensor.physical(numbers, sensor.band_names)[6][ids == 2]))
    assert [year_of(path) < 2022 for path in site.images] == [True, True, False]
    assert max(medians) - min(medians) < 0.05
    assert 0.15 < np.mean(medians) < 0.35


def test_training_shows_other_land_with_few_gaps_in_its_labels(site: SimulatedSite) -> None:
    assert [path.name for path in site.training_images] == [path.name for path in site.training_masks]
    codes = np.zeros(256, np.int64)
    with rasterio.open(site.images[0]) as image:
        home = image.bounds
    for path in site.training_masks:
        with rasterio.open(path) as mask:
            assert mask.bounds.top < home.bottom
            codes += np.bincount(mask.read(1).ravel(), minlength=256)
    assert (codes[:5] > 0).all()
    assert (codes[5:] == 0).all()
    assert codes[0] < 0.15 * codes.sum()


def test_rasters_say_their_unit_and_nodata(site: SimulatedSite) -> None:
    with rasterio.open(site.npp[-1]) as npp, rasterio.open(site.et[-1]) as et, rasterio.open(site.ecosystems) as types:
        assert (npp.units, et.units) == (("kg C m-2 y-1",), ("mm y-1",))
        assert npp.nodata == et.nodata == -9999
        assert npp.dtypes == et.dtypes == ("float32",)
        assert set(np.unique(types.read(1))) <= {0, 1, 2, 3}
        assert types.transform == npp.transform


def test_npp_falls_where_land_is_mined(site: SimulatedSite) -> None:
    with open_class_map(site.truths[-1]) as opened:
        mined = opened.read() == 0
    means = []
    for path in site.npp:
        with rasterio.open(path) as npp:
            means.append(npp.read(1, masked=True)[mined].mean())
    assert means[-1] < 0.2 * means[0]


def test_tables_have_the_columns_that_the_project_exchanges(site: SimulatedSite) -> None:
    with site.climate.open(newline="") as file:
        climate = list(csv.DictReader(file))
    assert list(climate[0]) == ["year", "month", "precipitation_mm", "temperature_c"]
    assert (climate[0]["year"], climate[-1]["year"], len(climate)) == ("2003", "2024", 22 * 12)
    with site.production.open(newline="") as file:
        assert list(next(csv.DictReader(file))) == ["year", "production_mt"]


@pytest.mark.parametrize(
    "wrong", [{"size": 63}, {"size": 100_001}, {"epochs": 1}, {"epochs": 11}, {"seed": -1}, {"seed": 2**32}]
)
def test_wrong_numbers_are_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    [(option, value)] = wrong.items()
    with pytest.raises(InputError, match=f"{option} {value}: .*choose"):
        simulate_site(tmp_path / "site", **wrong)
    assert not list(tmp_path.iterdir())


def test_a_disk_that_is_too_full_is_refused_before_any_work(tmp_path: Path) -> None:
    """Ten bands of two bytes for 10 dates of 10^10 cells: 1200 GB when compressed to 60 %."""
    used = shutil.disk_usage(tmp_path)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(InputError, match=r"1200\.0 GB are needed, 100\.0 GB"):
        patch.setattr(shutil, "disk_usage", lambda _: used._replace(free=100_000_000_000))
        simulate_site(tmp_path / "site", size=100_000, epochs=10, layers=("images",))
    assert not list(tmp_path.iterdir())


def test_unknown_layers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="layers dams, roads: there are none; choose from images, images_cloudy,"):
        simulate_site(tmp_path / "site", layers=("truth", "roads", "dams"))
    assert not list(tmp_path.iterdir())


def test_what_is_written_does_not_depend_on_what_is_left_out(site: SimulatedSite, tmp_path: Path) -> None:
    layers = ("images_landsat", "runoff", "et", "sar")
    few = hashes(simulate_site(tmp_path / "few", size=SIZE, epochs=EPOCHS, seed=4, layers=layers).folder)
    every = hashes(site.folder)
    assert {name.split("/")[0] for name in few if "/" in name} == set(layers)
    assert {name: every[name] for name in few} == few


def test_a_folder_in_use_is_refused_and_left_alone(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("mine")
    for taken in (tmp_path, note):
        with pytest.raises(InputError, match="not an empty folder; name a new one"):
            simulate_site(taken, size=64, epochs=2)
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]
    assert note.read_text() == "mine"


def test_a_run_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def stop(done: int, steps: int) -> None:
        assert (done, steps) == (1, 18)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate_site(tmp_path / "site", size=64, epochs=2, progress=stop)
    assert not list(tmp_path.iterdir())
