"""Verbs of training: fit, validate, test, baseline, export, parity."""

from pathlib import Path

from pitscape.verbs import Verbs, new_verb


def add_training(verbs: Verbs) -> None:
    """Add the verbs ``fit`` and ``validate``."""
    texts = {
        "fit": "train a network from a configuration (trusted code: it names the classes to import)",
        "validate": "accuracies of a checkpoint on the validation land of a configuration",
    }
    for name, text in texts.items():
        verb = new_verb(verbs, name, "pitscape.learning:train", text + "; further options are Lightning's")
        verb.add_argument(
            "--config", type=Path, required=True, metavar="YAML", help="for example configs/train/strzegom.yaml"
        )
        if name == "fit":
            verb.add_argument(
                "--init-from", type=Path, metavar="CKPT", help="begin with the weights of another place, date or sensor"
            )


def add_test(verbs: Verbs) -> None:
    """Add the verb ``test``."""
    verb = new_verb(
        verbs,
        "test",
        "pitscape.learning:test",
        "accuracies of a checkpoint on the split of a configuration, beside the baselines' and those of a random split",
    )
    verb.add_argument("--config", type=Path, required=True, metavar="YAML", help="the training configuration")
    verb.add_argument(
        "--no-random", action="store_true", help="leave out the random split, for which the network trains once more"
    )
    verb.add_argument(
        "--no-baselines", action="store_true", help="leave out the random forest and the per-pixel network"
    )
    verb.add_argument("--output", type=Path, metavar="JSON", help="write the accuracies there as well")


def add_baseline(verbs: Verbs) -> None:
    """Add the verb ``baseline``."""
    verb = new_verb(
        verbs,
        "baseline",
        "pitscape.learning:baseline",
        "a random forest and a per-pixel network on the data and split of a configuration",
    )
    verb.add_argument("--config", type=Path, required=True, metavar="YAML", help="the network's training configuration")
    verb.add_argument("--output", type=Path, metavar="JSON", help="write the accuracies there as well")


def add_export(verbs: Verbs) -> None:
    """Add the verb ``export``."""
    verb = new_verb(verbs, "export", "pitscape.learning:export", "a checkpoint as one ONNX file with its card inside")
    verb.add_argument("--checkpoint", type=Path, required=True, metavar="CKPT", help="of pitscape fit")
    verb.add_argument("--output", type=Path, required=True, metavar="MODEL.onnx", help="written only if equal to torch")
    verb.add_argument("--name", help="of the model in its card (default: the file's)")
    verb.add_argument("--tile", type=int, default=256, help="side of the tiles of inference [px] (default %(default)s)")
    verb.add_argument(
        "--static",
        type=int,
        metavar="N",
        help="take single square images of N px alone, as Deepness needs it; sets --tile",
    )
    verb.add_argument("--int8", action="store_true", help="write MODEL.int8.onnx as well, a smaller and faster variant")
    verb.add_argument(
        "--int8-samples", type=Path, metavar="DIR", help="images whose windows set its ranges, and judge it"
    )
    verb.add_argument(
        "--config",
        type=Path,
        metavar="TRAINING.yaml",
        help="the run's configuration: its land sets ranges, its labels judge",
    )
    verb.add_argument(
        "--int8-bound",
        type=float,
        default=1.0,
        metavar="P",
        help="refuse a variant that loses more: points of mean IoU, or without labels %% of pixels with another class "
        "(default %(default)s)",
    )


def add_parity(verbs: Verbs) -> None:
    """Add the verb ``parity``."""
    verb = new_verb(verbs, "parity", "pitscape.parity_table:run", "how far the ways to run one network are apart")
    verb.add_argument("model", type=Path, metavar="MODEL.onnx", help="of pitscape export")
    verb.add_argument("--checkpoint", type=Path, metavar="CKPT", help="compare PyTorch as well (extra train)")
    verb.add_argument(
        "--scenes",
        type=Path,
        nargs="+",
        metavar="IMG",
        help="compare on all tiles of these scenes, too; variants are judged on made numbers alone",
    )
    verb.add_argument(
        "--variant",
        type=Path,
        action="append",
        default=[],
        metavar="MODEL.int8.onnx",
        help="compare a variant in 8 bits as well; may be repeated",
    )
    verb.add_argument(
        "--variant-bound",
        type=float,
        default=5.0,
        metavar="P",
        help="at most so many %% of the pixels may have another class in a variant (default %(default)s)",
    )
    verb.add_argument("--output", type=Path, metavar="JSON", help="write the table there as well")
