"""Areas by zone on workers: the same to the last bit, whoever dies; what is missing is told, and only that is done again."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely
from dying_workers import die_in_batch
from hypothesis import given
from hypothesis import strategies as st
from loopback_cluster import loopback_cluster
from rasterio.shutil import copy as copy_raster
from shapely.geometry import Point, box
from small_scenes import grid

from pitscape.cli import main
from pitscape.imagery.class_map import ClassMap, open_class_map, save_class_map
from pitscape.imagery.errors import PitscapeError
from pitscape.imagery.legend import load_legend
from pitscape.imagery.outputs import make_folder, sha256_of
from pitscape.imagery.share_map import new_share_map
from pitscape.inference.areas.coverage import Coverage, Edges
from pitscape.inference.areas.proportions import ALL, ClassArea, class_areas
from pitscape.inference.areas.sums import Sums, batches
from pitscape.inference.areas.tally import windows
from pitscape.inference.areas.zone_file import read_zone_file, write_zone_file
from pitscape.inference.areas.zones import Zone
from pitscape.inference.cluster import zonal
from pitscape.inference.cluster.tasks import Outcome, run_tasks
from pitscape.inference.cluster.workers import ClusterLostError
from pitscape.inference.cluster.zonal import shared_class_areas
from pitscape.inference.lock import holding

if TYPE_CHECKING:
    from distributed import Client

SHAPE = (512 * 40, 50)
"""Three batches, the last one smaller."""


@pytest.fixture(scope="module")
def client() -> Iterator["Client"]:
    with loopback_cluster(2) as found:
        yield found


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A map of random land with some that was not observed, and its probabilities."""
    folder, random = tmp_path_factory.mktemp("map"), np.random.default_rng(0)
    ids = random.integers(0, 5, SHAPE).astype(np.uint8)
    ids[ids == 4] = 255
    save_class_map(folder / "map_20240701.tif", ids, grid(*SHAPE), load_legend())
    with new_share_map(folder / "p.tif", grid(*SHAPE), load_legend().names) as write:
        write(0, 0, random.integers(0, 63, (4, *SHAPE)).astype(np.uint8))
    return folder


@pytest.fixture
def land(material: Path) -> Iterator[ClassMap]:
    with open_class_map(material / "map_20240701.tif") as classes:
        yield classes


def zones_of(land: ClassMap) -> list[Zone]:
    """Discs that overlap, over all batches, one half outside; all of the map; one without land; one elsewhere."""
    west, south, east, north = land.grid.extent.boundingbox
    random = np.random.default_rng(1)
    discs = [Point(random.uniform(west, east), random.uniform(south, north)).buffer(900) for _ in range(12)]
    others = [None, box(west - 50, south - 300, east - 3.3, north + 77.7), shapely.Polygon(), box(0, 0, 10, 10)]
    return [Zone(f"zone {number}", shape) for number, shape in enumerate([*discs, *others])]


def told(rows: list[ClassArea]) -> list[str]:
    """All digits, and NaN as a word."""
    return [repr(row) for row in rows]


@pytest.mark.parametrize(("edges", "soft"), [("exact", False), ("centre", False), ("exact", True)])
def test_workers_give_what_one_process_gives(
    land: ClassMap, client: "Client", tmp_path: Path, *, edges: Edges, soft: bool
) -> None:
    probabilities = land.path.with_name("p.tif") if soft else None
    for zones in (zones_of(land), ALL):
        alone = class_areas(land, zones, edges=edges, probabilities=probabilities)
        shared = shared_class_areas(client, tmp_path, land, zones, edges=edges, probabilities=probabilities)
        assert told(shared) == told(alone)


def test_batches_of_a_mosaic_go_together(
    material: Path, client: "Client", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of the three in a task, the last one alone."""
    copy_raster(material / "map_20240701.tif", material / "mosaic.vrt", driver="VRT")
    monkeypatch.setattr(zonal, "FILES_OPENED", 1)
    told_of: list[int] = []
    with open_class_map(material / "mosaic.vrt") as mosaic:
        zones = zones_of(mosaic)
        shared = shared_class_areas(client, tmp_path, mosaic, zones, progress=lambda done, _: told_of.append(done))
        assert told(shared) == told(class_areas(mosaic, zones))
    assert told_of in ([0, 2, 3], [0, 1, 3])


def test_a_worker_that_dies_costs_nothing_but_time(land: ClassMap, client: "Client", tmp_path: Path) -> None:
    client.run(die_in_batch, tmp_path / "died")
    (tmp_path / "work").mkdir()
    shared = shared_class_areas(client, tmp_path / "work", land, zones_of(land))
    assert (tmp_path / "died").exists()
    assert told(shared) == told(class_areas(land, zones_of(land)))


def test_a_damaged_map_names_what_is_missing(land: ClassMap, client: "Client", tmp_path: Path) -> None:
    path, work = tmp_path / "map.tif", make_folder(tmp_path / "work")
    damaged = bytearray(land.path.read_bytes())
    damaged[-20_000:-10_000] = bytes(10_000)  # of the last rows' blocks
    path.write_bytes(damaged)
    with open_class_map(path) as classes, pytest.raises(PitscapeError) as caught:
        shared_class_areas(client, work, classes, zones_of(land))
    message = str(caught.value)
    assert message.startswith(f"{path}: 1 of 3 batches are missing ({path}: is damaged")
    assert message.endswith("the same command does only these.")


def test_sums_that_were_damaged_are_made_again(land: ClassMap, client: "Client", tmp_path: Path) -> None:
    """As a power cut leaves them."""
    zones, done = zones_of(land), list[tuple[int, int]]()
    shared_class_areas(client, tmp_path, land, zones)
    (tmp_path / "1.npz").write_bytes(b"")
    (tmp_path / "2.npz").write_bytes((tmp_path / "2.npz").read_bytes()[:300])
    shared = shared_class_areas(client, tmp_path, land, zones, progress=lambda *each: done.append(each))
    assert done[0] == (1, 3)
    assert told(shared) == told(class_areas(land, zones))


def test_sums_of_a_map_elsewhere_do_not_count(land: ClassMap, client: "Client", tmp_path: Path) -> None:
    """A copy keeps name, size and time."""
    elsewhere, done = Path(shutil.copy2(land.path, tmp_path)), list[tuple[int, int]]()
    work = make_folder(tmp_path / "work")
    for path in (land.path, elsewhere):
        done.clear()
        with open_class_map(path) as classes:
            shared_class_areas(client, work, classes, progress=lambda *each: done.append(each))
        assert done[0] == (0, 3)


def test_what_others_keep_in_the_folder_stays(
    material: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_folder(tmp_path / "areas.csv.parts")
    (folder / "notes.txt").write_text("mine")
    command = ["areas", str(material / "map_20240701.tif"), "--cluster", "local:1", "--output"]
    assert main([*command, str(tmp_path / "areas.csv")]) == 2
    assert "holds notes.txt, which is no part of a run" in capsys.readouterr().err
    (folder / "notes.txt").rename(make_folder(folder / "map_1") / "notes.txt")
    zonal.forget(folder / "map_1")
    assert [path.name for path in folder.rglob("*.txt")] == ["notes.txt"]


def test_the_verb_gives_the_same_bytes(material: Path, client: "Client", tmp_path: Path) -> None:
    later = tmp_path / "map_20250701.tif"
    later.write_bytes((material / "map_20240701.tif").read_bytes())
    maps = [str(material / "map_20240701.tif"), str(later)]
    for name, options in (("alone", []), ("shared", ["--cluster", client.scheduler.address])):
        command = ["areas", *maps, "--grid", "10", *options, "--output", str(tmp_path / name / "areas.csv")]
        assert main(command) == 0
    assert [path.name for path in sorted((tmp_path / "shared").iterdir())] == ["areas.csv", "areas.csv.json"]
    for name in ("areas.csv", "areas.csv.json"):
        assert (tmp_path / "shared" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()


def test_the_verb_tells_the_map_that_is_damaged_and_measures_the_others(
    material: Path, client: "Client", tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, output = (material / "map_20240701.tif").read_bytes(), tmp_path / "areas.csv"
    maps = [tmp_path / f"map_{year}0701.tif" for year in (2023, 2024)]
    maps[0].write_bytes(whole[:-20_000] + bytes(20_000))
    maps[1].write_bytes(whole)
    command = ["areas", *map(str, maps), "--cluster", client.scheduler.address, "--output", str(output)]
    assert main(command) == 1
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "map_20230701.tif: 1 of 3 batches are missing" in message
    assert "map_20240701.tif" not in message
    assert not output.exists()
    kept = {path.name: len([*path.glob("*.npz")]) for path in output.with_name("areas.csv.parts").glob("map_*")}
    assert kept == {"map_1": 2, "map_2": 3}
    maps[0].write_bytes(whole)
    assert main(command) == 0
    assert not output.with_name("areas.csv.parts").exists()


def test_maps_after_one_at_which_the_cluster_was_lost_are_not_begun(
    material: Path,
    client: "Client",
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    maps, begun = [tmp_path / f"map_{year}0701.tif" for year in (2021, 2022, 2023, 2024)], list[str]()
    for path in maps:
        path.write_bytes((material / "map_20240701.tif").read_bytes())

    def losing(_client: "Client", function: Any, tasks: dict[str, Any], **how: Any) -> Outcome[list[Sums]]:  # noqa: ANN401
        begun.append(next(iter(tasks.values())).classes.name)
        if len(begun) < 2:
            return run_tasks(_client, function, tasks, **how)
        how["on_result"]("0", function(tasks["0"]))
        raise ClusterLostError("the scheduler was lost; start it", "2 of 3 tasks are missing.")

    monkeypatch.setattr(zonal, "run_tasks", losing)
    output = tmp_path / "areas.csv"
    command = ["areas", *map(str, maps), "--cluster", client.scheduler.address, "--output", str(output)]
    assert main(command) == 1
    assert capsys.readouterr().err == (
        f"pitscape: {maps[1]}: 2 of 3 batches are missing (the scheduler was lost; start it); the others are kept, and the same "
        "command does only these. Of 4 maps 1 are measured; not begun: map_20230701.tif, map_20240701.tif.\n"
    )
    assert begun == ["map_20210701.tif", "map_20220701.tif"]
    kept = {path.name: len([*path.glob("*.npz")]) for path in output.with_name("areas.csv.parts").glob("map_*")}
    assert kept == {"map_1": 3, "map_2": 1}


def test_one_run_for_a_table(material: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "areas.csv"
    with holding(tmp_path / "areas.csv.parts"):
        command = ["areas", str(material / "map_20240701.tif"), "--cluster", "local:1", "--output", str(output)]
        assert main(command) == 2
    assert "another process is writing there" in capsys.readouterr().err


@given(height=st.integers(1, 60_000), width=st.integers(1, 20_000))
def test_batches_are_all_windows_in_their_order(height: int, width: int) -> None:
    assert [window for batch in batches((height, width)) for window in batch] == [*windows((height, width))]


def test_zones_near_a_batch_are_those_that_have_cells_in_it(land: ClassMap) -> None:
    coverage = Coverage(zones_of(land), land.grid)
    for batch in batches(SHAPE):
        found = {piece.zone for rows, columns in batch for piece in coverage.pieces(rows, columns)}
        assert found <= set(coverage.near(batch).tolist())


def test_zones_come_back_as_they_were_written(land: ClassMap, tmp_path: Path) -> None:
    zones = zones_of(land)
    write_zone_file(tmp_path / "zones.bin", zones)
    digest = sha256_of(tmp_path / "zones.bin")
    for numbers in ([], [0], [3, 12, 14, 15]):
        found = read_zone_file(tmp_path / "zones.bin", numbers)
        assert [zone.name for zone in found] == [str(number) for number in numbers]
        for number, zone in zip(numbers, found, strict=True):
            wanted = zones[number].geometry
            assert zone.geometry is None if wanted is None else shapely.equals_identical(zone.geometry, wanted)
    write_zone_file(tmp_path / "zones.bin", zones)
    assert sha256_of(tmp_path / "zones.bin") == digest
