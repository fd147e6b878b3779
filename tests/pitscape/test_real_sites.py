"""The shipped sites of real data against pandas and scipy; sources stand in the site files."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import rasterio
import yaml
from scipy.stats import entropy

from pitscape.report import write_report
from pitscape.site import run_site, save_site

SITES = Path(__file__).parents[2] / "configs" / "sites"

SCHEMA = "# yaml-language-server: $schema="
RUN_HERE = {"turow", "pingshuo", "heidaigou", "zamora", "strzegom"}

Run = Callable[[str], dict[str, Any]]


@pytest.fixture
def run(reference_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("PITSCAPE_DATA", str(reference_data))
    return lambda name: run_site(SITES / f"{name}.yaml", tmp_path / name)


def test_every_shipped_site_is_run_here_and_names_its_schema() -> None:
    assert {path.stem for path in SITES.iterdir()} == RUN_HERE
    for path in SITES.iterdir():
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first.startswith(SCHEMA)
        schema = json.loads((SITES / first.removeprefix(SCHEMA)).read_text(encoding="utf-8"))
        assert set(yaml.safe_load(path.read_text(encoding="utf-8"))) <= set(schema["properties"])


def test_turow_climate_and_ndvi(run: Run, reference_data: Path) -> None:
    found = run("turow")
    folder = reference_data / "turow_timeseries"
    columns = ["station", "year", "month", "t", "p", "date"]
    table = pd.read_csv(folder / "jelenia_gora_meteo_m.csv", header=None, names=columns)
    rain = table.groupby("year").p.sum()
    season = table[table.month.between(4, 10)].groupby("year").t.mean()
    for row in found["resilience"]:
        year = int(row["epoch"])
        for values, term in ((rain.loc[:year], row["c1"]), (season.loc[:year], row["c2"])):
            assert term == pytest.approx((values / values.mean() - 1).abs().mean())
    # means of the seven printed months, April to October
    printed = [(0.52, 0.62, 0.74, 0.66, 0.65, 0.64, 0.57), (0.56, 0.68, 0.69, 0.64, 0.59, 0.62, 0.59)]
    printed.append((0.58, 0.72, 0.71, 0.64, 0.62, 0.65, 0.65))
    assert [row["ndvi"] for row in found["resilience"]] == pytest.approx([sum(each) / 7 for each in printed])
    assert {each["flag"] for each in found["flags"]} == {"no_areas", "no_integrity"}


@pytest.mark.parametrize(("name", "region"), [("pingshuo", "pingshuo-full"), ("heidaigou", "heidaigou")])
def test_diversity_and_resilience_of_land_cover_tables(run: Run, reference_data: Path, name: str, region: str) -> None:
    found = run(name)
    table = pd.read_csv(reference_data / "study_mines" / "landuse_area_ha_by_year.csv")
    areas = table[table.region == region].set_index("year").drop(columns="region")
    scores = np.array([0.5, 0.9, 0.2, 0.1, 0.8, 0.1])  # cropland, forest, construction, mining, water, unused
    h = entropy(areas.to_numpy(), base=2, axis=1)
    resilience = h * (areas.to_numpy() @ scores) / areas.sum(axis=1).to_numpy()
    assert [row["h_bits"] for row in found["resilience"]] == pytest.approx(h.tolist())
    assert [row["eco_res"] for row in found["resilience"]] == pytest.approx(resilience.tolist())
    mined = [row["area_km2"] for row in found["areas"] if row["class_name"] == "mined"]
    assert mined == pytest.approx((areas.mining_ha / 100).tolist())
    grass = next(row for row in found["sensitivity"] if row["score_set"] == "forest as grassland")
    lower = np.array([0.5, 0.6, 0.2, 0.1, 0.8, 0.1])
    relative = h**2 * (areas.to_numpy() @ lower)
    assert grass["change"] == pytest.approx(relative[-1] / relative[0], rel=1e-3)
    assert not found["uncertainty"]["varies"]["shares"]


def test_zamora_has_a_structure_over_time(run: Run, tmp_path: Path) -> None:
    found = run("zamora")
    series = found["integrity"]["series"]
    for row, metrics in zip(series["published"], found["landscape"], strict=True):
        scaled = (metrics["SHEI"], metrics["FRAC_MN"] - 1, metrics["CONTAG"] / 100, metrics["CONNECT"] / 100)
        assert row["sc"] == pytest.approx(sum(scaled) / 4)
    assert series["departure"][0]["sc"] == 1
    assert all(row["sc"] < 1 for row in series["departure"][1:])
    assert not found["resilience"][0]["coarse_legend"]  # the legend splits vegetated land
    mined = {row["epoch"]: row["cells"] for row in found["areas"] if row["class_name"] == "mine and dump sites"}
    assert mined == {"1986": 832, "1998": 1184, "2003": 2665, "2016": 1671}
    save_site(found, tmp_path / "zamora")
    page = write_report(tmp_path / "zamora", site_file=SITES / "zamora.yaml").read_text(encoding="utf-8")
    assert "SC, both forms" in page
    assert json.loads((tmp_path / "zamora" / "site.json").read_text())["integrity"]["missing"] == ["npp", "q", "e"]


def test_strzegom_is_mapped_from_its_seven_scenes(reference_data: Path, model: Path, tmp_path: Path) -> None:
    """With a network of two steps, which maps nothing well: dates, offsets, grids and the land that was observed."""
    content = yaml.safe_load((SITES / "strzegom.yaml").read_text(encoding="utf-8"))
    content = json.loads(json.dumps(content).replace("${PITSCAPE_DATA}", reference_data.as_posix()))
    content |= {"model": str(model), "uncertainty": {"draws": 100}}
    path, out = tmp_path / "strzegom.yaml", tmp_path / "out"
    path.write_text(yaml.safe_dump(content))
    found = run_site(path, out)
    dates = ["2021-06-19", "2022-06-19", "2022-07-19", "2022-10-12", "2023-02-09", "2023-03-01", "2023-07-09"]
    assert [row["name"] for row in found["epochs"]] == dates
    # baseline 04.00 came on 2022-01-25: the first scene lacks the offset of 1000
    assert [row["added_offset"] for row in found["provenance"]["maps"]] == [1000, 0, 0, 0, 0, 0, 0]
    everywhere = np.ones((401, 401), np.bool_)
    for epoch in dates:
        name = f"strzegom_{epoch.replace('-', '')}.tif"
        with rasterio.open(reference_data / "strzegom_sentinel2" / "images" / name) as scene:
            seen = (scene.read() != 0).all(axis=0)
        assert not seen[[0, 1, 400]].any()  # as the source says
        everywhere &= seen
        with rasterio.open(out / "classes" / f"{epoch}.tif") as dataset:
            np.testing.assert_array_equal(dataset.read(1) != 255, seen)
            assert dataset.crs.to_epsg() == 32633
        assert sum(row["cells"] for row in found["areas"] if row["epoch"] == epoch) == seen.sum()
    assert found["observed_share_of_all_epochs"] == pytest.approx(everywhere.mean())
    assert found["integrity"]["missing"] == ["npp", "q", "e"]
    assert any("disturbed" in note for note in found["site"]["notes"])
