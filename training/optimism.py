"""Accuracies on the chosen split, and on a random one, to show how much the latter flatters."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pitscape.imagery.confusion import Counts
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import Legend
from pitscape.imagery.settings import read_yaml
from pitscape.training.run import run_root, run_training
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

    The latter trains as long as the first did, in the folder ``random`` of the run. Once it is there it is used again, as
    long as the configuration of the run, but for the split, is still the one it was trained with.

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
        folder = run_root(config, rest) / RANDOM
        options = [text for text in rest if not text.startswith(("--ckpt_path=", "--trainer.default_root_dir="))]
        options += [RANDOM_SPLIT, f"--trainer.default_root_dir={folder}"]
        if not (folder / "best.ckpt").is_file() or _trained_with(folder) != _trained_with(folder.parent):
            run_training("fit", config, options)
        found[RANDOM] = _judged(config, options)
    return found


def _trained_with(run: Path) -> Any:  # noqa: ANN401 - plain content of any depth
    """The resolved configuration of a run but for its split and folder; None where there is none."""
    path = run / "config.yaml"
    if not path.is_file():
        return None
    content = read_yaml(path)
    content["data"]["init_args"].pop("split", None)
    steps = {key: content["trainer"][key] for key in ("max_steps", "max_epochs", "precision", "callbacks")}
    return content["seed_everything"], content["model"], content["data"], steps


def _judged(config: Path, rest: Sequence[str]) -> Judged:
    task = run_training("validate", config, rest).model
    assert isinstance(task, SegmentationTask)
    if not task.data.judging:
        raise InputError(f"{config}: the split ({task.data.split}) leaves no land to judge on; choose another.")
    return Judged(str(task.data.split), task.counts.cpu().numpy(), task.data.legend)
