"""Every block of docs/deploy.md that can run does, as it stands there, in a folder with the files that it names."""

import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import rasterio
import yaml
from small_scenes import BANDS, stored_numbers, write_raster

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"(?P<reason><!-- not run: .+ -->\n)?```(?P<language>\w+)\n(?P<code>.*?)```", re.DOTALL)
BLOCKS = [(found["language"], found["code"], found["reason"]) for found in BLOCK.finditer(TEXT)]


def code_of(language: str) -> list[str]:
    return [code for kind, code, reason in BLOCKS if kind == language and not reason]


@pytest.fixture(scope="module")
def folder(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a model of ours, one of another maker, a card, a scene, and ``pitscape`` on the path."""
    import segmentation_models_pytorch as smp
    import torch

    there = tmp_path_factory.mktemp("deploy")
    (there / "mine.onnx").write_bytes(model.read_bytes())
    write_raster(there / "scene_20240709.tif", stored_numbers(64, 96), bands=BANDS)
    (there / "card.yaml").write_text(code_of("yaml")[0])
    network = smp.Unet("resnet18", encoder_weights=None, in_channels=4, classes=4, encoder_depth=3,
                       decoder_channels=(16, 8, 8)).eval()  # fmt: skip
    free = {0: "batch", 2: "height", 3: "width"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter's own internals
        torch.onnx.export(
            network, (torch.zeros(1, 4, 64, 64),), there / "other.onnx", dynamo=False, opset_version=17,
            input_names=["image"], output_names=["scores"], dynamic_axes={"image": free, "scores": free},
        )  # fmt: skip
    program = there / "bin" / "pitscape"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pitscape "$@"\n')
    program.chmod(0o755)
    return there


def test_all_blocks_are_of_a_kind_that_is_run_or_have_a_reason() -> None:
    assert {language for language, _, reason in BLOCKS if not reason} == {"python", "sh", "yaml"}
    assert len(code_of("yaml")) == 1
    assert len(BLOCKS) == TEXT.count("\n```") // 2


@pytest.mark.parametrize("code", code_of("python"))
def test_python_blocks_run(folder: Path, code: str) -> None:
    run = subprocess.run([sys.executable, "-c", code + "print(classes.shape if 'classes' in dir() else found.classes.shape)"],
                         cwd=folder, capture_output=True, text=True, check=False)  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-1] in {"(64, 96)", "(2, 64, 64)"}


@pytest.mark.skipif(os.name == "nt", reason="blocks are for a POSIX shell")
@pytest.mark.parametrize("code", code_of("sh"))
def test_shell_blocks_run(folder: Path, code: str) -> None:
    environment = os.environ | {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    command = ["/bin/sh", "-e", "-c", code]
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    with rasterio.open(folder / re.findall(r"--output (\S+)", code)[-1]) as classes:
        assert classes.shape == (64, 96)


def test_the_card_of_the_example_is_short() -> None:
    card = code_of("yaml")[0]
    assert len(card.splitlines()) <= 15
    assert yaml.safe_load(card)["bands"] == ["B02", "B03", "B04", "B08"]
