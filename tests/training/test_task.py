import csv
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
from pitscape.training.run import data_of, run_training
from pitscape.training.task import SegmentationTask
from pitscape.training.transfer import begin_with
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
    run_training("fit", path, ["--ckpt_path", str(last)])
    steps = [int(row["step"]) for row in csv.DictReader((tmp_path / "parts" / "metrics.csv").read_text().splitlines())]
    assert (sorted(set(steps))[:2], len(set(steps))) == ([1, 3], 3)  # the log of the first part is still there
    assert not (tmp_path / "parts" / "metrics.earlier.csv").exists()
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
    recipe, other = load_checkpoint(checkpoint)
    network = SegmentationNetwork(
        NetworkSettings(encoder_depth=3, decoder_channels=(16, 8, 8)), channels=[10], classes=2
    )
    assert begin_with(network, checkpoint, recipe.sources) == recipe.training
    differing = {
        name.rsplit(".", 1)[0]
        for name, weight in network.state_dict().items()
        if weight.shape != other.state_dict()[name].shape or not torch.equal(weight, other.state_dict()[name])
    }
    assert differing == {"network.segmentation_head.0"}
    with pytest.raises(InputError, match=r"best\.ckpt: is unet/resnet18, depth 3, of which"):
        mobile = SegmentationNetwork(NetworkSettings(encoder="mobilenet_v2"), channels=[10], classes=4)
        begin_with(mobile, checkpoint, recipe.sources)


def test_a_network_of_other_bands_begins_with_those_that_both_know(trained: Path) -> None:
    """Three of the ten, in another order, keep their kernels, ten thirds as strong; nothing of the encoder is left at random."""
    checkpoint = trained / "run" / "best.ckpt"
    recipe, other = load_checkpoint(checkpoint)
    (source,) = recipe.sources
    bands = ("B08", "B04", "B03")
    fewer = source.model_copy(update={"bands": bands})
    settings = NetworkSettings(encoder_depth=3, decoder_channels=(16, 8, 8))
    network = SegmentationNetwork(settings, channels=[3], classes=4)
    begin_with(network, checkpoint, [fewer])
    kernel = "network.encoder.conv1.weight"
    chosen = other.state_dict()[kernel][:, [source.bands.index(band) for band in bands]]
    torch.testing.assert_close(network.state_dict()[kernel], chosen * 10 / 3)
    network.freeze_encoder(frozen=True)
    assert not network.get_parameter(kernel).requires_grad


def test_what_begins_at_random_is_not_frozen(trained: Path) -> None:
    """Sources apart: kernels of the sensor that the other network did not know."""
    recipe, _ = load_checkpoint(trained / "run" / "best.ckpt")
    settings = NetworkSettings(encoder_depth=3, decoder_channels=(16, 8, 8))
    network = SegmentationNetwork(settings, channels=[10], classes=4)
    network.fresh = frozenset(["network.encoder.conv1.weight"])
    network.freeze_encoder(frozen=True)
    network.train()
    before = network.network.encoder.bn1.running_mean.clone()
    network(torch.rand(2, 10, 32, 32)).sum().backward()
    learning = {
        name
        for name, weight in network.named_parameters()
        if name.startswith("network.encoder.") and weight.grad is not None
    }
    assert learning == {"network.encoder.conv1.weight"}
    assert torch.equal(network.network.encoder.bn1.running_mean, before)
    assert recipe.training.begun_from is None


def test_a_frozen_encoder_keeps_its_weights_until_all_learns(tmp_path: Path, trained: Path) -> None:
    write_labelled_scenes(tmp_path)
    checkpoint = trained / "run" / "best.ckpt"
    begin = load_checkpoint(checkpoint)[1].state_dict()
    common = {"model__init_from": str(checkpoint), "model__frozen_epochs": 1}
    run_training("fit", configured(tmp_path, "frozen", trainer__max_steps=2, **common))
    frozen = weights_of(tmp_path / "frozen")
    training = load_checkpoint(tmp_path / "frozen" / "best.ckpt")[0].training
    assert training.begun_from == load_checkpoint(checkpoint)[0].training
    mean = "network.encoder.bn1.running_mean"
    torch.testing.assert_close(frozen[mean], begin[mean], rtol=0, atol=0)
    kernel, head = "network.encoder.layer1.0.conv1.weight", "network.segmentation_head.0.weight"
    torch.testing.assert_close(frozen[kernel], begin[kernel], rtol=0, atol=0)
    assert not torch.equal(frozen[head], begin[head])
    run_training("fit", configured(tmp_path, "free", trainer__max_steps=4, **common))
    assert not torch.equal(weights_of(tmp_path / "free")[kernel], begin[kernel])


def test_a_run_that_goes_on_knows_what_is_not_frozen(
    tmp_path: Path, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network that it began with is not loaded again."""
    write_labelled_scenes(tmp_path)
    kernel = "network.encoder.conv1.weight"

    def with_a_fresh_kernel(network: SegmentationNetwork, *given: object) -> object:
        found = begin_with(network, *given)  # type: ignore[arg-type]
        network.fresh = frozenset([kernel])
        return found

    monkeypatch.setattr("pitscape.training.task.begin_with", with_a_fresh_kernel)
    keys = {"model__init_from": str(trained / "run" / "best.ckpt"), "model__frozen_epochs": 9}
    path = configured(tmp_path, "run", **keys)
    run_training("fit", path)
    cli = run_training("fit", path, [f"--ckpt_path={tmp_path / 'run' / 'last.ckpt'}"])
    assert cli.model.network.fresh == {kernel}


def test_an_encoder_of_random_weights_is_not_frozen(tmp_path: Path) -> None:
    write_labelled_scenes(tmp_path)
    with pytest.raises(InputError, match="frozen_epochs 1: the encoder would keep random weights; give init_from"):
        run_training("fit", configured(tmp_path, "run", model__frozen_epochs=1))


def test_a_checkpoint_does_not_judge_land_that_it_may_have_seen(tmp_path: Path, trained: Path) -> None:
    """Another split of the scenes that it trained on; scenes that it does not know it may judge by any."""
    path = trained / "train.yaml"
    other = '--data.init_args.split={"kind": "columns", "train": [32, 96], "validate_on": [0, 24], "buffer": 8}'
    with pytest.raises(
        InputError, match=r"the checkpoint trained by another split .*; give the split that it trained by"
    ):
        run_training("validate", path, [other])
    write_labelled_scenes(tmp_path)
    for folder in ("images", "masks"):
        for number, each in enumerate(sorted((tmp_path / folder).iterdir()), start=1):
            each.rename(each.with_name(f"elsewhere_2024070{number}.tif"))
    new = configured(tmp_path, "run")
    checkpoint = trained / "run" / "best.ckpt"
    assert run_training("validate", new, [other, f"--ckpt_path={checkpoint}"]).trainer.callback_metrics


def test_windows_are_drawn_by_the_seed_of_the_run(tmp_path: Path) -> None:
    write_labelled_scenes(tmp_path)
    path = configured(tmp_path, "run")
    assert data_of(path, ["--seed_everything=7"]).seed == 7
    assert data_of(path, ["--seed_everything=7", "--data.init_args.seed=3"]).seed == 3
    assert data_of(path).seed == 0


def test_a_run_stops_where_it_no_longer_gains_and_takes_16_bits(tmp_path: Path) -> None:
    """By Lightning's callback; along a cosine of the learning rate, momentum stays."""
    write_labelled_scenes(tmp_path)
    early = {
        "class_path": "lightning.pytorch.callbacks.EarlyStopping",
        "init_args": {"monitor": "val/macro_iou", "mode": "max", "patience": 1, "min_delta": 1.0},
    }
    keys = {"trainer__max_steps": 20, "trainer__callbacks": [early], "trainer__precision": "bf16-mixed"}
    cli = run_training("fit", configured(tmp_path, "run", model__schedule="cosine", **keys))
    assert cli.trainer.global_step == 4  # the second look is the first that does not gain
    (optimiser,) = cli.trainer.optimizers
    assert optimiser.param_groups[0]["betas"] == (0.9, 0.999)
    rate = optimiser.param_groups[0]["lr"]
    assert 0 < rate < 1e-3
    recipe, network = load_checkpoint(tmp_path / "run" / "best.ckpt")
    assert recipe.training.steps in {2, 4}
    assert all(weight.dtype == torch.float32 for weight in network.parameters())


@pytest.mark.slow
def test_two_processes_judge_each_window_once_and_learn_together(tmp_path: Path) -> None:
    """Metrics of one checkpoint are those of one process."""
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
