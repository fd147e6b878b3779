"""What is read from files is data: nothing in it is executed."""

import ast
import pickle
from functools import cache
from pathlib import Path

import pytest

from pitscape.imagery.errors import InputError

ROOT = Path(__file__).parents[2]
ROOMS = ("pitscape", "imagery", "models", "training", "inference", "resilience", "benchmarks")
EXECUTING = {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal", "cloudpickle"}
READING = {
    "torch.load",
    "load_from_checkpoint",
    "numpy.load",
    "np.load",
    "yaml.load",
    "yaml.unsafe_load",
    "eval",
    "exec",
}


@cache
def trees() -> list[tuple[Path, ast.Module]]:
    paths = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
    return [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in paths]


def calls(tree: ast.Module) -> list[tuple[str, ast.Call]]:
    return [(ast.unparse(node.func), node) for node in ast.walk(tree) if isinstance(node, ast.Call)]


def test_weights_alone_are_read_from_checkpoints() -> None:
    found = 0
    for path, tree in trees():
        for name, call in calls(tree):
            if name == "torch.load":
                found += 1
                safe = [key.value for key in call.keywords if key.arg == "weights_only"]
                assert [ast.unparse(value) for value in safe] == ["True"], f"{path}:{call.lineno}"
            elif name in READING:
                allowed = {key.arg: ast.unparse(key.value) for key in call.keywords}
                assert name in {"np.load", "numpy.load"}, f"{path}:{call.lineno}: {name}"
                assert allowed.get("allow_pickle", "False") == "False", f"{path}:{call.lineno}"
    assert found >= 2


def test_nothing_is_unpickled() -> None:
    for path, tree in trees():
        for node in ast.walk(tree):
            names = {alias.name for alias in node.names} if isinstance(node, ast.Import) else set()
            assert not names & EXECUTING, f"{path}:{node.lineno}"  # type: ignore[attr-defined]
            if isinstance(node, ast.ImportFrom) and node.module in EXECUTING:
                assert {alias.name for alias in node.names} <= {"UnpicklingError"}, f"{path}:{node.lineno}"


class Malicious:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_checkpoint_that_would_run_code_does_not(tmp_path: Path, zipped: bool) -> None:  # noqa: FBT001
    import torch

    from pitscape.inference.opening import open_predictor

    path, made = tmp_path / "m.ckpt", tmp_path / "made"
    if zipped:
        torch.save({"state_dict": Malicious(made)}, path)
    else:
        path.write_bytes(pickle.dumps(Malicious(made)))
    with pytest.raises(InputError, match=r"m\.ckpt: is no checkpoint"):
        open_predictor(path)
    assert not made.exists()
    pickle.loads((tmp_path / "m.ckpt").read_bytes()) if not zipped else torch.load(path, weights_only=False)  # noqa: S301
    assert made.exists()
