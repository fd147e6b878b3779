"""The order of the house: what may load what, and how fast the door opens."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"torch", "lightning", "torchgeo", "torchvision", "segmentation_models_pytorch"}


def modules_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(' '.join(sorted({{m.split('.')[0] for m in sys.modules}})))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import pitscape.imagery.scene, pitscape.imagery.class_map",
        "import pitscape.models.card, pitscape.models.stac_item, pitscape.parity_table",
        "import pitscape.inference.scene_run, pitscape.inference.areas.proportions, pitscape.inference.outlines.extents",
        "import pitscape.resilience.integrity, pitscape.resilience.landscape, pitscape.resilience.national",
        "import pitscape.site, pitscape.report",
    ],
)
def test_nothing_before_training_loads_torch(statement: str) -> None:
    assert not modules_after(statement) & HEAVY


def test_the_package_itself_loads_nothing_but_its_version() -> None:
    assert not modules_after("import pitscape") & (HEAVY | {"numpy", "rasterio", "pydantic", "onnxruntime"})


def test_a_model_is_loaded_without_torch_and_onnx(model: Path) -> None:
    loaded = modules_after(f"import pitscape; pitscape.load_model({str(model)!r})")
    assert "onnxruntime" in loaded
    assert not loaded & (HEAVY | {"onnx"})


def test_help_loads_nothing_but_the_standard_library() -> None:
    code = "from pitscape.cli import main\ntry:\n main(['--help'])\nexcept SystemExit: pass"
    loaded = modules_after(f"exec({code!r})")
    assert not loaded & (HEAVY | {"numpy", "rasterio", "pandas", "pydantic", "plotly"})


def test_predicting_does_not_load_torch(model: Path, tmp_path: Path) -> None:
    from small_scenes import BANDS, stored_numbers, write_raster

    scene = write_raster(tmp_path / "s_20230709.tif", stored_numbers(40, 40), bands=BANDS)
    arguments = ["predict", str(scene), "--model", str(model), "--output", str(tmp_path / "c.tif")]
    loaded = modules_after(f"from pitscape.cli import main; assert main({arguments!r}) == 0")
    assert "onnxruntime" in loaded
    assert not loaded & HEAVY


def test_measuring_a_landscape_loads_no_runtime_of_networks() -> None:
    assert not modules_after("import pitscape.landscape") & (HEAVY | {"onnxruntime", "distributed"})
