import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from small_scenes import grid
from stac_server import StacServer, serving

from pitscape.cli import main

WHERE = grid(20, 30).affine


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[StacServer]:
    with serving(tmp_path / "files") as running:
        add(running, "S2A_33UWR_20221012", "2022-10-12")
        add(running, "S2B_33UWR_20230709", "2023-07-09")
        yield running


def add(server: StacServer, item_id: str, day: str, where: Affine = WHERE, crs: str = "EPSG:32633") -> None:
    blue = np.random.default_rng(0).integers(1100, 5000, (20, 30)).astype(np.uint16)
    scl = np.full((10, 15), 4, np.uint8)
    server.add(item_id, day, {"blue": blue, "scl": scl}, where, crs=crs, cloud=5)


def command(server: StacServer, out: Path, *options: str) -> list[str]:
    west, south, east, north = server.items[0]["bbox"]
    what = ["--bbox", f"{west},{south},{east},{north}", "--dates", "2022-01-01/2023-12-31", "--sensor", "sentinel2_l2a"]
    where = ["--catalogue", server.url, "--allow-private", "--out", str(out)]
    return ["fetch", *what, "--bands", "B02", *where, *options]


def test_each_scene_is_a_file_named_on_standard_output(
    server: StacServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(server, tmp_path / "out")) == 0
    shown = capsys.readouterr()
    names = ["S2A_33UWR_20221012.tif", "S2B_33UWR_20230709.tif"]
    assert shown.out.splitlines() == [str(tmp_path / "out" / name) for name in names]
    assert "sentinel-2-l2a: 2 scenes" in shown.err
    assert main(command(server, tmp_path / "out")) == 0
    assert capsys.readouterr().err.count("is there already") == 2


def test_composites_of_one_month(server: StacServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for composite in ("median", "least-cloudy"):
        assert main(command(server, tmp_path / "out", "--composite", composite, "--month", "10")) == 0
        assert capsys.readouterr().out.strip().endswith(f"sentinel2_l2a_2022-10_{composite}.tif")


def test_boxes_in_the_west_and_south(server: StacServer, tmp_path: Path) -> None:
    server.items.clear()
    add(server, "amazon", "2022-10-12", Affine(10, 0, 792000, 0, -10, 9838000), "EPSG:32721")
    assert server.items[0]["bbox"][0] < -50
    assert main(command(server, tmp_path / "out")) == 0
    with rasterio.open(tmp_path / "out" / "amazon.tif") as dataset:
        assert dataset.crs == "EPSG:32721"


def test_a_killed_run_goes_on_where_it_stopped(server: StacServer, tmp_path: Path) -> None:
    server.failures["/files/S2B_33UWR_20230709_blue.tif"] = ["wait"]
    out = tmp_path / "out"
    started = subprocess.Popen([sys.executable, "-m", "pitscape", *command(server, out)], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while server.failures["/files/S2B_33UWR_20230709_blue.tif"] and time.monotonic() < deadline:
        time.sleep(0.02)
    started.kill()
    started.wait()
    visible = sorted(path.name for path in out.iterdir() if not path.name.startswith("."))
    assert visible == ["S2A_33UWR_20221012.tif", "S2A_33UWR_20221012.tif.json"]
    server.asked.clear()
    assert main(command(server, out)) == 0
    assert {request.split("/")[2][:3] for request in server.file_requests} == {"S2B"}
    with rasterio.open(out / "S2B_33UWR_20230709.tif") as dataset:
        assert dataset.read(1).any()


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        ("--bbox", "1,2,3", "--bbox 1,2,3: must be four numbers"),
        ("--bbox", "3,2,1,4", "west < east"),
        ("--dates", "2023-06-01", "--dates 2023-06-01: must be the first and the last day"),
        ("--dates", "2023-06-31/2023-07-01", "as in 2023-06-01/2023-08-31"),
        ("--month", "13", "--month 13: must be 1 to 12"),
        ("--resolution", "0", "--resolution 0: must be a number of metres"),
        ("--max-gb", "nan", "--max-gb nan: must be a number above 0"),
        ("--sensor", "sentinel9", "sentinel9"),
        ("--bands", "B99", "has no band B99"),
        ("--catalogue", "ftp://user:planted@example.org/?key=planted", "must be the address of a STAC API"),
        ("--collection", "../x", "must be letters"),
        ("--period", "season", "--period season: is that of a composite; add --composite"),
        ("--bbox", "0,50,20,51", "is 20 degrees wide, and one UTM grid holds 9; cut it"),
    ],
)
def test_wrong_use_is_one_line(
    server: StacServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, value: str, problem: str
) -> None:
    assert main([*command(server, tmp_path / "out"), option, value]) == 2
    shown = capsys.readouterr().err
    assert problem in shown.splitlines()[-1]
    assert "planted" not in shown
    assert server.file_requests == []


def test_private_catalogues_need_to_be_allowed(
    server: StacServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [word for word in command(server, tmp_path / "out") if word != "--allow-private"]
    assert main(arguments) == 2
    assert "127.0.0.1 is a private host; add --allow-private if you trust this catalogue" in capsys.readouterr().err
    assert server.asked == []


@pytest.mark.parametrize("module", ["pystac_client", "requests"])
def test_the_missing_extra_is_named(
    server: StacServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    module: str,
) -> None:
    for name in [name for name in sys.modules if name.startswith("pitscape.imagery.stac.web")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "pitscape.imagery.stac.catalogue", raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    assert main(command(server, tmp_path / "out")) == 2
    assert f"fetch needs {module}; install it with pip install 'pitscape[stac]'" in capsys.readouterr().err
