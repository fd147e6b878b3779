"""Resilience, integrity and uncertainty of a small site with ready class maps, by hand."""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import rasterio
import yaml
from numpy.typing import NDArray
from shapely.geometry import box
from small_scenes import BANDS, UTM, grid, stored_numbers, write_raster

from pitscape.charts import mined_over_time
from pitscape.imagery.class_map import save_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import load_legend
from pitscape.report import summary, write_report
from pitscape.site import run_site, save_site
from pitscape.site_files import load_site
from pitscape.table_site import measure_tables, with_epochs
from pitscape.uncertainty import uncertainty

RunSite = Callable[..., dict[str, Any]]
YEARS = range(2006, 2025)


def write_climate(path: Path, *, rain: Callable[[int], float], warmth: Callable[[int], float]) -> None:
    rows = [f"{year},{month},{rain(year)},{warmth(year)}" for year in YEARS for month in range(1, 13)]
    path.write_text("\n".join(["year,month,precipitation_mm,temperature_c", *rows]))


@pytest.fixture
def run(tmp_path: Path) -> RunSite:
    """40 x 40 cells: forest west, farmland east, two ponds of 25 cells; later a pit of 100 and a dump of 36 cells."""
    before = np.full((40, 40), 2, np.uint8)
    before[:5, :5] = before[30:35, :5] = 3
    after = before.copy()
    after[20:30, 20:30], after[2:8, 30:36] = 0, 1
    for year, ids in ((2015, before), (2024, after)):
        save_class_map(tmp_path / f"{year}.tif", ids, grid(40, 40), load_legend())
        write_raster(tmp_path / f"ndvi_{year}.tif", np.full((1, 40, 40), 0.5 if year == 2015 else 0.4, np.float32))
    write_raster(tmp_path / "eco.tif", np.where(np.arange(40) < 20, 1, 2)[None, None].repeat(40, 1).astype(np.uint8))
    write_climate(tmp_path / "climate.csv", rain=lambda y: 20 + 10 * (y % 3), warmth=lambda y: 9 + 2 * (y % 2))
    epochs = [
        {"classes": f"{y}.tif", "year": y, "name": str(y), "ndvi": f"ndvi_{y}.tif", "npp": n, "et": 300.0}
        for y, n in ((2015, 0.4), (2024, 0.3))
    ]
    content = {
        "version": 1,
        "site": "small",
        "epochs": epochs,
        "climate": "climate.csv",
        "ecosystems": {"raster": "eco.tif", "types": {1: "forest", 2: "farmland"}},
        "runoff": {"mined": 0.3, "occupied": 0.5},
        "uncertainty": {"draws": 400},
    }

    def start(
        *, later: dict[str, Any] | None = None, first: dict[str, Any] | None = None, **changes: object
    ) -> dict[str, Any]:
        settings: dict[str, Any] = content | changes
        both = zip(settings["epochs"], (first or {}, later or {}), strict=False)
        settings["epochs"] = [{k: v for k, v in (each | change).items() if v is not None} for each, change in both]
        site = tmp_path / "site.yaml"
        site.write_text(yaml.safe_dump({k: v for k, v in settings.items() if v is not None}))
        return run_site(site, tmp_path / "out")

    return start


def names_of(found: dict[str, Any]) -> set[str]:
    return {each["flag"] for each in found["flags"]}


def test_the_whole_chain_by_hand(run: RunSite, tmp_path: Path) -> None:
    """1600 cells: forest 800 - 50, farmland 800, water 50; later farmland 800 - 136."""
    found = run()
    p = np.array([750, 800, 50]) / 1600
    h = -(p * np.log2(p)).sum()
    row = found["resilience"][0]
    assert row["h_bits"] == pytest.approx(h, rel=1e-6)
    assert row["weighted_score"] == pytest.approx((750 * 0.9 + 800 * 0.5 + 50 * 0.8) / 1600, rel=1e-6)
    rain = np.array([12 * (20 + 10 * (y % 3)) for y in range(2006, 2016)])
    assert row["c1"] == pytest.approx((abs(rain - rain.mean()) / rain.mean()).mean())
    assert row["c2"] == pytest.approx(0.1)  # 9 and 11 degrees in turn
    assert row["e"] == pytest.approx(0.08 * h**2 * 0.5 / (row["c1"] * 0.1) * row["weighted_score"])
    water = found["water"][0]
    assert water["runoff_mm"] == pytest.approx(water["precipitation_mm"] * 0.0478 * 1550 / 1600, rel=1e-5)
    moved = found["what_moved_e"][1]
    assert moved["vegetation"] == pytest.approx(math.log(0.8))
    assert moved["e"] == pytest.approx(math.log(found["resilience"][1]["e"] / row["e"]))
    assert names_of(found) == {"mapped_shares"}
    save_site(found, tmp_path / "out")
    page = write_report(tmp_path / "out", site_file=tmp_path / "site.yaml").read_text(encoding="utf-8")
    assert "Where the spread at 2024 comes from" in page


def test_adjusted_shares_are_carried_through(run: RunSite, tmp_path: Path) -> None:
    shares = {"names": ["mined", "occupied", "vegetated", "water"], "shares": [0.1, 0.05, 0.8, 0.05]}
    covariance = 1e-4 * (np.eye(4) - 0.25)
    (tmp_path / "shares.json").write_text(json.dumps(shares | {"covariance": covariance.tolist()}))
    found = run(later={"shares": "shares.json"})
    got = found["resilience"][1]["shares"]
    assert (got["mined"], got["water"]) == (0.1, 0.05)
    assert got["forest"] == pytest.approx(0.8 * 750 / (1550 - 136), rel=1e-6)
    assert found["uncertainty"]["varies"] == dict.fromkeys(("shares", "ndvi", "climate", "scores", "weights"), True)
    first, later = found["uncertainty"]["series"]["h_bits"]
    assert first["low"] == pytest.approx(first["high"])  # mapped shares do not vary
    assert later["low"] < found["resilience"][1]["h_bits"] < later["high"]
    assert later["first_order"]["shares"] == pytest.approx(1, abs=0.2)
    text = next(each["text"] for each in found["flags"] if each["flag"] == "mapped_shares")
    assert "at 2015" in text
    whole = sum(row["area_km2"] for row in found["areas"] if row["epoch"] == "2024")
    mined = found["adjusted_areas"][0]
    assert (mined["epoch"], mined["role"]) == ("2024", "mined")
    assert mined["adjusted_km2"] == pytest.approx(0.1 * whole)
    mapped = next(r["area_km2"] for r in found["areas"] if (r["epoch"], r["class_name"]) == ("2024", "mined"))
    assert mined["mapped_km2"] == mapped
    assert mined["se_km2"] == pytest.approx(0.75e-4**0.5 * whole)
    assert mined["low_km2"] == pytest.approx((0.1 - 1.96 * 0.75e-4**0.5) * whole)


def test_own_intervals_of_an_assessment_reach_the_report(run: RunSite, tmp_path: Path) -> None:
    """Of 2 km2, .2 mined (.12 to .31): shares .1 (.06 to .155). Vegetated land is of two types: its interval too."""
    ends = {"mined": (0.2, 0.12, 0.31), "vegetated": (1.6, 1.5, 1.64)}
    content = {"names": ["mined", "occupied", "vegetated", "water"], "shares": [0.1, 0.05, 0.8, 0.05], "area_km2": 2.0}
    classes = [
        {"name": n, "adjusted_km2": dict(zip(("value", "low", "high"), e, strict=True))} for n, e in ends.items()
    ]
    covariance = (1e-4 * (np.eye(4) - 0.25)).tolist()
    (tmp_path / "shares.json").write_text(json.dumps(content | {"covariance": covariance, "classes": classes}))
    found = run(later={"shares": "shares.json"})
    whole = sum(row["area_km2"] for row in found["areas"] if row["epoch"] == "2024")
    by_role = {row["role"]: (row["low_km2"] / whole, row["high_km2"] / whole) for row in found["adjusted_areas"]}
    assert by_role["mined"] == pytest.approx((0.06, 0.155))
    assert by_role["vegetated"] == pytest.approx((0.75, 0.82))
    assert by_role["water"] == pytest.approx((0.05 - 1.96 * 0.75e-4**0.5, 0.05 + 1.96 * 0.75e-4**0.5))
    told = next(each["text"] for each in found["flags"] if each["flag"] == "sampled_land")
    assert told.startswith("The sample of 2024 is of 2 km², and 0.1601 km² are observed")
    bars = next(each for each in mined_over_time(found).data if each.name == "adjusted, 95 %")
    assert (list(bars.x), bars.y[0] / whole) == (["2024"], pytest.approx(0.1))
    assert (bars.error_y.array[0] / whole, bars.error_y.arrayminus[0] / whole) == pytest.approx((0.055, 0.04))
    assert f"95 %: {0.06 * whole:.2f} to {0.155 * whole:.2f}" in summary(found)[1]


def test_the_bands_hold_the_reported_values(run: RunSite) -> None:
    found = run()
    for name, rows in (("e", found["resilience"]), ("eci", found["integrity"]["series"]["published"])):
        key = name if name == "e" else f"{name}_published"
        for spread, row in zip(found["uncertainty"]["series"][key], rows, strict=True):
            assert spread["low"] < row[name] < spread["high"]
    assert found["uncertainty"]["series"]["thv_published"][0]["high"] == 1
    assert repr(run()["uncertainty"]) == repr(found["uncertainty"])  # NaN is no equal of itself


def test_zones_have_their_own_resilience(run: RunSite, tmp_path: Path) -> None:
    west, north, cells = 585420, 5652250, 200
    halves = [box(west, north - 400, west + cells, north), box(west + cells, north - 400, west + 400, north)]
    table = geopandas.GeoDataFrame({"name": ["west", "east"]}, geometry=halves, crs=UTM)
    table.to_file(tmp_path / "zones.gpkg")
    found = run(zones="zones.gpkg")
    rows = {(row["zone"], row["epoch"]): row for row in found["zones"]}
    assert rows["west", "2015"]["shares"] == pytest.approx({"forest": 750 / 800, "water": 50 / 800}, rel=1e-5)
    assert rows["east", "2015"]["e"] == 0  # farmland alone
    assert rows["east", "2024"]["shares"]["mined"] == pytest.approx(1 / 8, rel=1e-5)
    assert rows["west", "2024"]["ndvi"] == pytest.approx(0.4)


def test_a_moving_window_maps_e(run: RunSite, tmp_path: Path) -> None:
    """Of the window of 5 x 5 cells around (12, 20), columns 18 and 19 are forest and 20 to 22 farmland."""
    found = run(window_m=50)
    assert found["resilience_maps"][0]["bands"] == {"H": "bits", "SHEI": "", "ECO_RES": "bits", "E": ""}
    with rasterio.open(tmp_path / "out" / "resilience" / "2015.tif") as dataset:
        h, _, eco_res, e = dataset.read()[:, 12, 20]
    expected = -(0.4 * math.log2(0.4) + 0.6 * math.log2(0.6))
    assert h == pytest.approx(expected, rel=1e-5)
    assert eco_res == pytest.approx(expected * (0.4 * 0.9 + 0.6 * 0.5), rel=1e-5)
    row = found["resilience"][0]
    assert e == pytest.approx(0.08 * expected * 0.5 / (row["c1"] * row["c2"]) * eco_res, rel=1e-4)
    save_site(found, tmp_path / "out")
    page = write_report(tmp_path / "out", site_file=tmp_path / "site.yaml").read_text(encoding="utf-8")
    assert "E around each cell, in a window of 50 m" in page
    assert page.count("in a moving window") == 2


def test_fallbacks_are_wanted_and_flagged(run: RunSite) -> None:
    without = run(first={"npp": None, "et": None}, later={"npp": None, "et": None})
    assert without["integrity"]["missing"] == ["npp", "q"]
    assert "no_integrity" in names_of(without)
    wanted = {"npp": "miami", "et": "zhang"}
    found = run(first={"npp": None, "et": None}, later={"npp": None, "et": None}, fallbacks=wanted)
    assert found["integrity"]["missing"] == []
    assert {"npp_estimated", "et_estimated"} <= names_of(found)
    assert found["npp"][0]["value"] == pytest.approx(
        min(
            3000 / (1 + math.exp(1.315 - 0.119 * 11)),
            3000 * (1 - math.exp(-0.000664 * found["water"][0]["precipitation_mm"])),
        )
        / 2000
    )
    assert {"mixed_npp"} <= names_of(run(first={"npp": None}, fallbacks=wanted))


def test_ndvi_of_two_sources_is_flagged(run: RunSite, tmp_path: Path) -> None:
    write_raster(tmp_path / "s_20240701.tif", stored_numbers(40, 40), bands=BANDS)
    found = run(later={"ndvi": "s_20240701.tif"})
    assert "mixed_ndvi" in names_of(found)
    assert [row["source"] for row in found["vegetation"]] == ["NDVI raster", "sentinel2_l2a"]


def test_gaps_are_told(run: RunSite, tmp_path: Path) -> None:
    values = np.full((1, 40, 40), 4000, np.int16)
    values[0, :8] = 32761
    write_raster(tmp_path / "MOD17A3HGF_2024.tif", values)
    found = run(later={"npp": "MOD17A3HGF_2024.tif"})
    assert found["npp"][1]["gap"] == pytest.approx(0.2)
    assert found["npp"][1]["value"] == pytest.approx(0.4)
    assert {"npp_gap", "mixed_npp"} <= names_of(found)
    assert {"flag": "npp_gap", "text": "NPP is not known on 20 % of the land at 2024."} in found["flags"]


def test_gaps_of_several_epochs_are_one_sentence(run: RunSite, tmp_path: Path) -> None:
    """4 and 12 of 40 rows are missing; the flag names the ends once."""
    for year, rows in ((2015, 4), (2024, 12)):
        values = np.full((1, 40, 40), 0.4, np.float32)
        values[0, :rows] = math.nan
        write_raster(tmp_path / f"npp_{year}.tif", values)
    texts = [each["text"] for each in run(first={"npp": "npp_2015.tif"}, later={"npp": "npp_2024.tif"})["flags"]]
    assert [text for text in texts if "not known" in text] == [
        "NPP is not known on 10 to 30 % of the land at 2015, 2024."
    ]


def test_a_year_of_one_type(run: RunSite, tmp_path: Path) -> None:
    """E is 0 by definition; CONTAG and CONNECT are not defined, so that the year has no ECI."""
    save_class_map(tmp_path / "2024.tif", np.zeros((40, 40), np.uint8), grid(40, 40), load_legend())
    found = run()
    assert found["resilience"][1]["e"] == 0
    assert found["integrity"]["undefined"] == [{"epoch": "2024", "indicators": ["contag", "connect"]}]
    assert math.isnan(found["integrity"]["series"]["published"][1]["thv"])
    assert found["integrity"]["series"]["published"][0]["thv"] == 1
    assert {"one_type", "undefined"} <= names_of(found)


def test_indicators_that_the_baseline_lacks_can_be_left_out(run: RunSite, tmp_path: Path) -> None:
    save_class_map(tmp_path / "2015.tif", np.full((40, 40), 2, np.uint8), grid(40, 40), load_legend())
    assert run()["integrity"]["missing"] == ["contag", "connect"]
    weights = {"shei": 0.5, "mpfd": 0.5, "contag": 0, "connect": 0}
    found = run(weights=weights)
    assert found["integrity"]["missing"] == []
    assert found["uncertainty"]["series"]["thv_departure"][1]["defined"] == 1


def test_a_steady_climate_has_the_floor_and_a_flag(run: RunSite, tmp_path: Path) -> None:
    write_climate(tmp_path / "climate.csv", rain=lambda _: 30, warmth=lambda _: 12)
    found = run()
    assert (found["resilience"][0]["c1"], found["resilience"][0]["c2"]) == (0.01, 0.01)
    assert {"c1_floored", "c2_floored"} <= names_of(found)


def test_climate_terms_may_be_given(run: RunSite) -> None:
    found = run(climate=None, c1=0.2, c2=0.1, first={"et": None}, later={"et": None})
    assert (found["resilience"][1]["c1"], found["resilience"][1]["c2"]) == (0.2, 0.1)
    assert found["what_moved_e"][1]["climate"] == 0
    assert not found["uncertainty"]["varies"]["climate"]


def test_given_terms_are_floored_and_need_no_five_years(run: RunSite, tmp_path: Path) -> None:
    """A record of 2015 and 2024 alone still gives precipitation, for Q."""
    rows = [f"{year},{month},30,10" for year in (2015, 2024) for month in range(1, 13)]
    (tmp_path / "climate.csv").write_text("\n".join(["year,month,precipitation_mm,temperature_c", *rows]))
    found = run(c1=0.005, c2=0.1)
    assert (found["resilience"][0]["c1"], found["resilience"][0]["c2"]) == (0.01, 0.1)
    assert "c1_floored" in names_of(found)
    assert found["water"][0]["precipitation_mm"] == 360
    assert not found["uncertainty"]["varies"]["climate"]
    with pytest.raises(InputError, match="years of climate up to 2015, at least 5 are needed"):
        run(c1=0.2)


@pytest.mark.parametrize(
    ("rain", "warmth", "problem"),
    [
        (lambda _: 30, lambda y: -3 + y % 2, r"climate\.csv: The mean is -2\.5, not positive"),
        (lambda y: 30 if y != 2012 else "", lambda _: 10, r"climate\.csv: precipitation_mm of 2012-01 is missing"),
        (lambda _: 0, lambda _: 10, r"climate\.csv: The mean is 0, not positive"),
        (lambda _: 30, lambda y: -9 if y % 2 else 9.5, r"climate\.csv: C2 up to 2015 is 37: .* choose a warmer"),
    ],
)
def test_climates_that_give_no_variability_are_refused(
    run: RunSite, tmp_path: Path, rain: Callable[[int], float], warmth: Callable[[int], float], problem: str
) -> None:
    write_climate(tmp_path / "climate.csv", rain=rain, warmth=warmth)
    with pytest.raises(InputError, match=problem):
        run()


def test_the_baseline_is_named(run: RunSite) -> None:
    found = run(baseline="2024")
    assert found["integrity"]["baseline"] == "2024"
    assert found["integrity"]["series"]["published"][1]["thv"] == 1
    with pytest.raises(InputError, match="baseline 1999 is no epoch; there are 2015, 2024"):
        run(baseline="1999")


def test_entropy_weights_are_stored_and_flagged(run: RunSite) -> None:
    found = run(weights="entropy")
    weights = found["integrity"]["weights"]
    assert weights["q"] < weights["npp"]  # 0.4 to 0.3 against 0.5 +- 0.03
    assert sum(weights[name] for name in ("sc", "fc", "e")) == pytest.approx(1)
    assert "entropy_weights" in names_of(found)
    with pytest.raises(InputError, match="weights: entropy needs all indicators, npp is missing"):
        run(weights="entropy", first={"npp": None})


def test_a_baseline_without_integrity_is_refused(run: RunSite) -> None:
    weights = {"npp": 1, "q": 0, "sc": 0, "fc": 1, "e": 0}
    with pytest.raises(InputError, match=r"site\.yaml: The baseline's integrity is 0\.0, no base for a ratio"):
        run(weights=weights, first={"npp": 0.0})


def test_runoff_of_mined_land_must_be_given(run: RunSite) -> None:
    with pytest.raises(InputError, match="runoff: no coefficient for mined, occupied; give one between 0 and 1"):
        run(runoff={})
    by_type = {"forest": 0.0229, "mined": 0.4, "occupied": 0.5, "water": 0.1, "farmland": 0.2}
    found = run(runoff=by_type)["water"][0]
    share = (750 * 0.0229 + 800 * 0.2 + 50 * 0.1) / 1600
    assert found["runoff_mm"] == pytest.approx(found["precipitation_mm"] * share, rel=1e-5)


def test_bounds_that_cut_are_flagged(run: RunSite) -> None:
    found = run(bounds={"npp": {"low": 0, "high": 0.35}})
    assert found["integrity"]["series"]["published"][0]["cut"] == ["npp"]
    assert "cut" in names_of(found)


def test_bounds_can_be_fitted_once(run: RunSite) -> None:
    """NPP 0.4 and 0.3: bounds 0.29 and 0.41, scores 11 / 12 and 1 / 12."""
    found = run(bounds={"npp": "fitted"}, weights={"npp": 1, "q": 0})
    bounds = found["integrity"]["bounds"]["npp"]
    assert (bounds["low"], bounds["high"]) == pytest.approx((0.29, 0.41))
    assert [row["fc"] for row in found["integrity"]["series"]["published"]] == pytest.approx([11 / 12, 1 / 12])
    assert "fitted_bounds" in names_of(found)
    stored = run(bounds={"npp": bounds}, weights={"npp": 1, "q": 0})
    assert stored["integrity"]["series"] == found["integrity"]["series"]
    with pytest.raises(InputError, match="two different values or more"):
        run(bounds={"npp": "fitted"}, later={"npp": 0.4})


def test_own_scores_and_variants(run: RunSite) -> None:
    found = run(scores={"forest": 0.8}, score_variants={"poor": {"forest": 0.2}})
    row = found["resilience"][0]
    assert row["weighted_score"] == pytest.approx((750 * 0.8 + 800 * 0.5 + 50 * 0.8) / 1600, rel=1e-6)
    assert row["score_set"] == "types, own"
    sets = {each["score_set"] for each in found["sensitivity"]}
    assert sets == {"types, own", "types", "types, alternative", "poor", "four classes"}
    with pytest.raises(InputError, match="scores: jungle is no type; there are mined"):
        run(scores={"jungle": 0.8})
    with pytest.raises(InputError, match="Resilience scores must be in"):
        run(scores={"forest": 8})


def test_a_legend_that_splits_vegetation_needs_no_raster(run: RunSite, tmp_path: Path) -> None:
    legend = "".join(
        f"  - {{id: {n}, name: {name}, colour: '#112233', role: {role}, score: {score}}}\n"
        for n, (name, role, score) in enumerate(
            [("pit", "mined", 0.1), ("wood", "vegetated", 0.9), ("field", "vegetated", 0.5), ("pond", "water", 0.8)]
        )
    )
    (tmp_path / "legend.yaml").write_text("classes:\n" + legend)
    codes = np.full((1, 40, 40), 10, np.uint8)
    codes[0, :, 20:], codes[0, :5, :5], codes[0, 39] = 20, 30, 0
    write_raster(tmp_path / "2015.tif", codes, nodata=0)
    write_raster(tmp_path / "2024.tif", codes, nodata=0)
    changes = {
        "ecosystems": None,
        "legend": "legend.yaml",
        "crosswalk": {10: "wood", 20: "field", 30: "pond", 40: "pit"},
    }
    found = run(**changes)
    assert found["resilience"][0]["shares"] == pytest.approx(
        {"wood": 755 / 1560, "field": 780 / 1560, "pond": 25 / 1560}, rel=1e-5
    )
    assert not found["resilience"][0]["coarse_legend"]
    assert found["observed_share_of_all_epochs"] == pytest.approx(39 / 40)
    with pytest.raises(InputError, match=r"2015\.tif: holds code 30; name its class, or ignore, in crosswalk"):
        run(**changes | {"crosswalk": {10: "wood", 20: "field"}})


def test_sites_without_maps_need_tables_that_fit(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("year,grass,pit\n2000,9,1\n2010,6,4\n")
    areas = {"table": "a.csv", "types": {"grass": "grassland", "pit": "mined"}, "unit": "ha"}
    content: dict[str, Any] = {"version": 1, "site": "t", "tables": {"areas": areas}}
    site = tmp_path / "site.yaml"

    def start(**changes: object) -> dict[str, Any]:
        site.write_text(yaml.safe_dump(content | changes))
        return run_site(site, tmp_path / "out")

    assert [row["share"] for row in start()["areas"]] == pytest.approx([0.9, 0.1, 0.6, 0.4])
    assert [each["name"] for each in start(epochs=[{"year": 2010}])["epochs"]] == ["2010"]
    for changes, problem in (
        ({"epochs": [{"year": 2005}]}, "2005 is not in the tables; there are 2000, 2010"),
        ({"baseline": "1990"}, "baseline 1990 is no epoch"),
        ({"tables": None}, "a site without maps needs tables"),
        ({"epochs": [{"year": 2000, "shares": "areas.csv"}]}, "adjusted shares are of a class map"),
        ({"tables": {"areas": areas | {"unit": "acres"}}}, "unit"),
        ({"tables": {"areas": areas | {"colour": 1}}}, "unknown key"),
        ({"tables": {"areas": areas | {"types": {"pit": "jungle"}}}}, "no score for jungle"),
        ({"tables": {"areas": areas | {"table": "b.csv"}}}, r"b\.csv does not exist"),
    ):
        with pytest.raises(InputError, match=problem) as caught:
            start(**changes)
        assert "\n" not in str(caught.value)


def test_the_worked_example_from_tables(tmp_path: Path) -> None:
    """Science, section 4: E 1.5167 and 2.4167, x 1.59 over types and x 3.3 over the four land classes."""
    (tmp_path / "areas.csv").write_text("year,g,f,w,o,m\n2001,.78,.12,.04,.04,.02\n2002,.52,.10,.03,.19,.16\n")
    (tmp_path / "ndvi.csv").write_text("date,ndvi\n2001-07,0.52\n2002-07,0.40\n")
    types = {"g": "grassland", "f": "farmland", "w": "water", "o": "occupied", "m": "mined"}
    content = {
        "version": 1,
        "site": "example",
        "c1": 0.2,
        "c2": 0.1,
        "tables": {
            "areas": {"table": "areas.csv", "types": types, "unit": "share"},
            "ndvi": {"table": "ndvi.csv", "date": "date", "value": "ndvi"},
        },
    }
    (tmp_path / "site.yaml").write_text(yaml.safe_dump(content))
    found = run_site(tmp_path / "site.yaml", tmp_path / "out")
    printed = [(1.13105, 29.407, 0.64470, 1.5167), (1.85278, 37.056, 0.81522, 2.4167)]
    for row, values in zip(found["resilience"], printed, strict=True):
        assert [row[key] for key in ("h_bits", "mu", "eco_res", "e")] == pytest.approx(values, rel=5e-5)
    change = {(each["score_set"], each["h_exponent"]): each["change"] for each in found["sensitivity"]}
    assert change["types", 2] == pytest.approx(1.59, abs=0.005)
    assert change["four classes", 2] == pytest.approx(3.3, abs=0.05)
    assert change["types", 0] < 1
    assert found["what_moved_e"][1]["climate"] == 0


def test_hdf4_is_refused_before_any_work(run: RunSite, tmp_path: Path) -> None:
    (tmp_path / "npp.hdf").write_bytes(b"\x0e\x03\x13\x01" + bytes(100))
    with pytest.raises(InputError, match=r"npp\.hdf: is HDF4, which is not read here; export it as GeoTIFF"):
        run(later={"npp": "npp.hdf"})
    assert not (tmp_path / "out").exists()


def test_land_classes_stay_out_of_the_summary(run: RunSite) -> None:
    found = run(ecosystems=None)
    assert "coarse_legend" in names_of(found)
    assert found["resilience"][0]["e"] > 0
    assert not any("times the baseline's" in sentence for sentence in summary(found))
    assert any("times the baseline's" in sentence for sentence in summary(run()))


@pytest.fixture
def tabled(tmp_path: Path) -> Path:
    """A site of tables alone: grassland and a pit, half and half, then three quarters and one."""
    (tmp_path / "areas.csv").write_text("year,grass,pit\n2015,50,50\n2024,75,25\n")
    (tmp_path / "years.csv").write_text("year,npp,et\n2015,400,300\n2024,200,300\n")
    (tmp_path / "ndvi.csv").write_text("date,ndvi\n2015-07-01,0.5\n2024-07-01,0.4\n")
    write_climate(tmp_path / "climate.csv", rain=lambda y: 20 + 10 * (y % 3), warmth=lambda y: 9 + 2 * (y % 2))
    content = {
        "version": 1,
        "site": "t",
        "climate": "climate.csv",
        "runoff": {"mined": 0.3, "occupied": 0.5},
        "weights": {"shei": 1, "mpfd": 0, "contag": 0, "connect": 0},
        "tables": {
            "areas": {"table": "areas.csv", "types": {"grass": "grassland", "pit": "mined"}, "unit": "km2"},
            "npp": {"table": "years.csv", "value": "npp", "unit": "g C m-2 y-1"},
            "et": {"table": "years.csv", "value": "et", "unit": "mm y-1"},
            "ndvi": {"table": "ndvi.csv", "date": "date", "value": "ndvi"},
        },
        "uncertainty": {"draws": 500},
    }
    (tmp_path / "site.yaml").write_text(yaml.safe_dump(content))
    return tmp_path / "site.yaml"


def test_tables_alone_can_give_the_whole_chain(tabled: Path, tmp_path: Path) -> None:
    """Without maps SC is SHEI: of two types at 1/2 it is 1, at 3/4 and 1/4 it is 2 - 3/4 log2 3 bits."""
    found = run_site(tabled, tmp_path / "out")
    first, later = found["integrity"]["series"]["published"]
    h = 2 - 0.75 * math.log2(3)
    assert (first["sc"], later["sc"]) == pytest.approx((1, h))
    q = [row["precipitation_mm"] - 300 - row["runoff_mm"] for row in found["water"]]
    assert [row["fc"] for row in (first, later)] == pytest.approx(
        [(npp + (each + 500) / 1000) / 2 for npp, each in zip((0.4, 0.2), q, strict=True)]
    )
    e = found["resilience"][1]
    assert e["e"] == pytest.approx(0.08 * h**2 * 0.4 / (e["c1"] * e["c2"]) * (0.75 * 0.6 + 0.25 * 0.1))
    assert later["thv"] == pytest.approx(later["eci"] / first["eci"])
    spread = found["uncertainty"]["series"]["thv_published"][1]
    assert spread["low"] < later["thv"] < spread["high"]
    assert "ndvi_months" in names_of(found)  # one month of seven
    save_site(found, tmp_path / "out")
    page = write_report(tmp_path / "out", site_file=tabled).read_text(encoding="utf-8")
    assert "Where the spread at 2024 comes from" in page
    assert "This site is known from tables." in page


def test_functions_of_the_draws_are_carried_along(tabled: Path, tmp_path: Path) -> None:
    """Half of a straight fall from 2015 to 2024 is reached in 2019.5, however deep it is."""

    def half_way(_: object, outputs: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        first, last = outputs["thv_departure"].T
        return 2015 + 9 * (1 - (first + last) / 2) / (1 - last)

    settings = with_epochs(load_site(tabled), tabled)
    measures, frame, _ = measure_tables(settings, tabled)
    found = uncertainty(measures, frame, functions={"half_way_year": half_way})
    assert found is not None
    year = found["further"]["half_way_year"]
    assert (year["low"], year["high"], year["defined"]) == (pytest.approx(2019.5), pytest.approx(2019.5), 1)
    site = run_site(tabled, tmp_path / "out")
    save_site(site | {"uncertainty": found}, tmp_path / "out")
    page = write_report(tmp_path / "out", site_file=tabled).read_text(encoding="utf-8")
    assert '<th scope="row">half way year</th><td>2019.5</td>' in page
