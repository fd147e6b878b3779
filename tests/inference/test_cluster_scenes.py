import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import cluster_faults as faults
import dask
import pytest
import rasterio
from cluster_faults import scale
from distributed import Client, LocalCluster
from loopback_cluster import one_thread
from process_memory import needs_proc
from small_scenes import BANDS, SceneMaker, stored_numbers, write_raster

from pitscape import cluster_mapping
from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.outputs import replacing, sidecar
from pitscape.inference import assembly, parts
from pitscape.inference.assembly import assemble
from pitscape.inference.block_run import map_blocks
from pitscape.inference.cluster import scene_tasks
from pitscape.inference.cluster import workers as attendance
from pitscape.inference.cluster.connection import connected
from pitscape.inference.cluster.held_model import ModelReference, held
from pitscape.inference.cluster.marked_parts import marked, open_marked
from pitscape.inference.cluster.same_files import SameFiles
from pitscape.inference.cluster.scene_on_cluster import predict_on_cluster
from pitscape.inference.cluster.workers import ClusterLostError
from pitscape.inference.lock import Shard, holding
from pitscape.inference.opening import open_predictor
from pitscape.inference.parts import open_parts
from pitscape.inference.parts_folder import parts_of
from pitscape.inference.predictor import FilePredictor
from pitscape.inference.run_options import Outputs, RunOptions
from pitscape.inference.scene_run import merge, predict_scene, predict_shard
from pitscape.models.shipped import shipped_model

TILED = RunOptions(tile=64, overlap=16, block_rows=32)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with connected("local:2", memory_mb=1900) as found:
        yield found


@pytest.fixture(scope="module")
def predictor() -> FilePredictor:
    return open_predictor(shipped_model())


@pytest.fixture(scope="module")
def long_scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 82 blocks: seconds of work."""
    path = tmp_path_factory.mktemp("long") / "long_20230709.tif"
    return write_raster(path, stored_numbers(2600, 300), bands=BANDS)


def everything(folder: Path) -> Outputs:
    names = {name: folder / f"{name}.tif" for name in ("probabilities", "confidence", "entropy", "valid")}
    return Outputs(folder / "classes.tif", **names, polygons=folder / "polygons.gpkg")


def same_files(one: Path, other: Path) -> None:
    assert sorted(p.name for p in one.iterdir()) == sorted(p.name for p in other.iterdir())
    for path in one.iterdir():
        assert path.read_bytes() == (other / path.name).read_bytes(), path.name


def written(folder: Path) -> dict[str, int]:
    """When each block of a folder of parts was finished; of those that are cleared meanwhile nothing."""
    found = {}
    for path in folder.glob("block_*.json"):
        with suppress(FileNotFoundError):
            found[path.name] = path.stat().st_mtime_ns
    return found


def test_workers_threads_and_shards_give_the_same_bytes(
    client: Client, write_scene: SceneMaker, predictor: FilePredictor, tmp_path: Path
) -> None:
    stored = stored_numbers(300, 200)
    stored[:, 40:130, 50:90] = 0
    scene, told = write_scene(stored), list[tuple[int, int]]()
    predict_scene(scene, predictor, everything(tmp_path / "alone"), options=TILED)
    for workers in (2, 4, 1):
        scale(client, workers)
        folder = tmp_path / f"local{workers}"
        predict_on_cluster(
            client, scene, predictor, everything(folder), options=TILED, progress=lambda *one: told.append(one)
        )
        same_files(tmp_path / "alone", folder)
        assert told[-1][0] == told[-1][1] >= 24
    with pytest.raises(
        InputError, match=r"--memory 5000: a worker is killed at 1900 MB, .*; give 1425, or start workers"
    ):
        predict_on_cluster(client, scene, predictor, tmp_path / "c.tif", options=replace(TILED, memory_mb=5000))
    assert not (tmp_path / "c.tif.parts").exists()
    scale(client, 2)
    outputs = everything(tmp_path / "shards")
    for number in (3, 1, 2):
        predict_shard(scene, predictor, outputs, Shard(number, 3), options=TILED)
    merge(parts_of(outputs.classes))
    same_files(tmp_path / "alone", tmp_path / "shards")


def test_a_worker_of_several_threads_and_all_options_give_the_same_bytes(
    write_scene: SceneMaker, predictor: FilePredictor, tmp_path: Path
) -> None:
    mask = write_raster(tmp_path / "mask.tif", (stored_numbers(130, 90)[:1] > 4900).astype("uint8"))
    scene = write_scene(stored_numbers(130, 90), bands=None)
    reading = replace(TILED.reading, stored_bands=list(BANDS), mask=mask)
    options = replace(TILED, tta=True, batch=2, sieve_ha=0.2, reading=reading)
    predict_scene(scene, predictor, everything(tmp_path / "alone"), options=options)
    outputs, pages = everything(tmp_path / "three"), "127.0.0.1:0"
    with (
        LocalCluster(n_workers=1, threads_per_worker=3, processes=False, dashboard_address=pages) as here,
        Client(here) as client,
    ):
        predict_on_cluster(client, scene, predictor, outputs, options=options)
        record = json.loads((tmp_path / "three" / "classes.tif.json").read_text())
        again = predict_on_cluster(client, scene, predictor, outputs, options=replace(options, resume=True))
    same_files(tmp_path / "alone", tmp_path / "three")
    assert again == record


def test_a_worker_that_is_killed_and_one_that_joins_lose_and_double_nothing(
    client: Client, long_scene: Path, predictor: FilePredictor, tmp_path: Path
) -> None:
    output = tmp_path / "c.tif"
    victim, seen, ended = next(iter(client.run(os.getpid).values())), dict[str, set[int]](), threading.Event()

    def watch() -> None:
        struck = False
        while not ended.is_set():
            for name, when in written(parts_of(output)).items():
                seen.setdefault(name, set()).add(when)
            if len(seen) > 10 and not struck:
                struck = True
                os.kill(victim, signal.SIGKILL)
                client.cluster.scale(3)
            time.sleep(0.002)

    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(watch)
        predict_on_cluster(client, long_scene, predictor, output, options=TILED)
        ended.set()
        watching.result()
    assert victim not in client.run(os.getpid).values()
    assert len(seen) >= 70
    assert {name for name, times in seen.items() if len(times) > 1} == set()
    predict_scene(long_scene, predictor, tmp_path / "alone.tif", options=TILED)
    assert output.read_bytes() == (tmp_path / "alone.tif").read_bytes()
    scale(client, 2)


def test_a_full_disk_is_told_and_a_rerun_does_what_is_missing(
    client: Client, write_scene: SceneMaker, predictor: FilePredictor, tmp_path: Path
) -> None:
    """A limit on the size of files stands for the full disk. Blocks of noise are greater than empty ones."""
    stored = stored_numbers(300, 200)
    stored[:, :150] = 0
    scene, output = write_scene(stored), tmp_path / "c.tif"
    predict_scene(scene, predictor, tmp_path / "alone.tif", options=TILED)
    predict_shard(scene, predictor, tmp_path / "sizes.tif", Shard(1, 1), options=TILED)
    sizes = sorted(path.stat().st_size for path in tmp_path.glob("sizes.tif.parts/*.tif"))
    client.run(faults.limit_files, sizes[5])
    try:
        with pytest.raises(
            PitscapeError, match=r"c\.tif\.parts: \d of 10 blocks are missing \(.*cannot be written .*make room"
        ):
            predict_on_cluster(client, scene, predictor, output, options=TILED)
    finally:
        client.run(faults.limit_files, 0)
    _resumed(client, scene, predictor, output, tmp_path / "alone.tif", TILED)


def _resumed(
    client: Client, scene: Path, predictor: FilePredictor, output: Path, alone: Path, options: RunOptions
) -> None:
    """Go on with a run that failed, and see that nothing was done twice."""
    folder = parts_of(output)
    before, missing = written(folder), open_parts(folder).missing()
    assert before
    assert missing
    assert not output.exists()
    with _kept(folder) as after:
        predict_on_cluster(client, scene, predictor, output, options=replace(options, resume=True))
    assert {name: after[name] for name in before} == before
    assert sorted(after) == sorted([*before, *(f"block_{number:06d}.json" for number in missing)])
    assert output.read_bytes() == alone.read_bytes()
    assert not folder.exists()


@contextmanager
def _kept(folder: Path) -> Iterator[dict[str, int]]:
    """When the blocks of a folder were finished, seen until it is gone."""
    seen, ended = dict[str, int](), threading.Event()

    def watch() -> None:
        while not ended.is_set():
            seen.update(written(folder))
            time.sleep(0.001)

    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(watch)
        yield seen
        ended.set()
        watching.result()


def test_an_unreadable_piece_of_the_scene_is_told_and_the_rest_is_mapped(
    client: Client, predictor: FilePredictor, tmp_path: Path
) -> None:
    """Two of the scene's blocks are damaged: the run stops, and one that may skip them does only what is missing."""
    scene, options = tmp_path / "scene_20230709.tif", replace(TILED, block_rows=64)
    write_raster(tmp_path / "whole.tif", stored_numbers(2048, 128), bands=BANDS)
    with rasterio.open(tmp_path / "whole.tif") as whole:
        layout = {"tiled": True, "blockxsize": 512, "blockysize": 512, "compress": "deflate", "interleave": "pixel"}
        with rasterio.open(scene, "w", **whole.profile | layout) as file:
            file.write(whole.read())
            file.descriptions = BANDS
    content = bytearray(scene.read_bytes())
    content[-4000:-2000] = bytes(2000)
    scene.write_bytes(content)
    with pytest.raises(
        PitscapeError, match=r"parts: \d+ of 32 blocks are missing .*scene_20230709\.tif: .*Go on with --resume"
    ):
        predict_on_cluster(client, scene, predictor, tmp_path / "c.tif", options=options)
    skipping = replace(options, skip_failed=True)
    record = predict_scene(scene, predictor, tmp_path / "alone.tif", options=skipping)
    assert record["failed_tiles"]
    _resumed(client, scene, predictor, tmp_path / "c.tif", tmp_path / "alone.tif", skipping)


@pytest.mark.slow
def test_a_worker_that_runs_out_of_memory_is_told_and_a_rerun_does_what_is_missing(
    long_scene: Path, predictor: FilePredictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    eats, output = tmp_path / "eats", tmp_path / "c.tif"
    monkeypatch.setenv("PITSCAPE_EATS", str(eats))
    predict_scene(long_scene, predictor, tmp_path / "alone.tif", options=TILED)
    predict_shard(long_scene, predictor, output, Shard(1, 5), options=TILED)
    small = replace(TILED, memory_mb=600)
    eats.touch()
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            memory_limit=700 << 20,
            dashboard_address="127.0.0.1:0",
            silence_logs=60,
            preload=[faults.__name__],
        ) as here,
        Client(here) as client,
    ):
        with pytest.raises(
            PitscapeError,
            match=r"blocks are missing .*: no worker survived it \(tries: 1\); they may have too little memory",
        ):
            predict_on_cluster(client, long_scene, predictor, output, options=replace(small, resume=True))
        eats.unlink()
        _resumed(client, long_scene, predictor, output, tmp_path / "alone.tif", small)


@needs_proc
@pytest.mark.parametrize("threads", [1, 3])
def test_a_worker_stays_within_its_memory(threads: int, predictor: FilePredictor, tmp_path: Path) -> None:
    """``memory_mb`` is of the process, with all of its threads; what a run asks for at least is enough."""
    scene = write_raster(tmp_path / "scene_20230709.tif", stored_numbers(1000, 1000), bands=BANDS)
    options, outputs = RunOptions(tile=256, overlap=32, memory_mb=100), everything(tmp_path / "out")
    with (
        LocalCluster(n_workers=1, threads_per_worker=threads, dashboard_address="127.0.0.1:0", silence_logs=60) as here,
        Client(here) as client,
    ):
        with pytest.raises(InputError, match="is too little") as refused:
            predict_on_cluster(client, scene, predictor, outputs, options=options)
        least = int(re.findall(r"at least (\d+) MB", str(refused.value))[0])
        predict_on_cluster(client, scene, predictor, outputs.classes, options=replace(options, memory_mb=least))
        (peak,) = client.run(faults.peak_mb).values()
    assert peak < least


def test_a_scheduler_that_is_lost_between_mapping_and_joining_is_told(
    write_scene: SceneMaker, predictor: FilePredictor, tmp_path: Path
) -> None:
    scene, output = write_scene(stored_numbers(130, 90)), tmp_path / "c.tif"
    with one_thread() as there, Client(there.scheduler_address, timeout=1) as client:

        def leave(done: int, total: int) -> None:
            if done == total:
                there.close()

        message = (
            r"c\.tif\.parts: all blocks are there, but they were not joined: the scheduler was lost; start it\. Go on"
        )
        with pytest.raises(ClusterLostError, match=message):
            predict_on_cluster(client, scene, predictor, output, options=TILED, progress=leave)
    assert open_parts(parts_of(output)).missing() == []
    assert merge(parts_of(output))["scene"] == scene.name


def test_a_run_whose_last_worker_is_gone_tells_what_is_missing(
    write_scene: SceneMaker, predictor: FilePredictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes while it has the second of two tasks in hand."""
    monkeypatch.setattr(attendance, "ALONE_S", 0.6)
    begun, ended, told = threading.Event(), threading.Event(), list[str]()

    def pausing(*given: Any, **named: Any) -> None:  # noqa: ANN401 - as the function has it
        if begun.is_set():
            ended.wait(30)
        begun.set()
        map_blocks(*given, **named)

    monkeypatch.setattr(scene_tasks, "map_blocks", pausing)
    scene, output = write_scene(stored_numbers(2000, 60)), tmp_path / "c.tif"
    with one_thread() as there, Client(there) as client:

        def leave(*_: int) -> None:
            there.scale(0)

        message = r"c\.tif\.parts: \d+ of 63 blocks are missing \(.*\): there was no worker for .* minutes; start some\. Go on"
        with pytest.raises(ClusterLostError, match=message):
            predict_on_cluster(client, scene, predictor, output, options=TILED, progress=leave, tell=told.append)
        ended.set()
    assert told == ["waiting for workers: none is left"]
    assert 0 < len(open_parts(parts_of(output)).missing()) < 63


def test_processors_that_differ_are_told(
    client: Client, write_scene: SceneMaker, predictor: FilePredictor, tmp_path: Path
) -> None:
    told: list[str] = []
    scale(client, 2)
    first, second = list(client.nthreads())[:2]
    client.run(faults.pretend_processor, "x86_64 X86_V3", workers=[first])
    client.run(faults.pretend_processor, "x86_64 X86_V4", workers=[second])
    scene = write_scene(stored_numbers(600, 200))
    predict_on_cluster(client, scene, predictor, tmp_path / "c.tif", options=TILED, tell=told.append)
    assert told == ["processors differ (x86_64 X86_V3; x86_64 X86_V4): so may single pixels from a map of one kind"]
    client.run(faults.pretend_processor, None)


def test_a_folder_that_is_not_the_runs_is_not_written_to(
    write_scene: SceneMaker, predictor: FilePredictor, tmp_path: Path
) -> None:
    """A worker without the shared disk may have a folder of that name; what a lost one still does is not written either."""
    scene, output = write_scene(stored_numbers(60, 60)), tmp_path / "c.tif"
    predict_shard(scene, predictor, output, Shard(1, 1), options=TILED)
    folder = parts_of(output)
    with holding(folder), marked(open_parts(folder)) as mark:
        parts = open_marked(mark)
        block = parts.read(0)
        parts.add(0, block)
        elsewhere = tmp_path / "elsewhere" / folder.name / mark.name
        with pytest.raises(InputError, match=r"does not see the folder of this run; give all workers the same disk"):
            open_marked(elsewhere)
        assert not elsewhere.parent.exists()
    merge(folder)
    with pytest.raises(InputError, match="the run has ended, or has begun anew"):
        parts.add(0, block)
    assert not folder.exists()


def test_a_block_that_is_being_written_when_its_run_ends_counts_for_nothing(
    write_scene: SceneMaker, predictor: FilePredictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lost worker is slow: between a block and its record the run ends."""
    folder = parts_of(tmp_path / "c.tif")
    predict_shard(write_scene(stored_numbers(60, 60)), predictor, tmp_path / "c.tif", Shard(1, 1), options=TILED)
    with holding(folder):
        mark = folder / ".manifest.00000000.json"
        mark.write_bytes((folder / "manifest.json").read_bytes())
        slow = open_marked(mark)
        block = slow.read(0)

        @contextmanager
        def ending(path: Path) -> Iterator[Path]:
            with replacing(path) as temporary:
                yield temporary
            mark.unlink()

        monkeypatch.setattr(parts, "replacing", ending)
        with pytest.raises(InputError, match="the run has ended"):
            slow.add(0, block ^ 1)
    assert open_parts(folder).missing() == [0]


@pytest.mark.parametrize("before", ["classes", "valid"])
def test_outputs_of_a_run_that_has_ended_are_left_to_it(
    before: str, write_scene: SceneMaker, predictor: FilePredictor, tmp_path: Path
) -> None:
    """A worker that was given up while it joined blocks is slow: another has made the map and its record."""
    outputs = Outputs(tmp_path / "out" / "classes.tif", valid=tmp_path / "out" / "valid.tif")
    folder = parts_of(outputs.classes)
    predict_shard(write_scene(stored_numbers(60, 60)), predictor, outputs, Shard(1, 1), options=TILED)
    with holding(folder), marked(open_parts(folder)) as mark:
        slow = open_marked(mark)
        assemble(slow)
        made = {path: path.stat() for path in (tmp_path / "out").glob("*.*") if path.is_file()}
        records = {path: path.read_bytes() for path in made if path.suffix == ".json"}

        def ends(name: str) -> None:
            if name == before:
                mark.unlink()
                for path, content in records.items():  # as another worker leaves them
                    path.write_bytes(content)

        with pytest.raises(InputError, match="the run has ended, or has begun anew"):
            assemble(slow, on_output=ends)
    assert {path: path.read_bytes() for path in records} == records
    left = outputs.paths[before]
    assert left.stat().st_ino == made[left].st_ino


def test_a_record_is_not_removed_for_a_run_that_has_ended(
    write_scene: SceneMaker, predictor: FilePredictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out" / "c.tif"
    predict_shard(write_scene(stored_numbers(60, 60)), predictor, output, Shard(1, 1), options=TILED)
    folder, made = parts_of(output), assembly._record
    with holding(folder), marked(open_parts(folder)) as mark:
        slow = open_marked(mark)
        assemble(slow)

        def ending(*given: Any) -> dict[str, Any]:  # noqa: ANN401 - as the function has it
            mark.unlink()
            return made(*given)

        monkeypatch.setattr(assembly, "_record", ending)
        before = sidecar(output).stat()
        with pytest.raises(InputError, match="the run has ended, or has begun anew"):
            assemble(slow)
    assert sidecar(output).stat() == before


def test_scenes_after_one_at_which_the_cluster_was_lost_are_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pitscape.cli import main

    scenes = [write_raster(tmp_path / f"s{n}_20230709.tif", stored_numbers(70, 70), bands=BANDS) for n in range(4)]
    begun: list[Path] = []

    def losing(_client: Client, source: Path, *given: Any, **named: Any) -> dict[str, Any]:  # noqa: ANN401
        begun.append(source)
        if source == scenes[1]:
            raise ClusterLostError("the scheduler was lost; start it", "1 of 3 blocks are missing.")
        return predict_on_cluster(_client, source, *given, **named)

    monkeypatch.setattr(cluster_mapping, "predict_on_cluster", losing)
    with one_thread() as there:
        options = ["--output", tmp_path / "out", "--cluster", there.scheduler_address, "--memory", 3000]
        assert main(command(*scenes, *options)[3:]) == 1
    told, missing = capsys.readouterr(), ", ".join(scene.name for scene in scenes[1:])
    [line] = [line for line in told.err.splitlines() if line.startswith("pitscape: ")]
    assert line.startswith(f"pitscape: 3 of 4 scenes are missing ({missing}): the scheduler was lost; start it.")
    assert told.out.splitlines() == [str(tmp_path / "out" / scenes[0].name)]
    assert begun == scenes[:2]


def test_another_scene_or_model_on_a_worker_is_refused(
    write_scene: SceneMaker, predictor: FilePredictor, tmp_path: Path
) -> None:
    scene = write_scene(stored_numbers(60, 60))
    seen = SameFiles.of([scene])
    seen.check()
    write_scene(stored_numbers(60, 60, seed=1))
    with pytest.raises(InputError, match=r"scene_20230709\.tif: is another file on .* than where the run was begun"):
        seen.check()
    scene.unlink()
    with pytest.raises(InputError, match=r"scene_20230709\.tif: .* cannot read it \(No such file or directory\)"):
        seen.check()
    model = ModelReference.of(predictor)
    assert held(model) is held(model)
    with pytest.raises(
        InputError, match=r"has onnxruntime .*, the run was begun with onnxruntime 0\.1; install the same"
    ):
        held(replace(model, runtime=("onnxruntime", "0.1")))
    with pytest.raises(InputError, match=r"day_one\.onnx: is another file on .* than where the run was begun"):
        held(replace(model, sha256=((model.path, "0" * 64),)))
    gone = tmp_path / "gone.onnx"
    with pytest.raises(InputError, match=r"gone\.onnx: .* has no such file"):
        held(replace(model, path=gone, sha256=((gone, "0" * 64),)))


@pytest.mark.slow
def test_a_scheduler_that_dies_is_told_and_a_rerun_with_another_does_what_is_missing(
    long_scene: Path, predictor: FilePredictor, tmp_path: Path
) -> None:
    output = tmp_path / "c.tif"
    predict_scene(long_scene, predictor, tmp_path / "alone.tif", options=TILED)
    predict_shard(long_scene, predictor, output, Shard(1, 9), options=TILED)  # blocks of 32 rows
    with _scheduler(tmp_path / "first") as (scheduler, address):
        run = subprocess.Popen(
            command(long_scene, "--output", output, "--resume", "--cluster", address), stderr=subprocess.PIPE, text=True
        )
        while len(written(parts_of(output))) < 14:
            assert run.poll() is None
            time.sleep(0.005)
        scheduler.kill()
        _, said = run.communicate(timeout=100)
    assert run.returncode == 1
    last = said.splitlines()[-1]
    assert re.fullmatch(
        rf"pitscape: {parts_of(output)}: \d+ of 82 blocks are missing \(.*\): the scheduler was lost; start it\. Go on with --resume\.",
        last,
    )
    assert len(said.splitlines()) == 2  # the other says that day_one is taken
    with _scheduler(tmp_path / "second") as (_, address), connected(address) as client:
        _resumed(client, long_scene, predictor, output, tmp_path / "alone.tif", TILED)


@contextmanager
def _scheduler(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A scheduler and a worker, each a process of its own."""
    folder.mkdir()
    told = folder / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    dask_command = [sys.executable, "-m", "dask"]
    here = ["--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0"]
    scheduler = subprocess.Popen([*dask_command, "scheduler", *here, "--port", "0", "--scheduler-file", told], **quiet)
    while not told.exists():
        assert scheduler.poll() is None
        time.sleep(0.05)
    address = json.loads(told.read_text())["address"]
    worker = subprocess.Popen([*dask_command, "worker", address, *here, "--nthreads", "1", "--no-nanny"], **quiet)
    try:
        yield scheduler, address
    finally:
        for process in (worker, scheduler):
            process.kill()
            process.wait()


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "pitscape", "predict", *map(str, arguments), "--tile", "64", "--overlap", "16"]


def test_scenes_are_mapped_from_the_command_line(
    predictor: FilePredictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths relative to the folder in which it is called; the first of the scenes does not fit."""
    monkeypatch.chdir(tmp_path)
    write_raster(tmp_path / "coarse_20230709.tif", stored_numbers(60, 60), bands=BANDS, side=60)
    for number in (1, 2):
        write_raster(tmp_path / f"s{number}_20230709.tif", stored_numbers(600, 80, seed=number), bands=BANDS)
        predict_scene(
            tmp_path / f"s{number}_20230709.tif",
            predictor,
            tmp_path / "a" / f"s{number}_20230709.tif",
            options=RunOptions(tile=64, overlap=16),
        )
    scenes = ["coarse_20230709.tif", "s1_20230709.tif", "s2_20230709.tif"]
    run = subprocess.run(
        command(*scenes, "--output", "b/", "--cluster", "local:2"), capture_output=True, text=True, check=False
    )
    (tmp_path / "b").mkdir(exist_ok=True)
    assert run.returncode == 1
    lines = run.stderr.splitlines()
    assert [line for line in lines if line.startswith("pitscape: ")] == [
        "pitscape: coarse_20230709.tif: has pixels of 60 m, the model was trained at 10 m; resample it.",
        "pitscape: 1 of 3 scenes were not mapped; the others are in b.",
    ]
    assert len(lines) == 5
    same_files(tmp_path / "a", tmp_path / "b")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--shard", "1/2"], "--shard 1/2: with --cluster tasks are shared out already; leave it out."),
        (["--threads", "3"], "--threads 3: with --cluster workers bring their own; leave it out."),
        (["--memory", "150"], "--memory 150: is too little for tiles of 64 px; give at least 2"),
    ],
)
def test_options_without_a_meaning_on_a_cluster_are_refused(
    options: list[str], problem: str, write_scene: SceneMaker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from pitscape.cli import main

    given = command(
        write_scene(stored_numbers(60, 60)), "--output", tmp_path / "c.tif", "--cluster", "local:1", *options
    )
    assert main(given[3:]) == 2
    assert problem in capsys.readouterr().err
    assert not (tmp_path / "c.tif").exists()


def test_without_dask_the_extra_is_named(
    write_scene: SceneMaker, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from pitscape.cli import main

    monkeypatch.setitem(sys.modules, "distributed", None)
    given = command(write_scene(stored_numbers(60, 60)), "--output", tmp_path / "c.tif", "--cluster", "local:1")
    assert main(given[3:]) == 2
    assert capsys.readouterr().err.endswith("--cluster local:1: needs pip install 'pitscape[cluster]'.\n")
