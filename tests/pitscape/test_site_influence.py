"""Affected land of a site as the influence scope of its mine, and its growth, by hand."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import yaml
from affine import Affine
from odc.geo.geobox import GeoBox

from pitscape.cli import main
from pitscape.demo import simulated_site
from pitscape.imagery.class_map import save_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import load_legend
from pitscape.mine_settings import InfluenceSettings
from pitscape.report import write_report
from pitscape.report_text import summary
from pitscape.site import run_site, save_site
from pitscape.site_files import load_site
from pitscape.site_influence import site_influence
from pitscape.site_mines import ESTIMATED, mine_of

SIDE = 120
GRID = GeoBox((SIDE, SIDE), Affine(10, 0, 620_000, 0, -10, 5_010_000), "EPSG:32650")
MINED, OCCUPIED, VEGETATED = 0, 1, 2
PIT = (slice(40, 60), slice(50, 60))
GROWN = (slice(40, 60), slice(50, 70))
DUMP = (slice(60, 75), slice(50, 60))
RunSite = Callable[..., dict[str, Any]]


@pytest.fixture
def maps() -> dict[str, np.ndarray]:
    """Fields and a village; a pit of 200 cells with a dump of 150; the pit grows to the east by as much."""
    before = np.full((SIDE, SIDE), VEGETATED, np.uint8)
    before[100:106, 100:106] = OCCUPIED
    opened = before.copy()
    opened[PIT], opened[DUMP] = MINED, OCCUPIED
    grown = opened.copy()
    grown[GROWN] = MINED
    return {"2015": before, "2018": opened, "2022": grown}


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def site_of(maps: dict[str, np.ndarray], **changes: object) -> Path:
        for year, ids in maps.items():
            save_class_map(tmp_path / f"{year}.tif", ids, GRID, load_legend())
        epochs = [{"classes": f"{year}.tif", "year": int(year), "name": year} for year in maps]
        site = {"version": 1, "site": "hand", "epochs": epochs, "affected": {"influence": {}}}
        (tmp_path / "site.yaml").write_text(yaml.safe_dump(site | changes))
        return tmp_path / "site.yaml"

    return site_of


@pytest.fixture
def run(tmp_path: Path, write: Callable[..., Path]) -> RunSite:
    def start(maps: dict[str, np.ndarray], **changes: object) -> dict[str, Any]:
        site, out = write(maps, **changes), tmp_path / "out"
        found = run_site(site, out)
        save_site(found, out)
        write_report(out, site_file=site)
        written: dict[str, Any] = json.loads((out / "site.json").read_text())
        return written

    return start


def test_affected_land_by_epoch_is_that_of_hand_counting(maps: dict[str, np.ndarray], run: RunSite) -> None:
    affected = run(maps)["affected"]
    assert affected["of"] == "influence scope"
    assert affected["se_km2"] is None
    assert [row["epoch"] for row in affected["epochs"]] == ["2018", "2022"]
    cells = [row["area_km2"] * 1e4 for row in affected["epochs"]]  # of 100 m2
    assert cells == pytest.approx([350, 550], rel=2e-3)
    assert affected["area_km2"] == affected["epochs"][-1]["area_km2"]
    assert affected["epochs"][-1]["cut_off_m"] >= 150  # the far end of the dump
    assert affected["flags"] == []


def test_the_outline_stands_in_file_picture_and_summary(
    maps: dict[str, np.ndarray], run: RunSite, tmp_path: Path
) -> None:
    run(maps)
    outline = pyogrio.read_dataframe(tmp_path / "out" / "affected.gpkg", layer="affected")
    assert outline.geometry[0].area == pytest.approx(550 * 100)
    assert outline["cells"][0] == 550
    assert "affected (influence scope): 0.06 km²" in (tmp_path / "out" / "outlines.svg").read_text(encoding="utf-8")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Affected land at 2022: 0.06 km² (influence scope, up to " in page
    assert "Since 2018 0.02 km² were newly mined, on average to the E (azimuth 91°" in page
    assert "barpolar" in page


def test_growth_is_part_of_the_site(maps: dict[str, np.ndarray], run: RunSite) -> None:
    growth = run(maps)["growth"]
    opening, east = growth["pairs"]
    assert opening["opening"]
    assert (east["direction"], east["from"], east["to"]) == ("E", "2018", "2022")
    assert east["new_mined_km2"] == pytest.approx(0.02, rel=2e-3)
    convergence = 1.53 * 0.710  # by hand: degrees east of the central meridian, times the sine of the latitude
    assert east["azimuth_deg"] == pytest.approx(90 + convergence, abs=0.05)
    assert growth["origin"]["epoch"] == "2018"


def test_a_mine_at_the_last_epoch_alone_has_no_growth(maps: dict[str, np.ndarray], run: RunSite) -> None:
    del maps["2022"]
    assert run(maps)["growth"] is None


def test_land_mined_before_is_affected_and_told(maps: dict[str, np.ndarray], run: RunSite) -> None:
    maps["2015"][PIT] = MINED
    found = run(maps)
    last = found["affected"]["epochs"][-1]
    assert last["mined_before_km2"] * 1e4 == pytest.approx(200, rel=2e-3)
    assert last["changed_km2"] * 1e4 == pytest.approx(350, rel=2e-3)
    assert last["area_km2"] * 1e4 == pytest.approx(550, rel=2e-3)
    (flag,) = (each for each in found["flags"] if each["flag"] == "affected_mined_before")
    assert flag["text"].startswith("Affected land: part of the mine was mined when first observed")


def test_a_site_without_a_mine_has_no_affected_land_and_says_so(
    maps: dict[str, np.ndarray], run: RunSite, tmp_path: Path
) -> None:
    found = run(dict.fromkeys(maps, maps["2015"]))
    assert found["affected"]["area_km2"] == 0
    assert found["affected"]["epochs"][-1] == {
        "epoch": "2022",
        "area_km2": 0,
        "changed_km2": 0,
        "mined_before_km2": 0,
        "scope_km2": 0,
        "cut_off_m": None,
        "flags": ["no_mine"],
    }
    assert found["growth"] is None
    assert pyogrio.read_dataframe(tmp_path / "out" / "affected.gpkg", layer="affected").geometry.is_empty.all()
    assert "no patch of mined land has 1 ha" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_a_national_figure_takes_the_estimate(maps: dict[str, np.ndarray], run: RunSite) -> None:
    found = run(maps)
    mine = mine_of(found, Path("site.json"))
    assert mine["affected_km2"] == found["affected"]["area_km2"]
    assert mine["affected_of"] == ESTIMATED


def test_settings_reach_the_estimate_and_the_record(maps: dict[str, np.ndarray], run: RunSite) -> None:
    maps["2022"][62:66, 52:56] = VEGETATED  # 16 cells within the dump
    maps["2018"][62:66, 52:56] = VEGETATED
    assert run(maps)["affected"]["area_km2"] * 1e4 == pytest.approx(534, rel=2e-3)
    filled = run(maps, affected={"influence": {"fill_ha": 0.2, "link_m": float("inf")}})["affected"]
    assert filled["area_km2"] * 1e4 == pytest.approx(550, rel=2e-3)
    assert filled["settings"]["link_m"] == "inf"
    site = run(maps, affected={"influence": {"into": ["mined"]}, "se_km2": 0.01})
    assert "Affected land at 2022: 0.04 ± 0.02 km² (influence scope, mined land alone; a count of" in summary(site)[3]
    mined = site["affected"]
    assert mined["area_km2"] * 1e4 == pytest.approx(400, rel=2e-3)
    assert mined["se_km2"] == 0.01


@pytest.mark.parametrize(
    ("influence", "said"),
    [
        ({"dem": "dem.tif"}, r"site\.yaml: dem: .*dem\.tif does not exist"),
        ({"barriers": "ridges.gpkg"}, r"site\.yaml: barriers: .*ridges\.gpkg does not exist"),
        ({"far": 0.9}, "far"),
        ({"into": ["snow"]}, "into"),
        ({"ring": 50}, "ring"),
    ],
)
def test_wrong_settings_are_refused(
    influence: dict[str, object], said: str, maps: dict[str, np.ndarray], write: Callable[..., Path]
) -> None:
    with pytest.raises(InputError, match=said) as refused:
        load_site(write(maps, affected={"influence": influence}))
    assert "\n" not in str(refused.value)


def test_one_epoch_is_refused(maps: dict[str, np.ndarray], write: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match="influence compares epochs; give two or more"):
        load_site(write({"2022": maps["2022"]}))


def test_elevation_and_barriers_are_inputs_of_the_site(maps: dict[str, np.ndarray], write: Callable[..., Path]) -> None:
    site = write(maps)
    content = yaml.safe_load(site.read_text())
    (site.parent / "2015.geojson").write_text("{}")
    content["affected"] = {"influence": {"dem": "2015.tif", "barriers": "2015.geojson"}}
    site.write_text(yaml.safe_dump(content))
    found = load_site(site).affected
    assert found is not None
    assert found.influence is not None
    assert found.influence.barriers == str(site.parent / "2015.geojson")


def test_a_simulated_mine_is_met_within_ten_percent_at_every_epoch(tmp_path: Path) -> None:
    folder = simulated_site(tmp_path / "site", size=256, epochs=4, seed=2, layers=["truth", "dem"])
    paths = sorted((folder / "truth").glob("*.tif"))
    dem = folder / "dem" / paths[0].name
    found, _ = site_influence(InfluenceSettings(dem=str(dem)), {path.stem: path for path in paths}, lambda _: None)
    truth = [epoch["affected_km2"] for epoch in json.loads((folder / "truth.json").read_text())["epochs"]]
    assert [row["area_km2"] for row in found["epochs"]] == pytest.approx(truth[1:], rel=0.1)
    verb = ["influence", *map(str, paths), "--dem", str(dem), "--output", str(tmp_path / "influence.gpkg")]
    assert main(verb) == 0
    alone = json.loads((tmp_path / "influence.gpkg.json").read_text())
    assert found["area_km2"] == pytest.approx(alone["area_km2"]["influence"])
    assert found["epochs"][-1]["cut_off_m"] == alone["cut_off_m"]
