import json
from pathlib import Path

import onnx
import pytest

from pitscape.cli import main


def test_torch_and_deepness_equal_onnxruntime(trained: Path, model: Path, tmp_path: Path) -> None:
    output = tmp_path / "parity.json"
    checkpoint = trained / "run" / "best.ckpt"
    assert main(["parity", str(model), "--checkpoint", str(checkpoint), "--output", str(output)]) == 0
    table = json.loads(output.read_text())
    assert {(row["way"], row["numbers"]) for row in table["rows"]} >= {
        (way, numbers)
        for way in ("torch", "Deepness preprocessing")
        for numbers in ("uint8", "uint16", "int16", "float32")
    }
    assert all(row["largest_difference"] <= 1e-4 and row["other_classes"] == 0 for row in table["rows"])
    assert set(table["inputs_sha256"]) == {"model.onnx", "best.ckpt"}


def test_keys_that_shift_the_numbers_fail(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shifted = onnx.load(model)
    for entry in shifted.metadata_props:
        if entry.key == "standardization_mean":
            entry.value = json.dumps([0.5] * 10)
    onnx.save(shifted, tmp_path / "shifted.onnx")
    assert main(["parity", str(tmp_path / "shifted.onnx")]) == 1
    assert "Deepness preprocessing differs" in capsys.readouterr().err


def test_what_is_no_model_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.onnx").write_text("no")
    for name in ("m.onnx", "none.onnx"):
        assert main(["parity", str(tmp_path / name)]) == 2
        assert capsys.readouterr().err.count("\n") == 1
