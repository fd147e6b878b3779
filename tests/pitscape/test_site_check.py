"""Every problem of a site file with its line, and the schema for editors."""

import json
from pathlib import Path

import numpy as np
import pytest
from small_scenes import BANDS, grid, stored_numbers, write_raster

from pitscape.cli import main
from pitscape.imagery.class_map import save_class_map
from pitscape.imagery.legend import load_legend
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


def test_a_good_file_tells_what_will_run(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_raster(tmp_path / "s_20230701.tif", stored_numbers(48, 48), bands=BANDS)
    save_class_map(tmp_path / "2024.tif", np.full((48, 48), 2, np.uint8), grid(48, 48), load_legend())
    before = {each.name for each in tmp_path.iterdir()}
    epochs = "epochs:\n  - {image: s_20230701.tif}\n  - {classes: 2024.tif, year: 2024}\n"
    status, lines = told(f"version: 1\nsite: a\nmodel: {model}\n{epochs}", tmp_path, capsys)
    assert status == 0
    assert lines[1] == "  map 2023-07-01, s_20230701.tif: 48 x 48 pixels"
    assert "0.00 million pixels at" in lines[2]
    assert lines[3] == "  ready map 2024.tif"
    assert {each.name for each in tmp_path.iterdir()} == before | {"site.yaml"}
