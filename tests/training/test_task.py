import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from small_scenes import training_file, write_labelled_scenes, write_raster

from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.models.checkpoint import load_checkpoint
from pitscape.models.network import NetworkSettings, SegmentationNetwork
from pitscape.training.run import run_training
from pitscape.training.task import SegmentationTask, begin_with
from pitscape.training.windows import Sample

pytestmark = pytest.mark.filterwarnings("ignore::Warning:lightning", "ignore::UserWarning:torch")


def configured(folder: Path, name: str, **changes: object) -> Path:
    """A training file with some keys changed, given as section__key=value."""
    content = yaml.safe_load(training_file(folder).read_text())
    content["trainer"]["default_root_dir"] = str(folder / name)
    for key, value in changes.items():
        section, inner = key.split("__")
        (content[section] if section == "trainer" else content[section]["init_args"])[inner] = value
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    return load_checkpoint(folder / "last.ckpt")[1].state_dict()


AVERAGING = {
    "class_path": "lightning.pytorch.callbacks.EMAWeightAveraging",
    "init_args": {"decay": 0.9, "update_starting_at_step": 1},
}


@pytest.mark.parametrize("callbacks", [[], [AVERAGING]], ids=["plain", "averaged"])
def test_a_stopped_run_that_goes_on_ends_with_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, callbacks: list[object]
) -> None:
    write_labelled_scenes(tmp_path)
    run_training("fit", configured(tmp_path, "whole", trainer__max_steps=6, trainer__callbacks=callbacks))
    path = configured(tmp_path, "parts", trainer__max_steps=6, trainer__callbacks=callbacks)
    step = SegmentationTask.training_step

    def stopping(task: SegmentationTask, batch: Sample, batch_index: int) -> torch.Tensor:
        if task.global_step == 5:
            raise PitscapeError("the power failed")
        return step(task, batch, batch_index)

    with monkeypatch.context() as patch, pytest.raises(PitscapeError, match="the power failed"):
        patch.setattr(SegmentationTask, "training_step", stopping)
        run_training("fit", path)
    last = tmp_path / "parts" / "last.ckpt"
    assert load_checkpoint(last)[0].training.steps == 4
    run_training("fit", path, [f"--ckpt_path={last}"])
    one, other = weights_of(tmp_path / "whole"), weights_of(tmp_path / "parts")
    for name, weight in one.items():
        torch.testing.assert_close(other[name], weight, rtol=0, atol=0, msg=name)


def test_a_checkpoint_cut_off_is_refused(tmp_path: Path) -> None:
    write_labelled_scenes(tmp_path)
    path = configured(tmp_path, "run")
    run_training("fit", path)
    last = tmp_path / "run" / "last.ckpt"
    last.write_bytes(last.read_bytes()[:5000])
    with pytest.raises(InputError, match=r"last\.ckpt: is no checkpoint"):
        run_training("fit", path, [f"--ckpt_path={last}"])


def test_weights_to_begin_with_are_not_needed_again(tmp_path: Path, trained: Path) -> None:
    """Their files are gone once the run has begun: it is judged and goes on all the same, and then for no more steps."""
    write_labelled_scenes(tmp_path)
    other = load_checkpoint(shutil.copyfile(trained / "run" / "best.ckpt", tmp_path / "other.ckpt"))[1].state_dict()
    encoder = {k.removeprefix("network.encoder."): v for k, v in other.items() if k.startswith("network.encoder.")}
    torch.save(encoder, tmp_path / "encoder.pth")
    network = {"encoder_depth": 3, "decoder_channels": [16, 8, 8], "encoder_weights": str(tmp_path / "encoder.pth")}
    keys = {"model__network": network, "model__init_from": str(tmp_path / "other.ckpt")}
    path = configured(tmp_path, "run", **keys)
    run_training("fit", path)
    (tmp_path / "other.ckpt").unlink()
    (tmp_path / "encoder.pth").unlink()
    run_training("validate", path)
    last = tmp_path / "run" / "last.ckpt"
    before = weights_of(tmp_path / "run")
    run_training("fit", path, [f"--ckpt_path={last}"])
    torch.testing.assert_close(weights_of(tmp_path / "run"), before, rtol=0, atol=0)
    with pytest.raises(InputError, match=rf"^{path}: --trainer.max_steps=4: the run was to take 2 steps; "):
        run_training("fit", path, [f"--ckpt_path={last}", "--trainer.max_steps=4"])
    with pytest.raises(InputError, match=r"encoder\.pth: no such file"):
        run_training("fit", path)


def test_calibration_stands_in_the_checkpoint(trained: Path) -> None:
    recipe, _ = load_checkpoint(trained / "run" / "best.ckpt")
    assert recipe.calibration is not None
    assert recipe.calibration.pixels > 1000
    assert 0 <= recipe.calibration.ece_after <= 1


def test_a_loss_that_is_not_finite_stops_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_labelled_scenes(tmp_path)
    monkeypatch.setattr(SegmentationTask, "forward", _broken)
    with pytest.raises(PitscapeError, match="step 0: the loss is nan; lower learning_rate"):
        run_training("fit", configured(tmp_path, "run"))


def _broken(task: SegmentationTask, stored: torch.Tensor) -> torch.Tensor:
    assert task.network is not None
    scores = task.network(task.standardiser(stored))
    return scores * float("nan") if task.training else scores


def test_a_class_that_does_not_train_is_judged_all_the_same(tmp_path: Path) -> None:
    write_labelled_scenes(tmp_path)
    for mask in (tmp_path / "masks").iterdir():
        codes = np.ones((1, 64, 96), np.uint8)
        codes[:, :, 64:] = 2
        write_raster(mask, codes)
    cli = run_training("fit", configured(tmp_path, "run", model__loss={"class_weights": "balanced"}))
    metrics = cli.trainer.callback_metrics
    assert float(metrics["val/producers_occupied"]) >= 0
    assert torch.isnan(metrics["val/producers_water"])


def test_a_final_model_trains_on_all_land_and_judges_none(tmp_path: Path) -> None:
    write_labelled_scenes(tmp_path)
    run_training("fit", configured(tmp_path, "run", data__split={"kind": "none"}))
    assert (tmp_path / "run" / "best.ckpt").read_bytes() == (tmp_path / "run" / "last.ckpt").read_bytes()
    recipe, _ = load_checkpoint(tmp_path / "run" / "best.ckpt")
    assert recipe.training.region == "all land trains, none judges"
    assert recipe.calibration is None


def test_transfer_begins_with_the_weights_that_fit(trained: Path) -> None:
    """Another number of classes: all weights but those of the last convolution."""
    checkpoint = trained / "run" / "best.ckpt"
    _, other = load_checkpoint(checkpoint)
    network = SegmentationNetwork(
        NetworkSettings(encoder_depth=3, decoder_channels=(16, 8, 8)), channels=[10], classes=2
    )
    begin_with(network, checkpoint)
    differing = {
        name.rsplit(".", 1)[0]
        for name, weight in network.state_dict().items()
        if weight.shape != other.state_dict()[name].shape or not torch.equal(weight, other.state_dict()[name])
    }
    assert differing == {"network.segmentation_head.0"}
    with pytest.raises(InputError, match=r"best\.ckpt: is unet/resnet18, depth 3, of which"):
        begin_with(SegmentationNetwork(NetworkSettings(encoder="mobilenet_v2"), channels=[10], classes=4), checkpoint)


def test_a_frozen_encoder_keeps_its_weights_until_all_learns(tmp_path: Path, trained: Path) -> None:
    write_labelled_scenes(tmp_path)
    checkpoint = trained / "run" / "best.ckpt"
    begin = load_checkpoint(checkpoint)[1].state_dict()
    common = {"model__init_from": str(checkpoint), "model__frozen_epochs": 1}
    run_training("fit", configured(tmp_path, "frozen", trainer__max_steps=2, **common))
    frozen = weights_of(tmp_path / "frozen")
    kernel, head = "network.encoder.layer1.0.conv1.weight", "network.segmentation_head.0.weight"
    torch.testing.assert_close(frozen[kernel], begin[kernel], rtol=0, atol=0)
    assert not torch.equal(frozen[head], begin[head])
    run_training("fit", configured(tmp_path, "free", trainer__max_steps=4, **common))
    assert not torch.equal(weights_of(tmp_path / "free")[kernel], begin[kernel])


@pytest.mark.slow
def test_two_processes_judge_each_window_once_and_learn_together(tmp_path: Path) -> None:
    """Metrics of one checkpoint are those of one process; both processes end with the same weights."""
    write_labelled_scenes(tmp_path)
    path = configured(tmp_path, "run", trainer__max_steps=4)
    two = ["--trainer.accelerator=cpu", "--trainer.devices=2", "--trainer.strategy=ddp"]
    program = [sys.executable, "-m", "pitscape"]
    subprocess.run([*program, "fit", f"--config={path}", *two], check=True, capture_output=True, timeout=300)
    recipe, _ = load_checkpoint(tmp_path / "run" / "best.ckpt")
    alone = run_training("validate", path)
    for name, value in alone.trainer.callback_metrics.items():
        if name.startswith(("val/iou", "val/macro", "val/overall")):
            assert recipe.metrics[name] == pytest.approx(float(value), nan_ok=True), name
