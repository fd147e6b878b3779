import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from pitscape.models.card import CARD_KEY, ModelCard, card_from_json
from pitscape.models.quantise import give_card, outermost_convolutions, quantise
from pitscape.models.samples import folder_samples

Weights = dict[str, NDArray[np.generic]]


@pytest.fixture(scope="module")
def variant(trained: Path, model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("int8") / "m.int8.onnx"
    quantise(model, path, card_inside(model), setting(trained, model))
    return path


def card_inside(model: Path) -> ModelCard:
    text = onnxruntime.InferenceSession(str(model)).get_modelmeta().custom_metadata_map[CARD_KEY]
    return card_from_json(text, model)


def setting(trained: Path, model: Path) -> list[NDArray[np.float32]]:
    return list(folder_samples(trained / "images", card_inside(model).sources, side=32).setting)


def initializers(path: Path) -> Weights:
    return {each.name: numpy_helper.to_array(each) for each in onnx.load(path).graph.initializer}


def test_weights_are_the_nearest_of_seven_bits_per_channel(model: Path, variant: Path) -> None:
    """Nearest values: no weight is off by more than half of its channel's step."""
    exact, rounded = initializers(model), initializers(variant)
    found = [name for name in exact if f"{name}_quantized" in rounded and exact[name].ndim == 4]
    assert len(found) > 10
    for name in found:
        small, scale = rounded[f"{name}_quantized"], rounded[f"{name}_scale"]
        assert small.dtype == np.int8
        assert np.abs(small.astype(int)).max() <= 64
        assert scale.shape == (len(small),)
        step = scale[:, None, None, None].astype(np.float64)
        assert (np.abs(small * step - exact[name]) <= step * (0.5 + 1e-5)).all()


def test_outermost_convolutions_and_softmax_stay_in_float(variant: Path) -> None:
    graph = onnx.load(variant).graph
    constants = {each.name for each in graph.initializer if each.data_type == TensorProto.FLOAT}
    in_float = [node for node in graph.node if node.op_type == "Conv" and node.input[1] in constants]
    assert ["encoder.conv1" in in_float[0].input[1], "segmentation_head" in in_float[1].input[1]] == [True, True]
    assert len(in_float) == 2
    by_output = {name: node.op_type for node in graph.node for name in node.output}
    assert by_output["probabilities"] == "Softmax"


def test_probabilities_stay_probabilities_and_near(model: Path, variant: Path) -> None:
    rng = np.random.default_rng(0)
    for shape in [(1, 10, 32, 48), (3, 10, 17, 9)]:
        stored = rng.integers(1100, 5000, shape).astype(np.float32)
        exact, found = (
            onnxruntime.InferenceSession(str(path)).run(None, {"stored": stored})[0] for path in (model, variant)
        )
        np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
        assert np.abs(found - exact).mean() < 0.02


def test_equal_work_gives_equal_bytes_in_another_process_without_torch(
    trained: Path, model: Path, variant: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again.onnx"
    code = (
        "import sys; from pathlib import Path; from pitscape.models.quantise import quantise;"
        "from pitscape.models.samples import folder_samples; from pitscape.inference.predictor import OnnxPredictor;"
        "model, images, output = map(Path, sys.argv[1:]); card = OnnxPredictor(model).card;"
        "quantise(model, output, card, folder_samples(images, card.sources, side=32).setting);"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, model, trained / "images", again], check=True)
    assert again.read_bytes() == variant.read_bytes()


def test_a_card_takes_the_place_of_the_one_inside(variant: Path, card: ModelCard, tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(variant.read_bytes())
    give_card(path, card)
    assert card_inside(path) == card
    assert {each.domain for each in onnx.load(path).opset_import} == {""}


def test_outermost_convolutions_of_a_forked_graph() -> None:
    """in -> a -> relu -> b -> d -> out, in -> c -> out: c is both first and last."""
    nodes = [
        helper.make_node("Conv", ["in", "w"], ["a"], name="a"),
        helper.make_node("Conv", ["in", "w"], ["c"], name="c"),
        helper.make_node("Relu", ["a"], ["r"], name="relu"),
        helper.make_node("Conv", ["r", "w"], ["b"], name="b"),
        helper.make_node("Conv", ["b", "w"], ["d"], name="d"),
        helper.make_node("Add", ["c", "d"], ["out"], name="add"),
    ]
    graph = helper.make_graph(nodes, "forked", [], [])
    assert outermost_convolutions(graph) == ("a", "c", "d")
