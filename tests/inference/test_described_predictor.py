"""Networks of other makers: what a card says is done around a graph equals the same done in PyTorch."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import segmentation_models_pytorch as smp
import torch
import yaml
from numpy.typing import NDArray
from small_scenes import SceneMaker, stored_numbers
from torch import nn

import pitscape
from pitscape.cli import main
from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.inference.described_predictor import DescribedPredictor, probabilities_of, upsampled
from pitscape.inference.opening import open_predictor
from pitscape.inference.predictor import OnnxPredictor
from pitscape.inference.run_options import RunOptions

BANDS = ("B02", "B03", "B04", "B08")
MEAN, STD = (0.05, 0.07, 0.08, 0.25), (0.03, 0.03, 0.05, 0.10)
CARD: dict[str, Any] = {
    "name": "other",
    "sensor": "sentinel2_l2a",
    "bands": list(BANDS),
    "normalisation": {"mean": list(MEAN), "std": list(STD)},
    "gsd_m": 10,
    "overlap": 16,
}


class Plain(nn.Module):
    """A network as another maker has it."""

    def __init__(self, *, classes: int = 4, stride: int = 1, last: bool = False, axes: str = "NCHW") -> None:
        super().__init__()
        self.network = smp.Unet("resnet18", encoder_weights=None, in_channels=4, classes=classes, encoder_depth=3,
                                decoder_channels=(16, 8, 8))  # fmt: skip
        self.stride, self.last, self.axes = stride, last, axes

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        scores = self.network(image if self.axes == "NCHW" else image.permute(0, 3, 1, 2))
        scores = nn.functional.avg_pool2d(scores, self.stride) if self.stride > 1 else scores
        scores = scores.softmax(dim=1) if self.last else scores
        return scores if self.axes == "NCHW" else scores.permute(0, 2, 3, 1)


def exported(network: nn.Module, path: Path, *, static: int | None = None, axes: str = "NCHW") -> Path:
    """As torch.onnx.export's documentation shows it: opset 17, one image in a static graph."""
    shape = (1, 4, static or 64, static or 64) if axes == "NCHW" else (1, static or 64, static or 64, 4)
    free = {number: name for number, name in enumerate(axes) if name != "C"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter's own internals
        torch.onnx.export(
            network.eval(), (torch.zeros(shape),), path, dynamo=False, opset_version=17,
            input_names=["image"], output_names=["scores"],
            dynamic_axes=None if static else {"image": free, "scores": free},
        )  # fmt: skip
    return path


def card_at(path: Path, **graph: str | int) -> Path:
    path.write_text(yaml.safe_dump(CARD | ({"graph": graph} if graph else {})))
    return path


def in_torch(network: nn.Module, stored: NDArray[Any], *, multiple: int = 1) -> NDArray[np.float32]:
    """What the maker would do: reflectance, normalised, padded with 0, softmax, cut back."""
    reflectance = (torch.from_numpy(stored.astype(np.float64)) - 1000) / 10000
    mean, std = (torch.tensor(values, dtype=torch.float64)[None, :, None, None] for values in (MEAN, STD))
    image = ((reflectance - mean) / std).float()
    height, width = image.shape[2:]
    image = nn.functional.pad(image, (0, -width % multiple, 0, -height % multiple))
    with torch.inference_mode():
        found: NDArray[np.float32] = network.eval()(image).softmax(dim=1)[:, :, :height, :width].numpy()
    return found


def test_a_dynamic_graph_of_logits_equals_torch(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = Plain()
    path, card = exported(network, tmp_path / "m.onnx"), card_at(tmp_path / "card.yaml", multiple=32)
    stored = stored_numbers(64, 96)[:4]
    for given in (stored, stored[:, :45, :70]):
        found = pitscape.load_model(path, card=card).predict(given).probabilities
        np.testing.assert_allclose(found, in_torch(network, given[None], multiple=32)[0], atol=1e-5)


def test_a_static_graph_takes_scenes_of_any_size(tmp_path: Path) -> None:
    """One image of 256 px at a time; a smaller one is filled up, a larger one is cut into its tiles."""
    torch.manual_seed(1)
    network = Plain()
    path, card = exported(network, tmp_path / "m.onnx", static=256), card_at(tmp_path / "card.yaml")
    model = pitscape.load_model(path, card=card)
    assert model.predictor.fixed_tile == 256
    stored = np.concatenate([stored_numbers(300, 256)[:4], stored_numbers(300, 40)[:4]], axis=2)
    whole = stored[:, :256, :256]
    np.testing.assert_allclose(model.predict(whole).probabilities, in_torch(network, whole[None])[0], atol=1e-5)
    small = stored[:, :100, :90]
    np.testing.assert_allclose(
        model.predict(small).probabilities, in_torch(network, small[None], multiple=256)[0], atol=1e-5
    )
    found = model.predict(stored)
    assert found.classes.max() < 4
    corner = in_torch(network, stored[None, :, -256:, -256:])[0][:, -44:, -40:]
    np.testing.assert_allclose(found.probabilities[:, -44:, -40:], corner, atol=1e-5)
    batch = np.stack([whole, whole[:, ::-1]]).astype(np.float32)
    np.testing.assert_allclose(model.predictor.probabilities(batch), in_torch(network, batch), atol=1e-5)
    with pytest.raises(InputError, match=r"--tile 300: .* takes tiles of 256 px at most"):
        model.predict(stored, options=RunOptions(tile=300))


def test_last_axes_softmax_and_a_coarser_output_are_described(tmp_path: Path) -> None:
    torch.manual_seed(2)
    stored = stored_numbers(64, 64)[None, :4]
    swapped = Plain(axes="NHWC", last=True)
    path = exported(swapped, tmp_path / "a.onnx", axes="NHWC")
    card = card_at(
        tmp_path / "a.yaml", layout="NHWC", activation="softmax", multiple=32, input="image", output="scores"
    )
    expected = in_torch(swapped.network, stored)
    np.testing.assert_allclose(
        DescribedPredictor(path, card).probabilities(stored.astype(np.float32)), expected, atol=1e-5
    )
    coarse = Plain(stride=4)
    path = exported(coarse, tmp_path / "b.onnx")
    card = card_at(tmp_path / "b.yaml", stride=4, multiple=32)
    image = torch.from_numpy(
        ((stored.astype(np.float64) - 1000) / 1e4 - np.reshape(MEAN, (1, 4, 1, 1))) / np.reshape(STD, (1, 4, 1, 1))
    )
    with torch.inference_mode():
        scores = nn.functional.interpolate(coarse.eval()(image.float()), scale_factor=4, mode="bilinear")
    np.testing.assert_allclose(
        DescribedPredictor(path, card).probabilities(stored.astype(np.float32)),
        scores.softmax(dim=1).numpy(),
        atol=1e-5,
    )
    with pytest.raises(
        PitscapeError, match=r"b\.onnx: the graph gave 1 x 4 x 16 x 16 of images of 64 x 64 px; correct graph\.stride"
    ):
        DescribedPredictor(path, card_at(tmp_path / "b.yaml", multiple=32)).probabilities(stored.astype(np.float32))


@pytest.mark.parametrize("stride", [2, 3, 4])
def test_scores_are_upsampled_as_torch_does(stride: int) -> None:
    scores = np.random.default_rng(0).normal(size=(2, 3, 5, 1)).astype(np.float32)
    expected = nn.functional.interpolate(torch.from_numpy(scores), scale_factor=stride, mode="bilinear")
    np.testing.assert_allclose(upsampled(scores, stride), expected.numpy(), atol=1e-6)


def test_what_graphs_give_becomes_probabilities() -> None:
    """By hand: sigmoid scores .3 and .1 are .75 and .25; one channel of ln 3 is 3 : 1 for the second class."""
    scores = np.array([0.3, 0.1], np.float32).reshape(1, 2, 1, 1)
    np.testing.assert_allclose(probabilities_of(scores, "sigmoid", classes=2).ravel(), [0.75, 0.25], rtol=1e-6)
    one = np.full((1, 1, 1, 1), np.log(3), np.float32)
    np.testing.assert_allclose(probabilities_of(one, "logits", classes=2).ravel(), [0.25, 0.75], rtol=1e-6)
    np.testing.assert_allclose(probabilities_of(one * 0 + 0.2, "sigmoid", classes=2).ravel(), [0.8, 0.2], rtol=1e-6)
    np.testing.assert_array_equal(probabilities_of(scores * 0, "sigmoid", classes=2).ravel(), [0.5, 0.5])


def test_unobserved_pixels_enter_as_zero(tmp_path: Path) -> None:
    torch.manual_seed(3)
    network = Plain()
    path, card = exported(network, tmp_path / "m.onnx"), card_at(tmp_path / "card.yaml", multiple=32)
    stored = stored_numbers(32, 32)[:4].astype(np.float32)
    stored[:, 10:20] = 0
    mean = np.reshape(MEAN, (4, 1, 1)) * 10000 + 1000
    filled = np.where(stored == 0, mean, stored)
    found = pitscape.load_model(path, card=card).predict(stored)
    np.testing.assert_allclose(found.probabilities[:, :10], in_torch(network, filled[None])[0][:, :10], atol=1e-5)
    assert (found.classes[10:20] == 255).all()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"colour": 1}, "unknown key 'colour'"),
        ({"graph": {"class_path": "os.system"}}, r"unknown key 'graph\.class_path'"),
        ({"sensor": "none"}, "unknown sensor 'none'"),
        ({"bands": ["B02"]}, "bands and normalisation differ in length"),
        ({"normalisation": None}, "normalisation and graph.values: standardised go together"),
        ({"normalisation": {"mean": [0] * 4, "std": [0, 1, 1, 1]}}, "std must be above 0"),
        (
            {"normalisation": {"mean": [0, 0, 0, float("nan")], "std": [1] * 4}},
            "mean and normalisation.std must be finite",
        ),
        (
            {"normalisation": {"mean": [0] * 4, "std": [1, 1, 1, float("inf")]}},
            "mean and normalisation.std must be finite",
        ),
        ({"graph": {"stride": 3, "multiple": 32}}, "must be multiples of stride"),
        ({"card_version": 7}, "card_version"),
        ({"bands": ["B02", "B03", "B04", "B99"]}, "B99"),
    ],
)
def test_cards_that_are_wrong_are_refused(tmp_path: Path, change: dict[str, Any], problem: str) -> None:
    from pitscape.models.graph_card import read_card

    path = tmp_path / "card.yaml"
    path.write_text(yaml.safe_dump(CARD | change))
    with pytest.raises(InputError, match=problem) as found:
        read_card(path)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(("side", "overlap"), [(64, 16), (100, 25), (512, 64), (None, 64)])
def test_the_usual_overlap_fits_small_tiles(tmp_path: Path, side: int | None, overlap: int) -> None:
    from pitscape.models.graph_card import read_card

    path = tmp_path / "card.yaml"
    path.write_text(yaml.safe_dump({k: v for k, v in CARD.items() if k != "overlap"} | {"graph": {"side": side}}))
    card, _ = read_card(path)
    assert (card.tile, card.overlap) == (side or 256, overlap)


def test_graphs_that_do_not_fit_the_card_are_refused(tmp_path: Path) -> None:
    torch.manual_seed(0)
    path = exported(Plain(), tmp_path / "m.onnx", static=64)
    for graph, problem in [
        ({"input": "other"}, "takes image; a card describes a graph of one input"),
        ({"output": "other"}, r"graph\.output other is none of scores"),
        ({"layout": "NHWC"}, "image is of .*the card says 4 bands and NHWC"),
    ]:
        with pytest.raises(InputError, match=problem):
            DescribedPredictor(path, card_at(tmp_path / "card.yaml", **graph))
    with pytest.raises(
        InputError, match="carries no model card; give a file of pitscape export, or its card by --card"
    ):
        open_predictor(path)


def test_a_model_with_a_card_of_its_own_keeps_it(model: Path, tmp_path: Path) -> None:
    own = model.with_name("model.onnx.json")
    assert isinstance(open_predictor(model, card=own), OnnxPredictor)
    in_yaml, content = tmp_path / "own.yaml", json.loads(own.read_text())
    in_yaml.write_text(yaml.safe_dump(content))
    assert isinstance(open_predictor(model, card=in_yaml), OnnxPredictor)
    in_yaml.write_text(yaml.safe_dump(content | {"gsd_m": "ten"}))
    with pytest.raises(InputError, match=r"own\.yaml: gsd_m: input should be a valid number"):
        open_predictor(model, card=in_yaml)
    with pytest.raises(InputError, match=r"--card .*card\.yaml: .* carries another card of its own; leave --card out"):
        open_predictor(model, card=card_at(tmp_path / "card.yaml"))


def test_the_command_line_takes_a_card_and_a_sha256(
    write_scene: SceneMaker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from pitscape.imagery.outputs import sha256_of

    torch.manual_seed(0)
    path, card = exported(Plain(), tmp_path / "m.onnx"), card_at(tmp_path / "card.yaml", multiple=32)
    scene, output = write_scene(stored_numbers(50, 70)), tmp_path / "out" / "c.tif"
    command = ["predict", str(scene), "--model", str(path), "--output", str(output), "--card", str(card)]
    assert main([*command, "--expect-sha256", sha256_of(path)]) == 0
    record = json.loads(output.with_name("c.tif.json").read_text())
    assert record["with_model_sha256"] == {"card.yaml": sha256_of(card)}
    assert main([*command, "--expect-sha256", "0" * 64]) == 2
    assert "has the SHA-256" in capsys.readouterr().err
    assert main([*command[:-2], "--output", str(card), "--card", str(card)]) == 2
    assert "is an input of this run" in capsys.readouterr().err


def test_a_sensor_of_the_user_lies_by_the_card_and_counts_in_resumed_runs(
    write_scene: SceneMaker, tmp_path: Path
) -> None:
    """Its fill values decide what is observed: once they change, the map is made anew; the card itself stays as it was."""
    from pitscape.imagery.sensor import load_sensor

    torch.manual_seed(0)
    path, card = exported(Plain(), tmp_path / "m.onnx"), tmp_path / "cards" / "card.yaml"
    card.parent.mkdir()
    card.write_text(yaml.safe_dump(CARD | {"sensor": "own.yaml", "graph": {"multiple": 32}}))
    sensor, scene = load_sensor("sentinel2_l2a").model_dump(mode="json"), write_scene(stored_numbers(50, 70))
    command = ["predict", str(scene), "--model", str(path), "--output", str(tmp_path / "c.tif"), "--card", str(card)]
    made = []
    for fill in ([0], [0], [0, 3000]):
        bands = [band | ({"fill": fill} if band["name"] in BANDS else {}) for band in sensor["bands"]]
        (card.parent / "own.yaml").write_text(yaml.safe_dump(sensor | {"bands": bands}))
        assert main([*command, "--resume"]) == 0
        made.append((tmp_path / "c.tif").stat().st_mtime_ns)
    assert made[0] == made[1] != made[2]


def test_memory_is_planned_for_all_files_of_a_model(
    write_scene: SceneMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """External weights lie in files of their own; here the card is a file of 2 MB."""
    from pitscape.inference import scene_run, scene_work

    torch.manual_seed(0)
    path, card = exported(Plain(), tmp_path / "m.onnx"), card_at(tmp_path / "card.yaml", multiple=32)
    card.write_text(card.read_text() + "#" * (2 << 20))
    told, load = [], scene_work.Load

    def seen(bands: int, classes: int, layers: int, model_mb: float, blocks: tuple[int, int]) -> Any:  # noqa: ANN401
        told.append(model_mb)
        return load(bands, classes, layers, model_mb, blocks)

    monkeypatch.setattr(scene_work, "Load", seen)
    scene_run.predict_scene(write_scene(stored_numbers(40, 40)), DescribedPredictor(path, card), tmp_path / "c.tif")
    assert told == [pytest.approx(path.stat().st_size / (1 << 20) + 2, abs=0.01)]
