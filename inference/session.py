"""Sessions of onnxruntime, opened for files that were looked at."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import onnxruntime

from pitscape.imagery.errors import InputError, PitscapeError

Device: TypeAlias = Literal["cpu", "cuda"]
Session: TypeAlias = Any
"""``onnxruntime.InferenceSession``, which has no types."""


@dataclass(frozen=True)
class Value:
    """An input or output of a graph.

    Attributes:
        name: In the graph.
        shape: Numbers where sizes are fixed; names, or None, where they are free.
    """

    name: str
    shape: Sequence[int | str | None]


PREFIX = re.compile(r"^\[ONNXRuntimeError\] : \d+ : \w+ : (Load model from .*? failed: ?)?")
PLACE = re.compile(r"/\S+:\d+ .*?\) (?=[A-Z])")
"""Where in onnxruntime's own code an error comes from."""


def open_session(path: Path, *, threads: int, device: Device) -> Session:
    """Open a file of ``check_model_file`` in onnxruntime.

    Raises:
        InputError: If it cannot be run, or the device is not to be had.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    options.enable_mem_pattern = False  # a planned block per call takes a third more memory, and no less time
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # cores belong to readers meanwhile
    providers: list[Any] = ["CPUExecutionProvider"]
    if device == "cuda":
        if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
            raise InputError("--device cuda: this onnxruntime has none; install onnxruntime-gpu in its place.")
        providers.insert(0, ("CUDAExecutionProvider", {"cudnn_conv_algo_search": "HEURISTIC"}))
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=providers, enable_fallback=0)
    except Exception as error:  # onnxruntime's errors share no narrower base
        raise InputError(
            f"{path}: onnxruntime {onnxruntime.__version__} cannot run it ({cause_of(error)}); export it again, or update "
            "onnxruntime if it was made for a newer one."
        ) from error
    if device == "cuda" and "CUDAExecutionProvider" not in session.get_providers():
        raise InputError("--device cuda: onnxruntime finds no GPU that works here; check its driver, or leave it out.")
    return session


def inputs_and_outputs(session: Session, path: Path) -> tuple[list[Value], list[Value]]:
    """What a graph takes and gives, in order.

    Raises:
        InputError: If there is none of the one or the other, or names are damaged.
    """
    try:
        found = [
            [Value(each.name, each.shape or ()) for each in some]
            for some in (session.get_inputs(), session.get_outputs())
        ]
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is damaged (names that are no text); fetch it or export it again.") from error
    inputs, outputs = found
    if not inputs or not outputs:
        raise InputError(f"{path}: has no input or no output; fetch it or export it again.")
    return inputs, outputs


def run_session(session: Session, path: Path, names: list[str] | None, given: dict[str, Any]) -> Any:  # noqa: ANN401
    """The first output of a call.

    Raises:
        PitscapeError: If onnxruntime fails.
    """
    try:
        return session.run(names, given)[0]
    except Exception as error:
        raise PitscapeError(f"{path}: onnxruntime failed ({cause_of(error)}).") from error


def runtime_of(device: Device) -> tuple[str, str]:
    """Name and version of the runtime, and where it runs, for records."""
    return "onnxruntime", onnxruntime.__version__ + ("" if device == "cpu" else f" on {device}")


def cause_of(error: BaseException, most: int = 160) -> str:
    """What onnxruntime says of an error, in one line without its numbers and places in its own code."""
    text = PLACE.sub("", PREFIX.sub("", " ".join(str(error).split())))
    return text[:most].rstrip(" .") or type(error).__name__
