import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
from shapely.geometry import box
from small_scenes import grid, write_raster

from pitscape.cli import main
from pitscape.imagery.class_map import open_class_map, save_class_map
from pitscape.imagery.legend import load_legend
from pitscape.inference.outlines.elevation import open_elevation
from pitscape.inference.outlines.extents import class_extents
from pitscape.inference.outlines.relief import with_relief

LEFT, TOP = 585420, 5652250


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A map of 60 x 60 cells with a pit of 20 x 20 and, 40 m to the east, one of 20 x 5; elevation; two leases."""
    ids = np.full((60, 60), 2, np.uint8)
    ids[20:40, 20:40] = ids[20:40, 44:49] = 0
    ids[28:32, 28:32] = 3
    save_class_map(tmp_path / "map_20230709.tif", ids, grid(60, 60), load_legend())
    y, x = np.mgrid[:60, :60]
    heights = (1000 + 0.1 * x + 0.05 * np.sin(3 * x + 5 * y)).astype(np.float32)
    heights[20:40, 20:40] -= 30
    heights[20:40, 44:49] += 10
    write_raster(tmp_path / "dem.tif", heights[None])
    leases = {"code": ["A", "B"]}
    outlines = [box(LEFT, TOP - 600, LEFT + 420, TOP), box(LEFT + 420, TOP - 600, LEFT + 600, TOP)]
    table = geopandas.GeoDataFrame(leases, geometry=outlines, crs="EPSG:32633").to_crs("EPSG:4326")
    table.to_file(tmp_path / "leases.gpkg")
    return tmp_path


def run(folder: Path, *options: object, output: str = "e.gpkg") -> tuple[geopandas.GeoDataFrame, dict[str, Any]]:
    path = folder / "out" / output
    assert main(["extents", str(folder / "map_20230709.tif"), *map(str, options), "--output", str(path)]) == 0
    read = geopandas.read_parquet(path) if path.suffix == ".parquet" else geopandas.read_file(path, layer="extents")
    return read, json.loads(path.with_name(path.name + ".json").read_text())


def test_mines_kinds_and_sums_in_the_table_and_its_record(folder: Path) -> None:
    table, said = run(
        folder, "--fill", 1, "--mines", folder / "leases.gpkg", "--mine-name", "code", "--dem", folder / "dem.tif"
    )
    assert table[["mine", "kind", "cells", "epoch"]].to_numpy().tolist() == [
        ["A", "pit", 400, "2023-07-09"],
        ["B", "dump", 100, "2023-07-09"],
    ]
    km2 = 1e-4 / 0.9996**2  # of a cell, to a part in a thousand
    assert said["area_km2"] == pytest.approx(500 * km2, rel=1e-3)
    assert said["filled_km2"] == pytest.approx(16 * km2, rel=1e-3)
    assert said["kind_km2"]["pit"] == pytest.approx(400 * km2, rel=1e-3)
    assert said["title"] == "excavated land, 2023-07-09"
    assert (said["polygons"], said["mines"], said["land"]) == (2, 2, "excavated")
    assert said["reference"] == "surface of the undisturbed land around each mine"
    assert set(said["inputs_sha256"]) == {"map_20230709.tif", "leases.gpkg", "dem.tif"}
    assert said["options"]["fill"] == 1
    assert str(folder) not in json.dumps(said)


def test_without_elevation_nothing_is_said_of_kinds(folder: Path) -> None:
    table, said = run(folder)
    assert set(table["kind"]) == {"unknown"}
    assert said["kind_km2"] is None
    assert said["reference"] is None
    with closing(sqlite3.connect(folder / "out" / "e.gpkg")) as database:
        (style,) = database.execute("SELECT styleQML FROM layer_styles").fetchone()
    assert "192,86,47" in style  # the legend's colour of mined land


def test_near_patches_dissolve_into_one_mine_in_geoparquet(folder: Path) -> None:
    table, said = run(folder, "--merge", 45, "--dissolve", output="e.parquet")
    assert table[["mine", "patches", "cells"]].to_numpy().tolist() == [["1", 2, 484]]
    assert said["mines"] == 1


def test_files_of_one_name_each_have_their_hash(folder: Path) -> None:
    dem = folder / "dem" / "map_20230709.tif"
    dem.parent.mkdir()
    (folder / "dem.tif").rename(dem)
    _, said = run(folder, "--dem", dem)
    assert set(said["inputs_sha256"]) == {f"{folder.name}/map_20230709.tif", "dem/map_20230709.tif"}


def assessment(path: Path, **changes: Any) -> Path:  # noqa: ANN401
    """Of a zone of 2 km2, a fifth of it mined with a standard error of 0.02."""
    covariance = [[0.0004, 0, -0.0004, 0], [0] * 4, [-0.0004, 0, 0.0004, 0], [0] * 4]
    content = {"names": ["mined", "occupied", "vegetated", "water"], "shares": [0.2, 0.1, 0.6, 0.1], "area_km2": 2.0}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content | {"covariance": covariance} | changes))
    return path


def test_only_a_mine_with_its_own_sample_has_an_interval(folder: Path) -> None:
    """0.2 x 2 km2 +- 1.96 x 0.02 x 2 km2."""
    assessment(folder / "assessed" / "A" / "accuracy.json")
    options = ["--mines", folder / "leases.gpkg", "--mine-name", "code", "--assessments"]
    table, said = run(folder, *options, folder / "assessed")
    by_mine = table.set_index("mine")
    assert by_mine.loc["A", ["area_low_km2", "adjusted_km2", "area_high_km2"]].tolist() == pytest.approx(
        [0.4 - 0.0784, 0.4, 0.4 + 0.0784], abs=1e-5
    )
    assert by_mine.loc["B", ["area_low_km2", "adjusted_km2", "area_high_km2"]].isna().all()
    assert "accuracy.json" in said["inputs_sha256"]
    (folder / "by_mine.json").write_text(json.dumps({"A": "assessed/A/accuracy.json"}))
    again, _ = run(folder, *options, folder / "by_mine.json", output="f.gpkg")
    assert again.drop(columns="geometry").equals(table.drop(columns="geometry"))


def test_the_own_interval_of_an_assessment_is_taken_and_variance_0_gives_none(folder: Path) -> None:
    own = {"name": "mined", "adjusted_km2": {"value": 0.4, "low": 0.31, "high": 0.52, "wald_half_width": 0.08}}
    assessment(folder / "assessed" / "A.json", classes=[own])
    assessment(folder / "assessed" / "B.json", covariance=[[0.0] * 4] * 4)
    options = ["--mines", folder / "leases.gpkg", "--mine-name", "code", "--assessments", folder / "assessed"]
    by_mine = run(folder, *options)[0].set_index("mine")
    assert by_mine.loc["A", ["adjusted_km2", "area_low_km2", "area_high_km2"]].tolist() == [0.4, 0.31, 0.52]
    assert by_mine.loc["B", "adjusted_km2"] == pytest.approx(0.4)
    assert by_mine.loc["B", ["area_low_km2", "area_high_km2"]].isna().all()


def test_a_mine_of_several_rows_has_no_interval(folder: Path) -> None:
    assessment(folder / "assessed" / "1.json")
    apart, _ = run(folder, "--merge", 45, "--assessments", folder / "assessed")
    whole, _ = run(folder, "--merge", 45, "--dissolve", "--assessments", folder / "assessed")
    assert apart["area_low_km2"].isna().all()
    assert whole["area_low_km2"].notna().all()


def wrong_uses(folder: Path) -> Sequence[tuple[list[object], str]]:
    strange = assessment(folder / "strange" / "1.json", names=["pit", "occupied", "vegetated", "water"])
    vague = assessment(folder / "vague" / "1.json", area_km2=-1)
    shares = {"names": ["mined", "water"], "shares": [0.2, 0.8], "covariance": [[0.0, 0.0], [0.0, 0.0]]}
    (folder / "bare").mkdir()
    (folder / "bare" / "1.json").write_text(json.dumps(shares))
    (folder / "list.json").write_text(json.dumps({"Z": "a.json"}))
    dem = folder / "dem.tif"
    return [
        (["--fill", -1], "--fill -1: must be a number of at least 0"),
        (["--ring", 0, "--dem", dem], "--ring 0: must be a number above 0"),
        (["--dem", dem, "--elevation-change", dem], "--dem and --elevation-change: give one of them"),
        (["--dem-before", dem], "needs --dem"),
        (["--dissolve"], "--dissolve: needs --mines or --merge"),
        (["--assessments", folder], "needs --mines or --merge"),
        (["--mine-name", "code"], "--mine-name code: needs --mines"),
        (["--mines", folder / "leases.gpkg", "--mine-name", "lease"], "no column 'lease'"),
        (["--confidence", dem], "is no map of confidence"),
        (["--dem", folder / "none.tif"], "no such file"),
        (["--merge", 45, "--assessments", folder / "out"], "holds no assessment of 1"),
        (["--merge", 45, "--assessments", folder / "list.json"], "no mine is named 'Z'; there are 1"),
        (["--merge", 45, "--dissolve", "--assessments", strange.parent], "not mined; assess the class of the map"),
        (["--merge", 45, "--dissolve", "--assessments", vague.parent], "area_km2"),
        (["--merge", 45, "--dissolve", "--assessments", folder / "bare"], "has no area_km2, of which the shares are"),
    ]


def test_wrong_use_is_answered_in_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "out").mkdir()
    for options, message in wrong_uses(folder):
        output = folder / "out" / "wrong.gpkg"
        given = ["extents", str(folder / "map_20230709.tif"), *map(str, options), "--output", str(output)]
        assert main(given) == 2, options
        said = capsys.readouterr().err
        assert message in said
        assert said.count("\n") == 1
        assert not list((folder / "out").iterdir())


@pytest.mark.parametrize("seed", range(5))
def test_excavated_land_of_simulated_mines_is_that_of_the_truth(tmp_path: Path, seed: int) -> None:
    """Pit with its sump, within 3 % at every epoch; the volume within 25 %: the land under a pit is not known."""
    site = tmp_path / "site"
    assert main(["simulate", "--out", str(site), "--seed", str(seed), "--layers", "truth,dem,polygons"]) == 0
    epochs = json.loads((site / "truth.json").read_text())["epochs"]
    assert len(epochs) == 5
    for epoch in epochs:
        dem = site / "dem" / f"{epoch['name']}.tif"
        with open_class_map(site / "truth" / f"{epoch['name']}.tif") as classes:
            table = class_extents(classes, "mined", epoch="", fill_ha=30)
            with open_elevation(classes.grid, dem=dem) as elevation:
                table = with_relief(table, classes, elevation)
        pits = table[table["kind"] == "pit"]
        assert pits["area_km2"].sum() == pytest.approx(epoch["excavated_km2"], rel=0.03)
        assert pits["volume_below_mm3"].sum() == pytest.approx(epoch["excavated_million_m3"], rel=0.25)
    by_surface = dumps_by_kind(site, [epoch["name"] for epoch in epochs], is_change=False)
    by_change = dumps_by_kind(site, [epoch["name"] for epoch in epochs], is_change=True)
    assert by_surface.get("dump", 0) > 0.6
    assert by_surface.get("pit", 0) == 0
    assert by_change.get("dump", 0) > 0.999


def dumps_by_kind(site: Path, names: Sequence[str], *, is_change: bool) -> dict[str, float]:
    """Share of the area of dumps and restored land, outlined in the truth of the last epoch, by what they are called."""
    table = geopandas.read_file(site / "truth.gpkg")
    table = table[table["kind"].isin(["dump", "restored"]) & (table["epoch"] == table["epoch"].max())]
    table = table.assign(mine=None, kind="unknown").reset_index(drop=True)
    dem, before = (site / "dem" / f"{name}.tif" for name in (names[-1], names[0]))
    with (
        open_class_map(site / "truth" / f"{names[-1]}.tif") as classes,
        open_elevation(classes.grid, dem=dem, before=before if is_change else None) as elevation,
    ):
        found = with_relief(table, classes, elevation)
    areas: dict[str, float] = (found.groupby("kind")["area_km2"].sum() / found["area_km2"].sum()).to_dict()
    return areas
