"""Flat tables beside ``site.json``: every list has one, numbers and units are kept, no text is a formula."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pitscape.imagery.spreadsheet import FORMULA, csv_text
from pitscape.site_tables import as_csv, write_tables

LISTS = {
    "epochs": "epochs",
    "legend": "classes",
    "areas": "areas",
    "adjusted_areas": "adjusted_areas",
    "extents": "extents",
    "growth.pairs": "growth",
    "accuracy.epochs": "accuracy",
    "accuracy.network.classes": "accuracy_classes",
    "accuracy.epochs.classes": "accuracy_classes",
    "landscape": "landscape",
    "resilience": "resilience",
    "resilience_maps": "resilience_maps",
    "zones": "zones",
    "what_moved_e": "what_moved_e",
    "sensitivity": "sensitivity",
    "vegetation": "vegetation",
    "npp": "npp",
    "et": "et",
    "water": "water",
    "integrity.indicators": "indicators",
    "integrity.series.published": "integrity",
    "integrity.series.departure": "integrity",
    "integrity.undefined": "undefined",
    **{f"uncertainty.series.{name}": "uncertainty" for name in ("h_bits", "eco_res", "e")},
    **{
        f"uncertainty.series.{name}_{form}": "uncertainty"
        for name in ("eci", "thv")
        for form in ("published", "departure")
    },
    "life_cycle.production": "production",
    "life_cycle.stages": "stages",
    "succession.epochs": "succession",
    "succession.evidence": "evidence",
    "flags": "flags",
}
"""Table by list of ``site.json``; a new list without a table fails the first test."""

ONE_TO_ONE = (
    "epochs",
    "areas",
    "adjusted_areas",
    "extents",
    "landscape",
    "resilience",
    "zones",
    "what_moved_e",
    "flags",
)


def lists_of(content: Any, place: str = "") -> Iterator[str]:  # noqa: ANN401 - of JSON
    """Places of lists of objects."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield from lists_of(value, f"{place}.{key}" if place else key)
    elif isinstance(content, list) and content and isinstance(content[0], dict):
        yield place
        yield from lists_of(content[0], place)


@pytest.fixture(scope="module")
def site(whole_run: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((whole_run / "site.json").read_text(encoding="utf-8"))
    return content


def test_every_list_of_a_site_has_a_table(site: dict[str, Any], whole_run: Path) -> None:
    found = set(lists_of({key: value for key, value in site.items() if key != "provenance"}))
    assert found == set(LISTS)
    tables = {path.stem for path in (whole_run / "tables").iterdir()}
    beside = {
        "growth",
        "affected",
        "accuracy_matrix",
        "weights",
        "bounds",
        "life_cycle",
        "transitions",
        "national",
        "inputs",
    }
    assert tables == {*LISTS.values(), *beside}


def test_rows_and_numbers_are_those_of_the_site(site: dict[str, Any], whole_run: Path) -> None:
    tables = {name: pd.read_csv(whole_run / "tables" / f"{name}.csv") for name in (*ONE_TO_ONE, "accuracy_matrix")}
    for name in ONE_TO_ONE:
        assert len(tables[name]) == len(site[name])
    assert tables["landscape"]["AREA_MN_ha"].tolist() == [row["AREA_MN"] for row in site["landscape"]]
    assert tables["areas"]["mapped_km2"].tolist() == [row["area_km2"] for row in site["areas"]]
    shares = tables["zones"].filter(like="share_").fillna(0).sum(axis=1)
    assert shares.tolist() == pytest.approx([1] * len(shares))
    matrix = tables["accuracy_matrix"]
    assert matrix[matrix["epoch"].isna()].pixels.tolist() == [
        n for row in site["accuracy"]["network"]["confusion"] for n in row
    ]


def test_mapped_and_adjusted_areas_stand_apart(site: dict[str, Any], whole_run: Path) -> None:
    """120 x 120 cells of 10 m are mined at the last epoch; the sample says 5 % of the land."""
    table = pd.read_csv(whole_run / "tables" / "adjusted_areas.csv").set_index("role")
    assert table.loc["mined", "mapped_km2"] == pytest.approx(1.44, rel=2e-3)
    assert table.loc["mined", "adjusted_km2"] == pytest.approx(0.05 * 28.08, rel=2e-3)
    assert "area_km2" not in table.columns
    assert "area_km2" not in site["adjusted_areas"][0]


def test_no_cell_of_a_table_is_a_formula(whole_run: Path) -> None:
    """Only numbers begin with a sign."""
    for path in [*(whole_run / "tables").iterdir(), whole_run / "areas.csv"]:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for cell in (cell for row in csv.reader(file) for cell in row if cell.startswith(FORMULA)):
                assert float(cell) < 0
    zones = pd.read_csv(whole_run / "tables" / "zones.csv")["zone"]
    assert set(zones) == {"'=1+1", "whole"}
    variants = pd.read_csv(whole_run / "tables" / "sensitivity.csv")["score_set"]
    assert "'-poor" in set(variants)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1"])
def test_texts_that_a_spreadsheet_would_run_begin_with_an_apostrophe(text: str) -> None:
    assert next(csv.reader(io.StringIO(csv_text([[text, -1.5, None]]), newline=""))) == [f"'{text}", "-1.5", ""]


def test_columns_are_those_of_all_rows() -> None:
    assert as_csv([{"a": 1, "epoch": "x"}, {"b": -2.5}]) == "epoch,a,b\nx,1,\n,,-2.5\n"


def test_tables_that_a_site_lacks_now_are_removed(site: dict[str, Any], tmp_path: Path) -> None:
    assert tmp_path / "tables" / "zones.csv" in write_tables(site, tmp_path)
    written = write_tables(site | {"zones": []}, tmp_path)
    assert sorted(written) == sorted((tmp_path / "tables").iterdir())
    assert tmp_path / "tables" / "zones.csv" not in written
