"""Landscape metrics of mosaics on the command line: equal to those of one raster, whatever the tiles."""

import json
import re
from collections.abc import Callable
from contextlib import nullcontext
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

import geopandas
import numpy as np
import pytest
import rasterio
from affine import Affine
from distributed import LocalCluster
from loopback_cluster import one_thread
from numpy.typing import NDArray
from scipy import ndimage
from shapely.geometry import Point, box
from small_scenes import UTM, grid, write_raster

from pitscape import mosaic_patterns, tile_tasks, tile_work
from pitscape.cli import main
from pitscape.imagery.class_map import save_class_map
from pitscape.imagery.errors import PitscapeError
from pitscape.imagery.legend import Legend, load_legend
from pitscape.inference.cluster.same_files import SameFiles
from pitscape.inference.cluster.tasks import Outcome
from pitscape.inference.cluster.workers import ClusterLostError
from pitscape.tile_tasks import TileTask, find_tile

HEIGHT, WIDTH, WEST, NORTH = 90, 110, 585420, 5652250
ROWS, COLUMNS = (0, 11, 30, 64, HEIGHT), (0, 40, 41, 80, WIDTH)
OPTIONS = ("--patches", "--connect-distance", 45)


def ids() -> NDArray[np.uint8]:
    rng = np.random.default_rng(2)
    classes = np.digitize(ndimage.gaussian_filter(rng.standard_normal((HEIGHT, WIDTH)), 2.5), [-0.08, 0.0, 0.08])
    classes[rng.random(classes.shape) < 0.03] = 3
    classes[40:47, 60:100] = 255
    classes[11:30, :40] = 255  # all of a tile
    return classes.astype(np.uint8)


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "whole.tif"
    save_class_map(path, ids(), grid(HEIGHT, WIDTH), load_legend())
    return path


@pytest.fixture
def tiles(tmp_path: Path) -> list[Path]:
    paths = []
    for top, bottom in pairwise(ROWS):
        for left, right in pairwise(COLUMNS):
            paths.append(tmp_path / "in" / "tiles" / f"r{top}_c{left}.tif")
            where = grid(HEIGHT, WIDTH)[top:bottom, left:right]
            save_class_map(paths[-1], ids()[top:bottom, left:right], where, load_legend())
    return paths


@pytest.fixture
def zones(tmp_path: Path) -> Path:
    """One across many tiles, one in a tile without an observed cell, one beside the map, one that overlaps the first."""
    shapes = [
        Point(WEST + 555, NORTH - 455).buffer(300),
        box(WEST + 10, NORTH - 290, WEST + 390, NORTH - 120),
        box(WEST + 9000, NORTH - 100, WEST + 9100, NORTH),
        box(WEST + 403, NORTH - 650, WEST + 1300, NORTH - 300),
    ]
    table = geopandas.GeoDataFrame({"name": ["round", "dark", "away", "east"]}, geometry=shapes, crs=UTM)
    table.to_file(tmp_path / "zones.gpkg")
    return tmp_path / "zones.gpkg"


def metrics(*arguments: object, output: Path) -> dict[str, Any]:
    assert main(["landscape", *map(str, arguments), "--output", str(output)]) == 0
    assert not output.with_name(output.name + ".parts").exists()
    return dict(json.loads(output.read_text(encoding="utf-8")))


def answer(capsys: pytest.CaptureFixture[str], *arguments: object, status: int = 2) -> str:
    """What standard error says, in one line."""
    capsys.readouterr()
    assert main(["landscape", *map(str, arguments)]) == status
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return said


def assert_same_numbers(found: Any, wanted: Any) -> None:  # noqa: ANN401 - whatever JSON holds
    """To 1e-12, as deep as JSON goes."""
    if isinstance(wanted, dict):
        assert list(found) == list(wanted)
        for key, value in wanted.items():
            assert_same_numbers(found[key], value)
    elif isinstance(wanted, list):
        assert len(found) == len(wanted)
        for ours, theirs in zip(found, wanted, strict=True):
            assert_same_numbers(ours, theirs)
    else:
        assert found == (pytest.approx(wanted, rel=1e-12, abs=0) if isinstance(wanted, float) else wanted)


def test_16_tiles_have_the_metrics_of_the_mosaic(whole: Path, tiles: list[Path], zones: Path, tmp_path: Path) -> None:
    options = [*OPTIONS, "--zones", zones, "--csv"]
    wanted = metrics(whole, *options, output=tmp_path / "whole.json")
    found = metrics(*tiles, *options, output=tmp_path / "tiles.json")
    assert set(found["inputs_sha256"]) == {"zones.gpkg", *(path.name for path in tiles)}
    assert [zone["landscape"] is None for zone in found["zones"]] == [False, True, True, False]
    for content in (found, wanted):
        del content["inputs_sha256"]
    assert_same_numbers(found, wanted)
    for level in ("landscape", "class", "patch"):
        assert (tmp_path / f"tiles.{level}.csv").read_bytes() == (tmp_path / f"whole.{level}.csv").read_bytes()


def test_a_folder_in_any_order_gives_the_same_bytes(tiles: list[Path], tmp_path: Path) -> None:
    metrics(tiles[0].parent, *OPTIONS, output=tmp_path / "folder.json")
    metrics(*reversed(tiles), *OPTIONS, output=tmp_path / "files.json")
    assert (tmp_path / "folder.json").read_bytes() == (tmp_path / "files.json").read_bytes()


def test_squares_of_one_raster_give_its_bytes(whole: Path, zones: Path, tmp_path: Path) -> None:
    options = [*OPTIONS, "--zones", zones]
    metrics(whole, *options, output=tmp_path / "whole.json")
    metrics(whole, *options, "--tile", 33, output=tmp_path / "tiled.json")
    assert (tmp_path / "tiled.json").read_bytes() == (tmp_path / "whole.json").read_bytes()


def test_missing_tiles_are_unobserved_land(tiles: list[Path], tmp_path: Path) -> None:
    """And the mosaic begins where its first tile does."""
    left = [path for number, path in enumerate(tiles) if number not in {0, 1, 2, 3, 6, 12}]
    classes = ids()
    classes[:11] = classes[11:30, 41:80] = classes[64:, :40] = 255
    save_class_map(tmp_path / "holes.tif", classes, grid(HEIGHT, WIDTH), load_legend())
    wanted = metrics(tmp_path / "holes.tif", *OPTIONS, output=tmp_path / "h.json")
    found = metrics(*left, *OPTIONS, output=tmp_path / "m.json")
    for level in ("landscape", "class", "patch"):
        assert_same_numbers(found[level], wanted[level])


def test_local_workers_give_the_same_bytes(tiles: list[Path], zones: Path, tmp_path: Path) -> None:
    options = [*OPTIONS, "--zones", zones]
    metrics(*tiles, *options, output=tmp_path / "here.json")
    metrics(*tiles, *options, "--cluster", "local:2", output=tmp_path / "there.json")
    assert (tmp_path / "there.json").read_bytes() == (tmp_path / "here.json").read_bytes()


def test_a_cluster_tells_which_tiles_failed(
    tiles: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = metrics(*tiles, output=tmp_path / "wanted.json")
    complete = spoil(tiles[5])
    with LocalCluster(n_workers=1, processes=False, protocol="tcp://", dashboard_address=None) as cluster:
        address = cluster.scheduler_address
        said = answer(capsys, *tiles, "--cluster", address, "--output", tmp_path / "m.json", status=1)
        assert "1 of 16 tiles were not measured" in said
        assert "r11_c40.tif: is damaged or cut off" in said
        tiles[5].write_bytes(complete)
        assert metrics(*tiles, "--cluster", address, output=tmp_path / "m.json") == wanted


def test_a_cluster_that_is_lost_leaves_a_list_of_what_is_missing(
    tiles: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def losing(_client: object, function: Any, tasks: dict[str, TileTask], **_: Any) -> Outcome[None]:  # noqa: ANN401
        for task in list(tasks.values())[:-2]:
            function(task)
        raise ClusterLostError("the scheduler was lost; start it", "2 of 16 tasks are missing.")

    with one_thread() as cluster:
        command = *tiles, "--cluster", cluster.scheduler_address
        with monkeypatch.context() as lost:
            lost.setattr(tile_work, "run_tasks", losing)
            said = answer(capsys, *command, "--output", tmp_path / "m.json", status=1)
        assert "2 of 16 tiles were not measured: " in said
        assert all(f"{path.name} [rows" in said for path in tiles[-2:])
        assert ": the scheduler was lost; start it; m.json.parts keeps the others, run it again for these." in said
        assert metrics(*command, output=tmp_path / "m.json") == metrics(*tiles, output=tmp_path / "wanted.json")


def test_another_file_on_a_worker_is_refused(
    tiles: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = SameFiles(((tiles[0], "0" * 64),), "run")
    monkeypatch.setattr(SameFiles, "of", lambda _paths: other)
    with LocalCluster(n_workers=1, processes=False, protocol="tcp://", dashboard_address=None) as cluster:
        options = ("--cluster", cluster.scheduler_address, "--output", tmp_path / "m.json")
        assert "is another file on" in answer(capsys, *tiles[:2], *options, status=1)


def workers(monkeypatch: pytest.MonkeyPatch, before: Callable[[TileTask], object], most: int = 99) -> list[str]:
    """This process in place of workers, whose scheduler is lost after some tasks; files that were done."""
    done: list[str] = []

    def run_tasks(_client: object, function: Any, given: dict[str, TileTask], *, on_result: Any, **_: Any) -> Any:  # noqa: ANN401
        outcome = Outcome[None]()
        for name, task in given.items():
            if len(done) == most:
                raise ClusterLostError("the scheduler was lost; start it")
            before(task)
            try:
                on_result(name, function(task))
            except PitscapeError as error:
                outcome.failures[name] = str(error)
            done.append(task.tile.path.name)
        return outcome

    monkeypatch.setattr(tile_work, "run_tasks", run_tasks)
    monkeypatch.setattr(tile_work, "connected", lambda _cluster, **_: nullcontext(object()))
    return done


CLUSTER = ("--cluster", "tcp://127.0.0.1:1")


def test_a_worker_without_the_folder_is_told_and_leaves_nothing(
    tiles: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a disk of its own, where the folder has the same path."""
    folder = tmp_path / "m.json.parts"

    def elsewhere(task: TileTask) -> None:
        assert task.mark is not None
        assert task.mark.parent == folder
        task.mark.unlink(missing_ok=True)

    with monkeypatch.context() as patched:
        workers(patched, elsewhere)
        said = answer(capsys, *tiles, *CLUSTER, "--output", tmp_path / "m.json", status=1)
    pattern = (
        rf"16 of 16 tiles were not measured: {folder}: \S+ does not see the folder of this run; give all workers the same "
        r"disk under the same path; m\.json\.parts keeps the others, run it again for these\."
    )
    assert re.search(pattern, said)
    assert not [*tmp_path.rglob("*.npz")]


def test_a_lost_scheduler_leaves_a_list_of_tiles(
    tiles: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = metrics(*tiles, output=tmp_path / "wanted.json")
    with monkeypatch.context() as patched:
        done = workers(patched, lambda _task: None, most=9)
        said = answer(capsys, *tiles, *CLUSTER, "--output", tmp_path / "m.json", status=1)
    assert "7 of 16 tiles were not measured: r30_c40.tif [rows 0-34, columns 0-1], r30_c41.tif [rows" in said
    assert "columns 0-1], and 2 more: the scheduler was lost; start it;" in said
    assert "m.json.parts keeps the others, run it again for these" in said
    again = workers(monkeypatch, lambda _task: None)
    assert metrics(*tiles, *CLUSTER, output=tmp_path / "m.json") == wanted
    assert sorted([*done, *again[:7]]) == sorted(path.name for path in tiles)


def spoil(path: Path) -> bytes:
    """Damage the cells of a file and leave its header; returns what it held."""
    complete = path.read_bytes()
    with rasterio.open(path) as dataset:
        start, size = (int(dataset.get_tag_item(f"BLOCK_{what}_0_0", "TIFF", bidx=1)) for what in ("OFFSET", "SIZE"))
    path.write_bytes(complete[:start] + b"\xff" * size + complete[start + size :])
    return complete


def test_a_rerun_does_only_the_tiles_that_failed(
    tiles: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = metrics(*tiles, *OPTIONS, output=tmp_path / "wanted.json")
    complete = {path: spoil(path) for path in (tiles[5], tiles[9])}
    said = answer(capsys, *tiles, *OPTIONS, "--output", tmp_path / "m.json", status=1)
    assert "2 of 16 tiles were not measured" in said
    assert all(path.name in said for path in complete)
    assert "m.json.parts keeps the others" in said
    assert not (tmp_path / "m.json").exists()
    for path, stored in complete.items():
        path.write_bytes(stored)
    done = []

    def counted(task: TileTask) -> None:
        done.append(task.tile.path.name)
        find_tile(task)

    monkeypatch.setattr(mosaic_patterns, "find_tile", counted)
    found = metrics(*tiles, *OPTIONS, output=tmp_path / "m.json")
    assert sorted(done) == sorted(path.name for path in complete)
    assert found == wanted


def test_a_full_disk_is_told_once(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> NoReturn:
        raise PitscapeError(f"{path}: cannot be written (No space left on device); make room.")

    monkeypatch.setattr(tile_tasks, "replacing", full)
    assert main(["landscape", str(whole), "--tile", "64", "--output", str(tmp_path / "m.json")]) == 1
    told = capsys.readouterr().err
    assert told.count("No space left") == 1
    assert f"{tmp_path / 'm.json.parts'}: cannot be written" in told


def test_a_tile_that_is_replaced_meanwhile_leaves_no_part(
    tiles: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept under the hash of a file is of that file."""
    complete = tiles[0].read_bytes()

    def replaced(task: TileTask) -> None:
        if task.tile.path == tiles[0]:
            save_class_map(tiles[0], np.full((11, 40), 2, np.uint8), grid(HEIGHT, WIDTH)[:11, :40], load_legend())
        find_tile(task)

    with monkeypatch.context() as patched:
        patched.setattr(mosaic_patterns, "find_tile", replaced)
        said = answer(capsys, *tiles, "--output", tmp_path / "m.json", status=1)
    assert f"1 of 16 tiles were not measured: {tiles[0]}: is another file" in said
    tiles[0].write_bytes(complete)
    found = metrics(*tiles, output=tmp_path / "m.json")
    assert found == metrics(*tiles, output=tmp_path / "wanted.json")


def test_a_damaged_part_is_made_anew(tiles: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = metrics(*tiles, output=tmp_path / "wanted.json")
    complete = spoil(tiles[0])
    answer(capsys, *tiles, "--output", tmp_path / "m.json", status=1)
    tiles[0].write_bytes(complete)
    parts = sorted((tmp_path / "m.json.parts").glob("*.npz"))
    assert len(parts) == 15
    parts[0].write_bytes(parts[0].read_bytes()[:100])
    assert metrics(*tiles, output=tmp_path / "m.json") == wanted


def test_a_folder_of_something_else_is_left_alone(
    tiles: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "m.json.parts").mkdir()
    note = tmp_path / "m.json.parts" / "note.txt"
    note.write_text("mine")
    said = answer(capsys, *tiles, "--output", tmp_path / "m.json")
    assert "holds note.txt, which is no part of a run" in said
    assert note.read_text() == "mine"


def moved(path: Path, transform: Affine, **profile: object) -> Path:
    """A tile of 4 x 5 cells somewhere."""
    options = {"height": 4, "width": 5, "count": 1, "dtype": "uint8", "nodata": 255, "crs": UTM} | profile
    with rasterio.open(path, "w", driver="GTiff", transform=transform, **options) as dataset:
        dataset.write(np.ones((1, 4, 5), np.uint8))
    return path


@pytest.mark.parametrize(
    ("transform", "profile", "problem"),
    [
        (Affine(10, 0, WEST + 1004, 0, -10, NORTH), {}, "is shifted by 0.400 of a cell against"),
        (Affine(10, 0, WEST + 1000, 0, -10.2, NORTH), {}, "has cells of 10 x 10.2 m"),
        (Affine(10, 0, WEST + 1000, 0, 10, NORTH), {}, "or is turned against it"),
        (Affine(10, 0, WEST + 1000, 0, -10, NORTH), {"crs": "EPSG:32634"}, "has another CRS than"),
        (Affine(10, 0, WEST + 1000, 0, -10, NORTH), {"nodata": 0}, "has another nodata than"),
        (Affine(10, 0, WEST + 40, 0, -10, NORTH - 30), {}, "b.tif: overlaps "),
    ],
)
def test_what_is_no_tile_of_the_same_grid_is_refused(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    transform: Affine,
    profile: dict[str, object],
    problem: str,
) -> None:
    one = moved(tmp_path / "a.tif", Affine(10, 0, WEST, 0, -10, NORTH))
    other = moved(tmp_path / "b.tif", transform, **profile)
    said = answer(capsys, one, other, "--output", tmp_path / "out" / "m.json")
    assert problem in said
    assert not (tmp_path / "out" / "m.json").exists()


def test_all_files_that_cannot_be_tiles_are_named(
    tiles: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in tiles[2:4]:
        path.write_bytes(b"not a raster")
    said = answer(capsys, *tiles, "--output", tmp_path / "m.json")
    assert f"{tiles[2].name}: is not a raster of a format that is read" in said
    assert f"neither can these be used: {tiles[3].name}" in said


def test_tiles_of_two_legends_are_refused(
    tiles: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    legend = load_legend()
    renamed = [each.model_copy(update={"name": f"{each.name}_2"}) for each in legend.classes]
    save_class_map(tiles[3], np.ones((11, 30), np.uint8), grid(HEIGHT, WIDTH)[:11, 80:], Legend(classes=renamed))
    assert "has another legend than" in answer(capsys, *tiles, "--output", tmp_path / "m.json")


@pytest.mark.parametrize(
    ("count", "options", "problem"),
    [
        (2, ["--window", 50], "--window 50: looks at one map as a whole; join the tiles with gdalbuildvrt"),
        (2, ["--min-area", 1], "--min-area 1: looks at one map as a whole"),
        (1, ["--tile", 30, "--window", 50], "--window 50: looks at one map as a whole"),
        (1, ["--tile", 0], "--tile 0: give the cells of a side, at least 1"),
        (1, ["--cluster", "local:2"], "--cluster local:2: one map is one task; give --tile N"),
    ],
)
def test_options_that_do_not_go_with_tiles(
    tiles: list[Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    count: int,
    options: list[object],
    problem: str,
) -> None:
    assert problem in answer(capsys, *tiles[:count], *options, "--output", tmp_path / "m.json")


def test_a_tile_named_twice_and_a_folder_without_tiles(
    tiles: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = ["--output", tmp_path / "out" / "m.json"]
    assert "is named twice" in answer(capsys, tiles[0], tiles[0].parent, *output)
    (tmp_path / "empty").mkdir()
    assert "holds no raster" in answer(capsys, tmp_path / "empty", *output)
    dark = [moved(tmp_path / f"{n}.tif", Affine(10, 0, WEST + 50 * n, 0, -10, NORTH), nodata=1) for n in range(2)]
    assert "No cell of any tile is observed" in answer(capsys, *dark, *output)


@pytest.fixture
def virtual(tiles: list[Path]) -> Path:
    """The tiles as one virtual raster."""
    places = ((down, across) for down in pairwise(ROWS) for across in pairwise(COLUMNS))
    sources = [
        f'<ComplexSource><SourceFilename relativeToVRT="1">{path.name}</SourceFilename><SourceBand>1</SourceBand>'
        f'<SrcRect xOff="0" yOff="0" xSize="{right - left}" ySize="{bottom - top}"/>'
        f'<DstRect xOff="{left}" yOff="{top}" xSize="{right - left}" ySize="{bottom - top}"/><NODATA>255</NODATA>'
        "</ComplexSource>"
        for path, ((top, bottom), (left, right)) in zip(tiles, places, strict=True)
    ]
    path = tiles[0].parent / "all.vrt"
    path.write_text(
        f'<VRTDataset rasterXSize="{WIDTH}" rasterYSize="{HEIGHT}"><SRS>{UTM}</SRS>'
        f"<GeoTransform>{WEST}, 10, 0, {NORTH}, 0, -10</GeoTransform>"
        f'<VRTRasterBand dataType="Byte" band="1"><NoDataValue>255</NoDataValue>{"".join(sources)}</VRTRasterBand>'
        "</VRTDataset>"
    )
    return path


def test_a_virtual_raster_of_the_tiles_is_one_map(whole: Path, virtual: Path, tmp_path: Path) -> None:
    wanted = metrics(whole, *OPTIONS, output=tmp_path / "w.json")
    found = metrics(virtual, *OPTIONS, "--window", 90, output=tmp_path / "v.json")
    assert_same_numbers(found["patch"], wanted["patch"])
    assert [row["NAME"] for row in found["class"]] == [row["NAME"] for row in wanted["class"]]
    assert (tmp_path / "v.window.tif").exists()
    assert {"all.vrt", *(path.name for path in virtual.parent.glob("*.tif"))} == set(found["inputs_sha256"])


def test_an_output_does_not_take_the_place_of_a_tile_of_a_virtual_raster(
    tiles: list[Path], virtual: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "is an input of this run" in answer(capsys, virtual, "--output", tiles[3])


def test_parts_of_a_virtual_raster_are_of_its_sources(
    tiles: list[Path], virtual: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One whose sources changed since a run that failed is measured anew."""
    complete = spoil(tiles[9])
    answer(capsys, virtual, "--tile", 30, "--output", tmp_path / "m.json", status=1)
    tiles[9].write_bytes(complete)
    save_class_map(tiles[0], np.full((11, 40), 2, np.uint8), grid(HEIGHT, WIDTH)[:11, :40], load_legend())
    found = metrics(virtual, "--tile", 30, output=tmp_path / "m.json")
    assert found == metrics(virtual, output=tmp_path / "w.json")


def test_a_plain_raster_without_crs_is_cut_too(tmp_path: Path) -> None:
    raster = write_raster(tmp_path / "r.tif", ids()[None], crs=None, nodata=255)
    wanted = metrics(raster, "--unit", "m", *OPTIONS, output=tmp_path / "w.json")
    assert metrics(raster, "--unit", "m", *OPTIONS, "--tile", 50, output=tmp_path / "t.json") == wanted
