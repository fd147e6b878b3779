"""The verb assess."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pyogrio
import pytest
from labelled_points import label_points
from numpy.typing import NDArray
from shapely.affinity import translate
from small_scenes import grid, write_raster

from pitscape.accuracy_file import AccuracyFile
from pitscape.adjusted import read_adjusted
from pitscape.cli import main
from pitscape.ecosystem_types import EcosystemTypes
from pitscape.imagery.class_map import save_class_map
from pitscape.imagery.legend import load_legend
from pitscape.resilience.elasticity import TYPE_SCORES

NAMES = load_legend().names
SHAPE = (200, 200)
KM2 = 1e-4
"""Of a cell of 10 m, to a thousandth."""

Ids = NDArray[np.uint8]


def land(seed: int = 0) -> tuple[Ids, Ids]:
    """True classes, and a map of them with errors at random: a tenth of the mined land is missed."""
    random = np.random.default_rng(seed)
    truth = np.full(SHAPE, 2, np.uint8)
    truth[:40, :60], truth[60:100, :50], truth[150:170, 100:200] = 0, 1, 3
    mapped = truth.copy()
    mapped[(truth == 0) & (random.random(SHAPE) < 0.1)] = 2
    mapped[(truth == 2) & (random.random(SHAPE) < 0.02)] = 1
    mapped[199] = 255
    return truth, mapped


def saved(path: Path, ids: Ids) -> Path:
    save_class_map(path, ids, grid(*ids.shape), load_legend())
    return path


def label(path: Path, name_of: Callable[[int, int], str | None]) -> None:
    """Fill in the column reference from what is at a row and column."""
    label_points(path, lambda x, y: name_of(int((5652250 - y) // 10), int((x - 585420) // 10)))


def assess(*arguments: Any, output: Path) -> dict[str, Any]:  # noqa: ANN401 - paths and texts
    assert main(["assess", *map(str, arguments), "--draws", "4000", "--output", str(output)]) == 0
    content: dict[str, Any] = json.loads(output.read_text())
    return content


@pytest.fixture
def sampled(tmp_path: Path) -> tuple[Path, Path, Ids]:
    """A map, 400 labelled points of it, and the truth."""
    truth, mapped = land()
    classes, points = saved(tmp_path / "classes.tif", mapped), tmp_path / "points.gpkg"
    assert main(["sample", str(classes), "--size", "400", "--output", str(points)]) == 0
    label(points, lambda row, column: NAMES[truth[row, column]])
    return classes, points, truth


def test_adjusted_areas_find_what_the_map_misses(sampled: tuple[Path, Path, Ids], tmp_path: Path) -> None:
    classes, points, truth = sampled
    figure = tmp_path / "accuracy.html"
    content = assess(classes, "--reference", points, "--figure", figure, output=tmp_path / "accuracy.json")
    assert content["names"] == list(NAMES)
    assert sum(content["shares"]) == pytest.approx(1)
    assert content["area_km2"] == pytest.approx(199 * 200 * KM2, rel=2e-3)
    for number, each in enumerate(content["classes"]):
        area = (truth[:199] == number).sum() * KM2
        assert each["adjusted_km2"]["low"] <= area * 1.001
        assert each["adjusted_km2"]["high"] >= area * 0.999
    mined = content["classes"][0]
    assert mined["mapped_by_adjusted"] == pytest.approx(mined["mapped_km2"] / mined["adjusted_km2"]["value"])
    assert mined["users_accuracy"]["value"] == 1
    assert content["design"]["estimator"] == "Olofsson et al. 2014"
    assert np.sum(content["matrix"]["counts"]) == content["design"]["points"] == 400
    assert np.sum(content["matrix"]["area_shares"]) == pytest.approx(1)
    assert any("all 50 points of stratum mined have one label" in note for note in content["notes"])
    assert set(content["inputs_sha256"]) == {"classes.tif", "points.gpkg"}
    written = (tmp_path / "accuracy.md").read_text()
    assert "| mined |" in written
    assert content["planning"][0]["sentence"] in written
    assert "adjusted, 95 % interval" in figure.read_text()


def test_later_steps_read_the_shares(sampled: tuple[Path, Path, Ids], tmp_path: Path) -> None:
    classes, points, _ = sampled
    content = assess(classes, "--reference", points, output=tmp_path / "a.json")
    roles = {"mined": "mined", "dump": "occupied", "forest": "vegetated", "grass": "vegetated", "pond": "water"}
    types = EcosystemTypes(roles, roles, TYPE_SCORES, ())
    mapped = {"mined": 0.05, "dump": 0.05, "forest": 0.6, "grass": 0.2, "pond": 0.1}
    found = read_adjusted(tmp_path / "a.json", mapped, types)
    assert found.shares["mined"] == pytest.approx(content["shares"][0])
    assert found.shares["forest"] == pytest.approx(0.75 * content["shares"][2])
    assert found.covariance[0, 0] == pytest.approx(content["covariance"][0][0])


def test_equal_work_gives_equal_bytes(sampled: tuple[Path, Path, Ids], tmp_path: Path) -> None:
    classes, points, _ = sampled
    for name in "ab":
        assess(classes, "--reference", points, output=tmp_path / f"{name}.json")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert (tmp_path / "a.md").read_bytes() == (tmp_path / "b.md").read_bytes()


def test_labels_may_be_numbers_and_the_file_another_format(sampled: tuple[Path, Path, Ids], tmp_path: Path) -> None:
    """Numbers in another CRS, without the table of strata: the strata are the mapped classes, and all figures the same."""
    classes, points, _ = sampled
    table = pyogrio.read_dataframe(points, layer="points")
    table["reference"] = [NAMES.index(name) for name in table["reference"]]
    table.to_crs(4326).to_file(tmp_path / "points.geojson")
    one = assess(classes, "--reference", points, output=tmp_path / "a.json")
    other = assess(classes, "--reference", tmp_path / "points.geojson", output=tmp_path / "b.json")
    assert other["classes"] == one["classes"]
    assert "no table strata" in other["notes"][0]
    table.drop(columns="stratum").to_file(tmp_path / "bare.geojson")
    bare = assess(classes, "--reference", tmp_path / "bare.geojson", output=tmp_path / "c.json")
    assert "taken as a random sample" in bare["notes"][0]
    assert bare["shares"] == pytest.approx(one["shares"])


def test_another_map_is_assessed_with_the_same_points(
    sampled: tuple[Path, Path, Ids], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A map without errors: strata are no longer its classes, and the estimate of the areas stays."""
    classes, points, truth = sampled
    better = saved(tmp_path / "better.tif", truth)
    one = assess(classes, "--reference", points, output=tmp_path / "a.json")
    other = assess(better, "--reference", points, output=tmp_path / "b.json")
    assert other["design"]["estimator"] == "Stehman 2014"
    assert other["overall_accuracy"]["value"] == pytest.approx(1)
    assert other["overall_accuracy"]["low"] < 0.995
    assert other["shares"] == pytest.approx(one["shares"])
    assert any("strata differ" in note for note in other["notes"])
    table = pyogrio.read_dataframe(points, layer="points")
    table.to_file(tmp_path / "points.geojson")
    arguments = ["assess", better, "--reference", tmp_path / "points.geojson", "--output", tmp_path / "c.json"]
    assert main(list(map(str, arguments))) == 2
    assert "no table of their areas" in capsys.readouterr().err
    assert any("mapped areas are estimated from the points" in note for note in other["notes"])


def test_unlabelled_points_are_refused_or_left_out(
    sampled: tuple[Path, Path, Ids], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    classes, points, truth = sampled
    label(points, lambda row, column: None if column % 10 == 0 else NAMES[truth[row, column]])
    assert main(["assess", str(classes), "--reference", str(points), "--output", str(tmp_path / "a.json")]) == 2
    assert re.search(r"points\.gpkg: \d+ of 400 points have no label", capsys.readouterr().err)
    assert not (tmp_path / "a.json").exists()
    content = assess(classes, "--reference", points, "--allow-unlabelled", output=tmp_path / "a.json")
    left_out = content["design"]["left_out"]
    assert left_out["unlabelled"] + content["design"]["points"] == 400
    assert left_out["unlabelled"] > 10


def test_points_off_the_land_are_counted(sampled: tuple[Path, Path, Ids], tmp_path: Path) -> None:
    """The map loses its upper half: to clouds, then altogether."""
    points = sampled[1]
    _, mapped = land()
    mapped[170:] = 255
    clouds = saved(tmp_path / "clouds.tif", mapped)
    content = assess(clouds, "--reference", points, output=tmp_path / "a.json")
    table = pyogrio.read_dataframe(points, layer="points")
    hidden = int((table["y"] < 5652250 - 1700).sum())
    assert content["design"]["left_out"] == {"unlabelled": 0, "unobserved": hidden, "outside": 0}
    cut = saved(tmp_path / "cut.tif", mapped[:170])
    content = assess(cut, "--reference", points, output=tmp_path / "b.json")
    assert content["design"]["left_out"] == {"unlabelled": 0, "unobserved": 0, "outside": hidden}


def test_gain_and_loss_between_epochs(tmp_path: Path) -> None:
    """600 cells are mined at the later epoch that were not; the maps are wrong on 3 % of the land, at random."""
    before, _ = land()
    after = before.copy()
    after[40:50, :60] = 0
    random = np.random.default_rng(2)
    earlier, later = (
        np.where(random.random(SHAPE) < 0.03, random.integers(0, 4, SHAPE).astype(np.uint8), each)
        for each in (before, after)
    )
    maps = [saved(tmp_path / f"{name}.tif", ids) for name, ids in (("earlier", earlier), ("later", later))]
    points = tmp_path / "points.gpkg"
    options = ["--before", str(maps[0]), "--size", "900", "--pool", "0.01", "--output", str(points)]
    assert main(["sample", str(maps[1]), *options]) == 0
    label(points, lambda row, column: f"{NAMES[before[row, column]]} to {NAMES[after[row, column]]}")
    figure = tmp_path / "change.html"
    content = assess(
        maps[1], "--before", maps[0], "--reference", points, "--figure", figure, output=tmp_path / "a.json"
    )
    assert content["design"]["estimator"] == "Stehman 2014"
    assert content["design"]["strata"][-1]["stratum"] == "other change"
    mined = content["changes"][0]
    truth = {"gain": 600, "loss": 0, "persistence": 2400, "before": 2400, "after": 3000, "net": 600}
    for kind, cells in truth.items():
        each = mined[f"{kind}_km2"]
        assert each["low"] <= cells * KM2 * 1.001
        assert each["high"] >= cells * KM2 * 0.999
    assert mined["gain_km2"]["value"] - mined["loss_km2"]["value"] == pytest.approx(mined["net_km2"]["value"])
    assert content["names"] == list(NAMES)
    assert content["shares"][0] * content["area_km2"] == pytest.approx(mined["after_km2"]["value"])
    assert content["before"]["shares"][0] * content["area_km2"] == pytest.approx(mined["before_km2"]["value"])
    assert sum(content["transitions"]["shares"]) == pytest.approx(1)
    assert any(row["area"] == "gain of mined" for row in content["planning"])
    assert "## Gain and loss" in (tmp_path / "a.md").read_text()
    assert "gain, 95 % interval" in figure.read_text()
    assert "Error matrix, and gain and loss" in figure.read_text()


def test_a_mask_is_assessed_in_blocks(tmp_path: Path) -> None:
    """Labelled on a third of the land, with codes of its own: 10 mined, 3 occupied, 1 vegetated, 8 water, 0 none."""
    truth, mapped = land()
    classes = saved(tmp_path / "classes.tif", mapped)
    codes = np.array([10, 3, 1, 8], np.uint8)[truth]
    codes[(np.add.outer(np.arange(200) // 20, np.arange(200) // 20) % 3) > 0] = 0
    mask = write_raster(tmp_path / "mask.tif", codes[None])
    options = ["--codes", "10=mined,3=occupied,1=vegetated,8=water", "--cluster-size", "100"]
    content = assess(classes, "--reference", mask, *options, output=tmp_path / "a.json")
    assert content["design"]["units"] == "blocks"
    assert 100 < content["design"]["blocks"] < 200
    assert np.sum(content["matrix"]["counts"]) == ((codes > 0) & (mapped < 255)).sum()
    mined = content["classes"][0]["adjusted_km2"]
    assert mined["low"] <= 0.24 <= mined["high"]
    assert mined["wald_half_width"] is None
    assert "more labelled blocks" in content["planning"][0]["sentence"]
    larger = assess(classes, "--reference", mask, *options[:2], "--cluster-size", "400", output=tmp_path / "b.json")
    assert larger["design"]["blocks"] < 30


def test_a_matrix_of_published_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Olofsson et al. (2014): 21,158 +- 6,158 ha of class 1."""
    matrix = tmp_path / "m.csv"
    matrix.write_text("66,0,5,4\n0,55,8,12\n1,0,153,11\n2,1,9,313\n")
    options = ["--pixels", "200000,150000,3200000,6450000", "--pixel-area", "900", "--names", "loss,gain,forest,other"]
    content = assess("--matrix", matrix, *options, output=tmp_path / "a.json")
    loss = content["classes"][0]
    assert (round(loss["adjusted_km2"]["value"] * 100), round(loss["adjusted_km2"]["wald_half_width"] * 100)) == (
        21_158,
        6_158,
    )
    assert loss["mapped_km2"] == pytest.approx(180)
    sentence = content["planning"][0]["sentence"]
    assert re.fullmatch(r"loss 211\.6 km² ±3\d %; \d+ more points in \*forest\* would bring ±\d\d %", sentence)
    assert sentence in capsys.readouterr().out


def test_a_class_that_no_point_has_is_not_certainly_absent(tmp_path: Path) -> None:
    matrix = tmp_path / "m.csv"
    matrix.write_text("50,0\n5,0\n")
    content = assess("--matrix", matrix, "--pixels", "900,100", "--pixel-area", "100", output=tmp_path / "a.json")
    row = content["classes"][1]
    assert row["adjusted_km2"]["value"] == 0
    assert row["adjusted_km2"]["high"] > 0
    assert row["mapped_by_adjusted"] is None
    assert re.match(r"class 2 0 km² \(at most .* km²\); \d+ more points", content["planning"][1]["sentence"])


def test_a_map_of_one_class_is_not_certain(tmp_path: Path) -> None:
    """99 points that agree, by points as by blocks: other classes of the legend are not ruled out."""
    ids = np.full((60, 60), 2, np.uint8)
    classes, points = saved(tmp_path / "c.tif", ids), tmp_path / "points.gpkg"
    assert main(["sample", str(classes), "--size", "99", "--output", str(points)]) == 0
    label(points, lambda _row, _column: "vegetated")
    mask = write_raster(tmp_path / "mask.tif", ids[None])
    for reference in (points, mask):
        content = assess(classes, "--reference", reference, "--cluster-size", "100", output=tmp_path / "a.json")
        assert content["names"] == list(NAMES)
        assert content["overall_accuracy"]["value"] == 1
        assert content["overall_accuracy"]["low"] < 0.99
        assert content["classes"][0]["adjusted_km2"]["high"] > 0


def test_mapped_areas_are_of_the_land_that_was_sampled(sampled: tuple[Path, Path, Ids], tmp_path: Path) -> None:
    """The map keeps 170 of 199 rows; the strata keep their names, and their areas are those of the sample."""
    points = sampled[1]
    cut = saved(tmp_path / "cut.tif", land()[1][:170])
    content = assess(cut, "--reference", points, output=tmp_path / "a.json")
    lost = content["design"]["left_out"]["outside"]
    assert f"points left out, as if at random: {lost} outside the map" in content["notes"]
    assert any("drawn from 3.982 km2, the map shows 3.402 km2" in note for note in content["notes"])
    assert sum(each["mapped_km2"] for each in content["classes"]) == pytest.approx(content["area_km2"])
    assert "as if at random" in (tmp_path / "a.md").read_text()


def test_the_schema_is_that_of_the_model() -> None:
    """Every file that ``assess`` writes passes the model; docs/accuracy.schema.json is its JSON schema."""
    stored = json.loads((Path(__file__).parents[2] / "docs/accuracy.schema.json").read_text())
    assert stored == AccuracyFile.model_json_schema()
    assert {"schema", "names", "shares", "covariance", "classes", "design"} <= set(stored["required"])


def handled(folder: Path, points: Path) -> dict[str, tuple[Path, str]]:
    """Points that someone changed, and what is said of them."""
    table = pyogrio.read_dataframe(points, layer="points")
    strata = pyogrio.read_dataframe(points, layer="strata", read_geometry=False)
    moved, within, copied = table.copy(), table.copy(), table.iloc[[*range(len(table)), 6]]
    moved.loc[5, "geometry"] = translate(table.geometry[5], 30, 40)
    within.loc[5, "geometry"] = translate(table.geometry[5], 3, 0)
    cases = {
        "moved": (moved, strata, "row 6 lies 50 map units from its x and y"),
        "within": (within, strata, ""),
        "copied": (copied, strata, "row 401 lies where another point does"),
        "none": (table.iloc[:0], strata, "holds no point"),
        "bare": (table.assign(stratum=None), strata, "row 1 has no stratum"),
        "column": (table, strata.drop(columns="area_km2"), "table strata lacks the column area_km2"),
        "area": (table, strata.assign(area_km2=-1.0), "table strata has 'mined' twice or without an area"),
        "twice": (table, strata.iloc[[0, 1, 2, 3, 0]], "table strata has 'mined' twice or without an area"),
    }
    for name, (changed, design, _) in cases.items():
        changed.to_file(folder / f"{name}.gpkg", layer="points")
        pyogrio.write_dataframe(design, folder / f"{name}.gpkg", layer="strata", append=True)
    return {name: (folder / f"{name}.gpkg", said) for name, (_, _, said) in cases.items()}


def test_points_changed_by_hand_are_refused(
    sampled: tuple[Path, Path, Ids], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """But for a point that stays within half a cell of its centre."""
    classes, points, _ = sampled
    for name, (path, problem) in handled(tmp_path, points).items():
        arguments = ["assess", str(classes), "--reference", str(path), "--draws", "1000"]
        code = main([*arguments, "--output", str(tmp_path / f"{name}.json")])
        said = capsys.readouterr().err
        assert (code, (tmp_path / f"{name}.json").exists()) == ((2, False) if problem else (0, True)), name
        assert problem in said
        assert said.count("\n") == bool(problem)


def wrong(folder: Path) -> dict[str, tuple[list[str], str]]:
    """Arguments and what is said, by name."""
    truth, mapped = land()
    classes = str(saved(folder / "c.tif", mapped))
    small = str(write_raster(folder / "small.tif", truth[None, :50]))
    codes = str(write_raster(folder / "codes.tif", truth[None] + 7))
    (folder / "m.csv").write_text("5,1,1\n1,5,1\n")
    (folder / "ok.csv").write_text("5,1\n1,5\n")
    (folder / "half.csv").write_text("5,1\n1,5.5\n")
    (folder / "gap.csv").write_text("5,1\n,5\n")
    place = {"reference": ["rock"], "geometry": geopandas.points_from_xy([585500.0], [5652000.0])}
    geopandas.GeoDataFrame(place, crs="EPSG:32633").to_file(folder / "rock.gpkg")
    geopandas.GeoDataFrame({"name": ["a"]}, geometry=place["geometry"], crs="EPSG:32633").to_file(folder / "bare.gpkg")
    matrix, good, reference = ["--matrix", str(folder / "m.csv")], ["--matrix", str(folder / "ok.csv")], "--reference"
    return {
        "nothing": ([], "give either CLASSES.tif with --reference, or --matrix"),
        "no reference": ([classes], "needs --reference, labelled points or a mask"),
        "oblong": ([*matrix, "--pixels", "1,2", "--pixel-area", "9"], r"m\.csv: is 2 x 3; a square matrix"),
        "half a point": (
            ["--matrix", str(folder / "half.csv"), "--pixels", "1,2", "--pixel-area", "9"],
            r"half\.csv, line 2: column 2 is 5\.5; give counts",
        ),
        "gap": (
            ["--matrix", str(folder / "gap.csv"), "--pixels", "1,2", "--pixel-area", "9"],
            r"gap\.csv, line 2: column 1 is nan; give counts",
        ),
        "unmapped": ([*good, "--pixels", "1,0", "--pixel-area", "9"], "class 2: has 6 labelled points and no area"),
        "one block": ([classes, reference, classes, "--cluster-size", "inf"], "labelled land lies in 1 block"),
        "no pixels": (good, "--matrix: needs --pixels N1,N2,... and --pixel-area"),
        "few pixels": ([*good, "--pixels", "1", "--pixel-area", "9"], "--pixels 1: the matrix has 2 classes"),
        "few names": ([*good, "--pixels", "1,2", "--pixel-area", "9", "--names", "a"], "--names a: the matrix has 2"),
        "other grid": ([classes, reference, small], r"small\.tif: lies on another grid than .*c\.tif"),
        "codes": (
            [classes, reference, codes],
            r"codes\.tif: holds code \d; name the classes of its codes with --codes",
        ),
        "bad codes": ([classes, reference, codes, "--codes", "mined"], "--codes mined: give CODE=NAME"),
        "label": ([classes, reference, str(folder / "rock.gpkg")], "row 1 has reference 'rock'; the labels are mined"),
        "no column": ([classes, reference, str(folder / "bare.gpkg")], "has no column 'reference'"),
        "no file": ([classes, reference, str(folder / "no.gpkg")], r"no\.gpkg: is not a vector file"),
        "mask change": (
            [classes, "--before", classes, reference, codes],
            "--before: gain and loss need labelled points",
        ),
        "no name": (
            [*good, "--pixels", "1,2", "--pixel-area", "9", "--names", ",a"],
            "give one name of its own for each",
        ),
        "endless": ([*good, "--pixels", "1,2", "--pixel-area", "inf"], "--pixel-area M2, above 0"),
        "seed": ([*good, "--pixels", "1,2", "--pixel-area", "9", "--seed", "-1"], "--seed -1: must be at least 0"),
        "draws": ([classes, reference, codes, "--draws", "10"], "--draws 10: give at least 1000"),
    }


def test_wrong_use_is_answered_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, (arguments, problem) in wrong(tmp_path).items():
        assert main(["assess", *arguments, "--output", str(tmp_path / "a.json")]) == 2, name
        said = capsys.readouterr().err
        assert re.search(problem, said), said
        assert said.count("\n") == 1
    assert not (tmp_path / "a.json").exists()
