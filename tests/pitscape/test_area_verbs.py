"""The verbs ``areas`` and ``change`` from end to end."""

import csv
import json
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import rasterio
from affine import Affine
from odc.geo.geobox import GeoBox
from shapely.geometry import Polygon, box
from small_scenes import UTM, grid

from pitscape.cli import main
from pitscape.imagery.class_map import save_class_map
from pitscape.imagery.legend import Legend, load_legend
from pitscape.imagery.share_map import new_share_map

WEST, NORTH = 585420, 5652250


@pytest.fixture
def maps(tmp_path: Path) -> list[Path]:
    """Vegetated land into which a pit of 5, 10 and 15 columns grows; a pond flickers in the second."""
    paths = []
    for number, columns in enumerate((5, 10, 15)):
        ids = np.full((20, 30), 2, np.uint8)
        ids[5:10, :columns] = 0
        ids[15:17, 20:22] = 3 if number == 1 else 2
        ids[0, 0] = 255 if number == 2 else 2
        paths.append(tmp_path / "in" / f"mine_20{number + 1}00701.tif")
        save_class_map(paths[-1], ids, grid(20, 30), load_legend())
    return paths


@pytest.fixture
def zones(tmp_path: Path) -> Path:
    """A lease, one that overlaps it and is a bow tie, one elsewhere."""
    tie = Polygon([(WEST, NORTH - 200), (WEST + 300, NORTH), (WEST + 300, NORTH - 200), (WEST, NORTH)])
    shapes = [box(WEST - 50, NORTH - 200, WEST + 105, NORTH), tie, box(0, 5_000_000, 1000, 5_001_000)]
    path = tmp_path / "in" / "zones.gpkg"
    path.parent.mkdir(exist_ok=True)
    geopandas.GeoDataFrame({"lease": ["a", "b", "c"]}, geometry=shapes, crs=UTM).to_file(path)
    return path


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


def record(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text())
    assert "in/" not in path.read_text()
    return content


def test_areas_of_zones_at_several_epochs(maps: list[Path], zones: Path, tmp_path: Path) -> None:
    output = tmp_path / "out" / "areas.csv"
    options = ["--zones", str(zones), "--zone-name", "lease", "--figure", str(tmp_path / "out" / "areas.html")]
    assert main(["areas", *map(str, maps), *options, "--output", str(output)]) == 0
    rows = table(output)
    assert len(rows) == 3 * 3 * 4
    mined = {(r["epoch"], r["zone"]): float(r["cells"]) for r in rows if r["class_name"] == "mined"}
    assert mined["2010-07-01", "a"] == 25
    assert mined["2020-07-01", "a"] == 50
    assert mined["2030-07-01", "a"] == pytest.approx(52.5)
    assert {r["share"] for r in rows if r["zone"] == "c"} == {""}
    assert float(rows[0]["outside_km2"]) == pytest.approx(50 * 200 / 1e6, rel=2e-3)
    notes = record(tmp_path / "out" / "areas.csv.json")
    assert notes["epochs"] == {"2010-07-01": maps[0].name, "2020-07-01": maps[1].name, "2030-07-01": maps[2].name}
    assert [each["zone"] for each in notes["zones"]["repaired"]] == ["b"]
    assert [each["zones"] for each in notes["zones"]["overlaps"]] == [["a", "b"]]
    assert set(notes["inputs_sha256"]) == {*(path.name for path in maps), "zones.gpkg"}
    assert "mined" in (tmp_path / "out" / "areas.html").read_text()


def test_epochs_may_lie_on_grids_of_their_own(maps: list[Path], tmp_path: Path) -> None:
    """Zones are brought to each: a lease inside maps of 10 m and 20 m has one area."""
    coarse = tmp_path / "in" / "coarse_20400701.tif"
    save_class_map(coarse, np.full((10, 15), 2, np.uint8), grid(10, 15, side=20), load_legend())
    lease = tmp_path / "in" / "lease.gpkg"
    shape = Polygon([(WEST + 13, NORTH - 11), (WEST + 290, NORTH - 57), (WEST + 101, NORTH - 188)])
    geopandas.GeoDataFrame(geometry=[shape], crs=UTM).to_crs("EPSG:4326").to_file(lease)
    output = tmp_path / "areas.csv"
    assert main(["areas", str(maps[0]), str(coarse), "--zones", str(lease), "--output", str(output)]) == 0
    km2 = [sum(float(r["area_km2"]) for r in table(output) if r["epoch"][:4] == year) for year in ("2010", "2040")]
    assert km2[0] == pytest.approx(km2[1], rel=1e-6)
    assert km2[0] == pytest.approx(shape.area / 1e6 / 0.9996**2, rel=2e-4)


def test_equal_work_gives_equal_bytes(maps: list[Path], zones: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        out = tmp_path / name
        assert main(["areas", str(maps[0]), "--zones", str(zones), "--output", str(out / "areas.csv")]) == 0
        flags = ["--persist", "2/2", "--filtered", str(out / "maps"), "--figure", str(out / "f.html")]
        assert main(["change", *map(str, maps), *flags, "--output", str(out / "change.json")]) == 0
    names = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*.*") if path.is_file())
    assert len(names) == 12
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_squares_and_the_centre_rule(maps: list[Path], tmp_path: Path) -> None:
    output = tmp_path / "areas.csv"
    assert main(["areas", str(maps[0]), "--grid", "0.1", "--edges", "centre", "--output", str(output)]) == 0
    rows = table(output)
    assert sum(int(row["cells"]) for row in rows) == 600
    notes = record(tmp_path / "areas.csv.json")["zones"]
    assert notes["squares"] == {"side_km": 0.1, "crs": "EPSG:32633"}
    assert notes["edges"] == "centre"


def test_soft_areas_stand_beside_the_others(maps: list[Path], tmp_path: Path) -> None:
    chances = tmp_path / "in" / "p.tif"
    with new_share_map(chances, grid(20, 30), load_legend().names) as write:
        write(0, 0, np.full((4, 20, 30), 62, np.uint8))
    output = tmp_path / "areas.csv"
    assert main(["areas", str(maps[0]), "--probabilities", str(chances), "--output", str(output)]) == 0
    assert [float(row["soft_share"]) for row in table(output)] == pytest.approx([0.25] * 4)


def test_change_with_flicker(maps: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    wanted = ["--persist", "2/2", "--filtered", str(out / "maps"), "--figure", str(out / "flows.html")]
    assert main(["change", *map(str, maps), *wanted, "--output", str(out / "change.json")]) == 0
    content = record(out / "change.json")
    [zone] = content["change"]
    assert content["persistence"] == {"k": 2, "n": 2}
    assert [(t["before"][:4], t["after"][:4]) for t in zone["transitions"]] == [
        ("2010", "2020"),
        ("2020", "2030"),
        ("2010", "2030"),
    ]
    cell = zone["observed_km2"] / 599
    pond = zone["transitions"][0]["classes"][3]
    assert pond["gain_km2"] == pytest.approx(4 * cell, rel=1e-5)
    assert zone["filtered"][0]["classes"][3]["gain_km2"] == 0
    assert zone["flicker_km2"] == pytest.approx(4 * cell, rel=1e-5)
    assert zone["unconfirmed_km2"] == pytest.approx(25 * cell, rel=1e-5)
    assert zone["unobserved_km2"] == pytest.approx(cell, rel=1e-5)
    rows = table(out / "change.transitions.csv")
    assert len(rows) == 2 * 3 * 16
    grown = [r for r in rows if (r["series"], r["from_class"], r["to_class"]) == ("filtered", "vegetated", "mined")]
    assert [float(row["cells"]) for row in grown] == [25, 25, 50]
    nets = [r["net_km2"] for r in table(out / "change.classes.csv") if r["class_name"] == "mined"]
    assert float(nets[2]) == pytest.approx(50 * cell, rel=1e-5)
    with rasterio.open(out / "maps" / maps[1].name) as dataset:
        second = dataset.read(1)
    assert (second[15:17, 20:22] == 2).all()
    assert (second[0, 0], second[5, 9], second[5, 10]) == (255, 0, 2)
    assert "flicker: 0.67 %" in capsys.readouterr().out


def test_change_on_another_grid_needs_the_word(
    maps: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    coarse = tmp_path / "in" / "mine_20400701.tif"
    save_class_map(coarse, np.full((10, 15), 2, np.uint8), grid(10, 15, side=20), load_legend())
    command = ["change", str(maps[0]), str(coarse), "--output", str(tmp_path / "change.json")]
    assert main(command) == 2
    assert "--resample" in capsys.readouterr().err
    assert main([*command, "--resample", "coarsest"]) == 0
    assert np.sum(record(tmp_path / "change.json")["change"][0]["transitions"][0]["cells"]) == 150


@pytest.mark.parametrize(
    ("verb", "options", "problem"),
    [
        ("areas", ["--grid", "1", "--zones", "z.gpkg"], "choose one"),
        ("areas", ["--zone-name", "lease"], "give that file"),
        ("areas", ["--epochs", "2010"], "names 1 epochs of 3"),
        ("areas", ["--probabilities", "p.tif"], "1 files of 3 maps"),
        ("areas", ["--grid", "-1"], "above 0"),
        ("areas", ["--figure", "f.doc"], "choose one of them"),
        ("change", ["--persist", "3/2"], "k must lie"),
        ("change", ["--persist", "two"], "no rule K/N"),
        ("change", ["--filtered", "maps"], "give --persist"),
        ("change", ["--epochs", "2030,2020,2010"], "give maps in order of time"),
        ("change", ["--filtered", "in", "--persist", "2/2"], "is an input"),
    ],
)
def test_wrong_use_is_told_in_one_line(
    maps: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    verb: str,
    options: list[str],
    problem: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    output = tmp_path / "out" / ("areas.csv" if verb == "areas" else "change.json")
    assert main([verb, *map(str, maps), *options, "--output", str(output)]) == 2
    message = capsys.readouterr().err
    assert problem in message
    assert message.count("\n") == 1
    assert not output.exists()


def test_maps_of_one_table_have_one_legend_and_one_kind_of_squares(
    maps: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other, ids = tmp_path / "in" / "other.tif", np.zeros((20, 30), np.uint8)
    degrees = GeoBox((20, 30), Affine(1e-4, 0, 16.22, 0, -1e-4, 51.01), "EPSG:4326")
    output = ["--output", str(tmp_path / "a.csv")]
    save_class_map(other, ids, degrees, load_legend())
    assert main(["areas", str(maps[0]), str(other), *output]) == 0
    (tmp_path / "a.csv").unlink()
    assert main(["areas", str(maps[0]), str(other), "--grid", "1", *output]) == 2
    assert "other.tif: has other squares than" in capsys.readouterr().err
    fewer = Legend(classes=load_legend().classes[:2])
    save_class_map(other, ids, grid(20, 30), fewer)
    assert main(["areas", str(maps[0]), str(other), *output]) == 2
    assert "other.tif: has another legend than" in capsys.readouterr().err
    assert not (tmp_path / "a.csv").exists()


def test_one_name_for_two_outputs_is_refused(
    maps: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = str(tmp_path / "a.html")
    assert main(["areas", str(maps[0]), "--output", both, "--figure", both]) == 2
    assert "a.html: is named for two outputs" in capsys.readouterr().err
    assert not Path(both).exists()


def test_unobserved_land_prints_no_share(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_class_map(tmp_path / "a.tif", np.full((2, 2), 255, np.uint8), grid(2, 2), load_legend())
    assert main(["areas", str(tmp_path / "a.tif"), "--output", str(tmp_path / "a.csv")]) == 0
    assert capsys.readouterr().out.splitlines()[0].endswith("0.0000 km2       - %")
