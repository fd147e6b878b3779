"""The verb sample."""

import json
import time
from pathlib import Path
from xml.etree import ElementTree

import geopandas
import numpy as np
import pyogrio
import pytest
from affine import Affine
from odc.geo.geobox import GeoBox
from shapely.geometry import box
from small_scenes import grid

from pitscape.cli import main
from pitscape.imagery.class_map import save_class_map
from pitscape.imagery.legend import load_legend


@pytest.fixture
def classes(tmp_path: Path) -> Path:
    ids = np.full((60, 60), 2, np.uint8)
    ids[:12, :12], ids[:12, 20:30], ids[40:48, 40:55], ids[59] = 0, 1, 3, 255
    path = tmp_path / "classes.tif"
    save_class_map(path, ids, grid(60, 60), load_legend())
    return path


def test_a_sample_ready_for_labelling(classes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "points.gpkg"
    assert main(["sample", str(classes), "--size", "260", "--output", str(output)]) == 0
    assert "260 points" in capsys.readouterr().out
    table = pyogrio.read_dataframe(output, layer="points")
    assert [str(name) for name in table.columns] == ["id", "stratum", "x", "y", "reference", "note", "geometry"]
    assert table["reference"].isna().all()
    assert table["id"].tolist() == list(range(1, 261))
    assert (table.geometry.x == table["x"]).all()
    strata = pyogrio.read_dataframe(output, layer="strata", read_geometry=False)
    assert strata["stratum"].tolist() == ["mined", "occupied", "vegetated", "water"]
    assert strata["pixels"].tolist() == [144, 120, 3540 - 384, 120]
    assert strata["n"].tolist() == [50, 50, 110, 50]
    assert strata["weight"].sum() == pytest.approx(1)
    record = json.loads((tmp_path / "points.gpkg.json").read_text())
    assert [row["n"] for row in record["strata"]] == [50, 50, 110, 50]
    assert record["labels"] == ["mined", "occupied", "vegetated", "water"]
    assert record["options"]["seed"] == 0
    assert set(record["inputs_sha256"]) == {"classes.tif"}
    assert str(tmp_path) not in (tmp_path / "points.gpkg.json").read_text()


def test_the_form_offers_the_classes_and_hides_the_stratum(classes: Path, tmp_path: Path) -> None:
    output = tmp_path / "points.gpkg"
    assert main(["sample", str(classes), "--size", "200", "--output", str(output)]) == 0
    style = pyogrio.read_dataframe(output, layer="layer_styles", read_geometry=False).iloc[0]
    assert (style["f_table_name"], style["f_geometry_column"], style["useAsDefault"]) == ("points", "geom", True)
    widgets = ElementTree.fromstring(style["styleQML"].split("\n", 1)[1]).iter("field")  # noqa: S314 - our own
    by_name = {field.get("name"): field.find("editWidget") for field in widgets if field.find("editWidget") is not None}
    reference, stratum = by_name["reference"], by_name["stratum"]
    assert reference is not None
    assert stratum is not None
    values = [option.get("value") for option in reference.iter("Option") if option.get("value")]
    assert values[1:] == ["mined", "occupied", "vegetated", "water"]
    assert (reference.get("type"), stratum.get("type")) == ("ValueMap", "Hidden")


def test_equal_seeds_are_equal_bytes(classes: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        options = ["--size", "200", "--seed", str(seed), "--output", str(tmp_path / f"{name}.gpkg")]
        assert main(["sample", str(classes), *options]) == 0
        time.sleep(1.1)  # a GeoPackage would hold the time of writing, in seconds
    one, same, other = ((tmp_path / f"{name}.gpkg").read_bytes() for name in "abc")
    assert one == same
    assert one != other


def test_a_target_is_planned_with_assumed_accuracies(classes: Path, tmp_path: Path) -> None:
    """Of a class's share as of overall accuracy; the expected error is below the target."""
    for more in ([], ["--target-class", "mined"]):
        options = ["--target-se", "0.02", "--assumed-users", "0.9,mined=0.8", "--output", str(tmp_path / "p.gpkg")]
        assert main(["sample", str(classes), *options, *more]) == 0
        record = json.loads((tmp_path / "p.gpkg.json").read_text())
        assert 0.015 < record["expected_se"] <= 0.02 or record["points"] == 200
        assert record["assumed_users_accuracy"] == {"mined": 0.8, "occupied": 0.9, "vegetated": 0.9, "water": 0.9}
        assert record["cochran_size"] <= record["points"]


def test_transitions_within_zones(classes: Path, tmp_path: Path) -> None:
    later = np.full((60, 60), 2, np.uint8)
    later[:12, :16] = 0
    after, zones, output = (tmp_path / name for name in ("later/classes.tif", "zones.gpkg", "p.gpkg"))
    save_class_map(after, later, grid(60, 60), load_legend())
    west = box(585420, 5652250 - 600, 585420 + 180, 5652250)
    geopandas.GeoDataFrame({"name": ["west"]}, geometry=[west], crs="EPSG:32633").to_crs(4326).to_file(zones)
    options = ["--before", str(classes), "--zones", str(zones), "--size", "200", "--output", str(output)]
    assert main(["sample", str(after), *options]) == 0
    strata = pyogrio.read_dataframe(output, layer="strata", read_geometry=False)
    assert dict(zip(strata["stratum"], strata["pixels"], strict=True)) == {
        "mined to mined": 144,
        "vegetated to mined": 48,
        "vegetated to vegetated": 59 * 18 - 192,
    }
    assert strata["n"].tolist() == [50, 48, 102]
    inputs = json.loads((tmp_path / "p.gpkg.json").read_text())["inputs_sha256"]
    assert set(inputs) == {"later/classes.tif", f"{tmp_path.name}/classes.tif", "zones.gpkg"}
    table = pyogrio.read_dataframe(output, layer="points")
    assert (table["x"] < 585420 + 180).all()


def test_cells_of_unequal_area_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From 36 to 46 degrees north cells of EPSG:4326 shrink by cos 46 / cos 36 = .859."""
    path = tmp_path / "a.tif"
    where = GeoBox((100, 5), Affine(0.1, 0, 110, 0, -0.1, 46), "EPSG:4326")
    save_class_map(path, np.tile(np.array([0, 2, 2, 2, 3], np.uint8), (100, 1)), where, load_legend())
    assert main(["sample", str(path), "--size", "200", "--output", str(tmp_path / "p.gpkg")]) == 0
    assert "cells differ in area by up to 16 %" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ([], "either --size N or --target-se SE"),
        (["--size", "100"], "--size 100: 4 strata of at least 50 points take 200"),
        (["--size", "300", "--seed", "-1"], "--seed -1: must be at least 0"),
        (["--size", "300", "--minimum", "1"], "--minimum 1: an interval needs at least 2"),
        (["--target-se", "2"], "--target-se 2: is a share of the area"),
        (["--target-se", "0.0001"], "all 3540 cells do not reach it"),
        (["--target-se", "0.01", "--target-class", "pit"], "no stratum has this name; they are mined, occupied"),
        (["--target-se", "0.01", "--assumed-users", "pit=0.5"], "give NAME=U with U from 0 to 1"),
        (["--size", "300", "--pool", "2"], "--pool 2: is a share of the area"),
        (["--size", "300", "--pool", "0.01"], "--pool 0.01: is for transitions"),
        (["--size", "300", "--target-class", "mined"], "--target-class: says whose share"),
        (["--size", "300", "--before", "no.tif"], r"no\.tif: no such file"),
    ],
)
def test_wrong_use_is_answered_in_one_line(
    classes: Path, tmp_path: Path, options: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    import re

    output = tmp_path / "points.gpkg"
    assert main(["sample", str(classes), *options, "--output", str(output)]) == 2
    said = capsys.readouterr().err
    assert re.search(problem, said)
    assert said.count("\n") == 1
    assert not output.exists()


def test_outputs_are_geopackages_and_no_inputs(
    classes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sample", str(classes), "--size", "300", "--output", str(tmp_path / "p.shp")]) == 2
    assert "end the name in .gpkg" in capsys.readouterr().err
    assert main(["sample", str(classes), "--size", "300", "--output", str(classes)]) == 2
    assert "is an input of this run" in capsys.readouterr().err
