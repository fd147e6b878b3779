import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from small_scenes import BANDS, stored_numbers, write_raster

ROOT = Path(__file__).parents[2]
ROOMS = ("pitscape", "imagery", "models", "training", "inference", "resilience")

MOST_INSTALLED_BYTES = 1.1e9
"""Of the base install, as the design has it."""


def installed_bytes(environment: Path) -> int:
    """Of all files but those of pip itself and compiled Python."""
    files = [path for path in environment.rglob("*") if path.is_file() and not path.is_symlink()]
    return sum(path.stat().st_size for path in files if not {"pip", "__pycache__"} & set(path.parts))


def run(*command: str | Path, folder: Path) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_base_wheel_works_in_an_empty_environment(model: Path, tmp_path: Path) -> None:
    """Built from what git knows, installed without torch: help, a simulation, a prediction."""
    source, built = tmp_path / "source", tmp_path / "built"
    run("git", "clone", "-q", ROOT, source, folder=tmp_path)
    run(sys.executable, "-m", "build", "--wheel", "--outdir", built, source, folder=tmp_path)
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
    constraints = ["--constraint", ROOT / "constraints.txt"]
    run(python, "-m", "pip", "install", "-q", *constraints, next(built.glob("*.whl")), folder=tmp_path)
    assert "predict" in run(python, "-m", "pitscape", "--help", folder=tmp_path)
    run(python, "-m", "pitscape", "simulate", "--out", "site", "--size", "64", "--epochs", "2", folder=tmp_path)
    scene = write_raster(tmp_path / "s_20230709.tif", stored_numbers(40, 40), bands=BANDS)
    run(python, "-m", "pitscape", "predict", scene, "--model", model, "--output", "c.tif", folder=tmp_path)
    assert (tmp_path / "c.tif").exists()
    loaded = f"import pitscape; print(pitscape.load_model({str(model)!r}).predict({str(scene)!r}).classes.shape)"
    assert run(python, "-c", loaded, folder=tmp_path) == "(40, 40)\n"
    run(python, "-m", "pitscape", "predict", scene, "--output", "first.tif", folder=tmp_path)
    assert json.loads((tmp_path / "first.tif.json").read_text())["model"] == "day_one"
    installed = run(python, "-m", "pip", "list", folder=tmp_path)
    assert "torch" not in installed
    assert "onnx " not in installed
    assert installed_bytes(tmp_path / "env") < MOST_INSTALLED_BYTES
    assert all((source / room).is_dir() for room in ROOMS)
