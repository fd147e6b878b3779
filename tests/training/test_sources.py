import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from small_scenes import BANDS, training_file, write_labelled_scenes, write_raster

from pitscape.cli import main
from pitscape.imagery.errors import InputError
from pitscape.inference.predictor import OnnxPredictor
from pitscape.inference.scene_run import predict_scene
from pitscape.models.checkpoint import load_checkpoint
from pitscape.models.export import export_onnx
from pitscape.training.data import LabelledScenes
from pitscape.training.run import data_of, run_training

pytestmark = pytest.mark.filterwarnings("ignore::Warning:lightning", "ignore::UserWarning:torch")

RADAR = np.stack([np.full((32, 48), -11.0), np.full((32, 48), -17.0)]).astype(np.float32)
RADAR += np.random.default_rng(0).normal(0, 2, RADAR.shape).astype(np.float32)


def sources_file(folder: Path, *, fusion: str = "middle") -> Path:
    """Two scenes, the second of which has radar as well, at 20 m."""
    write_labelled_scenes(folder)
    write_raster(folder / "sar" / "tile_20230702.tif", RADAR, bands=("VV", "VH"), side=20.0)
    path = training_file(folder)
    content = yaml.safe_load(path.read_text())
    data = content["data"]["init_args"]
    data["more"] = [{"images": str(folder / "sar"), "sensor": "sentinel1_grd_db", "jitter": {"gain": 0.05}}]
    data["jitter"] = {"source_dropout": 0.5, "band_dropout": 0.5, "scale": 0.2}
    content["model"]["init_args"]["network"]["fusion"] = fusion
    path.write_text(yaml.safe_dump(content))
    return path


def data(folder: Path) -> LabelledScenes:
    return data_of(sources_file(folder))


def test_channels_of_a_missing_source_are_stored_0(tmp_path: Path) -> None:
    found = data(tmp_path)
    without, both = (land.pixels(land.area)[0] for land in found.training)
    assert without.shape == both.shape == (12, 64, 56)
    assert not without[10:].any()
    assert (both[10:, 8:] < 0).all()


def test_each_source_has_statistics_of_its_own_observed_pixels(tmp_path: Path) -> None:
    """Of 28 columns of 20 m, the training land's. Reading on 10 m averages the power, so the mean in dB rises a little."""
    optical, radar = data(tmp_path).sources
    assert optical.bands == BANDS
    assert (radar.sensor.name, radar.bands) == ("sentinel1_grd_db", ("VV", "VH"))
    seen = RADAR[:, :, :28]
    of_power = 10 * np.log10((10 ** (seen / 10)).mean(axis=(1, 2)))
    assert (seen.mean(axis=(1, 2)) < radar.normalisation.mean).all()
    assert (radar.normalisation.mean < of_power).all()


def parity_rows(folder: Path) -> list[dict[str, Any]]:
    """Of ``pitscape parity`` for a network that was trained in a folder, on numbers and a scene without radar."""
    arguments = ["parity", str(folder / "model.onnx"), "--checkpoint", str(folder / "run" / "best.ckpt")]
    arguments += ["--scenes", str(folder / "images" / "tile_20230701.tif"), "--output", str(folder / "parity.json")]
    assert main(arguments) == 0
    table = json.loads((folder / "parity.json").read_text())
    return [*table["rows"], *table["scenes"]]


def test_a_network_of_two_sources_trains_and_is_exported(tmp_path: Path) -> None:
    """The export proves that torch and onnxruntime agree with either source missing."""
    run_training("fit", sources_file(tmp_path, fusion="early"))
    recipe, _ = load_checkpoint(tmp_path / "run" / "best.ckpt")
    assert [len(source.bands) for source in recipe.sources] == [10, 2]
    card, parity = export_onnx(tmp_path / "run" / "best.ckpt", tmp_path / "model.onnx")
    assert parity.equal
    assert card.channels == 12
    rows = parity_rows(tmp_path)
    assert {row["way"] for row in rows} == {"torch"}  # Deepness takes no network of several sources
    assert all(row["equal"] for row in rows)
    assert rows[-1]["scene"] == "tile_20230701.tif"
    assert rows[-1]["pixels"] == 62 * 96
    record = predict_scene(
        tmp_path / "images" / "tile_20230701.tif", OnnxPredictor(tmp_path / "model.onnx"), tmp_path / "classes.tif"
    )
    assert record["missing_sources"] == ["sentinel1_grd_db"]


def test_two_sources_of_one_sensor_are_refused(tmp_path: Path) -> None:
    path = sources_file(tmp_path)
    path.write_text(path.read_text().replace("sentinel1_grd_db", "sentinel2_l2a"))
    with pytest.raises(InputError, match=r"more: sensor sentinel2_l2a is named twice"):
        data_of(path)


def test_windows_lose_one_source_at_times(tmp_path: Path) -> None:
    windows = data(tmp_path).train_dataloader().dataset
    there = {
        (bool((stored[:10] != 0).any()), bool((stored[10:] != 0).any()))
        for stored, _ in (windows[index] for index in range(40))
    }
    assert there == {(True, True), (True, False), (False, True)}


def test_what_no_source_has_seen_counts_in_no_window(tmp_path: Path) -> None:
    """Radar covers the upper half alone: where the other source is dropped, the lower half has no labels."""
    path = sources_file(tmp_path)
    half = RADAR.copy()
    half[:, 16:] = np.nan
    write_raster(tmp_path / "sar" / "tile_20230702.tif", half, bands=("VV", "VH"), side=20.0)
    windows = data_of(path).train_dataloader().dataset
    partly = 0
    for stored, labels in (windows[index] for index in range(40)):
        unseen = (stored == 0).all(dim=0)
        assert (labels[unseen] == 255).all()
        partly += bool(unseen.any() and not unseen.all())
    assert partly


def test_what_is_of_all_sources_is_refused_for_one(tmp_path: Path) -> None:
    path = sources_file(tmp_path)
    content = yaml.safe_load(path.read_text())
    content["data"]["init_args"]["more"][0]["jitter"] = {"scale": 0.2}
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(InputError, match="scale, source_dropout: are of all sources"):
        data_of(path)


def test_a_folder_without_any_image_of_these_names_is_refused(tmp_path: Path) -> None:
    path = sources_file(tmp_path)
    (tmp_path / "sar" / "tile_20230702.tif").rename(tmp_path / "sar" / "other.tif")
    with pytest.raises(InputError, match="sar: holds no image of the name of one in"):
        data_of(path)
