import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.models import export
from pitscape.models.card import CARD_KEY, ModelCard
from pitscape.models.checkpoint import deployed, load_checkpoint
from pitscape.models.export import export_onnx
from pitscape.models.parity import parity


def test_onnxruntime_gives_what_torch_gives(trained: Path, model: Path) -> None:
    """On batches, sizes and unobserved pixels that the export itself did not check."""
    recipe, network = load_checkpoint(trained / "run" / "best.ckpt")
    whole = deployed(recipe, network)
    session = onnxruntime.InferenceSession(str(model))
    rng = np.random.default_rng(1)
    for shape in [(1, 10, 1, 1), (5, 10, 37, 53), (2, 10, 128, 96)]:
        stored = rng.integers(0, 12000, shape).astype(np.float32)
        stored[:, :, shape[2] // 2 :, 0] = 0
        with torch.inference_mode():
            expected = whole(torch.from_numpy(stored)).numpy()
        found = session.run(None, {"stored": stored})[0]
        np.testing.assert_allclose(found, expected, atol=1e-4)
        best = np.sort(expected, axis=1)
        clear = best[:, -1] - best[:, -2] > 2e-4
        np.testing.assert_array_equal(found.argmax(axis=1)[clear], expected.argmax(axis=1)[clear])


def test_the_card_is_inside_and_beside(trained: Path, model: Path) -> None:
    inside = onnxruntime.InferenceSession(str(model)).get_modelmeta().custom_metadata_map[CARD_KEY]
    beside = json.loads((trained / "model.onnx.json").read_text())
    assert json.loads(inside) == beside
    card = ModelCard.model_validate(beside)
    assert card.training.scenes == ("tile_20230701.tif", "tile_20230702.tif")
    assert card.training.steps == 2
    assert "val/iou_water" in card.metrics
    assert str(trained) not in inside


def test_no_path_of_this_machine_is_in_the_file(model: Path) -> None:
    """The exporter notes the stack of each node; a file to be shared must not tell where it was made."""
    content = model.read_bytes()
    assert b".py" not in content
    assert str(Path(__file__).parents[2]).encode() not in content


def test_a_network_that_onnxruntime_runs_differently_is_not_written(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pitscape.models.parity_cases.TOLERANCE", -1.0)
    with pytest.raises(PitscapeError, match="not written; onnxruntime differs from torch"):
        export_onnx(trained / "run" / "best.ckpt", tmp_path / "m.onnx", tile=32)
    assert not list(tmp_path.iterdir())
    assert export.OPSET == 18


def test_what_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.ckpt"
    torch.save({"state_dict": {}}, other)
    text = tmp_path / "text.ckpt"
    text.write_text("no")
    for path in (other, text, tmp_path / "none.ckpt"):
        with pytest.raises(InputError, match=r"is no checkpoint|no such file"):
            export_onnx(path, tmp_path / "m.onnx")
    assert not (tmp_path / "m.onnx").exists()


def test_a_static_graph_takes_one_square_tile(trained: Path, tmp_path: Path) -> None:
    card, parity = export_onnx(trained / "run" / "best.ckpt", tmp_path / "m.onnx", tile=64, static=True)
    session = onnxruntime.InferenceSession(str(tmp_path / "m.onnx"))
    assert session.get_inputs()[0].shape == [1, 10, 64, 64]
    assert session.get_outputs()[0].shape == [1, 4, 64, 64]
    assert card.tile == 64
    assert parity.equal


def test_cuda_that_falls_back_to_the_cpu_is_not_compared(
    trained: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build with CUDA on a machine whose GPU does not work opens its sessions on the CPU."""
    recipe, network = load_checkpoint(trained / "run" / "best.ckpt")
    opened = onnxruntime.InferenceSession
    providers = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: providers)
    monkeypatch.setattr(
        onnxruntime, "InferenceSession", lambda path, **_: opened(path, providers=["CPUExecutionProvider"])
    )
    ways = parity(
        deployed(recipe, network), model, ModelCard.model_validate_json((trained / "model.onnx.json").read_text())
    )
    assert "onnxruntime CUDA" not in ways
