import hashlib
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
from filelock import FileLock
from numpy.typing import NDArray
from rasterio.shutil import copy
from small_scenes import BANDS, SceneMaker, grid, stored_numbers, write_raster

from pitscape.imagery import known_hashes
from pitscape.imagery.class_map import open_class_map
from pitscape.imagery.errors import InputError, PitscapeError, UnwrittenError
from pitscape.imagery.outputs import sha256_of
from pitscape.imagery.reading import Reading
from pitscape.inference import assembly
from pitscape.inference.assembly import assemble, listed
from pitscape.inference.lock import Shard, holding
from pitscape.inference.parts import Parts, open_parts
from pitscape.inference.parts_folder import parts_of
from pitscape.inference.predictor import OnnxPredictor
from pitscape.inference.run_options import Outputs, RunOptions
from pitscape.inference.scene_run import merge, predict_scene, predict_shard


@pytest.fixture
def predictor(model: Path) -> OnnxPredictor:
    return OnnxPredictor(model, threads=1)


def map_of(path: Path) -> NDArray[np.uint8]:
    with open_class_map(path) as classes:
        return classes.read()


def test_a_scene_becomes_a_class_map_with_its_record(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path
) -> None:
    stored = stored_numbers(70, 45)
    stored[:, 10:20, 5:9] = 0
    scene, output, told = write_scene(stored, "mine_20190601.tif"), tmp_path / "out" / "classes.tif", []
    record = predict_scene(scene, predictor, output, progress=lambda done, total: told.append((done, total)))
    ids = map_of(output)
    np.testing.assert_array_equal(ids == 255, (stored == 0).all(axis=0))
    assert ids[ids != 255].max() <= 3
    assert told == [(n + 1, len(told)) for n in range(len(told))]
    assert record["added_offset"] == 1000
    assert json.loads((tmp_path / "out" / "classes.tif.json").read_text()) == json.loads(json.dumps(record))
    names = {"classes.tif", "classes.tif.aux.xml", "classes.tif.json"}
    assert {p.name for p in output.parent.iterdir()} == names
    with rasterio.open(output) as dataset, rasterio.open(scene) as source:
        assert dataset.transform == source.transform
        assert dataset.crs == source.crs


def test_the_map_is_what_onnxruntime_says_of_the_whole_scene(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path
) -> None:
    stored = stored_numbers(60, 80)
    output = tmp_path / "classes.tif"
    predict_scene(write_scene(stored), predictor, output, options=RunOptions(tile=100))
    whole = predictor.probabilities(stored[None].astype(np.float32))[0].argmax(axis=0)
    np.testing.assert_array_equal(map_of(output), whole)


TILED = {"tile": 32, "overlap": 8}


@pytest.mark.parametrize(
    "options",
    [
        {"threads": 1},
        {"threads": 4},
        {"batch": 8, "threads": 2},
        {"block_rows": 7},
        {"block_rows": 40, "threads": 3, "batch": 2},
    ],
)
def test_whoever_does_the_work_gives_the_same_bytes(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path, options: dict[str, int]
) -> None:
    scene = write_scene(stored_numbers(130, 140))
    for name, how in (("a", {"threads": 1}), ("b", options)):
        predict_scene(scene, predictor, _everything(tmp_path / name), options=RunOptions(**TILED, **how))
    _same_files(tmp_path / "a", tmp_path / "b")


def test_strips_of_any_width_give_the_same_bytes(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path
) -> None:
    """Memory for so few columns that the scene is cut from top to bottom."""
    scene, told = write_scene(stored_numbers(70, 9000)), []
    predict_scene(
        scene,
        predictor,
        Outputs(tmp_path / "a" / "c.tif", valid=tmp_path / "a" / "v.tif"),
        options=RunOptions(**TILED, threads=1),
    )
    tight = RunOptions(**TILED, threads=1, memory_mb=260)
    predict_scene(
        scene,
        predictor,
        Outputs(tmp_path / "b" / "c.tif", valid=tmp_path / "b" / "v.tif"),
        options=tight,
        progress=lambda _, n: told.append(n),
    )
    _same_files(tmp_path / "a", tmp_path / "b")
    assert told[-1] > 3 * 375  # tiles at the borders of strips are predicted twice
    with pytest.raises(InputError, match=r"--memory 201: is too little for tiles of 32 px; give at least \d+ MB"):
        predict_scene(scene, predictor, tmp_path / "c.tif", options=RunOptions(**TILED, memory_mb=201))


def test_shards_in_any_order_give_the_same_bytes(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path
) -> None:
    scene, options = write_scene(stored_numbers(130, 60)), RunOptions(**TILED, block_rows=16)
    predict_scene(scene, predictor, _everything(tmp_path / "a"), options=RunOptions(**TILED))
    outputs = _everything(tmp_path / "b")
    folder = parts_of(outputs.classes)
    missing = [predict_shard(scene, predictor, outputs, Shard(n, 3), options=options) for n in (3, 1)]
    assert missing == [6, 3]
    with pytest.raises(InputError, match=r"lacks 3 of 9 blocks \(3, 4, 5\); go on with"):
        merge(folder)
    assert predict_shard(scene, predictor, outputs, Shard(2, 3), options=options) == 0
    merge(folder)
    _same_files(tmp_path / "a", tmp_path / "b")


def test_a_shard_of_something_else_is_refused(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path
) -> None:
    scene, output = write_scene(stored_numbers(130, 60)), tmp_path / "c.tif"
    predict_shard(scene, predictor, output, Shard(1, 2), options=RunOptions(**TILED))
    with pytest.raises(InputError, match="was begun with another overlap"):
        predict_shard(scene, predictor, output, Shard(2, 2), options=RunOptions(tile=32, overlap=4))
    with pytest.raises(InputError, match="was begun with another tta"):
        predict_shard(scene, predictor, output, Shard(2, 2), options=RunOptions(**TILED, tta=True))
    with pytest.raises(InputError, match="give I/N with 1 <= I <= N"):
        Shard(4, 3)


def test_two_runs_to_one_output_do_not_meet(write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path) -> None:
    scene, output = write_scene(stored_numbers(40, 40)), tmp_path / "c.tif"
    with holding(parts_of(output)):
        for attempt in (predict_scene, lambda *a: predict_shard(*a, Shard(1, 2))):
            with pytest.raises(InputError, match=r"c\.tif\.parts: another process is writing there"):
                attempt(scene, predictor, output)
    with holding(parts_of(output), Shard(1, 2)):
        predict_shard(scene, predictor, output, Shard(2, 2))
        for attempt in (predict_scene, lambda *a: predict_shard(*a, Shard(1, 2)), lambda *_: merge(parts_of(output))):
            with pytest.raises(InputError, match="another process is writing there"):
                attempt(scene, predictor, output)
    predict_scene(scene, predictor, output)
    assert not parts_of(output).exists()


def _everything(folder: Path) -> Outputs:
    names = {name: folder / f"{name}.tif" for name in ("probabilities", "confidence", "entropy", "valid")}
    return Outputs(folder / "classes.tif", **names, polygons=folder / "polygons.gpkg")


def _same_files(one: Path, other: Path) -> None:
    assert sorted(p.name for p in one.iterdir()) == sorted(p.name for p in other.iterdir())
    for path in one.iterdir():
        assert path.read_bytes() == (other / path.name).read_bytes(), path.name


def test_layers_say_how_sure_the_network_is(write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path) -> None:
    stored = stored_numbers(40, 50)
    stored[:, :5, :7] = 0
    outputs = _everything(tmp_path / "out")
    record = predict_scene(write_scene(stored), predictor, outputs, options=RunOptions(tile=64))
    whole = predictor.probabilities(stored[None].astype(np.float32))[0].astype(np.float64)
    seen = (stored != 0).all(axis=0)
    found = {}
    for name, path in outputs.paths.items():
        if path.suffix == ".tif":
            with rasterio.open(path) as dataset:
                found[name] = dataset.read()
                assert dataset.nodata == 255
                assert (found[name][:, ~seen] == 255).all()
                if name == "probabilities":
                    assert dataset.descriptions[0] == "probability of mined"
                if name != "classes":
                    assert dataset.scales[0] == 1 / 250
                    assert dataset.overviews(1) == []
    np.testing.assert_array_equal(found["classes"][0][seen], whole.argmax(axis=0)[seen])
    np.testing.assert_array_equal(found["probabilities"][:, seen], np.rint(250 * whole[:, seen]))
    np.testing.assert_array_equal(found["confidence"][0, seen], np.rint(250 * whole.max(axis=0)[seen]))
    bits = -(whole * np.log2(whole)).sum(axis=0) / 2
    assert np.abs(found["entropy"][0, seen].astype(int) - np.rint(250 * bits[seen])).max() <= 1
    np.testing.assert_array_equal(found["valid"][0, seen], round(250 * (2000 - 35) / 2000))
    assert record["observed_share"] == pytest.approx((2000 - 35) / 2000)


def test_a_minimum_mapping_unit_leaves_no_smaller_patch(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path
) -> None:
    scene = write_scene(stored_numbers(90, 80))
    plain, sieved = Outputs(tmp_path / "a.tif"), Outputs(tmp_path / "b.tif", polygons=tmp_path / "b.gpkg")
    predict_scene(scene, predictor, plain)
    predict_scene(scene, predictor, sieved, options=RunOptions(sieve_ha=0.1))
    assert (map_of(plain.classes) != map_of(sieved.classes)).any()
    assert geopandas.read_file(sieved.polygons, layer="classes")["cells"].min() >= 10
    assert {p.name for p in tmp_path.iterdir()} >= {"a.tif", "b.tif"}
    assert not list(tmp_path.glob(".*"))


def test_a_class_bias_of_the_card_moves_the_choice(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = write_scene(stored_numbers(40, 40))
    monkeypatch.setattr(predictor, "_card", predictor.card.model_copy(update={"class_bias": (0.0, 0.0, 0.0, 9.0)}))
    predict_scene(scene, predictor, tmp_path / "c.tif")
    assert (map_of(tmp_path / "c.tif") == 3).all()


def test_the_map_of_a_turned_scene_is_the_turned_map_with_all_symmetries(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path
) -> None:
    stored, options = stored_numbers(48, 64), RunOptions(tile=100, tta=True)
    shares = []
    for name, pixels in (("a", stored), ("b", np.rot90(stored, axes=(1, 2))), ("c", stored[:, :, ::-1])):
        outputs = Outputs(tmp_path / f"{name}.tif", probabilities=tmp_path / f"{name}_p.tif")
        predict_scene(
            write_scene(np.ascontiguousarray(pixels), f"{name}_20230709.tif"), predictor, outputs, options=options
        )
        with rasterio.open(outputs.probabilities) as dataset:
            shares.append(dataset.read().astype(int))
    assert np.abs(shares[1] - np.rot90(shares[0], axes=(1, 2))).max() <= 1
    assert np.abs(shares[2] - shares[0][:, :, ::-1]).max() <= 1


def test_a_failing_network_leaves_the_earlier_map(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, output = write_scene(stored_numbers(90, 40)), tmp_path / "out" / "c.tif"
    predict_scene(scene, predictor, output)
    before = output.read_bytes()
    monkeypatch.setattr(predictor, "probabilities", lambda _: 1 / 0)
    with pytest.raises(PitscapeError, match="the tile at row 0, column 0 failed: division by zero"):
        predict_scene(scene, predictor, output)
    assert output.read_bytes() == before
    monkeypatch.undo()
    predict_scene(scene, predictor, output)
    assert not (tmp_path / "out" / "c.tif.parts").exists()


def test_a_tile_that_fails_is_unobserved_and_listed_where_that_is_allowed(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored, network = stored_numbers(100, 40), predictor.probabilities
    stored[0, 50, 20] = 1

    def fail(given: NDArray[np.float32]) -> NDArray[np.float32]:
        return given[:, :4] * np.nan if (given == 1).any() else network(given)

    monkeypatch.setattr(predictor, "probabilities", fail)
    options = RunOptions(tile=40, overlap=0, skip_failed=True, block_rows=10)
    record = predict_scene(write_scene(stored), predictor, tmp_path / "c.tif", options=options)
    assert [each["area"] for each in record["failed_tiles"]] == [{"top": 40, "bottom": 80, "left": 0, "right": 40}]
    assert "not finite" in record["failed_tiles"][0]["reason"]
    lost = map_of(tmp_path / "c.tif") == 255
    np.testing.assert_array_equal(lost.all(axis=1), [40 <= row < 80 for row in range(100)])
    assert record["observed_share"] == pytest.approx(0.6)


def test_a_disk_that_fills_ends_the_run_in_one_line_and_it_goes_on_later(
    write_scene: SceneMaker, model: Path, tmp_path: Path
) -> None:
    """A limit on the size of files stands for the full disk: writing fails in the same way, at other bytes."""
    scene, output = write_scene(stored_numbers(300, 300)), tmp_path / "c.tif"
    predict_scene(scene, OnnxPredictor(model), tmp_path / "whole.tif")
    command = [sys.executable, "-m", "pitscape", "predict", str(scene), "--model", str(model), "--output", str(output)]
    for limit in (1_000, 5_000, 20_000):

        def limited(limit: int = limit) -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        run = subprocess.run([*command, "--resume"], capture_output=True, text=True, preexec_fn=limited, check=False)
        assert run.returncode == 1, run.stderr
        assert len(run.stderr.strip().splitlines()) == 1
        assert "cannot be written" in run.stderr
        assert not output.exists()
    subprocess.run([*command, "--resume"], check=True, capture_output=True)
    assert output.read_bytes() == (tmp_path / "whole.tif").read_bytes()


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """A limit on the size of files stands for the full disk."""
    limits, before = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)


@pytest.mark.parametrize("shard", [None, Shard(1, 1)])
def test_a_full_disk_names_the_blocks_that_are_missing_and_only_these_are_mapped_then(
    shard: Shard | None, write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path
) -> None:
    """Blocks of noise are greater than the manifest and than empty ones: those of rows 160 to 288 take 4.2 kB, others 1.8 at most."""
    stored, output, options = stored_numbers(300, 500), tmp_path / "c.tif", RunOptions(block_rows=32, threads=1)
    stored[:, :150] = 0
    scene = write_scene(stored)
    predict_scene(scene, predictor, tmp_path / "whole.tif", options=options)

    def run(options: RunOptions) -> None:
        if shard:
            predict_shard(scene, predictor, output, shard, options=options)
        else:
            predict_scene(scene, predictor, output, options=options)

    with files_up_to(4000), pytest.raises(UnwrittenError) as full:
        run(options)
    missing = open_parts(parts_of(output)).missing()
    assert missing in ([5, 6, 7, 8], [5, 6, 7, 8, 9])
    assert re.fullmatch(
        rf".*block_000005\.tif: cannot be written .*; make room and run it again\. Blocks {listed(missing)} are missing "
        rf"\({len(missing)} of 10\); the same command with --resume maps these alone\.",
        str(full.value),
    )
    names = [f"block_{number:06d}.json" for number in range(10) if number not in missing]
    before = [(parts_of(output) / name).stat().st_mtime_ns for name in names]
    predict_shard(scene, predictor, output, Shard(1, 1), options=options)
    assert [(parts_of(output) / name).stat().st_mtime_ns for name in names] == before
    predict_scene(scene, predictor, output, options=replace(options, resume=True))
    assert output.read_bytes() == (tmp_path / "whole.tif").read_bytes()


def test_a_disk_that_has_room_for_all_blocks_alone_says_that_they_are_there(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, output, options = write_scene(stored_numbers(300, 200)), tmp_path / "c.tif", RunOptions(block_rows=32)
    predict_scene(scene, predictor, tmp_path / "whole.tif", options=options)
    message = r"c\.tif\.parts: all blocks are there, but they were not joined: .*c\.tif: cannot be written .* Go on with --resume"
    with (
        files_up_to((tmp_path / "whole.tif").stat().st_size // 2),
        pytest.raises(UnwrittenError, match=message),
    ):
        predict_scene(scene, predictor, output, options=options)
    monkeypatch.setattr(predictor, "probabilities", None)
    predict_scene(scene, predictor, output, options=replace(options, resume=True))
    assert output.read_bytes() == (tmp_path / "whole.tif").read_bytes()


def test_a_disk_that_fills_anywhere_leaves_a_whole_map_or_none(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path
) -> None:
    """At every tenth of two outputs: GDAL itself does not always tell."""
    scene, whole = write_scene(stored_numbers(300, 280)), Outputs(tmp_path / "a.tif", polygons=tmp_path / "a.gpkg")
    predict_scene(scene, predictor, whole)
    predict_shard(scene, predictor, Outputs(tmp_path / "b.tif", polygons=tmp_path / "b.gpkg"), Shard(1, 1))
    parts, output = open_parts(tmp_path / "b.tif.parts"), tmp_path / "b.tif"
    sizes = [whole.classes.stat().st_size, whole.polygons.stat().st_size]
    failed = 0
    for limit in sorted(int(size * n / 20) for size in sizes for n in range(1, 21, 2)):
        with files_up_to(limit):
            failed += not _assembled(parts)
        if output.exists():
            assert output.read_bytes() == whole.classes.read_bytes()
    assert failed > 10
    assert len(parts.missing()) == 0
    merge(parts.folder)
    assert (tmp_path / "b.gpkg").read_bytes() == whole.polygons.read_bytes()


def _assembled(parts: Parts) -> bool:
    """Whether it went well; else it says that the disk is full."""
    try:
        assemble(parts)
    except PitscapeError as error:
        if "cannot be written" not in str(error):
            raise
        return False
    return True


def test_what_decides_the_result_must_be_the_same_on_resuming(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, output = write_scene(stored_numbers(90, 40), bands=None), tmp_path / "c.tif"
    right = Reading(stored_bands=BANDS)
    monkeypatch.setattr(predictor, "probabilities", lambda _: 1 / 0)
    with pytest.raises(PitscapeError):
        predict_scene(scene, predictor, output, options=RunOptions(reading=Reading(stored_bands=BANDS[::-1])))
    monkeypatch.undo()
    with pytest.raises(InputError, match="was begun with another stored_bands"):
        predict_scene(scene, predictor, output, options=RunOptions(reading=right, resume=True))
    predict_scene(scene, predictor, output, options=RunOptions(reading=right))


def test_a_virtual_scene_is_known_by_its_sources(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path
) -> None:
    tile = write_scene(stored_numbers(40, 40), "tile.tif")
    virtual, output = tmp_path / "mosaic_20230709.vrt", tmp_path / "c.tif"
    copy(tile, virtual, driver="VRT")
    first = predict_scene(virtual, predictor, output)
    assert list(first["with_it_sha256"]) == ["tile.tif"]
    before = output.read_bytes()
    write_scene(stored_numbers(40, 40, seed=1), "tile.tif")
    predict_scene(virtual, predictor, output, options=RunOptions(resume=True))
    assert output.read_bytes() != before
    with pytest.raises(InputError, match=r"tile\.tif: is an input of this run"):
        predict_scene(virtual, predictor, tile)


def test_a_record_never_speaks_of_another_map(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A is mapped; B to the same output dies after its map is in place; A with --resume is mapped again."""
    a, b = (write_scene(stored_numbers(40, 40, seed=n), f"s{n}_20230709.tif") for n in (1, 2))
    output = tmp_path / "c.tif"
    predict_scene(a, predictor, output)
    of_a = output.read_bytes()
    with monkeypatch.context() as dying:
        dying.setattr(assembly, "write_json", _die)
        with pytest.raises(KeyboardInterrupt):
            predict_scene(b, predictor, output)
    assert output.read_bytes() != of_a
    assert not (tmp_path / "c.tif.json").exists()
    with pytest.raises(InputError, match="was begun with another scene"):
        predict_scene(a, predictor, output, options=RunOptions(resume=True))
    predict_scene(a, predictor, output)
    assert output.read_bytes() == of_a


def test_tiles_that_failed_are_mapped_on_resuming_without_the_leave(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, output = write_scene(stored_numbers(90, 40)), tmp_path / "c.tif"
    predict_scene(scene, predictor, tmp_path / "whole.tif", options=RunOptions(**TILED))
    network, calls = predictor.probabilities, []
    with monkeypatch.context() as once:
        once.setattr(
            predictor, "probabilities", lambda x: (calls.append(1), network(x) if len(calls) > 2 else 1 / 0)[1]
        )
        record = predict_scene(scene, predictor, output, options=RunOptions(**TILED, threads=1, skip_failed=True))
    assert len(record["failed_tiles"]) == 2
    record = predict_scene(scene, predictor, output, options=RunOptions(**TILED, resume=True))
    assert record["failed_tiles"] == []
    assert output.read_bytes() == (tmp_path / "whole.tif").read_bytes()


def test_files_of_the_user_in_a_folder_of_parts_stay(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path
) -> None:
    scene, output = write_scene(stored_numbers(40, 40)), tmp_path / "c.tif"
    predict_shard(scene, predictor, output, Shard(1, 1))
    for name in ("thesis.docx", "poetry.lock"):
        mine = parts_of(output) / name
        mine.write_text("years of work")
        with pytest.raises(InputError, match=f"holds {name}, which is no part of a run"):
            merge(parts_of(output))
        assert mine.read_text() == "years of work"
        mine.unlink()
    merge(parts_of(output))


def test_an_output_that_is_a_link_is_replaced_where_it_lies(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path
) -> None:
    (tmp_path / "maps").mkdir()
    real, link = tmp_path / "maps" / "real.tif", tmp_path / "out" / "latest.tif"
    link.parent.mkdir()
    real.write_text("an older map")
    link.symlink_to(real)
    predict_scene(write_scene(stored_numbers(40, 40)), predictor, link)
    assert real.read_text() == "an older map"
    assert not (tmp_path / "out" / "real.tif").exists()
    assert map_of(link).shape == (40, 40)


def test_shards_may_begin_at_once(write_scene: SceneMaker, model: Path, tmp_path: Path) -> None:
    scene, output = write_scene(stored_numbers(130, 60)), tmp_path / "c.tif"
    predict_scene(scene, OnnxPredictor(model), tmp_path / "whole.tif", options=RunOptions(**TILED))

    def shard(number: int) -> int:
        options = RunOptions(**TILED, block_rows=8 * number, memory_mb=700 + 300 * number)
        return predict_shard(scene, OnnxPredictor(model), output, Shard(number, 4), options=options)

    with ThreadPoolExecutor(4) as pool:
        assert min(pool.map(shard, range(1, 5))) == 0
    merge(parts_of(output))
    assert output.read_bytes() == (tmp_path / "whole.tif").read_bytes()


def test_a_shard_hashes_nothing_while_others_wait(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 500 shards, each reads the scene; one after another they would wait longer than they may."""
    scene, output, hashed = write_scene(stored_numbers(130, 60)), tmp_path / "c.tif", list[str]()

    def sha256(path: Path) -> str:
        with FileLock(parts_of(output) / "begin.lock", timeout=0):
            hashed.append(path.name)
        return sha256_of(path)

    monkeypatch.setattr(known_hashes, "sha256_of", sha256)
    for number in (1, 2):
        known_hashes._read.cache_clear()
        predict_shard(scene, predictor, output, Shard(number, 2), options=RunOptions(**TILED))
    assert hashed == 2 * [scene.name, predictor.path.name]
    assert merge(parts_of(output))["scene_sha256"] == hashlib.sha256(scene.read_bytes()).hexdigest()


def test_a_file_that_has_changed_is_hashed_anew(tmp_path: Path) -> None:
    path = tmp_path / "scene.tif"
    for content in (b"one", b"two"):
        path.with_name("new").write_bytes(content)
        path.with_name("new").replace(path)
        os.utime(path, ns=(1, 1))  # as a copy that keeps the time
        assert known_hashes.known_sha256(path) == hashlib.sha256(content).hexdigest()


def test_a_scene_that_declares_more_than_the_disk_holds_is_refused(predictor: OnnxPredictor, tmp_path: Path) -> None:
    giant = tmp_path / "giant_20230709.tif"
    profile = {"driver": "GTiff", "height": 20_000_000, "width": 20_000_000, "count": 10, "dtype": "uint16"}
    layout = {"tiled": True, "blockxsize": 4096 * 16, "blockysize": 4096 * 16, "sparse_ok": True, "bigtiff": "yes"}
    with rasterio.open(giant, "w", **profile, **layout, crs="EPSG:32633", transform=grid(1, 1).affine) as dataset:
        dataset.descriptions = BANDS
    with pytest.raises(InputError, match=r"has 20000000 x 20000000 px, whose map may take 2\d+\.0 GB; .* are free"):
        predict_scene(giant, predictor, tmp_path / "out" / "c.tif")
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("shape", [(1, 1), (1, 90), (90, 1), (5, 7), (33, 31)])
@pytest.mark.parametrize("dtype", ["uint16", "int16", "float32"])
def test_scenes_of_any_size_and_type_are_mapped(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path, shape: tuple[int, int], dtype: str
) -> None:
    stored = stored_numbers(*shape)
    predict_scene(write_scene(stored.astype(dtype)), predictor, tmp_path / "c.tif")
    whole = predictor.probabilities(stored[None].astype(np.float32))[0].argmax(axis=0)
    np.testing.assert_array_equal(map_of(tmp_path / "c.tif"), whole)


def test_nan_in_the_middle_hides_its_pixel_alone(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path
) -> None:
    stored = stored_numbers(50, 60).astype(np.float32)
    stored[3, 20, 30] = np.nan
    predict_scene(write_scene(stored), predictor, tmp_path / "c.tif")
    assert np.argwhere(map_of(tmp_path / "c.tif") == 255).tolist() == [[20, 30]]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"bands": (*BANDS[:9], "B99")}, "lacks band B12"),
        ({"side": 30.0}, "pixels of 30 m, the model was trained at 10 m"),
        ({"crs": "EPSG:4326", "side": 0.0001}, "is not on a grid in metres"),
        ({"crs": None}, "no coordinate reference system"),
    ],
)
def test_scenes_that_do_not_fit_the_card_are_refused(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path, change: dict[str, object], problem: str
) -> None:
    scene = write_scene(stored_numbers(20, 20), **change)
    with pytest.raises(InputError, match=problem):
        predict_scene(scene, predictor, tmp_path / "out" / "c.tif")
    assert not list((tmp_path / "out").iterdir())


def test_the_scene_itself_is_never_overwritten(write_scene: SceneMaker, predictor: OnnxPredictor) -> None:
    scene = write_scene(stored_numbers(20, 20))
    before = scene.read_bytes()
    with pytest.raises(InputError, match="is an input of this run"):
        predict_scene(scene, predictor, scene)
    assert scene.read_bytes() == before


@pytest.mark.parametrize("name", ["thesis.docx", "best_map.tif", "notes.json"])
def test_a_folder_that_is_no_runs_is_not_touched(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path, name: str
) -> None:
    mine = tmp_path / "c.tif.parts" / name
    mine.parent.mkdir()
    mine.write_text("years of work")
    with pytest.raises(InputError, match=f"holds {name}, which is no part of a run"):
        predict_scene(write_scene(stored_numbers(20, 20)), predictor, tmp_path / "c.tif")
    assert [path.name for path in mine.parent.iterdir()] == [name]
    assert mine.read_text() == "years of work"


def test_outputs_that_are_one_file_are_refused(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path
) -> None:
    outputs = Outputs(tmp_path / "c.tif", entropy=tmp_path / "x" / ".." / "c.tif")
    with pytest.raises(InputError, match="is named for classes and another output"):
        predict_scene(write_scene(stored_numbers(20, 20)), predictor, outputs)


def test_parts_that_were_changed_or_lost_are_noticed(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path
) -> None:
    scene, output = write_scene(stored_numbers(90, 40)), tmp_path / "c.tif"
    predict_scene(scene, predictor, tmp_path / "whole.tif", options=RunOptions(block_rows=30))
    predict_shard(scene, predictor, output, Shard(1, 1), options=RunOptions(block_rows=30))
    blocks = sorted(parts_of(output).glob("*.tif"))
    assert len(blocks) == 3
    blocks[1].write_bytes(blocks[0].read_bytes())
    with pytest.raises(InputError, match=r"lacks 1 of 3 blocks \(1\)"):
        assemble(open_parts(parts_of(output)))
    assert predict_shard(scene, predictor, output, Shard(1, 1), options=RunOptions(block_rows=30)) == 0
    merge(parts_of(output))
    assert output.read_bytes() == (tmp_path / "whole.tif").read_bytes()
    parts_of(output).mkdir()
    with pytest.raises(InputError, match="holds no parts of a run"):
        merge(parts_of(output))
    with pytest.raises(InputError, match=r"is no folder of parts; name the OUT\.parts"):
        merge(tmp_path)


def test_a_stopped_run_goes_on_and_gives_the_same_bytes(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped after each number of calls of the network in turn; what is finished is not mapped again."""
    scene, network, calls = write_scene(stored_numbers(120, 40)), predictor.probabilities, []
    options = {**TILED, "threads": 1, "block_rows": 8}
    predict_scene(scene, predictor, tmp_path / "whole.tif", options=RunOptions(**options))

    def counted(stored: NDArray[np.float32]) -> NDArray[np.float32]:
        calls.append(len(stored))
        if len(calls) == last:
            raise KeyboardInterrupt
        return network(stored)

    monkeypatch.setattr(predictor, "probabilities", counted)
    for last in range(1, 11):
        calls.clear()
        output = tmp_path / f"{last}.tif"
        with pytest.raises(KeyboardInterrupt):
            predict_scene(scene, predictor, output, options=RunOptions(**options))
        predict_scene(scene, predictor, output, options=RunOptions(**options, resume=True, memory_mb=900))
        assert output.read_bytes() == (tmp_path / "whole.tif").read_bytes()
        assert not output.with_name(output.name + ".parts").exists()
    assert len(calls) < 10 + 10  # ten until it stopped, and less than all ten again


@pytest.mark.parametrize("step", ["_write_classes", "_write_shares", "_write_polygons", "write_json"])
def test_a_run_that_dies_while_its_outputs_are_made_goes_on(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    scene = write_scene(stored_numbers(60, 40))
    predict_scene(scene, predictor, _everything(tmp_path / "a"))
    with monkeypatch.context() as dying:
        dying.setattr(assembly, step, _die)
        with pytest.raises(KeyboardInterrupt):
            predict_scene(scene, predictor, _everything(tmp_path / "b"))
    (tmp_path / "b" / ".classes.0a1b2c3d.tif").write_text("left by a run that was killed")
    monkeypatch.setattr(predictor, "probabilities", None)
    predict_scene(scene, predictor, _everything(tmp_path / "b"), options=RunOptions(resume=True))
    _same_files(tmp_path / "a", tmp_path / "b")


def _die(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_finished_map_is_left_as_it_is(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, output = write_scene(stored_numbers(40, 40)), tmp_path / "c.tif"
    record = predict_scene(scene, predictor, output)
    monkeypatch.setattr(predictor, "probabilities", None)
    assert predict_scene(scene, predictor, output, options=RunOptions(resume=True)) == json.loads(json.dumps(record))


def test_another_input_is_not_gone_on_with(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, output = write_scene(stored_numbers(90, 40)), tmp_path / "c.tif"
    monkeypatch.setattr(predictor, "probabilities", lambda _: (_ for _ in ()).throw(RuntimeError))
    with pytest.raises(PitscapeError):
        predict_scene(scene, predictor, output)
    monkeypatch.undo()
    with pytest.raises(InputError, match=r"c\.tif\.parts: was begun with another tile; give the same again"):
        predict_scene(scene, predictor, output, options=RunOptions(resume=True, tile=40))
    write_scene(stored_numbers(90, 40, seed=1))
    with pytest.raises(InputError, match="was begun with another scene_sha256"):
        predict_scene(scene, predictor, output, options=RunOptions(resume=True))


def test_a_killed_run_goes_on(write_scene: SceneMaker, model: Path, tmp_path: Path) -> None:
    """Killed again and again, each time after one more block; the locks of the dead hold nobody up."""
    scene, output = write_scene(stored_numbers(6000, 64)), tmp_path / "c.tif"
    command = [sys.executable, "-m", "pitscape", "predict", str(scene), "--model", str(model), "--threads", "2"]
    predict_scene(scene, OnnxPredictor(model), tmp_path / "whole.tif")
    for blocks in (1, 3, 5):
        run = subprocess.Popen([*command, "--output", str(output), "--resume"])
        while run.poll() is None and len(list(tmp_path.glob("c.tif.parts/block*.json"))) < blocks:
            time.sleep(0.01)
        run.kill()
        assert run.wait() == -signal.SIGKILL
        assert not output.exists()
    subprocess.run([*command, "--output", str(output), "--resume"], check=True, capture_output=True)
    assert output.read_bytes() == (tmp_path / "whole.tif").read_bytes()


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "m.onnx"
    text.write_text("no")
    with pytest.raises(InputError, match="is not an ONNX model"):
        OnnxPredictor(text)
    with pytest.raises(InputError, match="no such file"):
        OnnxPredictor(tmp_path / "none.onnx")


def test_a_scene_of_which_nothing_was_observed_is_refused(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path
) -> None:
    scene = write_scene(np.zeros((10, 40, 40), np.uint16))
    with pytest.raises(InputError, match=r"no pixel of it was observed; check nodata, clouds and mask"):
        predict_scene(scene, predictor, tmp_path / "out" / "classes.tif")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_mask_hides_land_and_stands_in_the_record(
    write_scene: SceneMaker, predictor: OnnxPredictor, tmp_path: Path
) -> None:
    codes = np.zeros((1, 25, 25), np.uint8)
    codes[0, :5] = 1
    mask = write_raster(tmp_path / "clouds.tif", codes, side=20)
    options = RunOptions(reading=Reading(mask=mask))
    record = predict_scene(write_scene(stored_numbers(50, 50)), predictor, tmp_path / "classes.tif", options=options)
    hidden = map_of(tmp_path / "classes.tif") == 255
    assert hidden[:10].all()
    assert not hidden[10:].any()
    assert record["mask"] == "clouds.tif"
    assert record["sensor"] == "sentinel2_l2a, as the caller says"
