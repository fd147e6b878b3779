"""Sums of batches on workers, which are this process here: what they see of a run, and what a second run does again."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

import numpy as np
import pytest
from shapely.affinity import translate
from shapely.geometry import Point
from small_scenes import UTM, grid

from pitscape import zonal_areas
from pitscape.cli import main
from pitscape.imagery.class_map import open_class_map, save_class_map
from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.legend import load_legend
from pitscape.inference.areas.proportions import ClassArea, class_areas
from pitscape.inference.areas.sums import Sums
from pitscape.inference.areas.zone_file import write_zone_file
from pitscape.inference.areas.zones import Zone
from pitscape.inference.cluster import zonal, zonal_tasks
from pitscape.inference.cluster.same_files import SameFiles
from pitscape.inference.cluster.tasks import Outcome
from pitscape.inference.cluster.workers import ClusterLostError
from pitscape.inference.cluster.zonal import shared_class_areas
from pitscape.inference.cluster.zonal_tasks import BatchTask, sum_batches

if TYPE_CHECKING:
    from distributed import Client

TILE, WIDTH = 512 * 16, 20
"""Rows of a batch, and of a tile; three of them are the map."""

ZONES = [Zone("west", Point(585450, 5600000).buffer(60_000)), Zone("all")]

Nothing = Callable[[], None]


@dataclass
class Workers:
    """This process in place of workers.

    Attributes:
        before: Done before each task.
        after: Done when a task is done, and not yet told.
        most: Tasks after which the scheduler is lost.
        done: Batches that were summed.
    """

    before: Callable[[BatchTask], object] = lambda _: None
    after: Nothing = lambda: None
    most: int = 9
    done: list[int] = field(default_factory=list)

    def run_tasks(
        self,
        _client: object,
        function: Callable[[BatchTask], list[Sums]],
        given: Mapping[str, BatchTask],
        *,
        on_result: Callable[[str, list[Sums]], None],
        tell: object = None,
    ) -> Outcome[list[Sums]]:
        del tell
        outcome = Outcome[list[Sums]]()
        for count, (name, task) in enumerate(given.items()):
            if count == self.most:
                raise ClusterLostError(f"the scheduler was lost after {count} tasks were done")
            try:
                self.before(task)
                found = function(task)
            except PitscapeError as error:
                outcome.failures[name] = str(error)
                continue
            self.after()
            self.done += task.batches
            on_result(name, found)
        return outcome


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Workers:
    found = Workers()
    monkeypatch.setattr(zonal, "run_tasks", found.run_tasks)
    return found


@pytest.fixture
def mosaic(tmp_path: Path) -> Path:
    """Three tiles, one below the other, each of one class."""
    path, sources = tmp_path / "map_2024.vrt", []
    for number in range(3):
        write_tile(path, number, number)
        sources.append(
            f'<SimpleSource><SourceFilename relativeToVRT="1">{tile(path, number).name}</SourceFilename><SourceBand>1'
            f'</SourceBand><SrcRect xOff="0" yOff="0" xSize="{WIDTH}" ySize="{TILE}"/>'
            f'<DstRect xOff="0" yOff="{number * TILE}" xSize="{WIDTH}" ySize="{TILE}"/></SimpleSource>'
        )
    affine = grid(3 * TILE, WIDTH).affine
    path.write_text(
        f'<VRTDataset rasterXSize="{WIDTH}" rasterYSize="{3 * TILE}"><SRS>{UTM}</SRS><GeoTransform>{affine.c}, {affine.a}, 0, '
        f'{affine.f}, 0, {affine.e}</GeoTransform><VRTRasterBand dataType="Byte" band="1"><NoDataValue>255</NoDataValue>'
        f"{''.join(sources)}</VRTRasterBand></VRTDataset>"
    )
    return path


def tile(mosaic: Path, number: int) -> Path:
    return mosaic.with_name(f"tile_{number}.tif")


def write_tile(mosaic: Path, number: int, class_id: int) -> None:
    ids = np.full((TILE, WIDTH), class_id, np.uint8)
    where = grid(3 * TILE, WIDTH)[number * TILE : (number + 1) * TILE]
    save_class_map(tile(mosaic, number), ids, where, load_legend())


def shared(mosaic: Path) -> list[ClassArea]:
    work = mosaic.with_name("work")
    work.mkdir(exist_ok=True)
    with open_class_map(mosaic) as classes:
        return shared_class_areas(cast("Client", None), work, classes, ZONES)


def alone(mosaic: Path) -> list[ClassArea]:
    with open_class_map(mosaic) as classes:
        return class_areas(classes, ZONES)


def cells(rows: list[ClassArea]) -> list[float]:
    """Of each class on all of the map."""
    return [row.cells for row in rows if row.zone == "all"]


def test_only_batches_of_the_tile_that_was_mended_are_done_again(mosaic: Path, workers: Workers) -> None:
    whole = tile(mosaic, 1).read_bytes()
    tile(mosaic, 1).write_bytes(whole[:-3000] + b"\xff" * 3000)
    with pytest.raises(PitscapeError, match=r"1 of 3 batches are missing \(.*is damaged or cut off \(tile_1\.tif"):
        shared(mosaic)
    assert workers.done == [0, 2]
    tile(mosaic, 1).write_bytes(whole)
    found = shared(mosaic)
    assert workers.done == [0, 2, 1]
    assert found == alone(mosaic)
    assert cells(found) == [TILE * WIDTH] * 3 + [0]


def test_a_tile_that_has_changed_leaves_no_old_sums(mosaic: Path, workers: Workers) -> None:
    shared(mosaic)
    workers.done.clear()
    write_tile(mosaic, 2, 3)
    found = shared(mosaic)
    assert workers.done == [2]
    assert cells(found) == [TILE * WIDTH, TILE * WIDTH, 0, TILE * WIDTH]
    text = mosaic.read_text()
    mosaic.write_text(text.replace("tile_0", "tile_x").replace("tile_1", "tile_0").replace("tile_x", "tile_1"))
    workers.done.clear()
    assert shared(mosaic) == alone(mosaic)
    assert workers.done == [0, 1, 2]


@pytest.mark.usefixtures("workers")
def test_a_mosaic_within_a_mosaic_is_of_the_same_tiles(mosaic: Path) -> None:
    outer = mosaic.with_name("outer.vrt")
    inner = f'<SimpleSource><SourceFilename relativeToVRT="1">{mosaic.name}</SourceFilename><SourceBand>1</SourceBand>'
    start, end = mosaic.read_text().split("<SimpleSource>", 1)[0], "</VRTRasterBand></VRTDataset>"
    outer.write_text(f"{start}{inner}</SimpleSource>{end}")
    shared(outer)
    write_tile(mosaic, 0, 3)
    assert shared(outer) == alone(mosaic)


def test_another_file_of_zones_on_a_worker_is_refused(mosaic: Path, workers: Workers) -> None:
    """Of the same size: each zone lies a metre further east."""
    moved = [replace(zone, geometry=zone.geometry and translate(zone.geometry, 1)) for zone in ZONES]
    workers.before = lambda task: write_zone_file(task.zones, moved)
    with pytest.raises(PitscapeError, match=r"3 of 3 batches are missing \(.*zones\.bin: is another file on"):
        shared(mosaic)
    workers.before = lambda task: task.zones.unlink(missing_ok=True)
    with pytest.raises(PitscapeError, match=r"zones\.bin: .* cannot read it .*give all workers the same files"):
        shared(mosaic)


def test_another_map_on_a_worker_is_refused(mosaic: Path, workers: Workers) -> None:
    given: list[BatchTask] = []
    workers.before = given.append
    shared(mosaic)
    task = given[0]
    assert task.files.paths == [tile(mosaic, 0)]
    tile(mosaic, 0).write_bytes(tile(mosaic, 1).read_bytes())
    with pytest.raises(InputError, match=r"tile_0\.tif: is another file on"):
        sum_batches(task)
    sum_batches(given[1])  # of another tile
    mosaic.write_text(mosaic.read_text().replace("tile_1", "tile_2"))
    with pytest.raises(InputError, match=r"map_2024\.vrt: is another file on"):
        sum_batches(replace(given[1], shared=replace(given[1].shared, run="another")))


def test_a_lost_scheduler_leaves_a_count_of_what_is_missing(mosaic: Path, workers: Workers) -> None:
    workers.most = 1
    with pytest.raises(PitscapeError) as caught:
        shared(mosaic)
    message = str(caught.value)
    assert message.startswith(f"{mosaic}: 2 of 3 batches are missing (the scheduler was lost after 1 tasks were done")
    assert message.endswith("the others are kept, and the same command does only these.")
    workers.most = 9
    assert shared(mosaic) == alone(mosaic)
    assert workers.done == [0, 1, 2]


def test_a_map_that_is_replaced_between_batches_is_told(mosaic: Path) -> None:
    """After the first batch that is read from it."""
    told: list[int] = []

    def replaced(done: int, _total: int) -> None:
        told.append(done)
        if done == 1:
            write_tile(mosaic, 1, 3)

    with (
        open_class_map(mosaic) as classes,
        pytest.raises(PitscapeError, match=r"tile_1\.tif: was replaced while it was read; run it again"),
    ):
        class_areas(classes, ZONES, progress=replaced)
    assert told == [0, 1]


def test_a_map_that_is_replaced_while_a_worker_reads_it_is_told(
    mosaic: Path, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the sums of other tiles stay."""
    made, given = zonal_tasks.batch_sums, list[BatchTask]()
    workers.before = given.append

    def replaced(*given: Any, **named: Any) -> Sums:  # noqa: ANN401
        found = made(*given, **named)
        if 1 not in workers.done and given[2][0][0].start == TILE:
            write_tile(mosaic, 1, 3)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(zonal_tasks, "batch_sums", replaced)
        with pytest.raises(PitscapeError, match=r"1 of 3 batches are missing \(.*tile_1\.tif: was replaced while"):
            shared(mosaic)
        again = replace(given[1], files=SameFiles.of(given[1].files.paths))
        with pytest.raises(PitscapeError, match=r"tile_1\.tif: was replaced while it was read"):
            sum_batches(again)
    assert shared(mosaic) == alone(mosaic)
    assert workers.done == [0, 2, 1]


def test_sums_of_a_map_that_was_replaced_before_they_came_are_not_kept(mosaic: Path, workers: Workers) -> None:
    workers.after = lambda: write_tile(mosaic, 0, 3)
    with pytest.raises(PitscapeError, match=r"1 of 3 batches are missing \(.*tile_0\.tif: was replaced"):
        shared(mosaic)
    assert not (mosaic.with_name("work") / "0.npz").exists()


@pytest.mark.parametrize("option", ["classes", "zones"])
def test_a_file_that_is_replaced_does_not_come_into_table_and_record(
    mosaic: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    """Even after all batches are done."""
    zones, output = tmp_path / "zones.geojson", tmp_path / "areas.csv"
    shape = {"type": "Polygon", "coordinates": [[[16, 51], [17, 51], [17, 50], [16, 51]]]}
    one = {"type": "Feature", "properties": {"name": "one"}, "geometry": shape}
    zones.write_text(json.dumps({"type": "FeatureCollection", "features": [one]}))

    def replaced(*given: Any, **named: Any) -> list[ClassArea]:  # noqa: ANN401
        rows = class_areas(*given, **named)
        if option == "classes":
            write_tile(mosaic, 2, 3)
        else:
            zones.write_text(zones.read_text().replace("one", "other"))
        return rows

    monkeypatch.setattr(zonal_areas, "class_areas", replaced)
    assert main(["areas", str(mosaic), "--zones", str(zones), "--output", str(output)]) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "was replaced while it was read; run it again" in told
    assert not output.exists()
    assert not output.with_name("areas.csv.json").exists()


def test_wrong_input_of_a_run_is_no_missing_batch(mosaic: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> NoReturn:
        raise InputError("--cluster: wrong.")

    monkeypatch.setattr(zonal, "run_tasks", refused)
    with pytest.raises(InputError, match=r"^--cluster: wrong\.$"):
        shared(mosaic)
