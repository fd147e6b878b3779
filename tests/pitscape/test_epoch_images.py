"""Epochs of several scenes, with a model of their own, and what else their maps come with."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import yaml
from pixel_models import pixel_card, write_pixel_model
from small_scenes import BANDS, stored_numbers, write_raster

from pitscape.cli import main
from pitscape.imagery.class_map import open_class_map
from pitscape.imagery.legend import load_legend
from pitscape.imagery.sensor import load_sensor
from pitscape.inference.predictor import OnnxPredictor
from pitscape.inference.scene_run import predict_scene
from pitscape.inference.scene_source import SceneSource


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sentinel-2 of two dates, radar of one, and models of Sentinel-2, of both, and of another legend."""
    folder = tmp_path_factory.mktemp("several")
    for number, year in enumerate((2015, 2024)):
        write_raster(folder / f"s2_{year}0701.tif", stored_numbers(48, 40, seed=number), bands=BANDS)
    backscatter = np.random.default_rng(0).normal(-12, 3, (2, 24, 20)).astype(np.float32)
    write_raster(folder / "s1_20240702.tif", backscatter, bands=("VV", "VH"), side=20.0)
    write_pixel_model(folder / "s2.onnx", pixel_card("sentinel2_l2a"))
    write_pixel_model(folder / "both.onnx", pixel_card("sentinel2_l2a", "sentinel1_grd_db"), seed=1)
    classes = [each.model_copy(update={"name": f"my {each.name}"}) for each in load_legend().classes]
    other = load_legend().model_copy(update={"classes": tuple(classes)})
    write_pixel_model(folder / "other.onnx", pixel_card("sentinel2_l2a", legend=other))
    return folder


BOTH = {"sentinel2_l2a": "s2_20240701.tif", "sentinel1_grd_db": "s1_20240702.tif"}


def site_file(folder: Path, name: str, *epochs: dict[str, Any], **more: object) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump({"site": name, "model": "s2.onnx", "epochs": list(epochs), **more}, sort_keys=False))
    return path


def test_each_epoch_is_mapped_by_its_model_from_its_scenes(folder: Path, tmp_path: Path) -> None:
    """The maps are those of predict, and NDVI and the picture come from the optical scene."""
    site = site_file(folder, "two models", {"image": "s2_20150701.tif"}, {"images": BOTH, "model": "both.onnx"})
    out = tmp_path / "out"
    assert main(["run", str(site), "--out", str(out), "--language", "zh"]) == 0
    sources = [SceneSource(folder / path, sensor) for sensor, path in BOTH.items()]
    predict_scene(sources, OnnxPredictor(folder / "both.onnx"), tmp_path / "alone.tif")
    with open_class_map(out / "classes" / "2024-07-01.tif") as found, open_class_map(tmp_path / "alone.tif") as alone:
        np.testing.assert_array_equal(found.read(), alone.read())
    content = json.loads((out / "site.json").read_text(encoding="utf-8"))
    assert [epoch["name"] for epoch in content["epochs"]] == ["2015-07-01", "2024-07-01"]
    assert [row["source"] for row in content["vegetation"]] == ["sentinel2_l2a"] * 2
    made = content["provenance"]["maps"]
    assert [each["model_sha256"] == made[0]["model_sha256"] for each in made] == [True, False]
    assert list(made[1]["other_sources"]) == ["sentinel1_grd_db"]
    page = (out / "report.html").read_text(encoding="utf-8")
    assert '<html lang="zh"' in page
    assert page.count("data:image/webp") == 4  # a scene and a class map of each epoch


def test_polygons_and_confidence_of_the_maps_where_wanted(folder: Path, tmp_path: Path) -> None:
    site = site_file(folder, "more", {"image": "s2_20150701.tif"}, polygons=True, confidence=True, language="zh")
    assert main(["run", str(site), "--out", str(tmp_path)]) == 0
    km2 = pyogrio.read_dataframe(tmp_path / "polygons" / "2015-07-01.gpkg", layer="classes")["area_km2"].sum()
    assert km2 == pytest.approx(48 * 40 * 1e-4, rel=1e-3)
    assert (tmp_path / "confidence" / "2015-07-01.tif").exists()
    extents = pyogrio.read_dataframe(tmp_path / "extents.gpkg", layer="extents")
    assert len(extents)
    assert extents["mean_confidence"].between(0.25, 1).all()  # the mapped class is the most likely of four
    assert '<html lang="zh"' in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("force", [False, True])
def test_a_map_that_was_replaced_is_made_again(folder: Path, tmp_path: Path, *, force: bool) -> None:
    site = site_file(folder, "replaced", {"image": "s2_20150701.tif"}, {"image": "s2_20240701.tif"})
    command = ["run", str(site), "--out", str(tmp_path)]
    assert main(command) == 0
    first, second = (tmp_path / "classes" / f"{day}-07-01.tif" for day in (2015, 2024))
    right, site_json = first.read_bytes(), (tmp_path / "site.json").read_bytes()
    assert right != second.read_bytes()
    first.write_bytes(second.read_bytes())
    assert main([*command, "--force"] if force else command) == 0
    assert first.read_bytes() == right
    assert (tmp_path / "site.json").read_bytes() == site_json


@pytest.mark.parametrize(
    ("epoch", "problem"),
    [
        ({"images": BOTH}, "s2.onnx: takes sentinel2_l2a, not sentinel1_grd_db; correct images of 2024-07-01"),
        ({"image": "s2_20240701.tif", "model": "other.onnx"}, "other.onnx: has another legend than"),
        ({"image": "s2_20240701.tif", "model": "s2_20240701.tif"}, "s2_20240701.tif: is not an ONNX model"),
        ({"image": "s2_20240701.tif", "images": BOTH}, "image or images by sensor; give one of the two"),
        ({"classes": "s2_20240701.tif", "model": "s2.onnx"}, "model maps an image; give the epoch one"),
        ({"image": "s1_20240702.tif"}, "but sentinel2_l2a is wanted; give a scene of that sensor"),
    ],
)
def test_what_does_not_fit_is_told_with_its_line(
    folder: Path, epoch: dict[str, Any], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    site = site_file(folder, "wrong", {"image": "s2_20150701.tif"}, epoch)
    assert main(["check", str(site)]) == 2
    told = capsys.readouterr().err
    assert problem in told
    assert all(", line " in line for line in told.splitlines())


@pytest.mark.parametrize(
    ("missing", "pictures", "told"),
    [
        (("B02",), 1, ""),
        (("B08", "B8A"), 2, "2024: no NDVI, its image has no red and near infrared"),
        (("B04",), 1, "no NDVI"),
    ],
)
@pytest.mark.parametrize("key", ["image", "images"])
def test_a_sensor_without_colours_or_near_infrared(
    tmp_path: Path, key: str, missing: tuple[str, ...], pictures: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No picture without red, green, blue; no NDVI without red and near infrared, which check tells."""
    sensor = load_sensor("sentinel2_l2a")
    fewer = sensor.model_copy(update={"bands": tuple(each for each in sensor.bands if each.name not in missing)})
    bands = tuple(each for each in BANDS if each not in missing)
    write_raster(tmp_path / "s_20240701.tif", stored_numbers(48, 40)[: len(bands)], bands=bands)
    card = pixel_card("sentinel2_l2a", bands=("B03",))
    sources = tuple(each.model_copy(update={"sensor": fewer}) for each in card.sources)
    write_pixel_model(tmp_path / "model.onnx", card.model_copy(update={"sources": sources}))
    scene: dict[str, Any] = (
        {"image": "s_20240701.tif"} if key == "image" else {"images": {"sentinel2_l2a": "s_20240701.tif"}}
    )
    site = tmp_path / "site.yaml"
    content = {"site": "a", "model": "model.onnx", "epochs": [scene | {"name": "2024"}]}
    site.write_text(yaml.safe_dump(content))
    assert main(["check", str(site)]) == 0
    lines = capsys.readouterr().out
    assert told in lines
    assert ("no NDVI" in lines) == bool(told)
    assert main(["run", str(site), "--out", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "report.html").read_text(encoding="utf-8").count("data:image/webp") == pictures


def test_the_plan_counts_each_model(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = site_file(folder, "plan", {"image": "s2_20150701.tif"}, {"images": BOTH, "model": "both.onnx"})
    assert main(["check", str(site)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:3] == [
        "  map 2015-07-01, s2_20150701.tif: 40 x 48 pixels",
        "  map 2024-07-01, s2_20240701.tif: 40 x 48 pixels",
    ]
    assert [line.split(":")[0] for line in lines[3:]] == ["  s2.onnx", "  both.onnx"]
