import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from small_scenes import BANDS, SceneMaker, stored_numbers, write_raster

from pitscape.imagery.class_map import open_class_map
from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.reading import Reading
from pitscape.inference import scene_run
from pitscape.inference.parts import MANIFEST, assemble
from pitscape.inference.predictor import OnnxPredictor
from pitscape.inference.scene_run import RunOptions, predict_scene


@pytest.fixture
def predictor(model: Path) -> OnnxPredictor:
    return OnnxPredictor(model, threads=1)


def map_of(path: Path) -> NDArray[np.uint8]:
    with open_class_map(path) as classes:
        return classes.read()


def test_a_scene_becomes_a_class_map_with_its_record(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path
) -> None:
    stored = stored_numbers(70, 45)
    stored[:, 10:20, 5:9] = 0
    scene, output, told = write_scene(stored, "mine_20190601.tif"), tmp_path / "out" / "classes.tif", []
    record = predict_scene(scene, predictor, output, progress=lambda done, total: told.append((done, total)))
    ids = map_of(output)
    np.testing.assert_array_equal(ids == 255, (stored == 0).all(axis=0))
    assert ids[ids != 255].max() <= 3
    assert told[-1] == (len(told), told[0][1]) or told[-1][0] == told[-1][1]
    assert record["added_offset"] == 1000
    assert json.loads((tmp_path / "out" / "classes.tif.json").read_text()) == json.loads(json.dumps(record))
    names = {"classes.tif", "classes.tif.aux.xml", "classes.tif.json"}
    assert {p.name for p in output.parent.iterdir()} == names
    with rasterio.open(output) as dataset, rasterio.open(scene) as source:
        assert dataset.transform == source.transform
        assert dataset.crs == source.crs


def test_the_map_is_what_onnxruntime_says_of_the_whole_scene(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path
) -> None:
    stored = stored_numbers(60, 80)
    output = tmp_path / "classes.tif"
    predict_scene(write_scene(stored), predictor, output, options=RunOptions(tile=100))
    whole = predictor.probabilities(stored[None].astype(np.float32))[0].argmax(axis=0)
    np.testing.assert_array_equal(map_of(output), whole)


def test_blocks_of_any_height_give_the_same_bytes(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = write_scene(stored_numbers(90, 40))
    predict_scene(scene, predictor, tmp_path / "a" / "c.tif")
    monkeypatch.setattr(scene_run, "BLOCK_ROWS", 1)
    predict_scene(scene, predictor, tmp_path / "b" / "c.tif")
    assert (tmp_path / "a" / "c.tif").read_bytes() == (tmp_path / "b" / "c.tif").read_bytes()


def test_a_failing_network_leaves_the_earlier_map(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, output = write_scene(stored_numbers(90, 40)), tmp_path / "out" / "c.tif"
    predict_scene(scene, predictor, output)
    before = output.read_bytes()
    calls = iter([None, None, None])

    def fail(stored: NDArray[np.float32]) -> NDArray[np.float32]:
        next(calls)
        return np.full((len(stored), 4, *stored.shape[2:]), 0.25, np.float32)

    monkeypatch.setattr(predictor, "probabilities", fail)
    with pytest.raises((RuntimeError, StopIteration)):
        predict_scene(scene, predictor, output, options=RunOptions(batch=1))
    assert output.read_bytes() == before
    monkeypatch.undo()
    predict_scene(scene, predictor, output)
    assert not (tmp_path / "out" / "c.tif.parts").exists()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"bands": (*BANDS[:9], "B99")}, "lacks band B12"),
        ({"side": 30.0}, "pixels of 30 m, the model was trained at 10 m"),
        ({"crs": "EPSG:4326", "side": 0.0001}, "is not on a grid in metres"),
        ({"crs": None}, "no coordinate reference system"),
    ],
)
def test_scenes_that_do_not_fit_the_card_are_refused(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path, change: dict[str, object], problem: str
) -> None:
    scene = write_scene(stored_numbers(20, 20), **change)
    with pytest.raises(InputError, match=problem):
        predict_scene(scene, predictor, tmp_path / "out" / "c.tif")
    assert not list((tmp_path / "out").iterdir())


def test_the_scene_itself_is_never_overwritten(write_scene: SceneMaker, predictor: OnnxPredictor) -> None:
    scene = write_scene(stored_numbers(20, 20))
    before = scene.read_bytes()
    with pytest.raises(InputError, match="is an input of this run"):
        predict_scene(scene, predictor, scene)
    assert scene.read_bytes() == before


def test_a_folder_that_is_no_runs_is_not_removed(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path
) -> None:
    mine = tmp_path / "c.tif.parts" / "thesis.docx"
    mine.parent.mkdir()
    mine.write_text("years of work")
    with pytest.raises(InputError, match=r"thesis\.docx, which is no part of a run"):
        predict_scene(write_scene(stored_numbers(20, 20)), predictor, tmp_path / "c.tif")
    assert mine.read_text() == "years of work"


def test_parts_that_were_changed_or_lost_are_noticed(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scene_run, "BLOCK_ROWS", 1)
    monkeypatch.setattr(scene_run.shutil, "rmtree", lambda _: None)
    predict_scene(write_scene(stored_numbers(90, 40)), predictor, tmp_path / "c.tif")
    parts = tmp_path / "c.tif.parts"
    assemble(parts, tmp_path / "again.tif")
    assert (tmp_path / "again.tif").read_bytes() == (tmp_path / "c.tif").read_bytes()
    blocks = sorted(parts.glob("*.tif"))
    blocks[1].write_bytes(blocks[0].read_bytes())
    with pytest.raises(PitscapeError, match="was changed since it was written"):
        assemble(parts, tmp_path / "bad.tif")
    (parts / MANIFEST).unlink()
    with pytest.raises(InputError, match="holds no complete run"):
        assemble(parts, tmp_path / "bad.tif")
    assert not (tmp_path / "bad.tif").exists()


def test_a_stopped_run_goes_on_and_gives_the_same_bytes(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped after each number of calls of the network in turn; what is finished is not mapped again."""
    scene, network, calls = write_scene(stored_numbers(120, 40)), predictor.probabilities, []
    monkeypatch.setattr(scene_run, "BLOCK_ROWS", 1)
    predict_scene(scene, predictor, tmp_path / "whole.tif", options=RunOptions(batch=1))

    def counted(stored: NDArray[np.float32]) -> NDArray[np.float32]:
        calls.append(len(stored))
        if len(calls) == last:
            raise KeyboardInterrupt
        return network(stored)

    monkeypatch.setattr(predictor, "probabilities", counted)
    for last in range(1, 11):
        calls.clear()
        output = tmp_path / f"{last}.tif"
        with pytest.raises(KeyboardInterrupt):
            predict_scene(scene, predictor, output, options=RunOptions(batch=1))
        predict_scene(scene, predictor, output, options=RunOptions(batch=1, resume=True))
        assert output.read_bytes() == (tmp_path / "whole.tif").read_bytes()
        assert not output.with_name(output.name + ".parts").exists()
    assert len(calls) < 10 + 10  # ten until it stopped, and less than all ten again


def test_a_finished_map_is_left_as_it_is(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, output = write_scene(stored_numbers(40, 40)), tmp_path / "c.tif"
    record = predict_scene(scene, predictor, output)
    monkeypatch.setattr(predictor, "probabilities", None)
    assert predict_scene(scene, predictor, output, options=RunOptions(resume=True)) == json.loads(json.dumps(record))


def test_another_input_is_not_gone_on_with(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, output = write_scene(stored_numbers(90, 40)), tmp_path / "c.tif"
    monkeypatch.setattr(predictor, "probabilities", lambda _: (_ for _ in ()).throw(RuntimeError))
    with pytest.raises(RuntimeError):
        predict_scene(scene, predictor, output)
    monkeypatch.undo()
    with pytest.raises(InputError, match=r"c\.tif\.parts: was begun with another tile; give the same again"):
        predict_scene(scene, predictor, output, options=RunOptions(resume=True, tile=40))
    write_scene(stored_numbers(90, 40, seed=1))
    with pytest.raises(InputError, match="was begun with another scene_sha256"):
        predict_scene(scene, predictor, output, options=RunOptions(resume=True))


def test_a_killed_run_goes_on(write_scene: SceneMaker, model: Path, tmp_path: Path) -> None:
    scene, output = write_scene(stored_numbers(6000, 64)), tmp_path / "c.tif"
    command = [sys.executable, "-m", "pitscape", "predict", str(scene), "--model", str(model), "--threads", "1"]
    predict_scene(scene, OnnxPredictor(model, threads=1), tmp_path / "whole.tif")
    run = subprocess.Popen([*command, "--output", str(output)])
    while run.poll() is None and len(list(tmp_path.glob("c.tif.parts/rows*.tif"))) < 2:
        time.sleep(0.01)
    run.kill()
    assert run.wait() == -signal.SIGKILL
    assert not output.exists()
    subprocess.run([*command, "--output", str(output), "--resume"], check=True, capture_output=True)
    assert output.read_bytes() == (tmp_path / "whole.tif").read_bytes()


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "m.onnx"
    text.write_text("no")
    with pytest.raises(InputError, match="is not an ONNX model"):
        OnnxPredictor(text)
    with pytest.raises(InputError, match="no such file"):
        OnnxPredictor(tmp_path / "none.onnx")


def test_a_scene_of_which_nothing_was_observed_is_refused(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path
) -> None:
    scene = write_scene(np.zeros((10, 40, 40), np.uint16))
    with pytest.raises(InputError, match=r"no pixel of it was observed; check nodata, clouds and mask"):
        predict_scene(scene, predictor, tmp_path / "out" / "classes.tif")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_mask_hides_land_and_stands_in_the_record(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path
) -> None:
    codes = np.zeros((1, 25, 25), np.uint8)
    codes[0, :5] = 1
    mask = write_raster(tmp_path / "clouds.tif", codes, side=20)
    options = RunOptions(reading=Reading(mask=mask))
    record = predict_scene(write_scene(stored_numbers(50, 50)), predictor, tmp_path / "classes.tif", options=options)
    hidden = map_of(tmp_path / "classes.tif") == 255
    assert hidden[:10].all()
    assert not hidden[10:].any()
    assert record["mask"] == "clouds.tif"
    assert record["sensor"] == "sentinel2_l2a, as the caller says"
