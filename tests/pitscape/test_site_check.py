"""Every problem of a site file with its line, and the schema for editors."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from pixel_models import pixel_card, write_pixel_model
from products import tarred, write_landsat, write_safe, zipped
from small_scenes import BANDS, grid, stored_numbers, write_raster

from pitscape.cli import main
from pitscape.imagery.class_map import save_class_map
from pitscape.imagery.legend import load_legend
from pitscape.imagery.outputs import sha256_of
from pitscape.imagery.sensor import load_sensor
from pitscape.models.shipped import CAVEAT, shipped_model
from pitscape.site_files import content_with_hashes, inputs_of, load_site
from pitscape.site_settings import SiteSettings

SCHEMA = Path(__file__).parents[2] / "docs" / "site.schema.json"


def test_the_schema_for_editors_is_current() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == SiteSettings.model_json_schema()


def told(text: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    (folder / "site.yaml").write_text(text)
    status = main(["check", str(folder / "site.yaml")])
    found = capsys.readouterr()
    return status, (found.err or found.out).splitlines()


def test_all_wrong_keys_are_told_with_their_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "version: 1\nsite: a\ncolour: 1\nc1: 5\nepochs:\n  - classes: a.tif\n    year: 2015\n    hue: 2\n"
    status, lines = told(text, tmp_path, capsys)
    assert status == 2
    start = f"pitscape: {tmp_path / 'site.yaml'}, line "
    assert sorted(line.removeprefix(start).split(":")[0] for line in lines) == ["3", "4", "8"]


@pytest.mark.parametrize(
    ("line", "problems"),
    [
        ("climate: {tabel: c.csv}", ["climate.table: field required", "unknown key 'climate.tabel'"]),
        ("climate: 5", ["climate: input should be a valid string"]),
        ("bounds: {npp: {low: a, high: 1}}", ["bounds.npp.low: input should be a valid number"]),
        ("weights: {shei: a}", ["weights.shei: input should be a valid number"]),
        ("scores: {Forest: a}", ["scores.Forest: input should be a valid number"]),
    ],
)
def test_keys_that_take_several_kinds_are_told_as_the_file_has_them(
    line: str, problems: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"version: 1\nsite: a\n{line}\nepochs:\n  - {{classes: a.tif, year: 2015}}\n"
    status, lines = told(text, tmp_path, capsys)
    assert status == 2
    start = f"pitscape: {tmp_path / 'site.yaml'}, line 3: "
    for problem in problems:
        assert any(each.startswith(start + problem) for each in lines), lines
    assert not any(word in each for each in lines for word in ("ClimateTable", ".str", "BoundsSettings", "dict["))


def test_all_missing_files_are_told_with_their_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "version: 1\nsite: a\nproduction: p.csv\nepochs:\n  - {classes: a.tif, year: 2015}\n  - {classes: b.tif, year: 2016}\n"
    status, lines = told(text, tmp_path, capsys)
    assert status == 2
    assert [line.split(", line ")[1].split(":")[0] for line in lines] == ["3", "5", "6"]


def test_files_that_cannot_be_opened_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in "ab":
        (tmp_path / f"{name}.tif").write_text("no raster")
    text = "version: 1\nsite: a\nepochs:\n  - {classes: a.tif, year: 2015}\n  - {classes: b.tif, year: 2016}\n"
    status, lines = told(text, tmp_path, capsys)
    assert status == 2
    assert [line.split(", line ")[1].split(":")[0] for line in lines] == ["4", "5"]


def test_every_table_that_cannot_be_used_is_told_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two epochs lack their climate, which is told once."""
    for name, text in (("climate", "year,month\n2014,1\n"), ("npp", "year\n2015\n"), ("output", "year\n2015\n")):
        (tmp_path / f"{name}.csv").write_text(text)
    (tmp_path / "shares.json").write_text("[]")
    for year in (2015, 2016):
        save_class_map(tmp_path / f"{year}.tif", np.full((8, 8), 2, np.uint8), grid(8, 8), load_legend())
    lines = [
        "site: a",
        "production: output.csv",
        "climate: climate.csv",
        "tables:",
        "  npp: {table: npp.csv, value: npp, unit: kg C m-2 y-1}",
        "epochs:",
        "  - {classes: 2015.tif, year: 2015, shares: shares.json}",
        "  - {classes: 2016.tif, year: 2016, npp: shares.json}",
    ]
    status, found = told("\n".join(lines) + "\n", tmp_path, capsys)
    assert status == 2
    where = [(line.split(", line ")[1].split(":")[0], line.split(": ")[2]) for line in found]
    keys = [("2", "production"), ("3", "climate"), ("5", "tables.npp"), ("7", "epochs.0.shares"), ("8", "epochs.1.npp")]
    assert where == keys


def test_an_unknown_sensor_hides_no_other_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_class_map(tmp_path / "2015.tif", np.full((8, 8), 2, np.uint8), grid(8, 8), load_legend())
    (tmp_path / "output.csv").write_text("year\n2015\n")
    lines = [
        "site: a",
        "sensor: eye",
        "production: output.csv",
        "epochs:",
        "  - {classes: 2015.tif, year: 2015, ndvi: 2015.tif, npp: output.csv}",
    ]
    status, found = told("\n".join(lines) + "\n", tmp_path, capsys)
    assert status == 2
    assert [line.split(": ")[2] for line in found] == ["production", "epochs.0.ndvi", "epochs.0.npp"]
    assert "unknown sensor 'eye'" in found[1]


def test_own_sensors_and_legends_are_files_of_the_site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_class_map(tmp_path / "2015.tif", np.full((8, 8), 2, np.uint8), grid(8, 8), load_legend())
    text = "site: a\nsensor: my.yaml\nlegend: own.yml\nepochs:\n  - {classes: 2015.tif, year: 2015}\n"
    status, found = told(text, tmp_path, capsys)
    assert status == 2
    assert [line.split(", line ")[1].split(": ")[:2] for line in found] == [["2", "sensor"], ["3", "legend"]]
    (tmp_path / "my.yaml").write_text(yaml.safe_dump(load_sensor("sentinel2_l2a").model_dump(mode="json")))
    (tmp_path / "own.yml").write_text(yaml.safe_dump(load_legend().model_dump(mode="json")))
    settings = load_site(tmp_path / "site.yaml")
    assert load_sensor(settings.sensor) == load_sensor("sentinel2_l2a")
    assert {tmp_path / "my.yaml", tmp_path / "own.yml"} <= set(inputs_of(settings))
    given = content_with_hashes(settings, sha256_of)
    assert given["sensor"] == [["my.yaml", sha256_of(tmp_path / "my.yaml")]]
    assert given["legend"] == [["own.yml", sha256_of(tmp_path / "own.yml")]]


@pytest.mark.parametrize(("of_sentinel", "of_landsat"), [(Path, Path), (zipped, tarred)])
def test_products_of_agencies_are_planned_as_they_are_mapped(
    tmp_path: Path,
    of_sentinel: Callable[[Path], Path],
    of_landsat: Callable[[Path], Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A Sentinel-2 product of 24 x 24 pixels at 10 m, a Landsat product of 12 x 10 at 30 m, a model for each."""
    safe, landsat = of_sentinel(write_safe(tmp_path)[0]), of_landsat(write_landsat(tmp_path)[0])
    sentinel = pixel_card("sentinel2_l2a", bands=("B04", "B08", "B11"))
    write_pixel_model(tmp_path / "s2.onnx", sentinel)
    write_pixel_model(tmp_path / "l8.onnx", pixel_card("landsat89_c2l2", bands=("SR_B4", "SR_B5"), gsd_m=30))
    epochs = f"epochs:\n  - {{image: {safe.name}}}\n  - {{image: {landsat.name}, model: l8.onnx}}\n"
    status, lines = told(f"site: a\nmodel: s2.onnx\n{epochs}", tmp_path, capsys)
    assert status == 0, lines
    assert lines[1] == f"  map 2021-06-19, {safe.name}: 24 x 24 pixels"
    assert lines[2] == f"  map 2022-07-19, {landsat.name}: 12 x 10 pixels"


def test_day_one_is_the_model_that_comes_with_the_package(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for year in (2023, 2024):
        write_raster(tmp_path / f"s_{year}0701.tif", stored_numbers(48, 48), bands=BANDS)
    text = "site: a\nmodel: {}\nepochs:\n  - {{image: s_20230701.tif}}\n  - {{image: s_20240701.tif, model: day_one}}\n"
    status, lines = told(text.format("day_one"), tmp_path, capsys)
    assert status == 0, lines
    assert f"  day_one.onnx: {CAVEAT}" in lines
    settings = load_site(tmp_path / "site.yaml")
    assert [settings.model_of(epoch) for epoch in settings.epochs] == [shipped_model()] * 2
    assert main(["run", str(tmp_path / "site.yaml"), "--out", str(tmp_path / "out")]) == 0
    content = (tmp_path / "out" / "site.json").read_text(encoding="utf-8")
    assert f"day_one: {CAVEAT}" in json.loads(content)["site"]["notes"]
    assert str(shipped_model().parent) not in content
    status, lines = told(text.format("day_two"), tmp_path, capsys)
    assert status == 2
    assert "day_two does not exist" in lines[0]


def test_a_good_file_tells_what_will_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_pixel_model(tmp_path / "model.onnx", pixel_card("sentinel2_l2a"))
    write_raster(tmp_path / "s_20230701.tif", stored_numbers(48, 48), bands=BANDS)
    save_class_map(tmp_path / "2024.tif", np.full((48, 48), 2, np.uint8), grid(48, 48), load_legend())
    before = {each.name for each in tmp_path.iterdir()}
    epochs = "epochs:\n  - {image: s_20230701.tif}\n  - {classes: 2024.tif, year: 2024}\n"
    status, lines = told(f"version: 1\nsite: a\nmodel: model.onnx\n{epochs}", tmp_path, capsys)
    assert status == 0
    assert lines[1] == "  map 2023-07-01, s_20230701.tif: 48 x 48 pixels"
    assert "0.00 million pixels at" in lines[2]
    assert lines[3] == "  ready map 2024.tif"
    assert {each.name for each in tmp_path.iterdir()} == before | {"site.yaml"}
