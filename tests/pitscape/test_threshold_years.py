"""Years of the threshold points over draws: made by hand, and of a site of tables."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from pitscape.cli import main
from pitscape.threshold_years import by_year, key_of, year_functions

YEARS = list(range(2000, 2024))
KNOTS = np.interp(YEARS, [2000, 2006, 2012, 2017, 2023], [1, 0.98, 0.7, 0.3, 0.25])
"""Bends in 2006, 2012 and 2017."""

Run = Callable[..., dict[str, Any]]


def years_of(constants: dict[str, tuple[float, float]], years: list[int], draws: Any) -> np.ndarray:  # noqa: ANN401
    function = year_functions(constants, years, ["departure"])[key_of("departure")]
    found = function({}, {"thv_departure": np.array(draws, np.float64)})
    np.testing.assert_array_equal(found[:, 1], np.isfinite(found[:, 0]))
    return np.asarray(found[:, 0])


def test_known_constants() -> None:
    """ThV 1 to 0.8 +- 0.1: the yield at 0.9 is passed between 2003.33 and 2010; the mutation at 0.5 is not."""
    found = years_of(
        {"yield": (0.85, 0.95), "mutation": (0.5, 0.5)}, [2000, 2010], [[1, 0.7], [1, 0.8], [1, 0.9 - 1e-12]]
    )
    assert found[:, 1] == pytest.approx([2003.33, 2005, 2010], abs=0.01)
    assert np.isnan(found[:, [0, 2]]).all()


def test_detected_in_each_draw() -> None:
    """Three draws with bends in 2009 and 2015, moved by 0, 1 and 2 years; and one that rises."""
    draws = [np.interp(YEARS, [2000, 2009 + n, 2015 + n, 2023], [1, 0.96, 0.5, 0.48]) for n in range(3)]
    found = years_of({}, YEARS, [*draws, np.linspace(1, 2, 24)])
    assert found[:3, 0].tolist() == [2009, 2010, 2011]
    assert found[:3, 2].tolist() == [2015, 2016, 2017]
    assert np.isnan(found[:, 1]).all()
    assert np.isnan(found[3]).all()


def test_two_epochs_of_a_year_count_as_their_mean() -> None:
    """0.9 and 0.7 in 2010 are 0.8, so that 0.9 is passed in 2005."""
    years, draws = by_year([2000, 2010, 2010], np.array([[1.0, 0.9, 0.7]]))
    assert years.tolist() == [2000, 2010]
    assert draws == pytest.approx(np.array([[1.0, 0.8]]))
    assert years_of({"elastic": (0.9, 0.9)}, [2000, 2010, 2010], [[1, 0.9, 0.7]])[0, 0] == pytest.approx(2005)


def test_an_epoch_that_no_draw_knows_is_left_out() -> None:
    draws = [[1, np.nan, 0.8], [1, np.nan, 0.6]]
    assert years_of({"elastic": (0.9, 0.9)}, [2000, 2004, 2010], draws)[:, 0] == pytest.approx([2005, 2002.5])
    assert np.isnan(years_of({"elastic": (0.9, 0.9)}, [2000, 2010], [[1, np.nan], [np.nan, 0.8]])).all()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A site of tables whose NPP has the bends, half grass and half forest; weights and years as given."""

    def start(weights: dict[str, float], years: list[int] = YEARS, **more: object) -> dict[str, Any]:
        (tmp_path / "areas.csv").write_text("\n".join(["year,g,f", *(f"{year},50,50" for year in years)]))
        npp = [f"{year},{0.8 * each:.6f}" for year, each in zip(YEARS, KNOTS, strict=True)]
        (tmp_path / "npp.csv").write_text("\n".join(["year,npp", *npp]))
        (tmp_path / "ndvi.csv").write_text("\n".join(["date,ndvi", *(f"{year}-07-01,0.5" for year in YEARS)]))
        content = {
            "version": 1,
            "site": "bends",
            "c1": 0.2,
            "c2": 0.1,
            "weights": {"shei": 1, "mpfd": 0, "contag": 0, "connect": 0, "npp": 1, "q": 0} | weights,
            "tables": {
                "areas": {"table": "areas.csv", "types": {"g": "grassland", "f": "forest"}, "unit": "km2"},
                "npp": {"table": "npp.csv", "value": "npp", "unit": "kg C m-2 y-1"},
                "ndvi": {"table": "ndvi.csv", "date": "date", "value": "ndvi"},
            },
            "uncertainty": {"draws": 200},
        }
        (tmp_path / "site.yaml").write_text(yaml.safe_dump(content | more))
        assert main(["run", str(tmp_path / "site.yaml"), "--out", str(tmp_path / "out")]) == 0
        found: dict[str, Any] = json.loads((tmp_path / "out" / "site.json").read_text())
        return found

    return start


def page_of(tmp_path: Path) -> str:
    return (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_what_does_not_vary_is_found_in_every_draw(run: Run, tmp_path: Path) -> None:
    """With all weight on NPP, ThV is NPP over its first value in every draw."""
    found = run({"sc": 0, "fc": 1, "e": 0})["uncertainty"]["threshold_years"]["published"]
    assert (found["method"], found["status"]) == ("breaks", "drawn")
    points = {point["name"]: point for point in found["points"]}
    for name, year in (("elastic", 2006), ("yield", 2012), ("mutation", 2017)):
        assert [points[name][key] for key in ("defined", "low", "median", "high")] == [1, year, year, year]
    page = page_of(tmp_path)
    assert "Over 400 draws of the uncertain inputs, detected in each of them:" in page
    assert "the elastic point is in 100 % of the draws, in 2006.0 (2006.0 to 2006.0 in 90 % of these)" in page


def test_wide_noise_leaves_a_small_share(run: Run) -> None:
    """With all weight on E, whose NDVI is the same each year, only noise can fall: 2.5 % by the gate, not all with a break."""
    found = run({"sc": 0, "fc": 0, "e": 1}, uncertainty={"draws": 200, "ndvi_sd": 0.02})["uncertainty"][
        "threshold_years"
    ]["published"]
    assert found["status"] == "drawn"
    assert max(point["defined"] for point in found["points"]) < 0.06


def test_what_moves_a_year_is_told(run: Run, tmp_path: Path) -> None:
    """With half of the weight on E, ThV falls to (0.8 x 0.25 + E) / (0.8 + E): below 0.95, and never to 0.1."""
    mine = {"thresholds": {"elastic": 0.95, "mutation": 0.1}}
    weights = {"sc": 0, "fc": 0.5, "e": 0.5}
    found = run(weights, mine=mine, uncertainty={"draws": 200, "ndvi_sd": 0.001, "weight_concentration": 50})
    years = found["uncertainty"]["threshold_years"]["published"]
    assert years["method"] == "constants"
    elastic, mutation = years["points"]
    assert elastic["defined"] == 1
    assert 2006 < elastic["low"] < elastic["median"] < elastic["high"] < 2012
    assert sum(elastic["first_order"].values()) == pytest.approx(1, abs=0.5)
    assert (mutation["defined"], mutation["median"]) == (0, None)
    page = page_of(tmp_path)
    assert "its year rests on" in page
    assert "the mutation point is in none." in page


def test_what_decides_whether_there_is_a_point_is_told(run: Run, tmp_path: Path) -> None:
    """NDVI is the same each year; with weights anywhere, only those decide whether ThV falls to 0.6."""
    mine = {"thresholds": {"elastic": 0.6}}
    found = run({"sc": 0, "fc": 0.5, "e": 0.5}, mine=mine, uncertainty={"draws": 2000, "ndvi_sd": 0})
    (point,) = found["uncertainty"]["threshold_years"]["published"]["points"]
    assert 0.1 < point["defined"] < 0.9
    assert set(point["first_order"].values()) == {None}
    assert point["defined_first_order"]["weights"] > 0.8
    assert abs(point["defined_first_order"]["scores"]) < 0.1
    assert "whether a draw has it rests on weights alone by" in page_of(tmp_path)


def test_fewer_than_twelve_years_are_insufficient(run: Run, tmp_path: Path) -> None:
    found = run({"sc": 0, "fc": 1, "e": 0}, YEARS[:11])
    assert found["uncertainty"]["threshold_years"]["published"] == {
        "method": "breaks",
        "status": "insufficient data",
        "points": [],
    }
    assert found["thresholds"]["published"]["status"] == "insufficient data"
    assert "Too few epochs have a ThV for years over the draws" in page_of(tmp_path)
