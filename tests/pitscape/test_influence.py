import json
import os
import re
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pyogrio
import pytest
import rasterio
from affine import Affine
from odc.geo.geobox import GeoBox
from shapely.geometry import LineString, Point, box
from shapely.geometry.base import BaseGeometry

from pitscape.affected_land import _polygons
from pitscape.cli import main
from pitscape.imagery.class_map import open_class_map, save_class_map
from pitscape.imagery.legend import load_legend
from pitscape.inference.areas.proportions import class_areas
from pitscape.ready_map import write_ready_map

SIDE = 120
AFFINE = Affine(10, 0, 620_000, 0, -10, 5_010_000)
GRID = GeoBox((SIDE, SIDE), AFFINE, "EPSG:32650")
MINED, OCCUPIED, VEGETATED, WATER, UNOBSERVED = 0, 1, 2, 3, 255
Run = Callable[..., int]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Three maps: a pit that grows to the east, a dump beside it, a village far away, some land not seen."""
    ids = np.full((SIDE, SIDE), VEGETATED, np.uint8)
    ids[100:106, 100:106] = OCCUPIED
    ids[:3] = UNOBSERVED
    epochs = [ids]
    for east, south in ((60, 80), (70, 90)):
        ids = ids.copy()
        ids[40:60, 50:east] = MINED
        ids[60:south, 50:60] = OCCUPIED
        epochs.append(ids)
    for year, each in zip((2015, 2018, 2022), epochs, strict=True):
        save_class_map(tmp_path / f"classes_{year}0801.tif", each, GRID, load_legend())
    return tmp_path


@pytest.fixture
def run(site: Path) -> Run:
    maps = [str(path) for path in sorted(site.glob("classes_*.tif"))]

    def call(*options: str, verb: str = "influence", output: str = "influence.gpkg", of: list[str] = maps) -> int:
        return main([verb, *of, "--output", str(site / output), *(str(each) for each in options)])

    return call


def told(site: Path, name: str = "influence.gpkg") -> dict[str, Any]:
    content: dict[str, Any] = json.loads((site / f"{name}.json").read_text())
    return content


def flags(site: Path) -> set[str]:
    return {flag["name"] for flag in told(site)["flags"]}


def write_raster(path: Path, values: np.ndarray, affine: Affine = AFFINE, *, nodata: float | None = None) -> Path:
    profile = {"driver": "GTiff", "count": 1, "dtype": values.dtype, "crs": "EPSG:32650", "transform": affine}
    height, width = values.shape
    with rasterio.open(path, "w", **profile, height=height, width=width, nodata=nodata) as dataset:
        dataset.write(values, 1)
    return path


def test_layers_raster_and_json_tell_the_same_areas(site: Path, run: Run) -> None:
    assert run("--raster", str(site / "parts.tif"), "--figure", str(site / "gradient.html")) == 0
    content, parts = told(site), pyogrio.read_dataframe(site / "influence.gpkg", layer="influence")
    area = content["area_km2"]
    assert area["mined"] == pytest.approx(0.0400, rel=2e-3)  # 20 x 20 cells of 100 m2, on the plane
    assert area["changed"] == pytest.approx(0.0300, rel=2e-3)
    assert area["influence"] == pytest.approx(area["mined"] + area["changed"])
    assert parts["area_km2"].sum() == pytest.approx(area["influence"], rel=1e-9)
    assert parts["geometry_area_km2"].sum() == pytest.approx(area["influence"], rel=1e-5)
    assert parts["cells"].sum() == 700
    assert set(parts["part"]) == {"mined", "changed"}
    with open_class_map(site / "parts.tif") as classes:
        rows = {row.class_name: row.area_km2 for row in class_areas(classes)}
    assert rows["mined"] + rows["changed"] == pytest.approx(area["influence"], rel=1e-9)
    assert sum(row["area_km2"] for row in content["transitions"]) == pytest.approx(area["influence"])
    assert sum(row["area_km2"] for row in content["octants"]) == pytest.approx(area["influence"])
    assert "cut-off" in (site / "gradient.html").read_text(encoding="utf-8")
    assert content["unobserved_km2"]["in_map"] == pytest.approx(0.0360, rel=2e-3)
    assert sorted(content["inputs_sha256"]) == [f"classes_{year}0801.tif" for year in (2015, 2018, 2022)]
    assert str(site) not in json.dumps(content)


def test_the_influence_is_affected_land_of_a_site_file(site: Path, run: Run) -> None:
    assert run() == 0
    with open_class_map(site / "classes_20220801.tif") as last:
        outline = _polygons(site / "influence.gpkg", last)
    assert outline.geometry[0].area == pytest.approx(700 * 100)  # layer influence, not the scope


def test_the_scope_is_a_layer_of_its_own(site: Path, run: Run) -> None:
    assert run() == 0
    scope = pyogrio.read_dataframe(site / "influence.gpkg", layer="scope")
    content = told(site)
    assert len(scope) == 1
    assert scope["area_km2"][0] == pytest.approx(content["scope_km2"])
    assert scope["geometry_area_km2"][0] == pytest.approx(content["scope_km2"], rel=1e-5)
    assert scope["cut_off_m"][0] == content["cut_off_m"]
    parts = pyogrio.read_dataframe(site / "influence.gpkg", layer="influence")
    assert parts.geometry.within(scope.geometry[0].buffer(1e-6)).all()


def test_equal_work_gives_equal_bytes(site: Path, run: Run) -> None:
    assert run("--raster", str(site / "a.tif")) == 0
    first = [(site / name).read_bytes() for name in ("influence.gpkg", "influence.gpkg.json", "a.tif")]
    assert run("--raster", str(site / "a.tif")) == 0
    assert [(site / name).read_bytes() for name in ("influence.gpkg", "influence.gpkg.json", "a.tif")] == first


def test_the_gradient_is_a_table_of_rings(site: Path, run: Run) -> None:
    assert run("--ring", "50") == 0
    rings = told(site)["gradient"]
    assert [row["from_m"] for row in rings[:3]] == [0, 50, 100]
    assert sum(row["land_km2"] for row in rings) == pytest.approx((SIDE * (SIDE - 3) - 400) * 1e-4, rel=2e-3)
    fitted = [row["fitted"] for row in rings if row["fitted"] is not None]
    assert fitted == sorted(fitted, reverse=True)


def test_barriers_in_another_crs_close_land_off(site: Path, run: Run) -> None:
    west_to_east = LineString([AFFINE @ (-5, 70), AFFINE @ (SIDE + 5, 70)])
    table = geopandas.GeoDataFrame(geometry=[west_to_east], crs="EPSG:32650").to_crs("EPSG:4326")
    table.to_file(site / "barriers.gpkg")
    assert run("--barriers", str(site / "barriers.gpkg")) == 0
    assert "not_reached" in flags(site)
    assert told(site)["area_km2"]["changed"] == pytest.approx(0.0100, rel=2e-3)  # the dump's ten rows before it
    assert "barriers.gpkg" in told(site)["inputs_sha256"]


@pytest.mark.parametrize(
    ("geometry", "crs", "said"),
    [
        (box(0, 0, 1, 1), "EPSG:4326", r"none of its 1 barriers meets .*classes_20150801\.tif; check both CRS"),
        (Point(0, 0), "EPSG:4326", "holds no line or polygon"),
        (box(0, 0, 1, 1), None, "has no coordinate reference system"),
    ],
)
def test_barriers_that_are_none_are_refused(
    geometry: BaseGeometry, crs: str | None, said: str, site: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.warns(UserWarning, match="crs") if crs is None else nullcontext():
        geopandas.GeoDataFrame(geometry=[geometry], crs=crs).to_file(site / "barriers.gpkg")
    assert run("--barriers", str(site / "barriers.gpkg")) == 2
    error = capsys.readouterr().err
    assert re.search(said, error)
    assert error.count("\n") == 1


def test_a_dem_that_covers_half_is_level_elsewhere_and_told(site: Path, run: Run) -> None:
    dem = np.tile(np.linspace(0, 300, SIDE // 2, dtype=np.float32), (SIDE, 1))
    assert run("--dem", str(write_raster(site / "dem.tif", dem))) == 0
    assert "dem_gap" in flags(site)
    (gap,) = (flag["text"] for flag in told(site)["flags"] if flag["name"] == "dem_gap")
    assert "50.0 %" in gap
    assert "dem.tif" in told(site)["inputs_sha256"]


def test_a_dem_of_other_land_is_refused(site: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    elsewhere = Affine(10, 0, 320_000, 0, -10, 5_010_000)
    dem = write_raster(site / "dem.tif", np.ones((50, 50), np.float32), elsewhere)
    assert run("--dem", str(dem)) == 2
    assert "dem.tif: does not cover the map" in capsys.readouterr().err


def test_a_dem_in_feet_is_refused(site: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    dem = write_raster(site / "dem.tif", np.zeros((SIDE, SIDE), np.float32))
    with rasterio.open(dem, "r+") as dataset:
        dataset.units = ("ft",)
    assert run("--dem", str(dem)) == 2
    assert "dem.tif: its elevation is in ft; bring it to metres" in capsys.readouterr().err


def test_a_map_from_south_to_north_tells_the_same(site: Path, run: Run) -> None:
    assert run() == 0
    expected = told(site)
    turned = []
    for path in sorted(site.glob("classes_*.tif")):
        with open_class_map(path) as classes:
            grid = GeoBox((SIDE, SIDE), AFFINE * Affine(1, 0, 0, 0, -1, SIDE), "EPSG:32650")
            turned.append(site / "south" / path.name)
            save_class_map(turned[-1], classes.read()[::-1].copy(), grid, load_legend())
    barrier = LineString([AFFINE @ (-5, 70.5), AFFINE @ (SIDE + 5, 70.5)])
    geopandas.GeoDataFrame(geometry=[barrier], crs="EPSG:32650").to_file(site / "barriers.gpkg")
    maps = [str(path) for path in turned]
    assert run(output="south.gpkg", of=maps) == 0
    found = told(site, "south.gpkg")
    for key in ("area_km2", "octants", "cut_off_m", "transitions"):
        assert_same(found[key], expected[key])
    assert run("--barriers", str(site / "barriers.gpkg"), output="south.gpkg", of=maps) == 0
    assert told(site, "south.gpkg")["area_km2"]["changed"] == pytest.approx(0.0100, rel=2e-3)
    assert run(verb="growth", output="south.csv", of=maps) == 0
    assert told(site, "south.csv")["since_first"]["direction"] == "E"


def assert_same(found: object, expected: object) -> None:
    if isinstance(expected, list):
        assert isinstance(found, list)
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other)
    else:
        assert found == pytest.approx(expected)


def test_mined_specks_count_once_in_the_excess(site: Path, run: Run) -> None:
    ids = np.full((SIDE, SIDE), VEGETATED, np.uint8)
    save_class_map(site / "1.tif", ids, GRID, load_legend())
    ids[40:60, 50:70] = MINED
    ids[48:51, 72:75] = MINED  # 0.09 ha, no mine by itself, two cells beside it
    save_class_map(site / "2.tif", ids, GRID, load_legend())
    assert run(of=[str(site / "1.tif"), str(site / "2.tif")]) == 0
    content = told(site)
    assert content["area_km2"]["mined"] == pytest.approx(409e-4, rel=2e-3)
    assert content["excess_km2"]["estimate"] == pytest.approx(409e-4, rel=2e-3)  # nothing changed far away


def test_the_first_layer_of_several_holds_the_barriers(site: Path, run: Run) -> None:
    for name, row in (("ridge", 70), ("other", 2)):
        line = LineString([AFFINE @ (-5, row), AFFINE @ (SIDE + 5, row)])
        geopandas.GeoDataFrame(geometry=[line], crs="EPSG:32650").to_file(site / "barriers.gpkg", layer=name)
    assert run("--barriers", str(site / "barriers.gpkg")) == 0
    assert told(site)["area_km2"]["changed"] == pytest.approx(0.0100, rel=2e-3)


def test_the_record_tells_what_is_infinite_from_what_is_left_out(site: Path, run: Run) -> None:
    assert run() == 0
    assert told(site)["options"]["link"] is None
    assert run("--link", "inf", "--river-cost", "inf") == 0
    assert told(site)["options"]["link"] == "inf"
    assert told(site)["resistance"]["river"] is None


def test_epochs_may_be_named(site: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--epochs", "2015, 2018, 2022") == 0
    assert told(site)["epochs"] == ["2015", "2018", "2022"]
    assert run("--epochs", "2015,2018,2016", verb="growth", output="growth.csv") == 2
    assert "is of 2016, before classes_20180801.tif of 2018; give maps in order of time" in capsys.readouterr().err


def test_a_slope_makes_ways_longer(site: Path, run: Run) -> None:
    assert run("--ring", "50") == 0
    level = len(told(site)["gradient"])
    slope = np.tile(np.arange(SIDE, dtype=np.float32) * 10 * np.tan(np.radians(20)).astype(np.float32), (SIDE, 1))
    assert run("--ring", "50", "--dem", str(write_raster(site / "dem.tif", slope)), "--slope-cost", "20") == 0
    assert len(told(site)["gradient"]) == pytest.approx(2 * level, abs=2)  # 20 degrees double each metre


def test_vegetation_loss_near_the_mine_counts(site: Path, run: Run) -> None:
    rng = np.random.default_rng(0)
    before = rng.normal(0.6, 0.02, (SIDE, SIDE)).astype(np.float32)
    after = before - np.float32(0.1)
    after[40:60, 45:50] = 0.1  # dust beside the pit
    indices = [write_raster(site / f"{name}.tif", values) for name, values in (("first", before), ("last", after))]
    assert run("--index", *(str(path) for path in indices), "--index-limit", "6") == 0
    content = told(site)
    assert content["area_km2"]["vegetation_loss"] == pytest.approx(0.0100, rel=2e-3)
    assert content["index"]["median_difference"] == pytest.approx(-0.1, abs=0.001)
    assert content["transitions"][-1] == {
        "from": "vegetated",
        "to": "vegetation index fell",
        "area_km2": pytest.approx(0.0100, rel=2e-3),
    }


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--far", "0.9"], "--far 0.9: must be between 0.05 and 0.75"),
        (["--min-seed", "nan"], "--min-seed nan: must be between 0 and inf"),
        (["--into", "mined,snow"], "--into snow: is no role of a class"),
        (["--ring", "0"], "--ring 0: must be between"),
        (["--ring", "0.01"], "--ring 0.01: rings of less than 0.2 m are too narrow; the farthest land is 807 m"),
        (["--river-cost", "0.5"], "--river-cost 0.5: must be between 1 and inf"),
        (["--min-seed", "9"], "the largest patch of mined land has 4.00 ha; lower --min-seed"),
    ],
)
def test_options_out_of_range_are_refused_in_one_line(
    options: list[str], said: str, site: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*options) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not (site / "influence.gpkg").exists()


def test_wrong_series_are_refused(site: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    first, second, third = (str(path) for path in sorted(site.glob("classes_*.tif")))
    assert run(of=[third, first]) == 2
    assert (
        "is of 2015-08-01, before classes_20220801.tif of 2022-08-01; give maps in order of time"
        in capsys.readouterr().err
    )
    assert run(of=[first]) == 2
    assert "is one map; give at least two" in capsys.readouterr().err
    assert run(of=[first, second, second]) == 2
    assert "a map is given twice" in capsys.readouterr().err
    assert run(output="classes_20150801.tif") == 2
    assert "end the name in .gpkg" in capsys.readouterr().err
    assert run(verb="growth", output="growth.html") == 2
    assert "end the name in .csv" in capsys.readouterr().err
    assert run("--raster", first) == 2
    assert "is an input of this run" in capsys.readouterr().err


def test_maps_of_other_legends_are_refused(site: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    legend = load_legend(Path("configs/legends/zamora.yaml"))
    save_class_map(site / "other.tif", np.zeros((SIDE, SIDE), np.uint8), GRID, legend)
    assert run(of=[str(site / "classes_20150801.tif"), str(site / "other.tif")]) == 2
    assert "other.tif: has classes mine and dump sites, urban" in capsys.readouterr().err


def test_growth_is_a_table_and_a_rose(site: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--figure", str(site / "rose.html"), verb="growth", output="growth.csv") == 0
    content = told(site, "growth.csv")
    opening, east = content["pairs"]
    assert opening["opening"]
    assert (east["direction"], content["since_first"]["direction"]) == ("E", "E")
    assert east["new_mined_km2"] == pytest.approx(0.0200, rel=2e-3)
    assert "barpolar" in (site / "rose.html").read_text(encoding="utf-8")
    assert "2018-08-01 to 2022-08-01: 0.0200 km2, to the E" in capsys.readouterr().out


def test_zamora_s_quarries_grow_and_stay_within_their_surroundings(tmp_path: Path) -> None:
    if "PITSCAPE_DATA" not in os.environ:
        pytest.skip("PITSCAPE_DATA is not set: it names the folder of real data that holds zamora_lulc")
    legend = load_legend(Path("configs/legends/zamora.yaml"))
    codes = dict(
        enumerate(("forest", "scrub", "agriculture", "open", "urban", "industrial", legend.names[0], "inland water"), 1)
    )
    maps = [str(tmp_path / f"{year}.tif") for year in (1986, 1998, 2003, 2016)]
    for path in maps:
        year = Path(path).stem
        write_ready_map(
            Path(os.environ["PITSCAPE_DATA"]) / "zamora_lulc" / f"lulc_{year}_30m.tif", Path(path), legend, codes
        )
    assert main(["influence", *maps, "--output", str(tmp_path / "influence.gpkg"), "--into", "mined"]) == 0
    content = told(tmp_path)
    assert content["area_km2"]["influence"] == content["area_km2"]["mined"]
    assert 0 < content["area_km2"]["mined"] < 5  # small quarries in 684 km2
    assert {"mined_before"} <= {flag["name"] for flag in content["flags"]}
