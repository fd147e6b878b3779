"""Workers of a cluster and an object store: no disk is shared."""

from pathlib import Path

import pytest
from object_store import Bucket
from pixel_models import pixel_card, write_pixel_model
from small_scenes import BANDS, SceneMaker, grid, stored_numbers

from pitscape.cli import main
from pitscape.imagery.class_map import save_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import load_legend
from pitscape.imagery.remote.name import place
from pitscape.inference.cluster.marked_parts import open_marked

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
    table = f"s3://{bucket.name}/out/there.csv"
    assert main(["areas", remote, "--cluster", "local:1", "--output", table]) == 0
    assert bucket.all("out/").keys() == {"there.csv", "there.csv.json"}
    assert bucket.get("out/there.csv") == (tmp_path / "here.csv").read_bytes()


def test_tiles_of_a_map_are_measured_into_a_bucket(bucket: Bucket, tmp_path: Path) -> None:
    path, output = tmp_path / "classes.tif", f"s3://{bucket.name}/out/metrics.json"
    save_class_map(path, stored_numbers(90, 70)[0] % 4, grid(90, 70), load_legend())
    options = [str(path), "--csv"]
    assert main(["landscape", *options, "--output", str(tmp_path / "metrics.json")]) == 0
    assert main(["landscape", *options, "--tile", "70", "--output", output]) == 0
    assert not [key for key in bucket.all("out/") if "parts" in key]
    assert bucket.get("out/metrics.class.csv") == (tmp_path / "metrics.class.csv").read_bytes()


def test_a_worker_that_cannot_see_the_bucket_says_why(bucket: Bucket) -> None:
    mark = place(f"s3://{bucket.name}/classes.tif.parts/.manifest.00000000.json")
    with pytest.raises(InputError, match=rf"does not see the folder of this run: s3://{bucket.name}/"):
        open_marked(mark)


SIGNED = "https://127.0.0.1:9/scene_20230709.tif?X-Signature=canary0signature0of0tests"


@pytest.mark.parametrize(
    "command",
    [
        ["predict", SIGNED],
        ["predict", "SCENE", "--mask", SIGNED],
        ["areas", SIGNED],
        ["landscape", SIGNED, "--tile", "64"],
    ],
)
def test_signed_addresses_do_not_pass_through_the_scheduler(
    command: list[str], given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = given[1:] if command[0] == "predict" else []
    named = [given[0] if each == "SCENE" else each for each in command]
    status = main([*named, *options, "--cluster", "local:1", "--output", str(tmp_path / "out" / "c.tif")])
    told = capsys.readouterr().err
    assert status == 2
    assert "a signed address is not handed to workers" in told
    assert "canary" not in told
