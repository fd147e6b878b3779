import json
import shutil
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import yaml

from pitscape.cli import main
from pitscape.imagery.outputs import sha256_of
from pitscape.inference.predictor import OnnxPredictor
from pitscape.models.card import CARD_KEY, ModelCard
from pitscape.models.export import fix_sizes
from pitscape.models.parity_cases import Parity
from pitscape.parity_routes import OnnxRoute
from pitscape.training.run import data_of
from pitscape.training.samples import training_samples

Lines = pytest.CaptureFixture[str]


def export(trained: Path, output: Path, *options: str) -> int:
    checkpoint = str(trained / "run" / "best.ckpt")
    return main(["export", "--checkpoint", checkpoint, "--output", str(output), "--tile", "32", *options])


@pytest.fixture(scope="module")
def exported(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network and its variant, judged by the labels of the run that trained it."""
    folder = tmp_path_factory.mktemp("exported")
    config = str(trained / "run" / "config.yaml")
    assert export(trained, folder / "m.onnx", "--int8", "--config", config, "--int8-bound", "50") == 0
    return folder


def test_the_variant_carries_a_card_of_its_own(trained: Path, exported: Path) -> None:
    model, variant = exported / "m.onnx", exported / "m.int8.onnx"
    metadata = onnxruntime.InferenceSession(str(variant)).get_modelmeta().custom_metadata_map
    card = ModelCard.model_validate_json(metadata[CARD_KEY])
    assert json.loads((exported / "m.int8.onnx.json").read_text()) == json.loads(metadata[CARD_KEY])
    assert metadata["name"] == card.name == "m-int8"
    made = card.quantisation
    assert made is not None
    assert made.float_sha256 == sha256_of(model)
    assert len(made.float_layers) == 2
    assert set(made.iou_change) == {"mined", "occupied", "vegetated", "water"}
    assert made.mean_iou is not None
    assert made.bound == 50
    item = json.loads((exported / "m.int8.stac.json").read_text())
    assert item["id"] == "m-int8"
    assert item["assets"]["model"]["href"] == "./m.int8.onnx"
    assert item["assets"]["model"]["file:checksum"] == "1220" + sha256_of(variant)
    assert OnnxPredictor(model).card.quantisation is None
    assert variant.stat().st_size < model.stat().st_size / 2
    assert str(trained) not in metadata[CARD_KEY]


def test_timings_stand_beside_and_not_in_the_card(exported: Path) -> None:
    figures = json.loads((exported / "m.int8.quantisation.json").read_text())
    assert figures["speed_ratio"] > 0
    assert figures["bytes"] == (exported / "m.int8.onnx").stat().st_size
    assert {"best.ckpt", "config.yaml"} <= figures["inputs_sha256"].keys()
    assert "speed" not in (exported / "m.int8.onnx.json").read_text()
    assert str(exported) not in json.dumps(figures)


@pytest.fixture
def ready_export(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Export takes the network of ``exported``: tracing it again takes seconds."""

    def copied(checkpoint: Path, output: Path, *, tile: int, static: bool, **rest: object) -> tuple[ModelCard, Parity]:
        del checkpoint, rest
        shutil.copyfile(exported / "m.onnx", output)
        if static:
            fix_sizes(output, tile)
        return OnnxPredictor(exported / "m.onnx").card, Parity()

    monkeypatch.setattr("pitscape.models.export.export_onnx", copied)


@pytest.mark.usefixtures("ready_export")
def test_equal_work_gives_equal_bytes(trained: Path, exported: Path, tmp_path: Path) -> None:
    config = str(trained / "run" / "config.yaml")
    assert export(trained, tmp_path / "m.onnx", "--int8", "--config", config, "--int8-bound", "50") == 0
    for name in ("m.int8.onnx", "m.int8.onnx.json"):
        assert (tmp_path / name).read_bytes() == (exported / name).read_bytes()


@pytest.mark.usefixtures("ready_export")
def test_a_variant_that_changes_too_many_classes_is_not_written(trained: Path, tmp_path: Path, capsys: Lines) -> None:
    images = str(trained / "images")
    assert export(trained, tmp_path / "m.onnx", "--int8", "--int8-samples", images, "--int8-bound", "0") == 1
    message = capsys.readouterr().err
    assert "m.int8.onnx: not written; it loses" in message
    assert "% of the pixels change class (--int8-bound 0)" in message
    assert message.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["m.onnx"]


@pytest.mark.usefixtures("ready_export")
def test_samples_of_a_folder_judge_a_static_graph_by_agreement(trained: Path, tmp_path: Path, capsys: Lines) -> None:
    """Two images of 64 x 96 px, of which two rows are unobserved: twelve windows, every second one judges, of those at the top one in each."""
    options = ("--static", "32", "--int8", "--int8-samples", str(trained / "images"), "--int8-bound", "60")
    assert export(trained, tmp_path / "m.onnx", *options) == 0
    made = json.loads((tmp_path / "m.int8.onnx.json").read_text())["quantisation"]
    assert (made["samples"], made["mean_iou"], made["iou_change"]) == (6, None, {})
    assert made["samples_from"] == "windows of 2 images of sentinel2_l2a"
    assert made["pixels"] == 6 * 32 * 32 - 2 * 2 * 32
    assert "% of 6016 pixels change class" in capsys.readouterr().out
    session = onnxruntime.InferenceSession(str(tmp_path / "m.int8.onnx"))
    assert session.get_inputs()[0].shape == [1, 10, 32, 32]
    (entering,) = json.loads((tmp_path / "m.int8.stac.json").read_text())["properties"]["mlm:input"]
    assert entering["input"]["shape"] == [1, 10, 32, 32]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--int8"], "give either --int8-samples DIR or --config TRAINING.yaml"),
        (["--int8", "--int8-samples", "a", "--config", "b"], "give either"),
        (["--int8", "--int8-samples", "none"], "none: no such folder"),
        (["--int8-samples", "a"], "is for --int8 alone"),
        (["--config", "a"], "is for --int8 alone"),
        (["--int8", "--int8-samples", "a", "--int8-bound", "-1"], "must be at least 0"),
        (["--int8", "--int8-samples", "a", "--int8-bound", "nan"], "must be at least 0"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_written(
    trained: Path, tmp_path: Path, capsys: Lines, options: list[str], problem: str
) -> None:
    assert export(trained, tmp_path / "m.onnx", *options) == 2
    message = capsys.readouterr().err
    assert problem in message
    assert message.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_configuration_of_other_bands_is_refused(trained: Path, tmp_path: Path, capsys: Lines) -> None:
    content = yaml.safe_load((trained / "train.yaml").read_text())
    content["data"]["init_args"]["bands"] = ["B02", "B03", "B04"]
    config = tmp_path / "other.yaml"
    config.write_text(yaml.safe_dump(content))
    assert export(trained, tmp_path / "m.onnx", "--int8", "--config", str(config)) == 2
    assert "is of other bands than the network" in capsys.readouterr().err


def test_land_that_judges_sets_no_range(trained: Path, exported: Path) -> None:
    """Columns from 64 on judge, 8 px before them are a buffer: no window that sets ranges shows them."""
    sources = OnnxPredictor(exported / "m.onnx").card.sources
    data = data_of(trained / "train.yaml")
    samples = training_samples(trained / "train.yaml", sources, side=48)
    seen = {float(value) for window in samples.setting for value in np.unique(window[0])} - {0.0}
    judging = {float(value) for land in data.judging for value in np.unique(land.pixels(land.area)[0][0])} - {0.0}
    training = {float(value) for land in data.training for value in np.unique(land.pixels(land.area)[0][0])} - {0.0}
    assert seen <= training
    assert judging


def test_where_no_land_judges_other_training_windows_do(trained: Path, exported: Path, tmp_path: Path) -> None:
    content = yaml.safe_load((trained / "train.yaml").read_text())
    content["data"]["init_args"]["split"] = {"kind": "none"}
    config = tmp_path / "all.yaml"
    config.write_text(yaml.safe_dump(content))
    samples = training_samples(config, OnnxPredictor(exported / "m.onnx").card.sources, side=32)
    judging = list(samples.judging)
    assert len(samples.setting) == len(judging) == 6
    assert all((labels == 255).all() for _, labels in judging)
    assert not any(np.array_equal(one, other) for one in samples.setting for other, _ in judging)


def test_parity_has_a_row_of_the_variant_with_its_own_bound(exported: Path, tmp_path: Path, capsys: Lines) -> None:
    model, variant, output = exported / "m.onnx", exported / "m.int8.onnx", tmp_path / "parity.json"
    given = ["parity", str(model), "--variant", str(variant), "--output", str(output)]
    assert main([*given, "--variant-bound", "100"]) == 0
    (row,) = json.loads(output.read_text())["variants"]
    assert row["way"] == "m.int8.onnx"
    assert row["other_classes"] > 0
    assert row["held"]
    assert row["percent_other_classes"] == pytest.approx(100 * row["other_classes"] / row["pixels"], abs=1e-4)
    assert all(other["equal"] for other in json.loads(output.read_text())["rows"])
    capsys.readouterr()
    assert main([*given, "--variant-bound", "0"]) == 1
    assert "m.int8.onnx changes the class of more pixels" in capsys.readouterr().err


def test_a_variant_alone_has_no_empty_table(exported: Path, capsys: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network of several sources has no way of Deepness; without a checkpoint nothing but the variant is compared."""
    opened = OnnxRoute(exported / "m.onnx")
    monkeypatch.setattr("pitscape.parity_table.open_routes", lambda *_: (opened, {}))
    given = ["parity", str(exported / "m.onnx"), "--variant", str(exported / "m.int8.onnx")]
    assert main([*given, "--variant-bound", "100"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("m.int8.onnx")


def test_what_is_no_variant_of_the_model_is_refused(exported: Path, model: Path, capsys: Lines) -> None:
    assert main(["parity", str(exported / "m.onnx"), "--variant", str(exported / "m.onnx")]) == 2
    assert "is in float" in capsys.readouterr().err
    assert main(["parity", str(model), "--variant", str(exported / "m.int8.onnx")]) == 2
    assert "was made of another file" in capsys.readouterr().err
