import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from small_scenes import training_file, write_labelled_scenes

from pitscape.cli import main
from pitscape.imagery.errors import InputError
from pitscape.models.checkpoint import load_checkpoint
from pitscape.training.optimism import judged_on_both
from pitscape.training.run import run_training

pytestmark = pytest.mark.filterwarnings("ignore::Warning:lightning", "ignore::UserWarning:torch")


def test_both_splits_judge_and_the_random_one_trains_once(tmp_path: Path) -> None:
    write_labelled_scenes(tmp_path)
    path = training_file(tmp_path)
    run_training("fit", path)
    found = judged_on_both(path)
    assert found["chosen"].split == "columns (0, 64), validated on (64, 96), buffer 8 px"
    assert found["random"].split.startswith("random patches of 16 px")
    assert found["chosen"].counts.sum() > 0
    assert found["random"].counts.sum() > 0
    checkpoint = tmp_path / "run" / "random" / "best.ckpt"
    before = checkpoint.stat().st_mtime_ns
    again = judged_on_both(path)
    assert (again["random"].counts == found["random"].counts).all()
    assert checkpoint.stat().st_mtime_ns == before
    run_training("fit", path, ["--model.init_args.learning_rate=0.01"])
    judged_on_both(path)  # options of the run are those of its configuration, and need not be given again
    trained = checkpoint.stat().st_mtime_ns
    assert trained != before
    assert "learning_rate: 0.01" in (tmp_path / "run" / "random" / "config.yaml").read_text()
    judged_on_both(path)
    assert checkpoint.stat().st_mtime_ns == trained
    labels = next((tmp_path / "masks").glob("*.tif"))
    with rasterio.open(labels, "r+") as mask:
        mask.write(np.where(mask.read() == 1, 2, mask.read()).astype(np.uint8))
    run_training("fit", path, ["--model.init_args.learning_rate=0.01"])
    judged_on_both(path)
    assert checkpoint.stat().st_mtime_ns != trained
    assert list(judged_on_both(path, random=False)) == ["chosen"]


def test_a_split_without_judging_land_cannot_be_tested(tmp_path: Path) -> None:
    write_labelled_scenes(tmp_path)
    path = training_file(tmp_path)
    run_training("fit", path)
    with pytest.raises(InputError, match="leaves no land to judge on"):
        judged_on_both(path, ['--data.init_args.split={"kind": "none"}'], random=False)


def test_the_verb_shows_network_and_baselines_on_one_split(
    tmp_path: Path, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the baselines, what pitscape baseline gives; a network that began with another is judged like any."""
    write_labelled_scenes(tmp_path)
    config = ["--config", str(training_file(tmp_path))]
    assert main(["fit", *config, "--init-from", str(trained / "run" / "best.ckpt")]) == 0
    assert load_checkpoint(tmp_path / "run" / "best.ckpt")[0].training.begun_from is not None
    both, alone = tmp_path / "test.json", tmp_path / "baseline.json"
    assert main(["test", *config, "--no-random", "--output", str(both)]) == 0
    printed = capsys.readouterr().out
    titles = ("network, columns", "random forest: mIoU", "per-pixel network: mIoU")
    assert sorted(titles, key=printed.index) == list(titles)
    assert "best.ckpt is the best look at this land, which flatters a little" in printed
    assert main(["baseline", *config, "--output", str(alone)]) == 0
    assert json.loads(both.read_text())["baselines"] == json.loads(alone.read_text())["baselines"]
    last = str(tmp_path / "run" / "last.ckpt")
    assert main(["test", *config, "--no-random", "--no-baselines", "--ckpt_path", last]) == 0
    assert "flatters" not in capsys.readouterr().out
