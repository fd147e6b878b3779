"""Life cycle, thresholds and succession of a site, and their charts."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from small_scenes import grid

from pitscape.cli import main
from pitscape.course import course
from pitscape.imagery.class_map import save_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import load_legend
from pitscape.life_charts import production, site_thresholds
from pitscape.mine_settings import MineSettings
from pitscape.plain import plain
from pitscape.site_files import load_site
from pitscape.stage_chart import life_spans, stages
from pitscape.transition_chart import transitions

LEGEND = load_legend()


@pytest.fixture
def maps(tmp_path: Path) -> list[Path]:
    """Grass; then a pit of 10 x 10 of 40 x 40 cells; then half of it water, which is there since 2015."""
    grass = np.full((40, 40), 2, np.uint8)
    pit = grass.copy()
    pit[20:30, 20:30] = 0
    pond = pit.copy()
    pond[20:30, 20:25] = 3
    paths = []
    for year, ids in ((2005, grass), (2015, pond), (2024, pond)):
        paths.append(tmp_path / f"{year}.tif")
        save_class_map(paths[-1], ids, grid(40, 40), LEGEND)
    return paths


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """None until 2006, then towards 20 Mt."""
    path = tmp_path / "production.csv"
    rows = [f"{y},{20 / (1 + math.exp(2010 - y)) if y > 2006 else 0}" for y in range(2000, 2025) if y != 2018]
    path.write_text("\n".join(["year,production_mt", *rows, "2018,"]))
    return path


def run(tmp_path: Path, maps: list[Path], more: dict[str, Any]) -> dict[str, Any]:
    site = tmp_path / "site.yaml"
    epochs = [{"classes": path.name, "year": int(path.stem)} for path in maps]
    site.write_text(yaml.safe_dump({"version": 1, "site": "pond", "epochs": epochs} | more))
    assert main(["run", str(site), "--out", str(tmp_path / "out")]) == 0
    content: dict[str, Any] = json.loads((tmp_path / "out" / "site.json").read_text())
    return content


def test_a_site_by_hand(tmp_path: Path, maps: list[Path], output: Path) -> None:
    """100 of 1600 cells changed: 50 are mined, 50 persistent water; half of what was disturbed is not mined now."""
    found = run(tmp_path, maps, {"production": output.name, "mine": {"technology": "dragline"}})
    life = found["life_cycle"]
    assert (life["basis"], life["accelerated_from"]) == ("production", 2007)
    assert life["stable_from"] == pytest.approx(2010 + math.log(9), abs=0.05)  # the years at 0 bend the curve a little
    assert [row["stage"] for row in life["stages"]] == ["initial", "stable", "stable"]
    assert life["notes"] == ["decline not yet observed", "1 years are not on record"]
    assert found["mine"]["technology"] == "dragline"
    assert found["thresholds"] is None  # no ThV without climate, NPP and ET
    succession = found["succession"]
    assert (succession["kind"], succession["state"]) == ("amphibious", "degraded")
    assert [each["share"] for each in succession["evidence"]] == pytest.approx(
        [100 / 1600, 0.5, 50 / 1600, 0, 50 / 1600], rel=1e-4
    )
    areas = np.array(succession["transitions"]["area_km2"])
    assert areas[2] == pytest.approx(np.array([0.005, 0, 0.15, 0.005]), rel=1e-3)
    assert succession["disturbed_km2"] == pytest.approx(0.005, rel=1e-3)
    assert [(each["year"], each["stage"], each["state"]) for each in succession["epochs"]] == [
        (2005, "initial", None),
        (2015, "stable", "degraded"),
        (2024, "stable", "degraded"),
    ]
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Output of the mine and its life cycle" in page
    assert "Type of succession: amphibious." in page


def test_dates_stand_in_for_output(tmp_path: Path, maps: list[Path]) -> None:
    found = run(tmp_path, maps, {"mine": {"first_production": 1998}})
    assert found["life_cycle"]["basis"] == "dates"
    assert found["life_cycle"]["production"] == []
    assert found["succession"]["stage"] == "late stable"
    assert found["succession"]["state"] == "extremely degraded"
    assert production(found["life_cycle"]) is None


def integrity_of(thv: np.ndarray) -> dict[str, Any]:
    return {"series": {"published": [{"epoch": f"e{n}", "thv": value} for n, value in enumerate(thv.tolist())]}}


def test_thresholds_come_from_the_epochs_of_a_site(output: Path) -> None:
    """Knots after 8 and 16 years; the epochs of a year count as their mean."""
    years = np.repeat(np.arange(2000, 2025), 2)
    thv = np.interp(years, [2000, 2008, 2016, 2024], [1, 0.98, 0.5, 0.48]) + np.tile([0.05, -0.05], 25)
    thv += np.repeat(np.random.default_rng(0).normal(0, 0.003, 25), 2)
    epochs = [{"name": f"e{n}", "year": int(year)} for n, year in enumerate(years)]
    found = course(MineSettings(), str(output), epochs=epochs, integrity=integrity_of(thv), classes={})
    points = found["thresholds"]["published"]["points"]
    assert {point["name"] for point in points} >= {"elastic", "mutation"}
    assert points[0]["year"] == pytest.approx(2008, abs=1)
    assert points[-1]["year"] == pytest.approx(2016, abs=1)
    assert "within the stable stage" in found["thresholds"]["published"]["contradiction"]
    assert found["succession"] is None
    site = plain(found | {"epochs": epochs, "integrity": integrity_of(thv)})
    dots, line = site_thresholds(site, "published").data
    assert len(dots.x) == 50
    assert list(line.x) == [2000, *(point["year"] for point in points), 2024]
    bars = stages(site, "published")
    assert bars is not None
    assert {bar.y[0] for bar in bars.data} == {"stage of the mine", "stage of the ecosystem"}
    assert {bar.text for bar in bars.data} >= {"initial", "accelerated", "stable", "compaction", "mutation"}


def test_states_are_drawn_at_each_epoch() -> None:
    """Two epochs of 2020 stand half a year apart."""
    states = [(2010, None), (2020, "damaged"), (2020, "rebuilt"), (2024, "damaged")]
    epochs = [{"epoch": f"e{n}", "year": year, "state": state} for n, (year, state) in enumerate(states)]
    named = [{"name": each["epoch"], "year": each["year"]} for each in epochs]
    chart = stages({"epochs": named, "succession": {"epochs": epochs}}, "published")
    assert chart is not None
    assert {mark.name: list(mark.x) for mark in chart.data if mark.name != chart.data[0].name} == {
        "damaged": [2020, 2024],
        "rebuilt": [2020.5],
    }
    assert list(chart.data[0].x) == [2010]


def test_a_year_counts_the_epochs_that_have_thv() -> None:
    """Of 2000, 2005 twice and 2010, one epoch of 2005 and that of 2010 have no ThV."""
    epochs = [{"name": f"e{n}", "year": year} for n, year in enumerate((2000, 2005, 2005, 2010))]
    mine = MineSettings(thresholds={"elastic": 0.9})
    values = np.array([1, math.nan, 0.8, math.nan])
    found = course(mine, None, epochs=epochs, integrity=integrity_of(values), classes={})["thresholds"]["published"]
    assert found["points"][0]["year"] == pytest.approx(2002.5)
    assert found["flags"] == ("1 years without a value are left out",)
    values[2] = math.nan
    alone = course(mine, None, epochs=epochs, integrity=integrity_of(values), classes={})["thresholds"]["published"]
    assert (alone["status"], alone["points"]) == ("insufficient data", ())


def test_a_declared_decline_ends_the_stable_stage(output: Path) -> None:
    """The output shows none; from the date on, stages and their chart have it, and no stage lies over another."""
    epochs = [{"name": f"e{n}", "year": year} for n, year in enumerate((2000, 2024))]
    series = integrity_of(np.array([1, 0.8]))
    found = course(MineSettings(decline=2020), str(output), epochs=epochs, integrity=series, classes={})
    life = found["life_cycle"]
    assert [row["stage"] for row in life["stages"]] == ["initial", "decline"]
    assert life["notes"][-1] == "decline as declared: the output does not show it"
    assert not any("not yet observed" in note for note in life["notes"])
    dates = {"basis": "dates", "accelerated_from": 2000.0, "stable_from": 2005.0, "decline_from": 2015.0}
    assert list(life_spans(dates, 1998, 2024)) == [
        (1998, 2000, "initial"),
        (2000, 2005, "accelerated"),
        (2005, 2015, "early stable"),
        (2015, 2024, "decline"),
    ]


def test_two_epochs_are_insufficient_data_and_still_have_a_chart(output: Path) -> None:
    epochs = [{"name": "e0", "year": 2000}, {"name": "e1", "year": 2024}]
    integrity = integrity_of(np.array([1, 0.8]))
    found = course(MineSettings(), str(output), epochs=epochs, integrity=integrity, classes={})
    assert found["thresholds"]["published"]["status"] == "insufficient data"
    bars = stages(plain(found | {"epochs": epochs}), "published")
    assert bars is not None
    assert [bar.text for bar in bars.data] == ["initial", "accelerated", "stable"]


def test_known_constants_are_used() -> None:
    epochs = [{"name": f"e{n}", "year": 2000 + n} for n in range(3)]
    mine = MineSettings(thresholds={"elastic": 0.9, "mutation": (0.4, 0.6)})
    found = course(mine, None, epochs=epochs, integrity=integrity_of(np.array([1, 0.8, 0.4])), classes={})
    points = found["thresholds"]["published"]["points"]
    assert [point["year"] for point in points] == pytest.approx([2000.5, 2001.75])
    assert found["life_cycle"] is None


def test_transitions_flow_from_each_kind_of_land_to_each() -> None:
    areas = [[0, 0, 0, 0], [0, 1.0, 0, 0], [2.0, 0, 3.0, 0], [0, 0, 0, 0]]
    chart = transitions({"transitions": {"roles": ["mined", "occupied", "vegetated", "water"], "area_km2": areas}})
    link = chart.data[0].link
    assert list(zip(link.source, link.target, link.value, strict=True)) == [(1, 5, 1.0), (2, 4, 2.0), (2, 6, 3.0)]


@pytest.mark.parametrize(
    ("mine", "problem"),
    [
        ({"thresholds": {"plastic": 0.9}}, "unknown point plastic"),
        ({"thresholds": {"elastic": 0.5, "yield": 0.9}}, "must fall"),
        ({"first_production": 12}, "first_production"),
        ({"owner": "x"}, "owner"),
    ],
)
def test_wrong_words_about_the_mine_are_refused(
    tmp_path: Path, maps: list[Path], mine: dict[str, Any], problem: str
) -> None:
    site = tmp_path / "site.yaml"
    epochs = [{"classes": path.name, "year": int(path.stem)} for path in maps]
    site.write_text(yaml.safe_dump({"version": 1, "site": "pond", "epochs": epochs, "mine": mine}))
    with pytest.raises(InputError, match=problem):
        load_site(site)
