"""Epochs of which too little was observed: areas, and no indices."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from small_scenes import grid

from pitscape.imagery.class_map import save_class_map
from pitscape.imagery.legend import load_legend
from pitscape.plain import plain
from pitscape.site import report_site, run_site

YEARS = (2015, 2019, 2024)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 x 40 cells with a growing pit; of 2019, 25 of 40 columns are clouded."""
    folder = tmp_path_factory.mktemp("cloudy")
    ids = np.full((40, 40), 2, np.uint8)
    ids[:5, :5] = ids[-5:, -5:] = 3
    for year, side in zip(YEARS, (10, 14, 18), strict=True):
        ids[10 : 10 + side, 10 : 10 + side] = 0
        seen = ids.copy()
        if year == 2019:
            seen[:, 15:] = 255
        save_class_map(folder / f"{year}.tif", seen, grid(40, 40), load_legend())
    return folder


def site_of(folder: Path, out: Path, *years: int, **more: object) -> dict[str, Any]:
    path = out.with_suffix(".yaml")
    epochs = [{"classes": str(folder / f"{y}.tif"), "year": y, "name": str(y), "npp": 0.4, "et": 300.0} for y in years]
    rows = [f"{y},{m},{30 + y % 3},{10 + y % 2}" for y in range(2000, 2025) for m in range(1, 13)]
    (out.parent / "climate.csv").write_text("\n".join(["year,month,precipitation_mm,temperature_c", *rows]))
    content: dict[str, object] = {"site": "meadow", "climate": "climate.csv", "runoff": {"mined": 0.3, "occupied": 0.5}}
    content |= {
        "tables": {"ndvi": {"table": "ndvi.csv", "date": "date", "value": "ndvi"}},
        "uncertainty": {"draws": 100},
    }
    (out.parent / "ndvi.csv").write_text("date,ndvi\n" + "\n".join(f"{y}-07,0.5" for y in YEARS) + "\n")
    path.write_text(yaml.safe_dump(content | {"epochs": epochs} | more))
    return run_site(path, out)


def without(rows: list[dict[str, Any]], epoch: str = "2019") -> list[dict[str, Any]]:
    return [row for row in rows if row["epoch"] != epoch]


def test_a_clouded_epoch_changes_nothing_of_the_others(folder: Path, tmp_path: Path) -> None:
    """The law: all indices of the others are those of a site without it; its own are not known, its areas are."""
    found = plain(site_of(folder, tmp_path / "all", *YEARS))
    alone = plain(site_of(folder, tmp_path / "alone", 2015, 2024))
    for key in ("landscape", "resilience", "vegetation", "npp", "et", "water", "what_moved_e"):
        assert without(found[key]) == alone[key], key
    for form in ("published", "departure"):
        assert without(found["integrity"]["series"][form]) == alone["integrity"]["series"][form]
        assert alone["integrity"]["series"][form][1]["eci"] is not None
    assert found["uncertainty"]["series"].keys() == alone["uncertainty"]["series"].keys()
    for name, rows in alone["uncertainty"]["series"].items():
        assert without(found["uncertainty"]["series"][name]) == rows, name
        assert found["uncertainty"]["series"][name][1]["low"] is None
    for row, of_alone in zip(found["sensitivity"], alone["sensitivity"], strict=True):
        assert row["values"].pop("2019") is None
        assert row == of_alone
    for key in ("succession", "growth", "observed_share_of_all_epochs"):
        assert found[key] == alone[key], key

    cloudy = [row for key in ("landscape", "resilience") for row in found[key] if row["epoch"] == "2019"]
    numbers = [value for row in cloudy for value in row.values() if isinstance(value, float)]
    assert numbers == []
    assert set(cloudy[0]) == set(found["landscape"][0])
    assert set(cloudy[1]) == set(found["resilience"][0])
    assert found["integrity"]["series"]["published"][1]["eci"] is None
    of_2019 = {row["class_name"]: row for row in found["areas"] if row["epoch"] == "2019"}
    assert of_2019["mined"]["cells"] == 14 * 5  # of 14 rows the columns 10 to 14 were seen
    assert of_2019["mined"]["unobserved_km2"] == pytest.approx(40 * 25 * 1e-4, rel=1e-3)
    assert found["epochs"][1]["observed_share"] == 15 / 40
    told = next(each["text"] for each in found["flags"] if each["flag"] == "little_observed")
    assert told.startswith("2019 was observed on 38 % of the land, less than 80 %")


def test_the_share_is_an_option(folder: Path, tmp_path: Path) -> None:
    found = site_of(folder, tmp_path / "out", *YEARS, least_observed=0.3)
    assert found["landscape"][1]["TA"] == pytest.approx(6.0)  # 400 m x 150 m
    assert found["landscape"][0]["TA"] == pytest.approx(6.0)
    assert "little_observed" not in [each["flag"] for each in found["flags"]]
    at_the_limit = site_of(folder, tmp_path / "out", *YEARS, least_observed=0.375)
    assert at_the_limit["landscape"] == found["landscape"]


def test_a_small_common_land_is_told(tmp_path: Path) -> None:
    """Each epoch saw 8 of 10 columns, both saw 6 of them."""
    for year, hidden in ((2015, slice(0, 2)), (2024, slice(8, 10))):
        ids = np.full((20, 10), 2, np.uint8)
        ids[:, hidden] = 255
        save_class_map(tmp_path / f"{year}.tif", ids, grid(20, 10), load_legend())
    found = site_of(tmp_path, tmp_path / "out", 2015, 2024)
    told = {each["flag"]: each["text"] for each in found["flags"]}
    assert told["common_land"].startswith("Indices compare 60 % of the land")
    assert "little_observed" not in told
    assert found["observed_land_share"] == 0.6


def test_a_clouded_baseline_leaves_nothing_to_compare_with(folder: Path, tmp_path: Path) -> None:
    found = plain(site_of(folder, tmp_path / "out", *YEARS, baseline="2019"))
    assert found["sensitivity"] == []
    assert found["what_moved_e"] == []
    assert found["uncertainty"] is None
    assert "shei" in found["integrity"]["missing"]
    assert found["landscape"][0]["TA"] == pytest.approx(16.0)


def test_the_report_shows_a_site_with_a_clouded_epoch(folder: Path, tmp_path: Path) -> None:
    site_of(folder, tmp_path / "out", *YEARS)
    page = report_site(tmp_path / "out.yaml", tmp_path / "out").read_text(encoding="utf-8")
    assert "Some epochs were hardly observed and have no indices." in page
    assert "2019 was observed on 38 % of the land" in page
