import json
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray
from shapely.geometry import box
from small_scenes import UTM, grid, write_raster

from pitscape.cli import main
from pitscape.imagery.class_map import save_class_map
from pitscape.imagery.legend import load_legend
from pitscape.resilience.landscape import pattern_of
from pitscape.resilience.patches import find_patches
from pitscape.resilience.windows import window_maps

WEST, NORTH, SIDE = 585420, 5652250, 10.0


def ids_of(height: int = 40, width: int = 50) -> NDArray[np.uint8]:
    rng = np.random.default_rng(0)
    ids = np.kron(rng.integers(0, 4, (height // 5, width // 5)), np.ones((5, 5))).astype(np.uint8)
    speckled = rng.random(ids.shape) < 0.05
    ids[speckled] = rng.integers(0, 4, speckled.sum())
    ids[30:, :7] = 255
    return ids


@pytest.fixture
def class_map(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "classes.tif"
    save_class_map(path, ids_of(), grid(40, 50), load_legend())
    return path


def metrics(*arguments: object, output: Path) -> dict[str, Any]:
    assert main(["landscape", *map(str, arguments), "--output", str(output)]) == 0
    return dict(json.loads(output.read_text(encoding="utf-8")))


def answer(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What standard error says of wrong input, in one line."""
    assert main(["landscape", *map(str, arguments)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("pitscape: ")
    assert said.count("\n") == 1
    return said


@pytest.mark.parametrize(("name", "unit"), [("landscape", ["--unit", "m"]), ("augusta_nlcd", [])])
def test_the_metrics_of_fragstats(reference_data: Path, tmp_path: Path, name: str, unit: list[str]) -> None:
    folder = reference_data / "fragstats_reference"
    found = metrics(folder / f"{name}.tif", *unit, output=tmp_path / "m.json")
    theirs = pd.read_csv(folder / f"fragstats_{name}_landscape.csv").iloc[0]
    for column in theirs.index.intersection(list(found["landscape"])):
        assert found["landscape"][column] == pytest.approx(theirs[column], abs=5e-5), column
    by_class = pd.read_csv(folder / f"fragstats_{name}_class.csv").sort_values("TYPE")
    assert [row["TYPE"] for row in found["class"]] == by_class.TYPE.tolist()
    assert [row["NAME"] for row in found["class"]] == by_class.TYPE.astype(str).tolist()
    assert "patch" not in found


def test_classes_carry_the_names_of_the_legend_and_what_is_not_defined_is_null(class_map: Path, tmp_path: Path) -> None:
    found = metrics(class_map, "--patches", output=tmp_path / "m.json")
    assert [row["NAME"] for row in found["class"]] == ["mined", "occupied", "vegetated", "water"]
    assert found["schema"] == 1
    assert found["options"]["connect_distance"] == 200
    assert set(found["inputs_sha256"]) == {"classes.tif"}
    assert len(found["patch"]) == found["landscape"]["NP"]
    assert sum(row["AREA"] for row in found["patch"]) == pytest.approx(1930 * 0.01)
    assert str(tmp_path) not in json.dumps(found)
    one = write_raster(tmp_path / "one.tif", np.full((1, 3, 3), 4, np.int16))
    alone = metrics(one, output=tmp_path / "one.json")
    assert alone["landscape"]["CONTAG"] is None
    assert alone["class"][0]["ENN_MN"] is None


def test_tables_beside_the_json(class_map: Path, tmp_path: Path) -> None:
    found = metrics(class_map, "--csv", "--patches", output=tmp_path / "m.json")
    for level, rows in (("landscape", [found["landscape"]]), ("class", found["class"]), ("patch", found["patch"])):
        table = pd.read_csv(tmp_path / f"m.{level}.csv", keep_default_na=True)
        assert table.columns.tolist() == list(rows[0])
        pd.testing.assert_frame_equal(table, pd.DataFrame(rows), check_dtype=False)
    assert metrics(class_map, "--csv", output=tmp_path / "n.json")
    assert not (tmp_path / "n.patch.csv").exists()


def test_the_sieve_is_in_hectares(class_map: Path, tmp_path: Path) -> None:
    before = metrics(class_map, "--patches", output=tmp_path / "m.json")
    assert min(row["AREA"] for row in before["patch"]) == pytest.approx(0.01)
    after = metrics(class_map, "--patches", "--min-area", 0.05, output=tmp_path / "s.json")
    assert min(row["AREA"] for row in after["patch"]) >= 0.05
    assert after["landscape"]["TA"] == pytest.approx(before["landscape"]["TA"])


def test_zones_are_measured_by_themselves(class_map: Path, tmp_path: Path) -> None:
    east, south = WEST + 200, NORTH - 250
    shapes = [box(WEST + 30, south, east, NORTH - 50), box(WEST, NORTH - 390, WEST + 60, NORTH - 320)]
    shapes.append(box(WEST + 5000, south, WEST + 6000, NORTH))
    table = geopandas.GeoDataFrame({"name": ["pit", "hidden", "away"]}, geometry=shapes, crs=UTM)
    table.to_crs("EPSG:4326").to_file(tmp_path / "z.gpkg")
    found = metrics(class_map, "--zones", tmp_path / "z.gpkg", "--csv", output=tmp_path / "m.json")
    pit, hidden, away = found["zones"]
    expected = pattern_of(find_patches(ids_of()[5:25, 3:20]), cell_size=SIDE)
    assert (pit["zone"], pit["landscape"]) == ("pit", pytest.approx(expected.landscape, nan_ok=True))
    assert len(pit["class"]) == 4
    assert hidden == {"zone": "hidden", "landscape": None, "class": []}
    assert away["landscape"] is None
    assert pd.read_csv(tmp_path / "m.landscape.csv").zone.fillna("").tolist() == ["", "pit"]


def test_maps_of_a_moving_window(class_map: Path, tmp_path: Path) -> None:
    ndvi = write_raster(tmp_path / "ndvi.tif", np.full((1, 40, 50), 0.5, np.float32))
    options = ["--window", 70, "--ndvi", ndvi, "--c1", 0.2, "--c2", 0.1]
    found = metrics(class_map, *options, output=tmp_path / "m.json")
    with rasterio.open(tmp_path / "m.window.tif") as dataset:
        assert dataset.descriptions == ("H", "SHEI", "CONTAG", "ED", "ECO_RES", "E")
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert (dataset.crs.to_string(), dataset.transform) == (UTM, grid(40, 50).affine)
        maps = dict(zip(dataset.descriptions, dataset.read(), strict=True))
    scores = {each.id: each.score for each in load_legend().classes}
    expected = window_maps(ids_of(), cell_size=SIDE, window=70.0, scores=scores)
    for name in ("H", "SHEI", "CONTAG", "ED"):
        np.testing.assert_array_equal(maps[name], expected[name])
    np.testing.assert_allclose(maps["ECO_RES"], expected["H"] * expected["SCORE"], rtol=1e-6)
    np.testing.assert_allclose(maps["E"], 0.08 * maps["H"] * 0.5 / 0.02 * maps["ECO_RES"], rtol=1e-5)
    assert np.isnan(maps["H"][30:, :7]).all()
    assert found["window"]["file"] == "m.window.tif"
    assert found["window"]["bands"]["ED"] == "m/ha"


def test_maps_without_scores_have_no_resilience(tmp_path: Path) -> None:
    raster = write_raster(tmp_path / "r.tif", ids_of()[None].astype(np.int32), nodata=255)
    metrics(raster, "--window", 50, output=tmp_path / "m.json")
    with rasterio.open(tmp_path / "m.window.tif") as dataset:
        assert dataset.descriptions == ("H", "SHEI", "CONTAG", "ED")


@pytest.mark.parametrize(
    ("dtype", "nodata"),
    [("uint8", 255), ("int16", -9999), ("int32", -(2**31)), ("uint16", None), ("int8", -1), ("float32", -9999)],
)
def test_integers_of_any_type(tmp_path: Path, dtype: str, nodata: int | None) -> None:
    ids = ids_of()[:25]
    ids[0, :9] = 255
    stored = ids.astype(np.int64)
    stored[ids == 255] = 255 if nodata is None else nodata
    raster = write_raster(tmp_path / "r.tif", stored[None].astype(dtype), nodata=nodata)
    given = ["--nodata", 255] if nodata is None else []
    found = metrics(raster, *given, "--min-area", 0.02, output=tmp_path / "m.json")
    again = write_raster(tmp_path / "u.tif", ids[None], nodata=255)
    assert found["landscape"] == metrics(again, "--min-area", 0.02, output=tmp_path / "u.json")["landscape"]


@pytest.mark.parametrize("nodata", [float("nan"), float(np.finfo(np.float32).min)])
def test_nodata_of_floats(tmp_path: Path, nodata: float) -> None:
    ids = ids_of()
    stored = np.where(ids == 255, nodata, ids).astype(np.float32)
    raster = write_raster(tmp_path / "r.tif", stored[None], nodata=nodata)
    expected = pattern_of(find_patches(ids), cell_size=SIDE).landscape
    assert metrics(raster, output=tmp_path / "m.json")["landscape"] == pytest.approx(expected)


def test_without_nodata_every_id_is_a_class(tmp_path: Path) -> None:
    raster = write_raster(tmp_path / "r.tif", np.array([[[0, 255], [0, 0]]], np.uint8))
    assert [row["TYPE"] for row in metrics(raster, output=tmp_path / "m.json")["class"]] == [0, 255]


def test_a_legend_may_be_named(tmp_path: Path) -> None:
    raster = write_raster(tmp_path / "r.tif", ids_of()[None])
    found = metrics(raster, "--legend", "four_class", output=tmp_path / "m.json")
    assert [row["NAME"] for row in found["class"]] == ["mined", "occupied", "vegetated", "water"]


def test_a_south_up_raster_has_the_same_metrics(class_map: Path, tmp_path: Path) -> None:
    profile = {"count": 1, "height": 40, "width": 50, "dtype": "uint8", "nodata": 255, "crs": UTM}
    flipped = Affine(SIDE, 0, WEST, 0, SIDE, NORTH - 400)
    with rasterio.open(tmp_path / "f.tif", "w", driver="GTiff", transform=flipped, **profile) as dataset:
        dataset.write(ids_of()[::-1], 1)
    expected = metrics(class_map, output=tmp_path / "m.json")["landscape"]
    assert metrics(tmp_path / "f.tif", output=tmp_path / "f.json")["landscape"] == pytest.approx(expected)


def test_a_raster_without_crs_needs_a_unit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raster = write_raster(tmp_path / "r.tif", ids_of()[None], crs=None)
    output = ["--output", tmp_path / "m.json"]
    assert "pass --unit m" in answer(capsys, raster, *output)
    assert metrics(raster, "--unit", "m", output=tmp_path / "m.json")["landscape"]["TA"] == pytest.approx(20)


def test_degrees_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raster = write_raster(tmp_path / "r.tif", ids_of()[None], crs="EPSG:4326", side=1e-4)
    for unit in ([], ["--unit", "m"]):
        said = answer(capsys, raster, *unit, "--output", tmp_path / "m.json")
        assert "r.tif: is not on a grid in metres; reproject it" in said
    assert not (tmp_path / "m.json").exists()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--window", 0], "window must be at least three cells of 10 m wide, got 0.0 m"),
        (["--window", 20], "window must be at least three cells of 10 m wide, got 20.0 m"),
        (["--connect-distance", 0], "--connect-distance must be a number above 0"),
        (["--min-area", -1], "--min-area one of at least 0"),
        (["--c1", 0.2], "E needs --window, --ndvi, --c1 and --c2 together"),
        (["--nodata", 3], "names 255 as its nodata, not 3"),
        (["--legend", "no_such"], "no_such"),
    ],
)
def test_wrong_options_are_answered_in_one_line(
    class_map: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[object], problem: str
) -> None:
    assert problem in answer(capsys, class_map, *options, "--output", tmp_path / "m.json")
    assert not (tmp_path / "m.json").exists()


@pytest.mark.parametrize(
    ("pixels", "problem"),
    [
        (np.full((1, 4, 4), 0.5, np.float32), "holds 0.5, which is no class id"),
        (np.ones((1, 4, 4), np.complex64), "is no categorical raster"),
        (np.zeros((2, 4, 4), np.uint8), "it has 2 of uint8"),
        (np.zeros((1, 4, 4), np.uint8), "No cell is observed"),
        (np.arange(300, dtype=np.int16).reshape(1, 10, 30) + 1, "more than 255 different ids"),
    ],
)
def test_what_is_no_class_map_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], pixels: NDArray[Any], problem: str
) -> None:
    raster = write_raster(tmp_path / "r.tif", pixels, nodata=0)
    assert problem in answer(capsys, raster, "--output", tmp_path / "m.json")


def test_an_input_is_never_written_over(class_map: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = class_map.read_bytes()
    assert "is an input of this run" in answer(capsys, class_map, "--output", class_map)
    assert class_map.read_bytes() == before


def test_a_mask_inside_the_file_hides_cells(tmp_path: Path) -> None:
    ids = ids_of().astype(np.int16)
    hidden = np.random.default_rng(1).random(ids.shape) < 0.6
    masked = write_raster(tmp_path / "masked.tif", ids[None])
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(masked, "r+") as dataset:
        dataset.write_mask(np.where(hidden, 0, 255).astype(np.uint8))
    ids[hidden] = -9999
    plain = write_raster(tmp_path / "plain.tif", ids[None], nodata=-9999)
    found, wanted = (metrics(path, output=tmp_path / "m.json")["landscape"] for path in (masked, plain))
    assert found == wanted


def test_cells_that_look_like_nodata_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ids = ids_of().astype(np.int16)
    ids[:10] = -9999
    metrics(write_raster(tmp_path / "c.tif", ids[None]), output=tmp_path / "m.json")
    assert "25 % of the cells have id -9999; if that is nodata, pass --nodata -9999" in capsys.readouterr().err


def test_numbers_that_do_not_fit_the_map_are_answered_in_one_line(
    class_map: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out" / "m.json"
    plain = write_raster(tmp_path / "in" / "c.tif", ids_of()[None])
    sheared = write_raster(tmp_path / "in" / "s.tif", ids_of()[None])
    with rasterio.open(sheared, "r+") as dataset:
        dataset.transform = Affine(30, 10, WEST, 0, -30, NORTH)
    scaled = write_raster(tmp_path / "in" / "ndvi.tif", np.full((1, 40, 50), 5400, np.int16))
    climate = ["--window", 90, "--ndvi", scaled, "--c1", 0.2, "--c2", 0.1]
    for arguments, problem in [
        ([class_map, "--min-area", 1000], "--min-area 1000: is more than all of"),
        ([plain, "--nodata", -9999], "holds uint8, which cannot be that"),
        ([plain, "--nodata", 10**20], "cannot be that"),
        ([sheared], "cells are no rectangles"),
        ([class_map, *climate], "holds 5400; NDVI is in -1 to 1"),
    ]:
        assert problem in answer(capsys, *arguments, "--output", out)
    assert not out.exists()
