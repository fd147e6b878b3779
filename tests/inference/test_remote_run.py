"""Scenes mapped from and to an object store, as they are from and to the disk."""

import hashlib
import json
import re
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from object_store import Bucket, Wire
from pixel_models import pixel_card, write_pixel_model
from small_scenes import BANDS, SceneMaker, stored_numbers, write_raster

from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.reading import Reading
from pitscape.imagery.remote import local_copy
from pitscape.imagery.remote.name import place
from pitscape.imagery.remote.object_store import ObjectStore
from pitscape.imagery.remote.path import RemotePath
from pitscape.imagery.remote.store import TakenError, UnreachableError
from pitscape.inference import object_lock, scene_work
from pitscape.inference.loaded_model import load_model
from pitscape.inference.lock import Shard, holding
from pitscape.inference.missing_blocks import missing_of
from pitscape.inference.object_lock import ObjectLock
from pitscape.inference.opening import open_predictor
from pitscape.inference.parts import Parts, open_parts
from pitscape.inference.predictor import OnnxPredictor
from pitscape.inference.run_options import Outputs, RunOptions
from pitscape.inference.scene_run import merge, predict_scene, predict_shard
from pitscape.inference.scene_source import SceneSource

OPTIONS = RunOptions(tile=32, overlap=8, threads=1, block_rows=32)
SCENE = "scene_20230709.tif"


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pixel_model(tmp_path_factory.mktemp("model") / "m.onnx", pixel_card("sentinel2_l2a", bands=BANDS))


@pytest.fixture
def predictor(model_file: Path) -> OnnxPredictor:
    return OnnxPredictor(model_file)


@pytest.fixture
def scene(write_scene: SceneMaker) -> Path:
    stored = stored_numbers(150, 90)
    stored[:, 20:30, 5:9] = 0
    return write_scene(stored, SCENE)


@pytest.fixture(autouse=True)
def quick_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_lock, "RENEW_S", 0.1)
    monkeypatch.setattr(object_lock, "DEAD_S", 0.6)


def everything(folder: Path) -> Outputs:
    names = ("classes.tif", "p.tif", "c.tif", "e.tif", "v.tif", "polygons.gpkg")
    return Outputs(*(folder / name for name in names))


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_what_is_put_into_a_bucket_is_what_the_disk_gets(
    scene: Path, predictor: OnnxPredictor, bucket: Bucket, tmp_path: Path
) -> None:
    predict_scene(scene, predictor, everything(tmp_path / "here"), options=OPTIONS)
    predict_scene(scene, predictor, everything(bucket.path("out")), options=OPTIONS)
    here, there = files_of(tmp_path / "here"), bucket.all("out/")
    assert sorted(here) == sorted(there)
    for name in set(here) - {"polygons.gpkg"}:  # a GeoPackage holds the time of its making
        assert here[name] == there[name], name


def test_a_scene_from_a_bucket_gives_the_same_map_and_tells_its_etag(
    scene: Path, predictor: OnnxPredictor, bucket: Bucket, tmp_path: Path
) -> None:
    predict_scene(scene, predictor, tmp_path / "classes.tif", options=OPTIONS)
    remote = bucket.put(f"in/{SCENE}", scene)
    record = predict_scene(remote, predictor, bucket.path("out/classes.tif"), options=OPTIONS)
    local = json.loads((tmp_path / "classes.tif.json").read_text())
    content = scene.read_bytes()
    assert record["scene_stored"] == {"bytes": len(content), "etag": hashlib.md5(content).hexdigest()}  # noqa: S324 - S3's
    assert {key: record[key] for key in local if key != "scene_sha256"} == {
        key: value for key, value in local.items() if key != "scene_sha256"
    }
    assert json.loads(bucket.get("out/classes.tif.json")) == record
    np.testing.assert_array_equal(pixels(bucket, "out/classes.tif", tmp_path), _read(tmp_path / "classes.tif"))
    assert sorted(bucket.keys) == [f"in/{SCENE}", *(f"out/classes.tif{end}" for end in ("", ".aux.xml", ".json"))]


def pixels(bucket: Bucket, key: str, tmp_path: Path) -> NDArray[np.uint8]:
    (tmp_path / "fetched.tif").write_bytes(bucket.get(key))
    return _read(tmp_path / "fetched.tif")


def _read(path: Path) -> NDArray[np.uint8]:
    with rasterio.open(path) as dataset:
        values: NDArray[np.uint8] = dataset.read()
    return values


def test_a_mask_and_a_named_source_from_a_bucket_count_as_from_the_disk(
    scene: Path, predictor: OnnxPredictor, bucket: Bucket, tmp_path: Path
) -> None:
    hidden = np.zeros((1, 150, 90), np.uint8)
    hidden[:, 40:60] = 1
    mask = write_raster(tmp_path / "mask.tif", hidden)
    told = []
    for given, over in ((scene, mask), (bucket.put(f"in/{SCENE}", scene), bucket.put("in/mask.tif", mask))):
        options = replace(OPTIONS, reading=Reading(mask=over))
        source = [SceneSource(given, "sentinel2_l2a")]
        told.append(predict_scene(source, predictor, tmp_path / f"{len(told)}.tif", options=options))
    np.testing.assert_array_equal(_read(tmp_path / "0.tif"), _read(tmp_path / "1.tif"))
    assert (_read(tmp_path / "1.tif")[0, 40:60] == 255).all()
    assert told[1]["mask_stored"]["bytes"] == mask.stat().st_size
    assert "mask_sha256" not in told[1]


def test_shards_that_share_a_bucket_give_the_bytes_of_one_run(
    scene: Path, predictor: OnnxPredictor, bucket: Bucket
) -> None:
    remote = bucket.put(f"in/{SCENE}", scene)
    predict_scene(remote, predictor, bucket.path("one/classes.tif"), options=OPTIONS)
    left = [
        predict_shard(remote, predictor, bucket.path("two/classes.tif"), Shard(n, 2), options=OPTIONS) for n in (2, 1)
    ]
    assert left[0] > left[1] == 0
    merge(bucket.path("two/classes.tif.parts"))
    assert bucket.all("one/") == bucket.all("two/")


def test_a_shard_that_is_missing_is_named_by_merge(scene: Path, predictor: OnnxPredictor, bucket: Bucket) -> None:
    predict_shard(scene, predictor, bucket.path("out/classes.tif"), Shard(1, 2), options=OPTIONS)
    with pytest.raises(InputError, match=r"lacks 3 of 5 blocks \(2, 3, 4\)"):
        merge(bucket.path("out/classes.tif.parts"))
    assert "out/classes.tif" not in bucket.keys


@pytest.fixture
def adds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Numbers of the blocks that were added."""
    added: list[int] = []
    add = Parts.add

    def counted(self: Parts, number: int, *given: object, **named: object) -> None:
        add(self, number, *given, **named)  # type: ignore[arg-type]
        added.append(number)

    monkeypatch.setattr(Parts, "add", counted)
    return added


def test_a_lost_network_tells_what_is_missing_and_the_rerun_does_only_that(
    scene: Path,
    predictor: OnnxPredictor,
    bucket: Bucket,
    wire: Wire,
    adds: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    predict_scene(scene, predictor, bucket.path("whole/classes.tif"), options=OPTIONS)
    adds.clear()
    counted = Parts.add

    def cutting(self: Parts, number: int, *given: object, **named: object) -> None:
        if number == 2:
            wire.cut()
        counted(self, number, *given, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patch, pytest.raises(UnreachableError) as lost:
        patch.setattr(Parts, "add", cutting)
        predict_scene(scene, predictor, bucket.path("out/classes.tif"), options=OPTIONS)
    assert "s3://" in str(lost.value)
    assert "block_000002.tif: the store does not answer" in str(lost.value)
    assert "Blocks 2, 3, 4 are missing (3 of 5); the same command with --resume" in str(lost.value)
    assert adds == [0, 1]
    assert "out/classes.tif" not in bucket.keys
    wire.mend()
    adds.clear()
    again = RunOptions(tile=32, overlap=8, threads=1, block_rows=32, resume=True)
    predict_scene(scene, predictor, bucket.path("out/classes.tif"), options=again)
    assert adds == [2, 3, 4]
    assert bucket.all("out/") == bucket.all("whole/")


def test_a_network_that_is_lost_before_the_outputs_are_put_leaves_all_blocks(
    scene: Path, predictor: OnnxPredictor, bucket: Bucket, wire: Wire, adds: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    predict_scene(scene, predictor, bucket.path("whole/classes.tif"), options=OPTIONS)
    message = r"classes\.tif\.parts: all blocks are there, but they were not joined: .*: the store does not answer .*Go on with"
    with monkeypatch.context() as patch, pytest.raises(UnreachableError, match=message):
        patch.setattr(scene_work, "check_unchanged", lambda _: wire.cut())
        predict_scene(scene, predictor, bucket.path("out/classes.tif"), options=OPTIONS)
    wire.mend()
    adds.clear()
    predict_scene(scene, predictor, bucket.path("out/classes.tif"), options=replace(OPTIONS, resume=True))
    assert adds == []
    assert bucket.all("out/") == bucket.all("whole/")


def test_blocks_of_a_store_that_does_not_answer_are_not_known(
    scene: Path, predictor: OnnxPredictor, bucket: Bucket, wire: Wire
) -> None:
    """As a cluster's client sees it, where workers have written."""
    predict_shard(scene, predictor, bucket.path("out/classes.tif"), Shard(1, 2), options=OPTIONS)
    parts = open_parts(bucket.path("out/classes.tif.parts"))
    assert "3 of 5 blocks are missing (2, 3, 4): no network. Go on with --resume." in missing_of(parts, "no network.")
    wire.cut()
    assert re.fullmatch(
        r"s3://.*classes\.tif\.parts: blocks are missing, and which is not known \(.*the store does not answer .*\): no network\. "
        r"Go on with --resume, which maps these alone\.",
        missing_of(parts, "no network."),
    )


def test_a_network_that_is_lost_while_the_scene_is_read_ends_the_run_in_one_line(
    write_scene: SceneMaker, predictor: OnnxPredictor, bucket: Bucket, wire: Wire, tmp_path: Path
) -> None:
    remote = bucket.put(f"in/{SCENE}", write_scene(stored_numbers(8000, 64), SCENE))
    skipping = RunOptions(tile=32, overlap=8, threads=1, block_rows=32, skip_failed=True)

    def cut(done: int, _total: int) -> None:
        if done == 3:
            wire.cut()

    with pytest.raises(UnreachableError, match=r"Blocks .* are missing .*; the same command with --resume"):
        predict_scene(remote, predictor, tmp_path / "classes.tif", options=skipping, progress=cut)
    assert not (tmp_path / "classes.tif").exists()


def test_a_finished_map_is_left_and_that_of_another_scene_is_not(
    scene: Path, predictor: OnnxPredictor, bucket: Bucket, adds: list[int], write_scene: SceneMaker
) -> None:
    remote, output = bucket.put(f"in/{SCENE}", scene), bucket.path("out/classes.tif")
    again = RunOptions(tile=32, overlap=8, threads=1, block_rows=32, resume=True)
    predict_scene(remote, predictor, output, options=again)
    adds.clear()
    predict_scene(remote, predictor, output, options=again)
    assert adds == []
    bucket.put(f"in/{SCENE}", write_scene(stored_numbers(150, 90, seed=1), SCENE))
    predict_scene(remote, predictor, output, options=again)
    assert adds == [0, 1, 2, 3, 4]


def test_a_scene_that_was_replaced_while_it_was_read_gives_no_map(
    scene: Path, predictor: OnnxPredictor, bucket: Bucket, write_scene: SceneMaker
) -> None:
    remote = bucket.put(f"in/{SCENE}", scene)

    def put_another(done: int, total: int) -> None:
        if done == total:
            bucket.put(f"in/{SCENE}", write_scene(stored_numbers(150, 90, seed=1), SCENE))

    with pytest.raises(PitscapeError, match="was replaced while it was read"):
        predict_scene(remote, predictor, bucket.path("out/classes.tif"), options=OPTIONS, progress=put_another)
    assert "out/classes.tif" not in bucket.keys


def test_one_run_per_output(bucket: Bucket) -> None:
    folder = bucket.path("out/classes.tif.parts")
    with holding(folder), pytest.raises(InputError, match="another process is writing there"), holding(folder):
        pass
    assert bucket.keys == []
    with holding(folder, Shard(1, 2)), holding(folder, Shard(2, 2)):
        with pytest.raises(InputError, match="another process"), holding(folder):
            pass
        with pytest.raises(InputError, match="another process"), holding(folder, Shard(1, 2)):
            pass
    assert bucket.keys == []


def test_the_lock_of_a_process_that_was_killed_is_taken_over_by_one(bucket: Bucket) -> None:
    folder = bucket.path("out/classes.tif.parts")
    bucket.put("out/classes.tif.parts/run.lock", b'{"owner": "killed"}')
    got: list[str] = []

    def take(name: str) -> None:
        try:
            with holding(folder):
                got.append(name)
                threading.Event().wait(1)
        except InputError:
            got.append("refused")

    both = [threading.Thread(target=take, args=(name,)) for name in "ab"]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert sorted(got) in (["a", "refused"], ["b", "refused"])
    assert bucket.keys == []


def test_a_process_that_lost_its_lock_makes_no_outputs(bucket: Bucket) -> None:
    folder = bucket.path("out/classes.tif.parts")
    with pytest.raises(TakenError, match="another has taken over"), holding(folder) as still_held:
        still_held()
        bucket.put("out/classes.tif.parts/run.lock", b'{"owner": "another"}')
        threading.Event().wait(0.5)
        still_held()
    assert bucket.get("out/classes.tif.parts/run.lock") == b'{"owner": "another"}'


def test_a_lock_that_another_process_has_got_meanwhile_is_left_to_it(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a sleep, in which the clock of the process stands still: it has renewed nothing, and missed nothing."""
    monkeypatch.setattr(object_lock, "RENEW_S", 60.0)
    path = bucket.path("run.lock")
    assert isinstance(path, RemotePath)
    lock = ObjectLock(path)
    with pytest.raises(TakenError, match="another has taken over"), lock.held():
        bucket.put("run.lock", b'{"owner": "another"}')
    with pytest.raises(TakenError, match="another has taken over"):
        lock.check()
    assert bucket.get("run.lock") == b'{"owner": "another"}'


def test_a_renewal_whose_answer_was_lost_loses_no_lock(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_lock, "RENEW_S", 0.05)
    path, lost = bucket.path("run.lock"), threading.Event()
    assert isinstance(path, RemotePath)
    write = ObjectStore.write

    def put_and_lose(self: ObjectStore, *given: Any, **more: Any) -> str:  # noqa: ANN401
        told = write(self, *given, **more)
        if more["if_etag"] and not lost.is_set():
            lost.set()
            raise UnreachableError("its answer was lost")
        return told

    with ObjectLock(path).held():
        monkeypatch.setattr(ObjectStore, "write", put_and_lose)
        assert lost.wait(10)
        threading.Event().wait(0.5)
    assert bucket.keys == []


def test_a_model_from_a_bucket_is_held_to_its_sha256(
    model_file: Path, scene: Path, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote, sha256 = bucket.put("m.onnx", model_file), hashlib.sha256(model_file.read_bytes()).hexdigest()
    model = load_model(str(remote), expect_sha256=sha256)
    assert load_model(remote).card == model.card
    record = model.predict(scene, output=tmp_path / "classes.tif", options=OPTIONS)
    assert record["model_sha256"] == sha256
    with pytest.raises(InputError, match=r"^s3://bucket-\d+/m\.onnx: has the SHA-256"):
        open_predictor(remote, expect_sha256="0" * 64)
    with pytest.raises(InputError, match=r"^s3://bucket-\d+/none\.onnx: no such file"):
        open_predictor(bucket.path("none.onnx"))
    monkeypatch.setattr(local_copy, "MOST_BYTES", 100)
    with pytest.raises(InputError, match="files that are fetched whole have"):
        open_predictor(remote)


@pytest.mark.parametrize(
    ("classes", "other", "message"),
    [
        ("s3://{}/in/" + SCENE, None, "is an input of this run"),
        ("s3://{}/in", None, "is a folder; name a file"),
        ("s3://{}/out/c.tif", "/tmp/p.tif", "lies elsewhere"),  # noqa: S108 - is not written
        ("https://127.0.0.1/c.tif", None, "nothing is written to web servers"),
        ("s3://no-such-bucket/c.tif", None, "there is no bucket no-such-bucket"),
    ],
)
def test_outputs_that_cannot_be_are_refused_before_any_work(
    scene: Path, predictor: OnnxPredictor, bucket: Bucket, classes: str, other: str | None, message: str
) -> None:
    remote = bucket.put(f"in/{SCENE}", scene)
    outputs = Outputs(place(classes.format(bucket.name)), place(other) if other else None)
    with pytest.raises(InputError, match=message):
        predict_scene(remote, predictor, outputs, options=OPTIONS)
    assert bucket.keys == [f"in/{SCENE}"]


def test_what_is_no_part_of_a_run_is_left_alone(scene: Path, predictor: OnnxPredictor, bucket: Bucket) -> None:
    bucket.put("out/classes.tif.parts/thesis.docx", b"years of work")
    with pytest.raises(InputError, match=r"holds thesis\.docx, which is no part of a run"):
        predict_scene(scene, predictor, bucket.path("out/classes.tif"), options=OPTIONS)
    assert bucket.keys == ["out/classes.tif.parts/thesis.docx"]


def test_products_of_many_files_are_read_on_the_disk_alone(predictor: OnnxPredictor, bucket: Bucket) -> None:
    path = bucket.put("S2A_MSIL2A.SAFE.zip", b"PK")
    assert isinstance(path, RemotePath)
    with pytest.raises(InputError, match="SAFE and Landsat products are read on the local disk"):
        predict_scene(path, predictor, bucket.path("classes.tif"), options=OPTIONS)
