"""Accuracies on the chosen split, and on a random one, to show how much the latter flatters."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pitscape.imagery.confusion import Counts
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import Legend
from pitscape.imagery.settings import read_yaml
from pitscape.models.checkpoint import load_checkpoint
from pitscape.training.run import ANEW, run_root, run_training
from pitscape.training.task import SegmentationTask

RANDOM = "random"
RANDOM_SPLIT = '--data.init_args.split={"kind": "random"}'


@dataclass(frozen=True, eq=False)
class Judged:
    """Agreement of a network with the labels of judging land.

    Attributes:
        split: The split in words.
        counts: Confusion counts.
        legend: The classes.
    """

    split: str
    counts: Counts
    legend: Legend


def judged_on_both(config: Path, rest: Sequence[str] = (), *, random: bool = True) -> dict[str, Judged]:
    """Judge the best checkpoint of a run on the split of its configuration, and a network that trained on a random one.

    The latter trains as the run did, by the resolved configuration beside its checkpoint but for the split, in the folder
    ``random`` of the run. Once it is there it is used again, as long as configuration and data are those of the run.

    Args:
        config: YAML with ``trainer``, ``model`` and ``data``.
        rest: Further options of LightningCLI; ``--ckpt_path=CKPT`` names another checkpoint of the chosen split.
        random: Whether the random split is judged as well.

    Returns:
        By name: "chosen" and, where wanted, "random".

    Raises:
        InputError: If there is no checkpoint, or the split leaves no land that judges.
    """
    found = {"chosen": _judged(config, rest)}
    if random:
        run = run_root(config, rest)
        folder = run / RANDOM
        resolved = run / "config.yaml"
        if not resolved.is_file():
            raise InputError(f"{resolved}: no such file; train with pitscape fit, or give --no-random.")
        options = [RANDOM_SPLIT, f"--trainer.default_root_dir={folder}", "--trainer.logger=false"]
        if _trained_with(folder) != _trained_with(run):
            run_training("fit", resolved, [*options, ANEW])
        found[RANDOM] = _judged(resolved, options)
    return found


def _trained_with(run: Path) -> Any:  # noqa: ANN401 - plain content of any depth
    """The resolved configuration of a run but for its split and folders, and its data; None where there is none."""
    path, checkpoint = run / "config.yaml", run / "best.ckpt"
    if not path.is_file() or not checkpoint.is_file():
        return None
    content = read_yaml(path)
    content["data"]["init_args"].pop("split", None)
    trainer = {key: value for key, value in content["trainer"].items() if key not in {"logger", "default_root_dir"}}
    fingerprint = load_checkpoint(checkpoint)[0].training.fingerprint
    return content["seed_everything"], content["model"], content["data"], trainer, fingerprint


def _judged(config: Path, rest: Sequence[str]) -> Judged:
    task = run_training("validate", config, rest).model
    assert isinstance(task, SegmentationTask)
    if not task.data.judging:
        raise InputError(f"{config}: the split ({task.data.split}) leaves no land to judge on; choose another.")
    return Judged(str(task.data.split), task.counts.cpu().numpy(), task.data.legend)
