"""Files that are no whole model, or would run or read what is not theirs, are refused before they are opened."""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from pitscape.imagery.errors import InputError
from pitscape.imagery.outputs import sha256_of
from pitscape.inference.model_file import check_model_file
from pitscape.inference.predictor import OnnxPredictor
from pitscape.models.card import CARD_KEY, GRAPH_KEY, ModelCard


def graph_of(*nodes: onnx.NodeProto, initializers: tuple[onnx.TensorProto, ...] = ()) -> onnx.GraphProto:
    shape = ["batch", 10, "height", "width"]
    stored = helper.make_tensor_value_info("stored", TensorProto.FLOAT, shape)
    found = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", 4, "height", "width"])
    return helper.make_graph(list(nodes), "g", [stored], [found], list(initializers))


def small_network(card: ModelCard) -> onnx.ModelProto:
    """Probabilities of each pixel's own numbers by a 1 x 1 convolution and a softmax."""
    weights = np.random.default_rng(0).normal(0, 1e-3, (4, 10, 1, 1)).astype(np.float32)
    nodes = (
        helper.make_node("Conv", ["stored", "w"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1),
    )
    tensor = onnx.numpy_helper.from_array(weights, "w")
    model = helper.make_model(
        graph_of(*nodes, initializers=(tensor,)), opset_imports=[helper.make_opsetid("", 18)], ir_version=10
    )
    entry = model.metadata_props.add()
    entry.key, entry.value = CARD_KEY, card.model_dump_json()
    return model


@pytest.fixture
def network(card: ModelCard) -> onnx.ModelProto:
    return small_network(card)


def refused(path: Path, match: str) -> None:
    with pytest.raises(InputError, match=match) as found:
        OnnxPredictor(path)
    assert "\n" not in str(found.value)
    assert str(found.value).startswith(str(path))


def test_a_whole_model_is_opened(network: onnx.ModelProto, tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(network.SerializeToString())
    stored = np.full((1, 10, 3, 5), 2000, np.float32)
    assert OnnxPredictor(path).probabilities(stored).shape == (1, 4, 3, 5)
    assert check_model_file(path).metadata.keys() == {CARD_KEY}


def test_no_truncated_file_is_opened(network: onnx.ModelProto, tmp_path: Path) -> None:
    """At every byte; the card stands last, so that not even a cut between two parts leaves a whole model."""
    content, path = network.SerializeToString(), tmp_path / "m.onnx"
    for length in [*range(600), *range(600, len(content), 37), len(content) - 1]:
        path.write_bytes(content[:length])
        refused(path, "is empty|not an ONNX model, or damaged|carries no model card")


def test_an_export_carries_the_hash_of_its_graph(model: Path) -> None:
    graph = onnx.load(model).graph.SerializeToString(deterministic=True)
    assert check_model_file(model).metadata[GRAPH_KEY] == hashlib.sha256(graph).hexdigest()


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_a_flipped_bit_of_the_weights_is_seen(model: Path, tmp_path: Path, share: float) -> None:
    """Of the least significance, in a value of the largest weights, which no other check can see."""
    content, path = bytearray(model.read_bytes()), tmp_path / "m.onnx"
    largest = max((bytes(each.raw_data) for each in onnx.load(model).graph.initializer), key=len)
    content[content.find(largest) + int(share * len(largest)) // 4 * 4] ^= 1
    path.write_bytes(content)
    refused(path, "is damaged .its graph has the SHA-256 [0-9a-f]{64}, not the graph_sha256 that it carries")


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "is empty"),
        (b"card_version: 1\nname: a text file\n", "not an ONNX model"),
        (b"PK\x03\x04 and more", "zip archive, perhaps a checkpoint"),
        (b"\x80\x02}q\x00.", "not an ONNX model"),
        (
            b"\x08\x0a\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
            "says that it has 9223372036854775807 bytes, 0 are there",
        ),
        (b"\x08\x0a\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "a number has no end"),
        (b"ORTM\x00\x00\x00\x00", "not an ONNX model"),
    ],
    ids=["empty", "text", "zip", "pickle", "huge", "endless", "ort"],
)
def test_other_files_of_that_name_are_refused(tmp_path: Path, content: bytes, match: str) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    refused(path, match)


def test_a_checkpoint_called_onnx_is_refused(trained: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes((trained / "run" / "best.ckpt").read_bytes())
    refused(path, "zip archive, perhaps a checkpoint")


FLIPS = """
import sys
from pathlib import Path
import numpy as np
from pitscape.imagery.errors import PitscapeError
from pitscape.inference.predictor import OnnxPredictor

content, path = Path(sys.argv[1]).read_bytes(), Path(sys.argv[2])
told = 0
for place in range(0, 8 * int(sys.argv[3]), 3):
    changed = bytearray(content)
    changed[place // 8] ^= 1 << place % 8
    path.write_bytes(changed)
    try:
        found = OnnxPredictor(path).probabilities(np.full((1, 10, 4, 4), 2000, np.float32))
        assert np.isfinite(found).all() and abs(found.sum(axis=1) - 1).max() <= 1e-3
    except PitscapeError as error:
        told += 1
        assert str(error).startswith(str(path)) and "\\n" not in str(error), error
print(told)
"""


def test_a_bit_that_flipped_is_told_or_leaves_probabilities(network: onnx.ModelProto, tmp_path: Path) -> None:
    """Every third bit of all but the card; in a process of its own, which must not crash. No error but ours comes out."""
    path = tmp_path / "m.onnx"
    path.write_bytes(network.SerializeToString())
    size = str(len(network.SerializeToString()) - len(network.metadata_props[0].SerializeToString()))
    command = [sys.executable, "-c", FLIPS, str(path), str(tmp_path / "flipped.onnx"), size]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    assert int(run.stdout) > 400


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(min_size=1, max_size=64))
def test_bytes_of_any_kind_are_answered(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"m\.onnx: "):
        check_model_file(path)


def test_a_file_of_a_later_onnx_is_refused(network: onnx.ModelProto, tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    network.ir_version = 999
    path.write_bytes(network.SerializeToString())
    refused(path, "cannot run it.*999.*update onnxruntime")
    network.ir_version = 10
    network.opset_import[0].version = 999
    path.write_bytes(network.SerializeToString())
    refused(path, "cannot run it.*update onnxruntime")


def test_a_card_of_a_later_pitscape_is_told(network: onnx.ModelProto, tmp_path: Path) -> None:
    path, entry = tmp_path / "m.onnx", network.metadata_props[0]
    entry.value = entry.value.replace('"card_version":1', '"card_version":2')
    path.write_bytes(network.SerializeToString())
    refused(path, "card_version 2 was made by a newer pitscape; update pitscape")


def inside_a_branch(node: onnx.NodeProto) -> onnx.NodeProto:
    branch = helper.make_graph(
        [node], "b", [], [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, None)]
    )
    return helper.make_node("If", ["yes"], ["probabilities"], then_branch=branch, else_branch=branch)


@pytest.mark.parametrize("wrapped", [lambda node: node, inside_a_branch], ids=["graph", "branch"])
def test_operators_of_others_are_refused(tmp_path: Path, wrapped: Callable[[onnx.NodeProto], onnx.NodeProto]) -> None:
    node = wrapped(helper.make_node("Run", ["stored"], ["probabilities"], domain="com.example"))
    path = tmp_path / "m.onnx"
    path.write_bytes(helper.make_model(graph_of(node)).SerializeToString())
    refused(path, r"needs the operator Run of com\.example, which onnxruntime does not bring")


def test_functions_in_the_file_are_operators_of_its_own(tmp_path: Path) -> None:
    function = helper.make_function(
        "own", "f", ["x"], ["y"], [helper.make_node("Relu", ["x"], ["y"])], [helper.make_opsetid("", 18)]
    )
    model = helper.make_model(
        graph_of(helper.make_node("f", ["stored"], ["probabilities"], domain="own")), functions=[function]
    )
    path = tmp_path / "m.onnx"
    path.write_bytes(model.SerializeToString())
    assert check_model_file(path).weights == ()
    model.functions[0].node[0].domain = "com.example"
    path.write_bytes(model.SerializeToString())
    refused(path, "operator Relu of com.example")


def test_operators_that_open_files_are_refused(tmp_path: Path) -> None:
    node = helper.make_node("EPContext", ["stored"], ["probabilities"], domain="com.microsoft")
    path = tmp_path / "m.onnx"
    path.write_bytes(helper.make_model(graph_of(node)).SerializeToString())
    refused(path, "operator EPContext of com.microsoft")


def with_weights_at(network: onnx.ModelProto, path: Path, location: str) -> None:
    tensor = network.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    del tensor.external_data[:]
    for key, value in {"location": location, "offset": "0", "length": "160"}.items():
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    path.write_bytes(network.SerializeToString())


def test_weights_beside_a_model_are_read(network: onnx.ModelProto, tmp_path: Path) -> None:
    stored = np.full((1, 10, 3, 3), 2000, np.float32)
    stored[:, 3] = 4000
    whole, path = tmp_path / "whole.onnx", tmp_path / "m.onnx"
    whole.write_bytes(network.SerializeToString())
    (tmp_path / "weights.bin").write_bytes(network.graph.initializer[0].raw_data)
    network.graph.initializer[0].ClearField("raw_data")
    with_weights_at(network, path, "weights.bin")
    predictor = OnnxPredictor(path)
    assert predictor.files == (path, tmp_path / "weights.bin")
    np.testing.assert_array_equal(predictor.probabilities(stored), OnnxPredictor(whole).probabilities(stored))


@pytest.mark.parametrize(
    ("location", "match"),
    [
        ("/etc/passwd", r"outside of its folder \(/etc/passwd\)"),
        ("../w.bin", "outside of its folder"),
        ("a/../../w.bin", "outside of its folder"),
        ("..\\w.bin", "outside of its folder"),
        ("C:\\w.bin", "outside of its folder"),
        ("C:w.bin", "outside of its folder"),
        ("link.bin", "outside of its folder"),
        ("", "outside of its folder"),
        ("w\0.bin", "outside of its folder"),
        ("none.bin", "are not beside it"),
        ("*/_ORT_MEM_ADDR_/*", "are not beside it"),
        ("short.bin", "are cut off"),
    ],
)
def test_weights_elsewhere_are_refused(network: onnx.ModelProto, tmp_path: Path, location: str, match: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    weights = network.graph.initializer[0].raw_data
    (tmp_path / "w.bin").write_bytes(weights)
    (folder / "link.bin").symlink_to(tmp_path / "w.bin")
    (folder / "short.bin").write_bytes(weights[:-1])
    network.graph.initializer[0].ClearField("raw_data")
    with_weights_at(network, folder / "m.onnx", location)
    refused(folder / "m.onnx", match)


def test_another_sha256_is_refused(network: onnx.ModelProto, tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(network.SerializeToString())
    right = sha256_of(path)
    OnnxPredictor(path, expect_sha256=right.upper())
    with pytest.raises(InputError, match=f"has the SHA-256 {right}, not {'0' * 64}"):
        OnnxPredictor(path, expect_sha256="0" * 64)
    with pytest.raises(InputError, match="--expect-sha256 abc: is no SHA-256"):
        OnnxPredictor(path, expect_sha256="abc")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"bands": ("B02",) * 9}, "stored is of .*its card says 9 channels"),
        ({"name": "other"}, "takes other, its card says stored"),
        ({"classes": 3}, "probabilities is of .*its card says 3 channels"),
    ],
)
def test_a_graph_that_does_not_fit_its_card_is_refused(
    network: onnx.ModelProto, card: ModelCard, tmp_path: Path, change: dict[str, object], match: str
) -> None:
    content = card.model_dump(mode="json")
    if "bands" in change:
        content["sources"][0]["bands"] = content["sources"][0]["bands"][:9]
        for key in ("mean", "std"):
            content["sources"][0]["normalisation"][key] = [1.0] * 9
    if "classes" in change:
        content["legend"]["classes"] = content["legend"]["classes"][:3]
    if "name" in change:
        network.graph.input[0].name = network.graph.node[0].input[0] = "other"
    network.metadata_props[0].value = ModelCard.model_validate(content).model_dump_json()
    path = tmp_path / "m.onnx"
    path.write_bytes(network.SerializeToString())
    refused(path, match)


@pytest.mark.parametrize(("weight", "match"), [(np.nan, "not finite"), (None, "sum to")])
def test_values_that_are_no_probabilities_name_the_model(
    network: onnx.ModelProto, tmp_path: Path, weight: float | None, match: str
) -> None:
    from pitscape.imagery.errors import PitscapeError

    if weight is None:
        network.graph.node[1].op_type = "Identity"
        del network.graph.node[1].attribute[:]
    else:
        network.graph.initializer[0].raw_data = np.full(40, weight, np.float32).tobytes()
    path = tmp_path / "m.onnx"
    path.write_bytes(network.SerializeToString())
    with pytest.raises(PitscapeError, match=rf"m\.onnx: the network gave .*{match}") as found:
        OnnxPredictor(path).probabilities(np.full((1, 10, 2, 2), 2000, np.float32))
    assert "\n" not in str(found.value)
