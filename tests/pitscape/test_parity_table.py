import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import rasterio
from numpy.typing import NDArray
from small_scenes import SceneMaker

from pitscape.cli import main
from pitscape.parity_routes import open_routes
from pitscape.parity_scenes import compare_scenes


def test_torch_and_deepness_equal_onnxruntime(trained: Path, model: Path, tmp_path: Path) -> None:
    output = tmp_path / "parity.json"
    checkpoint = trained / "run" / "best.ckpt"
    assert main(["parity", str(model), "--checkpoint", str(checkpoint), "--output", str(output)]) == 0
    table = json.loads(output.read_text())
    assert {(row["way"], row["numbers"]) for row in table["rows"]} >= {
        (way, numbers)
        for way in ("torch", "Deepness preprocessing")
        for numbers in ("uint8", "uint16", "int16", "float32")
    }
    assert all(row["largest_difference"] <= 1e-4 and row["other_classes"] == 0 for row in table["rows"])
    assert set(table["inputs_sha256"]) == {"model.onnx", "best.ckpt"}
    assert (table["options"]["model"], table["options"]["checkpoint"]) == ("model.onnx", "best.ckpt")
    assert str(trained) not in output.read_text()


def test_keys_that_shift_the_numbers_fail(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shifted = onnx.load(model)
    for entry in shifted.metadata_props:
        if entry.key == "standardization_mean":
            entry.value = json.dumps([0.5] * 10)
    onnx.save(shifted, tmp_path / "shifted.onnx")
    assert main(["parity", str(tmp_path / "shifted.onnx")]) == 1
    assert "Deepness preprocessing differs" in capsys.readouterr().err


def test_what_is_no_model_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.onnx").write_text("no")
    for name in ("m.onnx", "none.onnx"):
        assert main(["parity", str(tmp_path / name)]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_scenes_are_compared_tile_by_tile_over_observed_pixels(trained: Path, model: Path, tmp_path: Path) -> None:
    """Scenes of 64 x 96 px whose first two rows were not observed, in tiles of 32 px."""
    output, scenes = tmp_path / "parity.json", sorted((trained / "images").glob("*.tif"))
    checkpoint = str(trained / "run" / "best.ckpt")
    arguments = ["parity", str(model), "--checkpoint", checkpoint, "--output", str(output), "--scenes"]
    assert main([*arguments, *map(str, scenes)]) == 0
    table = json.loads(output.read_text())
    assert [(row["way"], row["scene"], row["pixels"]) for row in table["scenes"]] == [
        (way, f"tile_2023070{day}.tif", 62 * 96) for day in (1, 2) for way in ("torch", "Deepness preprocessing")
    ]
    assert all(row["equal"] and row["largest_difference"] <= 1e-4 for row in table["scenes"])
    assert set(table["inputs_sha256"]) == {"model.onnx", "best.ckpt", "tile_20230701.tif", "tile_20230702.tif"}
    assert str(trained) not in json.dumps(table["scenes"])


def test_a_scene_of_another_sensor_is_refused(model: Path, write_scene: SceneMaker) -> None:
    scene = write_scene(np.ones((3, 9, 9), np.uint16), bands=["VV", "VH", "angle"])
    assert main(["parity", str(model), "--scenes", str(scene)]) == 2


BLOCKED = "import sys; sys.modules['torch'] = None; from pitscape.cli import main; sys.exit(main(sys.argv[1:]))"


def test_without_a_checkpoint_no_torch_is_needed(trained: Path, model: Path) -> None:
    scene = trained / "images" / "tile_20230701.tif"
    command = [sys.executable, "-c", BLOCKED, "parity", str(model)]
    run = subprocess.run([*command, "--scenes", str(scene)], capture_output=True, text=True, check=True)
    assert run.stdout.count("Deepness preprocessing") == 5
    checkpoint = trained / "run" / "best.ckpt"
    run = subprocess.run([*command, "--checkpoint", str(checkpoint)], capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "needs PyTorch; install pitscape[train]" in run.stderr
    assert run.stderr.count("\n") == 1


def test_seven_dates_of_strzegom_have_the_same_classes_by_all_ways(
    trained: Path, model: Path, reference_data: Path
) -> None:
    """Of a network that has hardly trained, over the pixels that hold a number in every band."""
    found_classes = np.zeros(4, np.int64)
    reference, others = open_routes(model, trained / "run" / "best.ckpt")

    def counted(stored: NDArray[np.generic]) -> NDArray[np.float32]:
        found = reference(stored)
        np.add.at(found_classes, found.argmax(axis=1).ravel(), 1)
        return found

    scenes = sorted((reference_data / "strzegom_sentinel2" / "images").glob("*.tif"))
    results = compare_scenes(scenes, counted, others, reference.card, side=128)
    assert len(results) == 7
    for path, found in zip(scenes, results, strict=True):
        with rasterio.open(path) as scene:
            observed = int((scene.read() > 0).all(axis=0).sum())
        for way in ("torch", "Deepness preprocessing"):
            assert found[way].pixels == observed
            assert found[way].other_classes == 0
            assert found[way].ties <= 1e-4 * observed
            assert found[way].largest_difference <= 1e-4
    assert (found_classes > 0.01 * found_classes.sum()).sum() >= 3
