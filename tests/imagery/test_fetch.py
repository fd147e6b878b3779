import datetime
import hashlib
import json
import logging
import math
import socket
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import Transformer
from rasterio.warp import transform_bounds
from scipy.ndimage import binary_erosion, map_coordinates
from small_scenes import grid
from stac_server import StacServer, basic, serving, stac_item, write_cog

from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.outputs import sidecar
from pitscape.imagery.scene import open_scene
from pitscape.imagery.sensor import Sensor, load_sensor
from pitscape.imagery.stac import fetched_image
from pitscape.imagery.stac.catalogue import Search, connect
from pitscape.imagery.stac.composite import median_seen
from pitscape.imagery.stac.fetch import Options, fetch, output_grid
from pitscape.imagery.stac.fetched_image import Image

SENSOR = load_sensor("sentinel2_l2a")
GRID = grid(40, 60)
THREE = Options(bands=("B02", "B03", "B11"))
VEGETATION, CLOUD = 4, 9


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[StacServer]:
    with serving(tmp_path / "files") as running:
        yield running


def pixels_of(seed: int, height: int = 40, width: int = 60) -> NDArray[np.uint16]:
    return np.random.default_rng(seed).integers(1100, 5000, (height, width)).astype(np.uint16)


def add_scene(
    server: StacServer,
    item_id: str,
    day: str = "2023-06-09",
    *,
    clouds: slice = slice(0, 0),
    blue: NDArray[np.generic] | None = None,
    cloud: float | None = None,
    properties: dict[str, Any] | None = None,
) -> dict[str, NDArray[np.generic]]:
    """A scene with random bands, or one brightness throughout, whose SCL calls some rows (of 20 m) cloud."""
    scl = np.full((20, 30), VEGETATION, np.uint8)
    scl[clouds] = CLOUD
    seed = len(server.items)
    bands = {"blue": pixels_of(seed) if blue is None else blue, "green": pixels_of(seed + 50), "scl": scl}
    bands["swir16"] = pixels_of(seed + 90, 20, 30)
    server.add(item_id, day, bands, GRID.affine, cloud=cloud, properties=properties)
    return bands


def box_of(server: StacServer) -> tuple[float, float, float, float]:
    boxes = np.array([item["bbox"] for item in server.items])
    return (*map(float, boxes[:, :2].min(axis=0)), *map(float, boxes[:, 2:].max(axis=0)))


def run(
    server: StacServer,
    out: Path,
    options: Options = THREE,
    *,
    sensor: Sensor = SENSOR,
    said: list[str] | None = None,
    url: str | None = None,
    max_bytes: float = math.inf,
    **search: int | str,
) -> list[Path]:
    wanted: dict[str, Any] = {
        "bbox": box_of(server),
        "start": datetime.date(2015, 1, 1),
        "end": datetime.date(2025, 12, 31),
    } | search
    with connect(url or server.url, allow_private=True, max_bytes=max_bytes) as web:
        web.pause_s, web.tries = 0, 3
        told = (lambda _: None) if said is None else said.append
        return fetch(web, sensor, Search(**wanted), options, out, say=told, progress=lambda *_: None)


def closed_port() -> int:
    """A port of loopback on which nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


def read(path: Path) -> tuple[NDArray[Any], GeoBox]:
    with rasterio.open(path) as dataset:
        return dataset.read(), GeoBox(dataset.shape, dataset.transform, dataset.crs)


def part_on(path: Path, where: GeoBox = GRID) -> NDArray[Any]:
    """The pixels of a fetched image on the grid of the scene, which is aligned with it."""
    stored, there = read(path)
    column, row = (round(place) for place in ~there.affine @ (where.affine.c, where.affine.f))
    return stored[:, row : row + where.shape[0], column : column + where.shape[1]]


def test_a_scene_arrives_as_it_is_and_says_what_it_is(server: StacServer, tmp_path: Path) -> None:
    bands = add_scene(server, "S2B_a", clouds=slice(0, 5))
    (path,) = run(server, tmp_path / "out")
    stored = part_on(path)
    assert (stored[:, :10] == 0).all()
    np.testing.assert_array_equal(stored[0, 10:], bands["blue"][10:])
    np.testing.assert_array_equal(stored[1, 10:], bands["green"][10:])
    with rasterio.open(path) as dataset:
        assert dataset.descriptions == ("B02", "B03", "B11")
        assert dataset.crs == "EPSG:32633"
        assert (dataset.nodata, dataset.dtypes[0], dataset.res) == (0, "uint16", (10, 10))
        assert dataset.tags()["CONVENTION"] == SENSOR.convention
    with open_scene(path, SENSOR, bands=("B02", "B11")) as scene:
        _, observed = scene.read(slice(0, 44), slice(0, 64))
        assert str(scene.acquired) == "2023-06-09"
        assert scene.radiometry.added == 0
    assert observed.sum() == (stored[0] > 0).sum()


def test_what_the_sidecar_says(server: StacServer, tmp_path: Path) -> None:
    add_scene(server, "S2B_a", "2020-06-09", clouds=slice(0, 10), cloud=12.5)
    (path,) = run(server, tmp_path / "out")
    beside = json.loads(sidecar(path).read_text())
    (item,) = beside["request"]["items"]
    assert (item["id"], item["cloud_cover_percent"], item["added_offset"]) == ("S2B_a", 12.5, 1000)
    assert item["added_offset_reason"] == "item S2B_a: acquired 2020-06-09"
    assert beside["request"]["catalogue"] == server.url
    assert beside["request"]["clouds"] == "hidden by SCL"
    _, there = read(path)
    assert beside["observed_share"] == pytest.approx(20 * 60 / math.prod(there.shape))
    assert beside["output_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert {"pitscape", "odc-stac", "pystac-client"} <= set(beside["versions"])


@pytest.mark.parametrize(
    ("day", "properties", "added"),
    [
        ("2021-06-09", {}, 1000),
        ("2021-06-09", {"s2:processing_baseline": "05.00"}, 0),
        ("2023-06-09", {"s2:processing_baseline": "05.09", "earthsearch:boa_offset_applied": True}, 1000),
        ("2023-06-09", {"s2:processing_baseline": "05.09", "earthsearch:boa_offset_applied": False}, 0),
    ],
)
def test_numbers_are_brought_to_the_convention(
    server: StacServer, tmp_path: Path, day: str, properties: dict[str, Any], added: int
) -> None:
    blue = pixels_of(1)
    blue[3, 4] = 0
    add_scene(server, "a", day, blue=blue, properties=properties)
    (path,) = run(server, tmp_path / "out", Options(bands=("B02",)))
    np.testing.assert_array_equal(part_on(path)[0], np.where(blue == 0, 0, blue + added))


def test_a_scene_that_shows_nothing_is_said_to(server: StacServer, tmp_path: Path) -> None:
    add_scene(server, "a", clouds=slice(None))
    said: list[str] = []
    (path,) = run(server, tmp_path / "out", said=said)
    assert said == ["sentinel-2-l2a: 1 scenes", f"{path}: made of 1 scene, 0 % observed"]
    assert json.loads(sidecar(path).read_text())["scenes_per_observed_pixel"] is None


def test_clouds_stay_by_option(server: StacServer, tmp_path: Path) -> None:
    bands = add_scene(server, "a", clouds=slice(None))
    (path,) = run(server, tmp_path / "out", Options(bands=("B02",), keep_clouds=True))
    np.testing.assert_array_equal(part_on(path)[0], bands["blue"])
    assert not any("scl" in request for request in server.file_requests)


def test_windows_make_no_difference(server: StacServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = grid(500, 530)
    bands = {"blue": pixels_of(1, 500, 530), "swir16": pixels_of(2, 250, 265), "scl": np.full((250, 265), 4, np.uint8)}
    server.add("a", "2023-06-09", bands, where.affine)
    options = Options(bands=("B02", "B11"), resolution_m=7.0)
    (whole,) = run(server, tmp_path / "whole", options)
    monkeypatch.setattr(fetched_image, "LARGEST_WINDOW", 256)
    (parts,) = run(server, tmp_path / "parts", options)
    np.testing.assert_array_equal(read(whole)[0], read(parts)[0])


def test_coarser_pixels_are_means_of_what_was_observed(server: StacServer, tmp_path: Path) -> None:
    blue = pixels_of(1)
    blue[1:3, :4] = [[0, 0, 0, 2000], [0, 2000, 3000, 4000]]
    add_scene(server, "a", blue=blue)
    (path,) = run(server, tmp_path / "out", Options(bands=("B02",), resolution_m=20.0))
    stored, there = read(path)
    column, row = (round(place) for place in ~there.affine @ (GRID.affine.c, GRID.affine.f - 10))
    found = stored[0, row : row + 19, column : column + 30]
    means = blue[1:39].reshape(19, 2, 30, 2).mean(axis=(1, 3))
    assert found[0, :2].tolist() == [0, 3000]
    assert abs(found.ravel()[2:] - means.ravel()[2:]).max() <= 0.5


def test_finer_pixels_reach_no_farther_than_what_was_observed(server: StacServer, tmp_path: Path) -> None:
    blue = np.full((40, 60), 2000, np.uint16)
    blue[10:20, 30:] = 0
    add_scene(server, "a", blue=blue)
    (path,) = run(server, tmp_path / "out", Options(bands=("B02",), resolution_m=5.0))
    stored = part_on(path, GRID.zoom_to(GRID.shape.map(lambda side: 2 * side)))
    np.testing.assert_array_equal(stored[0], np.kron(blue, np.ones((2, 2), np.uint16)))


def test_the_median_of_a_season_leaves_out_clouds(server: StacServer, tmp_path: Path) -> None:
    for n, (level, clouds) in enumerate([(2000, slice(0, 10)), (3000, slice(0, 5)), (7000, slice(0, 0))]):
        add_scene(server, f"s{n}", f"2023-0{6 + n}-09", blue=np.full((40, 60), level, np.uint16), clouds=clouds)
    add_scene(server, "w", "2022-12-09", blue=np.full((40, 60), 1500, np.uint16), clouds=slice(10, 20))
    options = Options(bands=("B02",), composite="median")
    winter, summer = run(server, tmp_path / "out", options)
    assert (winter.name, summer.name) == ("sentinel2_l2a_2023-DJF_median.tif", "sentinel2_l2a_2023-JJA_median.tif")
    np.testing.assert_array_equal(np.unique(part_on(summer)[0, :10]), 7000)
    np.testing.assert_array_equal(np.unique(part_on(summer)[0, 10:20]), 5000)
    np.testing.assert_array_equal(np.unique(part_on(summer)[0, 20:]), 3000)
    assert (part_on(winter)[0, 20:] == 0).all()
    with rasterio.open(summer) as dataset:
        assert dataset.tags()["ACQUIRED"] == "2023-07-09"
    assert json.loads(sidecar(summer).read_text())["scenes_per_observed_pixel"] == (1 + 2 + 3 + 3) / 4


@pytest.mark.parametrize("scenes", [1, 60, 500])
def test_the_more_scenes_the_smaller_the_windows(tmp_path: Path, scenes: int) -> None:
    stack: Any = SimpleNamespace(bands=(None,) * 10, grid=grid(3000, 5000))
    group: Any = SimpleNamespace(items=(None,) * scenes)
    windows = Image(tmp_path / "a.tif", group, True, {}).windows(stack)
    sizes = [(rows.stop - rows.start) * (columns.stop - columns.start) for rows, columns in windows]
    assert sum(sizes) == 3000 * 5000
    assert max(sizes) * 4 * scenes <= 600e6


def test_medians_agree_with_numpy() -> None:
    planes = np.random.default_rng(3).normal(size=(7, 20, 30)).astype(np.float32)
    planes[np.random.default_rng(4).random(planes.shape) < 0.4] = np.nan
    planes[:, 0, 0] = np.nan
    known = np.isfinite(planes).any(axis=0)
    found = median_seen(planes)
    assert np.isnan(found[~known]).all()
    np.testing.assert_allclose(found[known], np.nanmedian(planes[:, known], axis=0), rtol=1e-6)


def test_the_clearest_day_is_that_of_the_box_not_of_the_whole_scene(server: StacServer, tmp_path: Path) -> None:
    add_scene(server, "clear_elsewhere", "2023-06-09", clouds=slice(0, 15), cloud=1)
    clear = add_scene(server, "clear_here", "2023-07-09", clouds=slice(0, 1), cloud=60)
    said: list[str] = []
    (path,) = run(server, tmp_path / "out", Options(bands=("B02",), composite="least-cloudy"), said=said)
    np.testing.assert_array_equal(part_on(path)[0, 2:], clear["blue"][2:])
    beside = json.loads(sidecar(path).read_text())
    assert [item["id"] for item in beside["request"]["items"]] == ["clear_here"]
    assert 0.5 < beside["clear_share"] < 1


def test_neighbouring_scenes_of_the_clearest_day_are_joined(server: StacServer, tmp_path: Path) -> None:
    for name, columns in (("west", slice(0, 40)), ("east", slice(30, 60))):
        blue = np.zeros((40, 60), np.uint16)
        blue[:, columns] = 2000
        add_scene(server, name, "2023-06-09", blue=blue, cloud=10)
    (path,) = run(server, tmp_path / "out", Options(bands=("B02",), composite="least-cloudy"))
    assert (part_on(path)[0] == 2000).all()


def test_one_month_of_each_year(server: StacServer, tmp_path: Path) -> None:
    for day in ("2021-10-05", "2021-11-05", "2022-10-05", "2022-10-15"):
        add_scene(server, f"s{day}", day)
    paths = run(server, tmp_path / "out", Options(bands=("B02",), composite="median", period="month"), month=10)
    assert [path.stem for path in paths] == ["sentinel2_l2a_2021-10_median", "sentinel2_l2a_2022-10_median"]
    assert len(json.loads(sidecar(paths[1]).read_text())["request"]["items"]) == 2


def test_what_is_there_is_not_fetched_again(server: StacServer, tmp_path: Path) -> None:
    for n in range(3):
        add_scene(server, f"s{n}", f"2023-06-0{n + 1}")
    server.failures["/files/s2_blue.tif"] = [503] * 20
    with pytest.raises(
        PitscapeError, match=r"item s2, band B02: http://127.0.0.1:\d+/files/s2_blue.tif could not be read"
    ):
        run(server, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").glob("*.tif")) == ["s0.tif", "s1.tif"]
    server.failures.clear()
    server.asked.clear()
    before = (tmp_path / "out" / "s0.tif").stat().st_mtime_ns
    said: list[str] = []
    assert len(run(server, tmp_path / "out", said=said)) == 3
    assert {request.split("/")[2][:2] for request in server.file_requests} == {"s2"}
    assert [line for line in said if "is there already" in line] == [
        f"{tmp_path / 'out' / name}: is there already" for name in ("s0.tif", "s1.tif")
    ]
    assert (tmp_path / "out" / "s0.tif").stat().st_mtime_ns == before


def test_another_request_in_the_same_place_is_refused_before_reading(server: StacServer, tmp_path: Path) -> None:
    add_scene(server, "a")
    (path,) = run(server, tmp_path / "out")
    server.asked.clear()
    with pytest.raises(InputError, match=r"a.tif: was not made by this request; choose another --out"):
        run(server, tmp_path / "out", Options(bands=("B02",)))
    assert server.file_requests == []
    with path.open("ab") as file:
        file.write(b"x")
    with pytest.raises(InputError, match=r"a.tif: was changed since it was fetched"):
        run(server, tmp_path / "out")
    sidecar(path).unlink()
    with pytest.raises(InputError, match="was not made by this request"):
        run(server, tmp_path / "out")


def test_equal_requests_give_equal_bytes(server: StacServer, tmp_path: Path) -> None:
    add_scene(server, "a")
    add_scene(server, "b", "2023-07-01")
    options = Options(bands=("B02", "B11"), composite="median")
    first, second = (run(server, tmp_path / name, options)[0] for name in ("one", "two"))
    assert first.read_bytes() == second.read_bytes()
    assert sidecar(first).read_bytes() == sidecar(second).read_bytes()


def test_a_stopped_run_leaves_nothing_under_a_final_name(
    server: StacServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_scene(server, "a")

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fetched_image, "sha256_of", stop)
    with pytest.raises(KeyboardInterrupt):
        run(server, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_too_much_is_refused_before_reading_and_while_reading(server: StacServer, tmp_path: Path) -> None:
    add_scene(server, "a")
    with pytest.raises(
        InputError, match=r"--max-gb 1e-06: 1 scenes with 3 bands.*about 1\.\d+e-05 GB before compression"
    ):
        run(server, tmp_path / "out", Options(bands=THREE.bands, max_gb=1e-6))
    assert server.file_requests == []
    for asset in server.items[0]["assets"].values():
        asset["proj:shape"] = [1, 1]
    with pytest.raises(PitscapeError, match=r"item a, band B\d\d: more than 9e-06 GB were read; raise --max-gb"):
        run(server, tmp_path / "out", Options(bands=THREE.bands, max_gb=1e-6), max_bytes=9e3)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_missing_band_is_named_with_its_item(server: StacServer, tmp_path: Path) -> None:
    add_scene(server, "a")
    with pytest.raises(InputError, match=r"item a: has no asset for band B08; it has blue, green, scl, swir16"):
        run(server, tmp_path / "out", Options(bands=("B08",)))
    del server.items[0]["assets"]["scl"]
    with pytest.raises(InputError, match="item a: has no asset for band SCL"):
        run(server, tmp_path / "out")


@pytest.mark.parametrize(
    ("href", "problem"),
    [
        ("file:///etc/passwd", "refers to file:///etc/passwd, which is no web address; only https"),
        ("https://localhost/secret.tif", "private host localhost"),
        ("/vsicurl/http://169.254.169.254/", "answers with status 404"),
        ("http://169.254.169.254/latest", "only https is followed"),
    ],
)
def test_references_that_are_refused(server: StacServer, tmp_path: Path, href: str, problem: str) -> None:
    for name in ("a", "b"):
        add_scene(server, name)
    server.items[1]["assets"]["swir16"]["href"] = href
    with pytest.raises(InputError, match=f"item b, band B11: .*{problem}"):
        run(server, tmp_path / "out")
    assert "status" in problem or server.file_requests == []
    assert "status" in problem or list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("item_id", ["../../escaped", "/tmp/escaped", "a/../../escaped", "NUL", "a\0b", "x" * 3000])  # noqa: S108
def test_ids_do_not_escape_the_folder(server: StacServer, tmp_path: Path, item_id: str) -> None:
    add_scene(server, "a")
    server.items[0]["id"] = item_id
    before = {path for path in tmp_path.parent.rglob("*") if "out" not in path.parts}
    (path,) = run(server, tmp_path / "deep" / "out", Options(bands=("B02",)))
    assert path.parent == tmp_path / "deep" / "out"
    assert {found.name for found in path.parent.iterdir()} == {path.name, sidecar(path).name}
    assert {p for p in tmp_path.parent.rglob("*") if "out" not in p.parts} - before == {tmp_path / "deep"}


def test_two_items_with_one_id_make_one_file(server: StacServer, tmp_path: Path) -> None:
    for _ in range(2):
        add_scene(server, "same")
    assert [path.name for path in run(server, tmp_path / "out", Options(bands=("B02",)))] == ["same.tif"]


def test_files_that_are_no_raster_or_damaged(server: StacServer, tmp_path: Path) -> None:
    add_scene(server, "a")
    file = server.folder / "a_blue.tif"
    whole = file.read_bytes()
    virtual = b"<VRTDataset rasterXSize='1' rasterYSize='1'><SRS>EPSG:32633</SRS></VRTDataset>"
    cases = {
        virtual: "is no GeoTIFF or JPEG 2000",
        whole[: len(whole) // 2]: "is damaged or cut off",
        whole[:100]: "is damaged or cut off",
        b"": "sends other parts than asked for",
    }
    for content, problem in cases.items():
        file.write_bytes(content)
        with pytest.raises(PitscapeError, match=f"item a, band B02: .*{problem}"):
            run(server, tmp_path / "out", Options(bands=("B02",)))
        assert list((tmp_path / "out").iterdir()) == []


def test_servers_without_parts_of_files_are_refused(server: StacServer, tmp_path: Path) -> None:
    add_scene(server, "a")
    server.ranges = False
    with pytest.raises(PitscapeError, match=r"is not sent in parts \(status 200\); fetch needs a server with range"):
        run(server, tmp_path / "out")


def test_failures_of_files_that_pass_are_tried_again(server: StacServer, tmp_path: Path) -> None:
    bands = add_scene(server, "a")
    server.failures["/files/a_blue.tif"] = [503, "cut"]
    (path,) = run(server, tmp_path / "out", Options(bands=("B02",)))
    np.testing.assert_array_equal(part_on(path)[0], bands["blue"])


def test_no_neighbours_of_a_file_are_asked_for(server: StacServer, tmp_path: Path) -> None:
    add_scene(server, "a")
    run(server, tmp_path / "out")
    names = {request.removeprefix("/files/") for request in server.file_requests}
    assert names == {f"a_{key}.tif" for key in ("blue", "green", "scl", "swir16")}


def test_tokens_reach_no_output_log_or_error(
    server: StacServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    add_scene(server, "a")
    for asset in server.items[0]["assets"].values():
        asset["href"] = asset["href"].replace("http://", "http://planted:planted@") + "?sig=planted#planted"
    monkeypatch.setenv("PITSCAPE_STAC_TOKEN", "planted")
    monkeypatch.setenv("CPL_DEBUG", "ON")
    url = server.url.replace("http://", "http://planted:planted@") + "?key=planted"
    texts: list[str] = []
    with caplog.at_level(logging.DEBUG):
        run(server, tmp_path / "out", said=texts, url=url)
        assert any("sig=planted" in path for path in server.file_requests)
        assert {"Bearer planted", basic("planted", "planted")} <= {sent for *_, sent in server.asked}
        for failure in ([503] * 9, ["cut"] * 9, [401], [404], [200]):
            server.failures["/files/a_blue.tif"] = list(failure)
            try:
                run(server, tmp_path / "other", said=texts, url=url)
            except PitscapeError as error:
                texts += ["".join(traceback.format_exception(error)), repr(error.__context__), repr(error.__cause__)]
        for place in (f"127.0.0.1:{closed_port()}", "10.0.0.1"):
            server.items[0]["assets"]["blue"]["href"] = f"http://planted:planted@{place}/a.tif?sig=planted"
            with pytest.raises(PitscapeError) as caught:
                run(server, tmp_path / "third", said=texts, url=url)
            texts += ["".join(traceback.format_exception(caught.value)), repr(caught.value.__context__)]
    texts += [caplog.text, *capfd.readouterr()]
    assert len(texts) > 15
    secrets = ("planted", basic("planted", "planted").split()[1])
    assert [text for text in texts for secret in secrets if secret in text] == []
    for path in tmp_path.rglob("*"):
        if path.is_file() and "files" not in path.parts:
            assert not any(secret.encode() in path.read_bytes() for secret in secrets)


def test_integers_without_fill_become_floats(server: StacServer, tmp_path: Path) -> None:
    red = np.arange(2400, dtype=np.uint8).reshape(40, 60)
    server.add("a", "2020-06-09", {"red": red}, GRID.affine, nodata=None, collection="aerial")
    server.collections = ("aerial",)
    rgb = load_sensor("rgb_half_metre")
    options = Options(bands=("red",), resolution_m=10.0)
    (path,) = run(server, tmp_path / "out", options, sensor=rgb, collection="aerial")
    stored, _ = read(path)
    assert stored.dtype == np.float32
    np.testing.assert_array_equal(part_on(path)[0], red)


def test_the_grid_is_utm_and_snapped() -> None:
    north, south = output_grid((-56.37, 1.4, -56.35, 1.5), 20.0), output_grid((-56.37, -1.48, -56.35, -1.46), 20.0)
    assert (str(north.crs), str(south.crs)) == ("EPSG:32621", "EPSG:32721")
    assert [south.affine.c % 20, south.affine.f % 20] == [0, 0]
    box = transform_bounds("EPSG:32721", "EPSG:4326", *south.extent.boundingbox)
    assert box[0] <= -56.37
    assert box[2] >= -56.35


def between_pixels(values: NDArray[np.float32], source: GeoBox, target: GeoBox) -> NDArray[np.float64]:
    """Bilinear values of a source at the centres of a target, by pyproj and scipy; NaN beyond its outer centres."""
    row, column = (place + 0.5 for place in np.indices(target.shape))
    x, y = target.affine.c + column * target.affine.a, target.affine.f + row * target.affine.e
    x, y = Transformer.from_crs(str(target.crs), str(source.crs), always_xy=True).transform(x, y)
    column, row = (x - source.affine.c) / source.affine.a - 0.5, (y - source.affine.f) / source.affine.e - 0.5
    return map_coordinates(values.astype(np.float64), [row, column], order=1, mode="constant", cval=np.nan)


def real_scene(server: StacServer, source: Path, names: Sequence[str], *, whole: bool, collection: str) -> None:
    """A real scene as an item: one COG of all bands, or one for each."""
    with rasterio.open(source) as dataset:
        stored, transform, crs = dataset.read(), dataset.transform, str(dataset.crs)
        box = transform_bounds(dataset.crs, "EPSG:4326", *dataset.bounds)
    assets: dict[str, Any] = {}
    if whole:
        write_cog(server.folder / "all.tif", stored, transform, crs, nodata=0)
        assets["data"] = {"href": server.href("all.tif"), "eo:bands": [{"name": name} for name in names]}
    else:
        for name, band in zip(names, stored, strict=True):
            write_cog(server.folder / f"{name}.tif", band[None], transform, crs, nodata=0)
            assets[name] = {"href": server.href(f"{name}.tif")}
    server.collections = (collection,)
    told = {"datetime": "2022-06-09T10:00:00Z", "s2:processing_baseline": "04.00"}
    server.items.append(stac_item("real", box, told, assets, collection=collection))


@pytest.mark.parametrize(
    ("scene", "sensor", "resolution", "whole"),
    [
        ("sen2_germany_12band_x10000.tif", "sentinel2_l2a", 8.0, False),
        ("sen2_amazon_12band_x10000.tif", "sentinel2_l2a", 10.0, True),
        ("lsat5_amazon_7band_dn.tif", "landsat5_dn", 30.0, True),
        ("lsat5_amazon_7band_dn.tif", "landsat5_dn", 25.0, False),
    ],
)
def test_real_scenes_agree_with_an_exact_reprojection(
    server: StacServer, tmp_path: Path, reference_data: Path, *, scene: str, sensor: str, resolution: float, whole: bool
) -> None:
    source = reference_data / "optical_dem_scenes" / scene
    with rasterio.open(source) as dataset:
        names, stored = dataset.descriptions, dataset.read().astype(np.float32)
        source_grid = GeoBox(dataset.shape, dataset.transform, dataset.crs)
    real_scene(server, source, names, whole=whole, collection="real")
    wanted, options = load_sensor(sensor), Options(resolution_m=resolution, keep_clouds=True)
    (path,) = run(server, tmp_path / "out", options, sensor=wanted, collection="real")
    found, there = read(path)
    for n, band in enumerate(wanted.band_names):
        index = next(i for i, name in enumerate(names) if name in wanted.band(band).names)
        expected = between_pixels(stored[index], source_grid, there)
        known = np.isfinite(expected)
        inside = binary_erosion(known, iterations=2)
        assert inside.sum() > 0.8 * known.sum() > 0
        span = np.nanmax(stored[index]) - np.nanmin(stored[index])
        assert np.abs(found[n][inside] - expected[inside]).max() <= 1e-5 * span + 0.5  # rounded to integers
    with open_scene(path, wanted) as scene_read:
        assert scene_read.radiometry.added == 0
