"""Workers of a cluster and an object store: no disk is shared."""

from pathlib import Path

import pytest
from object_store import Bucket
from pixel_models import pixel_card, write_pixel_model
from small_scenes import BANDS, SceneMaker, grid, stored_numbers

from pitscape.cli import main
from pitscape.imagery.class_map import save_class_map
from pitscape.imagery.legend import load_legend

SCENE = "scene_20230709.tif"
TILED = ["--tile", "32", "--overlap", "8"]


@pytest.fixture
def given(write_scene: SceneMaker, bucket: Bucket, tmp_path: Path) -> list[str]:
    """A scene and a model in a bucket, as predict takes them."""
    bucket.put(f"in/{SCENE}", write_scene(stored_numbers(90, 70), SCENE))
    bucket.put("in/m.onnx", write_pixel_model(tmp_path / "m.onnx", pixel_card("sentinel2_l2a", bands=BANDS)))
    root = f"s3://{bucket.name}/in"
    return [f"{root}/{SCENE}", "--model", f"{root}/m.onnx", *TILED]


def test_workers_map_from_bucket_to_bucket(
    given: list[str], bucket: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same bytes as one process, and nothing else is left in the bucket."""
    root = f"s3://{bucket.name}"
    assert main(["predict", *given, "--threads", "1", "--output", f"{root}/one/classes.tif"]) == 0
    assert main(["predict", *given, "--cluster", "local:2", "--output", f"{root}/two/classes.tif"]) == 0, (
        capsys.readouterr()
    )
    assert bucket.all("two/") == bucket.all("one/")


def test_workers_add_up_the_map_of_a_bucket(bucket: Bucket, tmp_path: Path) -> None:
    path = tmp_path / "classes.tif"
    save_class_map(path, stored_numbers(90, 70)[0] % 4, grid(90, 70), load_legend())
    bucket.put("classes.tif", path)
    remote = f"s3://{bucket.name}/classes.tif"
    assert main(["areas", str(path), "--output", str(tmp_path / "here.csv")]) == 0
    assert main(["areas", remote, "--cluster", "local:1", "--output", str(tmp_path / "there.csv")]) == 0
    assert (tmp_path / "there.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()


def test_signed_addresses_do_not_pass_through_the_scheduler(
    given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    signed = "https://127.0.0.1:9/scene_20230709.tif?X-Signature=canary0signature0of0tests"
    status = main(["predict", signed, *given[1:], "--cluster", "local:1", "--output", str(tmp_path / "out" / "c.tif")])
    told = capsys.readouterr().err
    assert status == 2
    assert "a signed address is not handed to workers" in told
    assert "canary" not in told
