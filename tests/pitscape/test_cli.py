import csv
import json
import re
import shutil
import zipfile
from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
from documentation import ROOT
from rasterio.shutil import copy as copy_raster
from small_scenes import BANDS, grid, stored_numbers, training_file, write_labelled_scenes, write_raster

from pitscape.cli import main
from pitscape.imagery.class_map import save_class_map
from pitscape.imagery.legend import load_legend


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    return write_raster(tmp_path / "in" / "mine_20230709.tif", stored_numbers(40, 50), bands=BANDS)


@pytest.fixture
def class_map(tmp_path: Path) -> Path:
    ids = np.full((20, 30), 2, np.uint8)
    ids[5:10, 5:15] = 0
    path = tmp_path / "in" / "classes_2023-07-09.tif"
    save_class_map(path, ids, grid(20, 30), load_legend())
    return path


def test_predict_areas_and_extents_agree(model: Path, scene: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    classes, areas, extents = out / "c.tif", out / "areas.csv", out / "extents.gpkg"
    assert main(["predict", str(scene), "--model", str(model), "--output", str(classes), "--tile", "32"]) == 0
    assert main(["areas", str(classes), "--output", str(areas)]) == 0
    assert main(["extents", str(classes), "--output", str(extents)]) == 0
    rows = list(csv.DictReader(areas.read_text().splitlines()))
    land = ["cells", "area_km2", "share", "unobserved_km2", "outside_km2"]
    assert list(rows[0]) == ["zone", "epoch", "class_id", "class_name", *land]
    assert sum(int(row["cells"]) for row in rows) == 2000
    mined = geopandas.read_file(extents, layer="extents")["area_km2"].sum()
    assert mined == pytest.approx(float(rows[0]["area_km2"]), rel=1e-9)
    for output in (classes, areas, extents):
        record = json.loads((out / (output.name + ".json")).read_text())
        assert "pitscape" in record["versions"]
        assert str(tmp_path) not in json.dumps(record)


def test_several_scenes_go_to_a_folder_under_their_names(model: Path, scene: Path, tmp_path: Path) -> None:
    other = shutil.copy(scene, scene.with_name("mine_20230801.tif"))
    out = tmp_path / "maps"
    assert main(["predict", str(scene), str(other), "--model", str(model), "--output", str(out)]) == 0
    assert {p.name for p in out.glob("*.tif")} == {"mine_20230709.tif", "mine_20230801.tif"}


def test_all_outputs_of_several_scenes_go_to_their_folders(
    model: Path, scene: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = shutil.copy(scene, scene.with_name("mine_20230801.tif"))
    names = ("output", "probabilities", "confidence", "entropy", "valid-fraction", "polygons")
    wanted = [part for name in names for part in (f"--{name}", str(tmp_path / name))]
    assert main(["predict", str(scene), str(other), "--model", str(model), *wanted, "--tta", "--sieve", "0.05"]) == 0
    for name in names:
        suffix = ".gpkg" if name == "polygons" else ".tif"
        assert {p.name for p in (tmp_path / name).glob("mine*") if p.suffix == suffix} == {
            f"mine_20230709{suffix}",
            f"mine_20230801{suffix}",
        }
    assert len(capsys.readouterr().out.split()) == 12
    clash = ["--output", str(tmp_path / "output"), "--entropy", str(tmp_path / "output")]
    assert main(["predict", str(scene), str(other), "--model", str(model), *clash]) == 1
    assert "is named for classes and another output" in capsys.readouterr().err


def test_a_scene_that_fails_does_not_keep_the_others_from_being_mapped(
    model: Path, scene: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken_20230709.tif"
    broken.write_text("no scene")
    out = tmp_path / "maps"
    assert main(["predict", str(broken), str(scene), "--model", str(model), "--output", str(out)]) == 1
    told = capsys.readouterr().err.strip().splitlines()
    assert "broken_20230709.tif: is not a raster" in told[0]
    assert told[-1] == f"pitscape: 1 of 2 scenes were not mapped; the others are in {out}."
    assert [p.name for p in out.glob("*.tif")] == [scene.name]


def test_shards_and_their_merge(model: Path, scene: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole, output = tmp_path / "whole.tif", tmp_path / "c.tif"
    predict = ["predict", str(scene), "--model", str(model)]
    assert main([*predict, "--output", str(whole)]) == 0
    assert main([*predict, "--output", str(output), "--shard", "2/2"]) == 0
    assert f"all blocks are there: pitscape merge {output}.parts" in capsys.readouterr().err
    assert main(["merge", f"{output}.parts"]) == 0
    assert capsys.readouterr().out == f"{output}\n"
    assert output.read_bytes() == whole.read_bytes()
    for wrong, problem in (("3/2", "1 <= I <= N"), ("0/2", "1 <= I <= N"), ("half", "give I/N, for example 1/3")):
        assert main([*predict, "--output", str(output), "--shard", wrong]) == 2
        assert problem in capsys.readouterr().err
    assert main(["merge", str(tmp_path)]) == 2
    assert main(["merge", str(tmp_path / "none.parts")]) == 2
    assert "holds no parts of a run" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options", [["--batch", "0"], ["--threads", "0"], ["--tile", "0"], ["--sieve", "-1"], ["--simplify", "nan"]]
)
def test_numbers_out_of_range_are_refused(
    model: Path, scene: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    assert main(["predict", str(scene), "--model", str(model), "--output", str(tmp_path / "c.tif"), *options]) == 2
    assert options[0] in capsys.readouterr().err


def test_bench_prints_its_table(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = tmp_path / "bench.json"
    how = ["--size", "200", "--repeat", "1", "--threads", "2", "--output", str(figures)]
    assert main(["bench", "--model", str(model), *how]) == 0
    printed = capsys.readouterr().out
    for words in (
        "network alone, one call",
        "side by side",
        "CPU outside",
        "does nothing",
        "cold start",
        "torchgeo: not",
    ):
        assert words in printed
    found = json.loads(figures.read_text())
    assert found["side_by_side"] > 0
    assert set(found["cpu_outside"]) >= {"reading", "blending", "writing", "assembling"}
    assert found["peers"] == {"torchgeo": None, "terratorch": None, "geoai": None}


@pytest.mark.parametrize("size", [100, 50])
def test_bench_takes_a_graph_of_fixed_size(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], size: int
) -> None:
    from pitscape.models.export import fix_sizes

    static = tmp_path / "static.onnx"
    shutil.copyfile(model, static)
    fix_sizes(static, 64)
    assert (
        main(["bench", "--model", str(static), "--size", str(size), "--repeat", "1", "--threads", "1", "--no-peers"])
        == 0
    )
    assert "tiles of 64 px, overlap 8" in capsys.readouterr().out


def test_scale_prints_the_papers_figures(capsys: pytest.CaptureFixture[str]) -> None:
    """Dong et al. (2025): 274.80 and 1679.60 km2; 12,502.37 km2 are 0.13 % of China's land."""
    assert main(["scale"]) == 0
    printed = capsys.readouterr().out
    for figure in ("274.80", "1679.60", "12,502.37", "0.13 %"):
        assert figure in printed


def test_scale_takes_other_mines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """(10 + 30) / (5 + 15) km2 per Mt times 100 Mt = 200 km2."""
    table = tmp_path / "mines.csv"
    table.write_text("name,excavated_km2,affected_km2,production_mt\na,1,10,5\nb,2,30,15\n")
    output = tmp_path / "scale.json"
    assert main(["scale", "--mines", str(table), "--national-mt", "100", "--output", str(output)]) == 0
    assert "200.00 km2" in capsys.readouterr().out
    assert json.loads(output.read_text())["national"]["area_km2"] == pytest.approx(200)


def test_wrong_input_is_answered_in_one_line_with_status_2_and_leaves_nothing(
    model: Path, scene: Path, class_map: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "in" / "notes.tif"
    text.write_text("no raster")
    nine = write_raster(tmp_path / "in" / "nine.tif", stored_numbers(9, 9)[:9], bands=BANDS[:9])
    unnamed = write_raster(tmp_path / "in" / "unnamed.tif", stored_numbers(9, 9))
    mines = tmp_path / "in" / "mines.csv"
    mines.write_text("name,excavated_km2,affected_km2\na,1,ten\n")
    out = tmp_path / "out"
    predict = ["--model", str(model), "--output", str(out / "c.tif")]
    cases = [
        (["predict", str(nine), *predict], str(nine), "lacks band B12"),
        (["predict", str(unnamed), *predict], str(unnamed), "--bands"),
        (["predict", str(unnamed), "--bands", "B02,B03", *predict], str(unnamed), "name each one"),
        (["predict", str(text), *predict], str(text), "give a GeoTIFF"),
        (["predict", str(tmp_path / "none.tif"), *predict], "none.tif", "check the path"),
        (["predict", str(scene), *predict, "--tile", "16", "--overlap", "16"], "--overlap 16", "smaller"),
        (["predict", str(scene), "--model", str(text), "--output", str(out / "c.tif")], str(text), "export it again"),
        (["predict", str(scene), "--model", str(model), "--output", str(text / "c.tif")], str(text), "another output"),
        (["areas", str(scene), "--output", str(out / "a.csv")], str(scene), "one band of uint8"),
        (["areas", str(class_map), "--zones", str(text), "--output", str(out / "a.csv")], str(text), "GeoPackage"),
        (["extents", str(class_map), "--class", "pit", "--output", str(out / "e.gpkg")], "'pit'", "mined, occupied"),
        (["extents", str(class_map), "--output", str(out / "e.shp")], "e.shp", ".gpkg"),
        (["scale", "--mines", str(mines)], f"{mines}, line 2", "give a number"),
        (["areas", str(class_map), "--output", str(class_map)], str(class_map), "another output"),
        (["predict", str(scene), "--model", str(model), "--output", str(model)], str(model), "another output"),
        (["extents", str(class_map), "--close", "nan", "--output", str(out / "e.gpkg")], "--close", "at least 0"),
        (["extents", str(class_map), "--close", "1e9", "--output", str(out / "e.gpkg")], "--close", "metres"),
        (["run", str(text), "--out", str(out)], str(text), "SiteSettings"),
        (["demo", "--out", str(tmp_path / "in")], str(tmp_path / "in"), "new folder"),
    ]
    before = {p: p.read_bytes() for p in (tmp_path / "in").iterdir()}
    for arguments, named, remedy in cases:
        assert main(arguments) == 2, arguments
        message = capsys.readouterr().err
        assert message.count("\n") == 1, message
        assert message.startswith("pitscape: ")
        assert named in message
        assert remedy in message
    assert not out.exists() or not list(out.iterdir())
    assert {p: p.read_bytes() for p in (tmp_path / "in").iterdir()} == before


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("cut off", "is damaged or cut off"),
        ("header cut off", "or is cut off"),
        ("no CRS", "has no coordinate reference system"),
        ("no place", "does not say where its pixels are"),
        ("degrees", "not on a grid in metres"),
        ("all nodata", "no pixel of it was observed"),
        ("no date", "--offset included or missing"),
        ("VRT reaching out", "no file in its folder"),
        ("VRT with code", "holds VRTDerivedRasterBand"),
        ("HDF4", "is HDF4"),
        ("empty zip", "holds no MTD_MSIL1C.xml"),
        ("empty folder", "neither a Sentinel-2 SAFE folder nor"),
    ],
)
def test_scenes_that_cannot_be_mapped_are_answered_in_one_line(
    kind: str, problem: str, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "in" / "mine_20230709.tif", tmp_path / "out"
    write_raster(
        path,
        stored_numbers(300, 300) * (kind != "all nodata"),
        bands=BANDS,
        crs={"no CRS": None, "degrees": "EPSG:4326"}.get(kind, "EPSG:32633"),
        side=0.0001 if kind == "degrees" else 10,
    )
    path = spoiled(path, kind)
    assert main(["predict", str(path), "--model", str(model), "--output", str(out / "c.tif")]) == 2
    message = capsys.readouterr().err
    assert message.startswith("pitscape: ")
    assert message.count("\n") == 1
    assert problem in message
    assert not out.exists() or not list(out.iterdir())


def spoiled(path: Path, kind: str) -> Path:
    """A scene with something wrong."""
    virtual = '<VRTDataset rasterXSize="9" rasterYSize="9"><VRTRasterBand dataType="UInt16" band="1"{}><SimpleSource><SourceFilename relativeToVRT="1">{}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>'
    other = path.with_name("other_20230709.tif")
    if kind == "cut off":
        copy_raster(path, other, driver="COG")
        other.write_bytes(other.read_bytes()[:-100_000])
    elif kind == "header cut off":
        other.write_bytes(path.read_bytes()[:-100_000])
    elif kind == "no place":
        profile = {"count": 1, "height": 9, "width": 9, "dtype": "uint16", "crs": "EPSG:32633"}
        with rasterio.open(other, "w", driver="GTiff", **profile) as dataset:
            dataset.descriptions = ("B02",)
    elif kind == "no date":
        shutil.copy(path, other := path.with_name("mine.tif"))
    elif kind.startswith("VRT"):
        sources = {
            "VRT reaching out": ("", "../outside.tif"),
            "VRT with code": (' subClass="VRTDerivedRasterBand"', path.name),
        }
        other.write_text(virtual.format(*sources[kind]))
    elif kind == "HDF4":
        other.write_bytes(b"\x0e\x03\x13\x01" + bytes(100))
    elif kind == "empty zip":
        other = path.with_name("product.zip")
        zipfile.ZipFile(other, "w").close()
    elif kind == "empty folder":
        other = path.with_name("product.SAFE")
        other.mkdir()
    else:
        return path
    return other


@pytest.mark.filterwarnings("ignore::Warning:lightning")
def test_wrong_training_input_is_answered_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_labelled_scenes(tmp_path, scenes=1)
    config = training_file(tmp_path)
    empty = tmp_path / "empty"
    empty.mkdir()
    for arguments, problem in [
        (["fit", "--config", str(config), f"--data.init_args.images={empty}"], "holds no raster"),
        (["fit", "--config", str(config), "--data.init_args.colour=red"], "colour"),
        (["fit", "--config", str(tmp_path / "none.yaml")], "cannot be read"),
        (["export", "--checkpoint", str(config), "--output", str(tmp_path / "m.onnx")], "is no checkpoint"),
    ]:
        assert main(arguments) == 2
        message = capsys.readouterr().err.splitlines()[-1]
        assert message.startswith("pitscape: ")
        assert problem in message
    assert not (tmp_path / "m.onnx").exists()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="only Linux has a folder that nobody may write to")
def test_an_unwritable_folder_is_refused(class_map: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["areas", str(class_map), "--output", "/proc/pitscape/a.csv"]) == 2
    assert "choose another output" in capsys.readouterr().err


def test_varied_land_has_no_size_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--varied", "2", "--size", "64", "--out", str(tmp_path / "land")]) == 2
    assert capsys.readouterr().err == "pitscape: --size 64: is of a site, not of --varied; leave it out.\n"
    assert not (tmp_path / "land").exists()


def test_the_readme_lists_all_verbs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    listed = re.search(r"## Verbs\n\n(.*?);\n", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert listed
    assert re.findall(r"`(\w+)`", listed.group(1)) == re.findall(r"^    (\w+)", capsys.readouterr().out, re.MULTILINE)


def test_wrong_use_ends_with_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scale", "--colour", "red"]) == 2
    assert "unknown argument --colour" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["dig"])
