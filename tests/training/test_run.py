import csv
from pathlib import Path

import pytest
import torch
import yaml
from small_scenes import training_file, write_labelled_scenes, write_raster

from pitscape.imagery.errors import InputError
from pitscape.models.checkpoint import load_checkpoint
from pitscape.training.run import data_of, run_training

pytestmark = pytest.mark.filterwarnings("ignore::Warning:lightning", "ignore::UserWarning:torch")


def test_a_run_leaves_checkpoints_a_log_and_its_configuration(trained: Path) -> None:
    run = trained / "run"
    assert {p.name for p in run.iterdir()} == {"best.ckpt", "last.ckpt", "metrics.csv", "config.yaml", "board"}
    rows = list(csv.DictReader((run / "metrics.csv").read_text().splitlines()))
    logged = set(rows[0])
    for name in ("mined", "occupied", "vegetated", "water"):
        assert {f"val/{key}_{name}" for key in ("iou", "f1", "users", "producers")} <= logged
    assert {"val/macro_iou", "val/macro_f1", "val/overall", "train/loss"} <= logged
    resolved = yaml.safe_load((run / "config.yaml").read_text())
    assert resolved["data"]["init_args"]["batch_size"] == 2


def test_a_run_shorter_than_an_epoch_is_judged_at_its_end(tmp_path: Path) -> None:
    write_labelled_scenes(tmp_path, scenes=1)
    run_training("fit", training_file(tmp_path, steps=1))
    recipe, _ = load_checkpoint(tmp_path / "run" / "best.ckpt")
    assert recipe.training.steps == 1
    assert recipe.metrics["val/macro_iou"] is not None


def test_the_log_holds_pictures(trained: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(trained / "run" / "board"), size_guidance={"images": 0})
    events.Reload()
    assert set(events.Tags()["images"]) == {"confusion matrix", "image, labels, map"}
    assert "val/macro_iou" in events.Tags()["scalars"]


def test_checkpoints_hold_plain_values_only(trained: Path) -> None:
    content = torch.load(trained / "run" / "best.ckpt", weights_only=True)
    assert content["pitscape"]["network"]["encoder_depth"] == 3
    recipe, network = load_checkpoint(trained / "run" / "best.ckpt")
    assert recipe.legend.names == ("mined", "occupied", "vegetated", "water")
    assert not network.training


def test_validate_gives_the_accuracies_of_a_checkpoint(trained: Path) -> None:
    log = (trained / "run" / "metrics.csv").read_bytes()
    cli = run_training("validate", trained / "train.yaml")
    recipe, _ = load_checkpoint(trained / "run" / "best.ckpt")
    assert float(cli.trainer.callback_metrics["val/macro_iou"]) == pytest.approx(recipe.metrics["val/macro_iou"])
    assert (trained / "run" / "metrics.csv").read_bytes() == log
    with pytest.raises(InputError, match=r"none\.ckpt: no such checkpoint"):
        run_training("validate", trained / "train.yaml", ["--ckpt_path=none.ckpt"])


@pytest.mark.parametrize(
    ("keys", "value", "problem"),
    [
        (("data", "init_args", "tyle"), 3, "tyle.*not accepted"),
        (("model", "init_args", "network", "encodr"), "x", "encodr"),
        (("trainer", "max_step"), 3, "trainer.max_step"),
        (("data", "init_args", "split", "bufer"), 3, "bufer"),
        (("data", "init_args", "crosswalk"), {1: "minded"}, "unknown class 'minded'"),
        (("data", "init_args", "images"), "${NO_SUCH_VARIABLE}/images", "NO_SUCH_VARIABLE.*not set"),
        (("data", "init_args", "split", "buffer"), 200, "leaves no land to train on"),
        (("data", "init_args", "split", "validate_on"), [400, 500], "leaves no labelled pixel to judge by"),
        (("data", "init_args", "split"), {"kind": "leave_out", "dates": ["2020-01-01"]}, "2020-01-01 is of no scene"),
        (("model", "init_args", "loss", "class_weights"), [1.0, 0.0, 1.0, 1.0], "class_weights: each must be above 0"),
        (("model", "init_args", "network", "encoder"), "resnet19", "resnet19"),
        (("data", "init_args", "tile"), 8, "tile 8 with context 4: the tile must be larger"),
        (("data", "init_args", "sensor"), "sentinel9", "sentinel9"),
        (("model", "init_args", "loss", "class_weights"), [1.0, 2.0], "class_weights: 2 weights for 4 classes"),
    ],
)
def test_wrong_configurations_are_answered_in_one_line(
    tmp_path: Path, keys: tuple[str, ...], value: object, problem: str
) -> None:
    write_labelled_scenes(tmp_path, scenes=1)
    path = training_file(tmp_path)
    content = yaml.safe_load(path.read_text())
    holder = content
    for key in keys[:-1]:
        holder = holder.setdefault(key, {})
    holder[keys[-1]] = value
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(InputError, match=problem) as caught:
        run_training("fit", path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_images_beside_folders_of_sites_are_refused(tmp_path: Path) -> None:
    """Folders of labels among the images are no sites."""
    write_labelled_scenes(tmp_path)
    (tmp_path / "masks").rename(tmp_path / "images" / "masks")
    path = training_file(tmp_path)
    path.write_text(path.read_text().replace(str(tmp_path / "masks"), str(tmp_path / "images" / "masks")))
    assert len(data_of(path).scenes) == 2
    write_labelled_scenes(tmp_path / "more", scenes=1)
    (tmp_path / "more" / "images").rename(tmp_path / "images" / "other_mine")
    with pytest.raises(
        InputError, match=r"other_mine/tile_20230701\.tif: lies in a folder of a site, and other images"
    ):
        data_of(path)


def test_a_mask_on_another_grid_is_refused(tmp_path: Path) -> None:
    import numpy as np

    write_labelled_scenes(tmp_path, scenes=1)
    write_raster(tmp_path / "masks" / "tile_20230701.tif", np.ones((1, 64, 95), np.uint8))
    with pytest.raises(InputError, match="is on another grid"):
        run_training("fit", training_file(tmp_path))


def test_a_missing_mask_is_refused(tmp_path: Path) -> None:
    write_labelled_scenes(tmp_path)
    (tmp_path / "masks" / "tile_20230702.tif").unlink()
    with pytest.raises(InputError, match=r"tile_20230702\.tif: no such file"):
        run_training("fit", training_file(tmp_path))
