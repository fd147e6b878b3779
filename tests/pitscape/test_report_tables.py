"""Rows of the report's tables."""

import base64
import csv
import io
from typing import Any

import pytest

from pitscape.report_ecology_tables import definitions
from pitscape.report_language import load_language
from pitscape.report_tables import Table
from pitscape.report_text import summary


def site_of(epochs: int, baseline: str) -> dict[str, Any]:
    """E of n epochs is 1 to n, with one definition."""
    names = [f"e{n}" for n in range(1, epochs + 1)]
    row = {"h_exponent": 2.0, "score_set": "types", "change": float(epochs)}
    return {
        "epochs": [{"name": name} for name in names],
        "integrity": {"baseline": baseline},
        "sensitivity": [row | {"measure": "e"} | {"values": {name: float(n) for n, name in enumerate(names, start=1)}}],
    }


@pytest.mark.parametrize(
    ("epochs", "baseline", "shown", "values"),
    [
        (3, "e1", ["e1", "e2", "e3"], [1, 2, 3]),
        (7, "e2", ["e2", "e7"], [2, 7]),
        (7, "e7", ["e7"], [7]),
    ],
)
def test_many_epochs_are_told_by_their_ends(epochs: int, baseline: str, shown: list[str], values: list[float]) -> None:
    found = definitions(site_of(epochs, baseline), load_language())
    assert found is not None
    assert list(found.titles[1:-1]) == shown
    assert found.rows == [["H to the power 2, scores: types", *values, epochs]]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_texts_that_a_spreadsheet_would_run_are_quoted(text: str) -> None:
    found = Table("t", ["name", "value"], [0, 1], [[text, -1.5]], {})
    rows = list(csv.reader(io.StringIO(found.csv)))
    assert rows == [["name", "value"], [f"'{text}", "-1.5"]]


def test_a_download_is_the_csv_with_all_digits_and_a_mark_of_utf8() -> None:
    found = Table("t", ["面积", "b"], [0, 1], [["a,b", 1 / 3]], {})
    head, content = found.address.split(",", 1)
    assert head == "data:text/csv;charset=utf-8;base64"
    assert base64.b64decode(content) == b"\xef\xbb\xbf" + '面积,b\n"a,b",0.3333333333333333\n'.encode()
    assert found.shown(load_language()) == [["a,b", "0.3"]]


def test_the_summary_names_maps_that_no_network_made() -> None:
    """One reference map beside ready class maps; nothing else is known."""
    site: dict[str, Any] = {"extents": [], "accuracy": {"network": {"mean_iou": 0.5}}, "epochs": [{"name": "e1"}]}
    site |= {"resilience": [{"coarse_legend": True}], "integrity": {"series": {}}, "uncertainty": None}
    assert summary(site) == ["Against the reference maps the class maps have a mean IoU of 0.500."]
