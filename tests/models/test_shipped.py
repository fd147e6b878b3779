"""The model that comes with the package: whole, small, under our licence, and of use on simulated land."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import rasterio
from small_scenes import write_raster

from pitscape.cli import main
from pitscape.imagery.confusion import confusion_counts, scores
from pitscape.imagery.outputs import sha256_of
from pitscape.imagery.sensor import load_sensor
from pitscape.imagery.simulated.site import SimulatedSite, simulate_site
from pitscape.inference.predictor import OnnxPredictor
from pitscape.models.card import ModelCard
from pitscape.models.shipped import CAVEAT, shipped_model

LEAST_MEAN_IOU = 0.8
"""On the site below, where 0.813 was measured."""

WITHOUT_TORCH = """
import sys

class Without:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        missing = name.split(".")[0] in {"torch", "lightning", "torchvision", "segmentation_models_pytorch"}
        return None if missing else self.finder.find_spec(name, path, target)

sys.meta_path = [Without(finder) for finder in sys.meta_path]
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> SimulatedSite:
    return simulate_site(tmp_path_factory.mktemp("day_one") / "site", size=256, epochs=2, layers=("images", "truth"))


def test_it_is_small_and_its_card_says_what_it_is() -> None:
    path = shipped_model()
    assert path.stat().st_size < 4_000_000
    assert b".py" not in path.read_bytes()
    card = OnnxPredictor(path).card
    assert card == ModelCard.model_validate_json(path.with_name(f"{path.name}.json").read_text(encoding="utf-8"))
    assert card.sensor.name == "sentinel2_l2a"
    assert card.bands == load_sensor("sentinel2_l2a").band_names
    assert card.training.licence.startswith("Apache-2.0")
    assert all(scene.startswith("varied") for scene in card.training.scenes)
    assert any("not a measurement" in note for note in card.legend.notes)
    assert any("yards" in note for note in card.legend.notes)
    assert card.calibration is not None
    assert card.calibration.ece_after <= card.calibration.ece_before


def test_its_metadata_serve_qgis_and_tell_no_path() -> None:
    """Deepness' keys, colours and licence, and nothing of the machine that made it."""
    path = shipped_model()
    properties = {each.key: each.value for each in onnx.load(path).metadata_props}
    assert json.loads(properties["model_type"]) == "Segmentor"
    assert list(json.loads(properties["class_names"]).values()) == ["mined", "occupied", "vegetated", "water"]
    for file in (path, path.with_name(f"{path.name}.json")):
        assert not re.search(rb"/(tmp|home|root|work|Users)/", file.read_bytes())


def test_it_maps_a_simulated_site_that_it_never_saw(
    site: SimulatedSite, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without --model, which is said in one line and recorded with its SHA-256."""
    counts = np.zeros((4, 4), np.int64)
    for image, truth in zip(site.images, site.truths, strict=True):
        output = tmp_path / image.name
        assert main(["predict", str(image), "--output", str(output)]) == 0
        assert f"no --model: using day_one ({CAVEAT})\n" in capsys.readouterr().err
        record = json.loads(output.with_name(f"{output.name}.json").read_text(encoding="utf-8"))
        assert record["model"] == "day_one"
        assert sha256_of(shipped_model()) in json.dumps(record)
        with rasterio.open(output) as found, rasterio.open(truth) as known:
            counts += confusion_counts(found.read(1), known.read(1), classes=4)
    assert scores(counts).macro_iou >= LEAST_MEAN_IOU


def test_a_scene_of_another_sensor_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Landsat's bands: the last line names what is wanted and the remedy."""
    numbers = np.full((4, 40, 40), 9000, np.uint16)
    scene = write_raster(tmp_path / "l_20230709.tif", numbers, bands=("SR_B2", "SR_B3", "SR_B4", "SR_B5"))
    assert main(["predict", str(scene), "--output", str(tmp_path / "c.tif")]) == 2
    told = capsys.readouterr().err.strip().splitlines()
    assert "sentinel2_l2a is wanted; give a scene of that sensor." in told[-1]
    assert not (tmp_path / "c.tif").exists()


def test_a_demo_without_torch_uses_it_and_says_so(tmp_path: Path) -> None:
    code = f"""{WITHOUT_TORCH}
from functools import partial
from pitscape import demo
from pitscape.cli import main
demo.simulated_site = partial(demo.simulated_site, size=96, epochs=2)
status = main(["demo", "--out", "demo"])
assert "torch" not in sys.modules
sys.exit(status)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"using day_one ({CAVEAT})" in done.stderr
    assert "network: mIoU" in done.stdout
    assert (tmp_path / "demo" / "report.html").is_file()
    accuracy = json.loads((tmp_path / "demo" / "site.json").read_text(encoding="utf-8"))["accuracy"]
    assert "random_forest" not in accuracy


def test_bench_needs_no_torch_and_takes_it(tmp_path: Path) -> None:
    how = ["bench", "--size", "128", "--repeat", "1", "--threads", "1", "--no-peers", "--output", "b.json"]
    code = f"{WITHOUT_TORCH}\nfrom pitscape.cli import main\nsys.exit(main({how!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "b.json").read_text())["model"] == OnnxPredictor(shipped_model()).card.architecture


def test_bench_takes_one_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--random", "--model", str(tmp_path / "m.onnx")]) == 2
    assert "--random" in capsys.readouterr().err
