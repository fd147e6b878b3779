"""Training from a configuration through Lightning's command line, its errors told in one line."""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning
import yaml
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.cli import ArgsType, LightningArgumentParser, LightningCLI

from pitscape.imagery.errors import InputError
from pitscape.imagery.outputs import make_folder
from pitscape.imagery.settings import read_yaml
from pitscape.models.checkpoint import load_checkpoint
from pitscape.training.data import LabelledScenes
from pitscape.training.kept_metrics import kept_metrics
from pitscape.training.log_pictures import LogPictures
from pitscape.training.task import SegmentationTask

QUIET = {"exit_on_error": False}
"""Makes jsonargparse raise what is wrong instead of printing a page of usage."""


BEST = "best.ckpt"

CHECKPOINT = "--ckpt_path="

ANEW = f"{CHECKPOINT}null"
"""Begins a run anew, whatever its configuration went on from."""

KEYS_OF_FIT = frozenset({"ckpt_path", "weights_only"})
"""What the resolved configuration of a run holds beside its data, network and trainer."""

ATTEMPTS = (
    "Does not validate",
    "Subtypes:",
    "Errors:",
    "Problem with given class_path",
    "Expected a <class 'NoneType'>",
)
"""How the lines begin in which jsonargparse tells what it tried."""


class TrainingCLI(LightningCLI):
    """LightningCLI that takes its arguments from its caller alone."""

    def parse_arguments(self, parser: LightningArgumentParser, args: ArgsType) -> None:
        """Parse what the caller gave; the process's own arguments belong to pitscape."""
        assert isinstance(args, list)
        self.config = parser.parse_args(args)

    def before_instantiate_classes(self) -> None:
        """Draw windows by the seed of the run where they have none of their own."""
        config = self.config[self.subcommand] if self.subcommand else self.config
        own = config.data.get("init_args") or {}
        if "seed" in own and own["seed"] is None and not isinstance(config.seed_everything, bool):
            own["seed"] = config.seed_everything

    def before_fit(self) -> None:
        """Tell the task whether a run goes on; Lightning knows it only once the network is built."""
        if isinstance(self.model, SegmentationTask):
            self.model.goes_on = self.config_init["fit"].ckpt_path is not None


def run_training(verb: str, config: Path, rest: Sequence[str] = ()) -> LightningCLI:
    """Run ``fit`` or ``validate`` on a configuration.

    Checkpoints (``best.ckpt`` by mean IoU on the judging land, the last where none judges, and ``last.ckpt``), ``metrics.csv``, the folder ``board`` for
    TensorBoard and the resolved configuration go to the trainer's ``default_root_dir``.

    Args:
        verb: What to do.
        config: YAML with ``trainer``, ``model`` and ``data``. It names classes to import: trust it like code.
        rest: Further options of LightningCLI, such as ``--trainer.max_steps=10``; ``--ckpt_path=CKPT`` names the
            checkpoint from which ``fit`` goes on, or that ``validate`` judges, by default the run's best one.

    Returns:
        Lightning's command line with ``trainer``, ``model`` and ``datamodule`` as they ended.

    Raises:
        InputError: If the configuration or the data does not fit.
    """
    rest = joined_options(rest)
    root = make_folder(run_root(config, rest))
    defaults: dict[str, Any] = {
        "default_root_dir": str(root),
        "enable_model_summary": False,
        "enable_progress_bar": sys.stderr.isatty(),
        "logger": False,
        "use_distributed_sampler": False,  # the data module gives each process its own windows
    }
    if verb == "fit":
        whole: dict[str, Any] = {"dirpath": root, "enable_version_counter": False}
        best = ModelCheckpoint(filename="best", monitor="val/macro_iou", mode="max", **whole)
        last = ModelCheckpoint(filename="last", **whole)  # save_last of the first would save it with the best alone
        log = {"class_path": "CSVLogger", "init_args": {"save_dir": str(root), "name": "", "version": ""}}
        board = {
            "class_path": "TensorBoardLogger",
            "init_args": {"save_dir": str(root), "name": "", "version": "board"},
        }
        callbacks = [best, last, LogPictures()]
        defaults |= {"logger": [log, board], "log_every_n_steps": 10, "callbacks": callbacks}
        goes_on = any(text.startswith(CHECKPOINT) and text != ANEW for text in rest)
        if goes_on:
            load_checkpoint(_checkpoint(root, rest))
        with kept_metrics(root, goes_on=goes_on):
            cli = _cli([verb, f"--config={config}", *rest], config, trainer_defaults=defaults)
        if isinstance(cli.datamodule, LabelledScenes) and not cli.datamodule.judging and cli.trainer.is_global_zero:
            shutil.copyfile(root / "last.ckpt", root / BEST)
        return cli
    checkpoint = _checkpoint(root, rest)
    arguments = [verb, f"--config={config}", *rest, f"--ckpt_path={checkpoint}"]
    return _cli(arguments, config, trainer_defaults=defaults, save_config_callback=None)


def data_of(config: Path, rest: Sequence[str] = ()) -> LabelledScenes:
    """The data of a configuration, or of a run's ``config.yaml``, set up; ``rest`` are further options of LightningCLI.

    Raises:
        InputError: If the configuration or the data does not fit.
    """
    rest = joined_options(rest)
    content = read_yaml(config)
    if isinstance(content, dict) and KEYS_OF_FIT & content.keys():
        given = yaml.safe_dump({key: value for key, value in content.items() if key not in KEYS_OF_FIT})
    else:
        given = str(config)
    options = [text for text in rest if not text.startswith(CHECKPOINT)]
    data = _cli([f"--config={given}", *options], config, run=False).datamodule
    if not isinstance(data, LabelledScenes):
        raise InputError(f"{config}: data is not LabelledScenes; pitscape baseline needs that.")
    data.setup()
    return data


def _cli(arguments: list[str], config: Path, **options: Any) -> LightningCLI:  # noqa: ANN401 - passed on
    subcommands = dict.fromkeys(("fit", "validate", "test", "predict"), QUIET) if options.get("run", True) else {}
    try:
        return TrainingCLI(
            SegmentationTask,
            lightning.LightningDataModule,
            args=arguments,
            subclass_mode_model=True,
            subclass_mode_data=True,
            seed_everything_default=0,
            save_config_kwargs={"overwrite": True},
            parser_kwargs={**QUIET, **subcommands},
            **options,
        )
    except argparse.ArgumentError as error:
        raise InputError(f"{config}: {_innermost(str(error))}") from error
    except InputError as error:
        raise InputError(f"{config}: {_own_words(error)}") from error
    except ValueError as error:  # what a class to import answers, among what else jsonargparse tried
        if not str(error).startswith(ATTEMPTS):
            raise
        raise InputError(f"{config}: {_innermost(str(error))}") from error


def _own_words(error: InputError) -> str:
    """What was wrong, without the traceback that a process which reads ahead puts before it."""
    return str(error).rsplit(f"{InputError.__name__}: ", maxsplit=1)[-1].strip()


def _innermost(message: str) -> str:
    """What is wrong, out of jsonargparse's account of all it tried."""
    account = message.split("Given value type", maxsplit=1)[0]
    lines = (line.strip(" -") for line in account.splitlines())
    reason = " ".join(line for line in lines if line and not line.startswith(ATTEMPTS))
    remedy = "; remove it or check its spelling" if "not accept" in reason else ""
    return reason.replace("Parser key ", "").replace('"', "")[:400].rstrip(".") + remedy + "."


def joined_options(rest: Sequence[str]) -> list[str]:
    """Options with their values in one word each.

    >>> joined_options(["--ckpt_path", "a.ckpt", "--trainer.max_steps=5", "--print_config"])
    ['--ckpt_path=a.ckpt', '--trainer.max_steps=5', '--print_config']
    """
    found: list[str] = []
    for text in rest:
        if found and found[-1].startswith("--") and "=" not in found[-1] and not text.startswith("--"):
            found[-1] += f"={text}"
        else:
            found.append(text)
    return found


def run_root(config: Path, rest: Sequence[str]) -> Path:
    """The folder of a run: given as an option, or in the configuration, or named after it."""
    option = "--trainer.default_root_dir="
    given = [text.removeprefix(option) for text in joined_options(rest) if text.startswith(option)]
    content = read_yaml(config)
    if not isinstance(content, dict):
        raise InputError(f"{config}: is no training configuration; it needs trainer, model and data.")
    configured = (content.get("trainer") or {}).get("default_root_dir")
    return Path(given[-1] if given else configured or f"runs/{config.stem}")


def _checkpoint(root: Path, rest: Sequence[str]) -> Path:
    """The checkpoint to judge: given as an option, or the best one of the run."""
    given = [Path(text.removeprefix(CHECKPOINT)) for text in rest if text.startswith(CHECKPOINT)]
    checkpoint = given[-1] if given else root / BEST
    if not checkpoint.is_file():
        raise InputError(f"{checkpoint}: no such checkpoint; train first, or name one with --ckpt_path=CKPT.")
    return checkpoint
