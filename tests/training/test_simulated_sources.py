"""All the way from simulated scenes of several sources to maps, whatever is missing."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import rasterio
import yaml
from numpy.typing import NDArray

from pitscape.cli import main
from pitscape.imagery.legend import UNOBSERVED, load_legend
from pitscape.imagery.reading import Reading
from pitscape.imagery.simulated.site import simulate_site
from pitscape.inference.joint_scene import open_joint
from pitscape.inference.predictor import OnnxPredictor
from pitscape.inference.scene_source import SceneSource
from pitscape.inference.torch_predictor import TorchPredictor
from pitscape.training.run import run_training

pytestmark = pytest.mark.filterwarnings("ignore::Warning:lightning", "ignore::UserWarning:torch")

EPOCH = "simulated_20240808.tif"
FOLDERS = {"sentinel2_l2a": "images", "sentinel1_grd_db": "sar", "dem": "dem"}


@dataclass(frozen=True)
class Site:
    """Simulated scenes with a network that was trained on them."""

    folder: Path

    @property
    def checkpoint(self) -> Path:
        return self.folder / "run" / "best.ckpt"

    @property
    def model(self) -> Path:
        return self.folder / "model.onnx"

    def sources(self, *, missing: str | None = None) -> list[SceneSource]:
        return [SceneSource(self.folder / d / EPOCH, name) for name, d in FOLDERS.items() if name != missing]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder = tmp_path_factory.mktemp("site")
    simulate_site(folder, size=128, epochs=2, seed=1, layers=("images", "sar", "dem", "truth"))
    legend = load_legend()
    data = {
        "images": str(folder / "images"),
        "masks": str(folder / "truth"),
        "licence": "simulated, CC0",
        "crosswalk": {UNOBSERVED: "ignore", **dict(enumerate(legend.names))},
        "split": {"kind": "columns", "train": [0, 80], "validate_on": [80, 128], "buffer": 8},
        "more": [{"images": str(folder / FOLDERS[name]), "sensor": name} for name in ("sentinel1_grd_db", "dem")],
        "jitter": {"source_dropout": 0.3},
        "tile": 32,
        "batch_size": 4,
        "steps_per_epoch": 30,
        "context": 4,
    }
    network = {"encoder_depth": 3, "decoder_channels": [16, 8, 8], "fusion": "middle"}
    content = {
        "seed_everything": 0,
        "trainer": {"default_root_dir": str(folder / "run"), "max_steps": 30},
        "model": {"class_path": "pitscape.training.task.SegmentationTask", "init_args": {"network": network}},
        "data": {"class_path": "pitscape.training.data.LabelledScenes", "init_args": data},
    }
    (folder / "train.yaml").write_text(yaml.safe_dump(content))
    run_training("fit", folder / "train.yaml")
    found = Site(folder)
    assert main(["export", "--checkpoint", str(found.checkpoint), "--output", str(found.model), "--tile", "64"]) == 0
    return found


def stored_of(site: Site, missing: str | None) -> NDArray[np.float32]:
    with open_joint(site.sources(missing=missing), OnnxPredictor(site.model).card, Reading()) as scene:
        return scene.read(slice(0, 128), slice(0, 128))[0]


@pytest.mark.parametrize("missing", [None, *FOLDERS])
def test_torch_and_onnxruntime_see_the_same_in_the_same_tiles(site: Site, missing: str | None) -> None:
    stored = stored_of(site, missing)
    tiles = np.stack([stored[:, top : top + 64, left : left + 64] for top in (0, 64) for left in (0, 64)])
    found, trained = OnnxPredictor(site.model), TorchPredictor(site.checkpoint)
    np.testing.assert_allclose(found.probabilities(tiles), trained.probabilities(tiles), atol=1e-4)


@pytest.mark.parametrize("missing", [None, "sentinel1_grd_db", "dem", "sentinel2_l2a"])
def test_the_verb_maps_what_the_network_says(site: Site, tmp_path: Path, missing: str | None) -> None:
    """One tile over all of it: the map is the network's answer to the whole scene."""
    given = [f"--source={each.sensor}={each.path}" for each in site.sources(missing=missing)]
    command = ["predict", *given, "--model", str(site.model), "--output", str(tmp_path / "c.tif"), "--tile", "128"]
    assert main(command) == 0
    with rasterio.open(tmp_path / "c.tif") as dataset:
        mapped = dataset.read(1)
    answer = OnnxPredictor(site.model).probabilities(stored_of(site, missing)[None])[0].argmax(axis=0)
    observed = mapped != UNOBSERVED
    assert observed.mean() > 0.9
    np.testing.assert_array_equal(mapped[observed], answer[observed])
    record = json.loads((tmp_path / "c.tif.json").read_text())
    assert record["missing_sources"] == ([missing] if missing else [])
