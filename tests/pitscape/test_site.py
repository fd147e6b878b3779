import json
import math
from pathlib import Path

import numpy as np
import pytest
import yaml
from small_scenes import BANDS, grid, stored_numbers, write_raster

from pitscape.cli import main
from pitscape.imagery.class_map import save_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import load_legend
from pitscape.site import run_site
from pitscape.site_files import load_site

LEGEND = load_legend()


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Two ready class maps of 40 x 40 cells: grass with a corner of water, then a pit of 10 x 10."""
    before = np.full((40, 40), 2, np.uint8)
    before[:5, :5] = 3
    after = before.copy()
    after[20:30, 20:30] = 0
    after[:, 39] = 255
    for name, ids in (("2015", before), ("2024", after)):
        save_class_map(tmp_path / f"{name}.tif", ids, grid(40, 40), LEGEND)
    path = tmp_path / "site.yaml"
    epochs = [{"classes": f"{y}.tif", "year": y, "reference": f"{y}.tif"} for y in (2015, 2024)]
    path.write_text(
        yaml.safe_dump({"version": 1, "site": "meadow", "title": "<script>alert(1)</script>", "epochs": epochs})
    )
    return path


def test_a_site_by_hand(site: Path, tmp_path: Path) -> None:
    """Of 40 x 39 common cells, 25 are water and, later, 100 mined."""
    found = run_site(site, tmp_path / "out")
    assert found["observed_share_of_all_epochs"] == pytest.approx(39 / 40)
    shares = [row["shares"] for row in found["resilience"]]
    assert shares[0] == pytest.approx({"vegetated": 1535 / 1560, "water": 25 / 1560}, rel=1e-5)
    assert shares[1] == pytest.approx({"mined": 100 / 1560, "vegetated": 1435 / 1560, "water": 25 / 1560}, rel=1e-5)
    assert [row["polygons"] for row in found["extents"]] == [0, 1]
    assert found["extents"][1]["area_km2"] == pytest.approx(0.01, rel=1e-3)
    assert found["resilience"][0]["coarse_legend"] is True
    assert found["integrity"]["missing"] == ["connect", "npp", "q", "e"]  # no class has two patches
    assert found["accuracy"]["network"]["mean_iou"] == 1
    assert found["national"]["area_km2"] == pytest.approx(12502.37, abs=0.005)


def test_the_exponent_of_h_counts_without_climate_too(site: Path, tmp_path: Path) -> None:
    """With exponent 0, ECO_res is the mean score: 1535 of 1560 cells of grass 0.6 and 25 of water 0.8."""
    site.write_text(yaml.safe_dump(yaml.safe_load(site.read_text()) | {"h_exponent": 0}))
    found = run_site(site, tmp_path / "out")
    assert found["resilience"][0]["eco_res"] == pytest.approx((1535 * 0.6 + 25 * 0.8) / 1560, rel=1e-5)


def test_the_report_opens_without_a_network_and_names_stay_text(site: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["run", str(site), "--out", str(out)]) == 0
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert 'src="http' not in page
    assert "data:image/png;base64," in page
    assert page.count('<figure class="frame"') == 2
    assert len(page) < 15_000_000
    keys = "site epochs areas extents landscape resilience integrity thresholds life_cycle succession national accuracy provenance"
    content = json.loads((out / "site.json").read_text(encoding="utf-8"))
    assert set(keys.split()) <= set(content)
    assert content["resilience"][0]["e"] is None
    assert str(tmp_path) not in json.dumps(content)


def test_images_climate_npp_and_et_give_the_whole_chain(model: Path, tmp_path: Path) -> None:
    epochs = []
    for year in (2023, 2024):
        stored = stored_numbers(48, 48, seed=year)
        write_raster(tmp_path / f"s_{year}0701.tif", stored, bands=BANDS)
        for name, value in (("npp", 0.4), ("et", 300.0)):
            write_raster(tmp_path / f"{name}_{year}.tif", np.full((1, 24, 24), value, np.float32), side=20.0)
        epochs.append({"image": f"s_{year}0701.tif", "npp": f"npp_{year}.tif", "et": f"et_{year}.tif"})
    write_raster(tmp_path / "eco.tif", np.ones((1, 48, 48), np.uint8))
    rows = [f"{y},{m},{30 + y % 3},{10 + y % 2}" for y in range(2014, 2025) for m in range(1, 13)]
    (tmp_path / "climate.csv").write_text("\n".join(["year,month,precipitation_mm,temperature_c", *rows]))
    content = {
        "version": 1,
        "site": "chain",
        "model": str(model),
        "climate": "climate.csv",
        "ecosystems": {"raster": "eco.tif", "types": {1: "forest"}},
        "runoff": {"mined": 0.3, "occupied": 0.5},
        "epochs": epochs,
    }
    path = tmp_path / "site.yaml"
    path.write_text(yaml.safe_dump(content))
    found = run_site(path, tmp_path / "out")
    assert found["integrity"]["missing"] == []
    assert found["integrity"]["series"]["published"][0]["thv"] == 1
    assert all(0 <= row["eci"] <= 1 for row in found["integrity"]["series"]["departure"])
    assert found["resilience"][0]["coarse_legend"] is False
    assert found["integrity"]["indicators"][0]["npp"] == pytest.approx(0.4)
    types = 5  # mined, occupied, water, forest, grassland: whether they occur or not
    bound = 0.08 * math.log2(types) ** 2 * 0.9 / (found["resilience"][0]["c1"] * found["resilience"][0]["c2"])
    assert found["integrity"]["bounds"]["e"]["high"] == pytest.approx(bound)
    water = found["water"][0]
    assert water["q_mm"] == pytest.approx(water["precipitation_mm"] - 300 - water["runoff_mm"])
    parts = found["resilience"][0]
    assert parts["e"] == pytest.approx(
        0.08 * parts["h_bits"] ** 2 * parts["ndvi"] / (parts["c1"] * parts["c2"]) * parts["weighted_score"]
    )


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"colour": 1}, "unknown key 'colour'"),
        ({"epochs": [{"classes": "none.tif", "year": 1}]}, "none.tif does not exist"),
        ({"epochs": [{"classes": "2015.tif"}]}, "names no date: give the epoch's year"),
        ({"epochs": [{"year": 2015}]}, "needs an image or a class map"),
        ({"epochs": [{"image": "2015.tif", "year": 1}]}, "without a model every epoch needs a class map"),
        ({"epochs": [{"classes": "2024.tif", "year": 2}, {"classes": "2015.tif", "year": 1}]}, "in order of time"),
        ({"epochs": [{"classes": "2015.tif", "year": 1}] * 2}, "same name"),
        ({"version": 2}, "version"),
        ({"climate": "${NO_SUCH_VARIABLE}/c.csv"}, "not set"),
    ],
)
def test_wrong_site_files_are_answered_in_one_line(site: Path, change: dict[str, object], problem: str) -> None:
    site.write_text(yaml.safe_dump(yaml.safe_load(site.read_text()) | change))
    with pytest.raises(InputError, match=problem) as caught:
        load_site(site)
    assert str(site) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_run_never_writes_over_its_inputs(site: Path, tmp_path: Path) -> None:
    (tmp_path / "areas.csv").write_text("year,production_mt\n2015,1\n")
    site.write_text(yaml.safe_dump(yaml.safe_load(site.read_text()) | {"production": "areas.csv"}))
    with pytest.raises(InputError, match=r"areas\.csv: is an input of this run"):
        run_site(site, tmp_path)
    assert (tmp_path / "areas.csv").read_text().startswith("year,production_mt")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"weights": {"nope": 1}}, "unknown nope; there are weights of connect"),
        ({"weights": {"sc": 1}}, "must be >= 0 and sum to 1"),
        ({"bounds": {"shei": {"low": 1, "high": 0}}}, "low < high"),
        ({"ecosystems": {"raster": "2015.tif", "types": {1: "jungle"}}}, "no score for jungle"),
        ({"climate": "climate.csv"}, "climate.csv: .*2015"),
    ],
)
def test_what_cannot_be_computed_is_said_before_anything_is_written(
    site: Path, tmp_path: Path, change: dict[str, object], problem: str
) -> None:
    (tmp_path / "climate.csv").write_text("year,month,precipitation_mm,temperature_c\n2014,1,3,4\n")
    site.write_text(yaml.safe_dump(yaml.safe_load(site.read_text()) | change))
    with pytest.raises(InputError, match=problem):
        run_site(site, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_images_of_other_land_than_their_map_are_refused(site: Path, tmp_path: Path) -> None:
    stored = stored_numbers(40, 40)
    write_raster(tmp_path / "s_20150701.tif", stored, bands=BANDS, crs="EPSG:32635")
    content = yaml.safe_load(site.read_text())
    content["epochs"][0]["image"] = "s_20150701.tif"
    site.write_text(yaml.safe_dump(content))
    with pytest.raises(InputError, match=r"s_20150701\.tif: shows nothing of the land of the class maps"):
        run_site(site, tmp_path / "out")


def test_maps_of_different_grids_are_refused_where_that_is_wanted(site: Path, tmp_path: Path) -> None:
    site.write_text(yaml.safe_dump(yaml.safe_load(site.read_text()) | {"metric_grid": "same"}))
    save_class_map(tmp_path / "2024.tif", np.zeros((40, 39), np.uint8), grid(40, 39), LEGEND)
    with pytest.raises(InputError, match=r"2024\.tif: is on another grid than .*2015\.tif"):
        run_site(site, tmp_path / "out")
