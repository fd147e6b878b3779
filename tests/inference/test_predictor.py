from pathlib import Path

import numpy as np
import onnx
import pytest
from predictors import PixelwisePredictor
from small_scenes import SceneMaker, stored_numbers

from pitscape.imagery.errors import InputError
from pitscape.inference.predictor import OnnxPredictor
from pitscape.inference.scene_run import predict_scene
from pitscape.inference.symmetric import SymmetricPredictor
from pitscape.inference.torch_predictor import TorchPredictor
from pitscape.models.card import ModelCard


def test_any_batch_and_number_of_threads_gives_the_same_bits(model: Path) -> None:
    stored = stored_numbers(61, 85)[None].astype(np.float32)
    stored = np.concatenate([stored, stored[..., ::-1], stored / 2])
    one = OnnxPredictor(model)
    found = one.probabilities(stored)
    for number, each in enumerate(stored):
        np.testing.assert_array_equal(one.probabilities(each[None])[0], found[number])
    np.testing.assert_array_equal(one.with_threads(4).probabilities(stored), found)
    assert one.with_threads(1) is one


def test_bound_input_and_output_give_the_same(model: Path) -> None:
    """The way of a GPU, on the CPU."""
    predictor, stored = OnnxPredictor(model), stored_numbers(40, 48)[None].astype(np.float32)
    np.testing.assert_array_equal(predictor.bound(stored), predictor.probabilities(stored))


def test_the_checkpoint_in_pytorch_gives_what_its_export_gives(trained: Path, model: Path) -> None:
    stored = stored_numbers(45, 70)[None].astype(np.float32)
    torch, exported = TorchPredictor(trained / "run" / "best.ckpt"), OnnxPredictor(model)
    np.testing.assert_allclose(torch.probabilities(stored), exported.probabilities(stored), atol=1e-4)
    assert torch.card.bands == exported.card.bands


def test_a_checkpoint_maps_a_scene(write_scene: SceneMaker, trained: Path, tmp_path: Path) -> None:
    record = predict_scene(
        write_scene(stored_numbers(50, 50)), TorchPredictor(trained / "run" / "best.ckpt"), tmp_path / "c.tif"
    )
    assert "torch" in record["versions"]


@pytest.mark.parametrize("kind", [OnnxPredictor, TorchPredictor])
def test_a_gpu_that_is_not_there_is_told(trained: Path, model: Path, kind: type) -> None:
    with pytest.raises(InputError, match=r"^--device cuda: "):
        kind(model if kind is OnnxPredictor else trained / "run" / "best.ckpt", device="cuda")


def test_the_symmetries_of_a_pixelwise_network_change_nothing(card: ModelCard) -> None:
    stored = stored_numbers(20, 31)[None].astype(np.float32)
    plain = PixelwisePredictor(card)
    np.testing.assert_allclose(SymmetricPredictor(plain).probabilities(stored), plain.probabilities(stored), atol=1e-6)
    assert plain.batches == [1] * 9


@pytest.mark.parametrize("damage", ["empty", "half", "text", "no card", "later card"])
def test_a_damaged_model_is_refused_in_one_line(model: Path, tmp_path: Path, damage: str) -> None:
    path, content = tmp_path / "m.onnx", model.read_bytes()
    if damage in {"no card", "later card"}:
        network = onnx.load(model)
        entry = network.metadata_props[0]
        entry.value = entry.value.replace('"card_version":1', '"card_version":9')
        if damage == "no card":
            entry.key = "other"
        content = network.SerializeToString()
    path.write_bytes({"empty": b"", "half": content[: len(content) // 2], "text": b"no model"}.get(damage, content))
    with pytest.raises(InputError, match=r"m\.onnx: ") as found:
        OnnxPredictor(path)
    assert "\n" not in str(found.value)
