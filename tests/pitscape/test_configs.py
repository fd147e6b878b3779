"""Every shipped configuration is run, with few steps, through the real command line."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from small_scenes import stored_numbers, write_raster

from pitscape.cli import main
from pitscape.imagery.scene import open_scene
from pitscape.imagery.sensor import load_sensor

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.filterwarnings("ignore::Warning:lightning", "ignore::UserWarning:torch")


ON_SIMULATED_LAND = "day_one"


@pytest.mark.parametrize("config", sorted((ROOT / "configs" / "train").glob("*.yaml")), ids=lambda path: path.stem)
def test_training_configurations(
    config: Path, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    split = []
    if config.stem == ON_SIMULATED_LAND:
        assert main(["simulate", "--varied", "2", "--out", "day_one_land"]) == 0
        split = [
            '--data.init_args.split={"kind": "leave_out", "sites": ["varied0002"]}'
        ]  # of the 360 places two are there
    else:
        monkeypatch.setenv("PITSCAPE_DATA", str(request.getfixturevalue("reference_data")))
    steps = ["--trainer.max_steps=1", "--data.init_args.steps_per_epoch=1", "--data.init_args.batch_size=2"]
    assert main(["fit", "--config", str(config), *steps, *split, "--trainer.limit_val_batches=1"]) == 0
    assert (tmp_path / "runs" / config.stem / "best.ckpt").exists()


@pytest.mark.parametrize("config", sorted((ROOT / "configs" / "sensors").glob("*.yaml")), ids=lambda path: path.stem)
def test_sensor_configurations(config: Path, tmp_path: Path) -> None:
    sensor = load_sensor(config)
    stored = stored_numbers(6, 7)[: len(sensor.bands)]
    with open_scene(write_raster(tmp_path / "s.tif", stored, bands=sensor.band_names), sensor) as scene:
        np.testing.assert_array_equal(scene.read(slice(0, 6), slice(0, 7))[0], stored)


@pytest.mark.parametrize("config", sorted((ROOT / "configs" / "sites").glob("*.yaml")), ids=lambda path: path.stem)
def test_site_configurations(
    config: Path, model: Path, reference_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PITSCAPE_DATA", str(reference_data))
    content, site = yaml.safe_load(config.read_text()), config
    if "model" in content:
        site = tmp_path / "site.yaml"
        site.write_text(yaml.safe_dump(content | {"model": str(model)}))
    assert main(["run", str(site), "--out", str(tmp_path / "out")]) == 0
    found = json.loads((tmp_path / "out" / "site.json").read_text())
    names = [each["name"] for each in found["epochs"]]
    assert [row["epoch"] for row in found["resilience"]] == names
    assert len(found["areas"]) in {0, len(found["legend"]) * len(names)}
    shown = [value for row in found["resilience"] for value in (row.get("ndvi"), row.get("eco_res"))]
    assert any(value is not None for value in shown)
    assert (tmp_path / "out" / "report.html").exists()
