import json
import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from object_store import SECRET, Bucket
from pixel_models import pixel_card, write_pixel_model
from small_scenes import BANDS, UTM, SceneMaker, grid, stored_numbers
from stac_server import StacServer, serving

from pitscape.cli import main
from pitscape.imagery.class_map import save_class_map
from pitscape.imagery.legend import load_legend

SCENE = "scene_20230709.tif"
CANARY = "canary0signature0of0tests"
TILED = ["--tile", "32", "--overlap", "8", "--threads", "1"]


@pytest.fixture
def scene(write_scene: SceneMaker) -> Path:
    return write_scene(stored_numbers(90, 70), SCENE)


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    return write_pixel_model(tmp_path / "m.onnx", pixel_card("sentinel2_l2a", bands=BANDS))


@pytest.fixture
def server(scene: Path) -> Iterator[StacServer]:
    """Serves the folder of the scene and the model under /files/."""
    with serving(scene.parent) as state:
        yield state


def test_the_verbs_go_from_bucket_to_bucket(
    scene: Path, model_file: Path, bucket: Bucket, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    bucket.put(f"in/{SCENE}", scene)
    bucket.put("in/m.onnx", model_file)
    root = f"s3://{bucket.name}"
    how = [f"{root}/in/{SCENE}", "--model", f"{root}/in/m.onnx", *TILED]
    assert main(["predict", *how, "--output", f"{root}/out/classes.tif", "--probabilities", f"{root}/soft/p.tif"]) == 0
    assert capsys.readouterr().out.split() == [f"{root}/out/classes.tif", f"{root}/soft/p.tif"]
    for shard in ("1/2", "2/2"):
        assert main(["predict", *how, "--output", f"{root}/two/classes.tif", "--shard", shard]) == 0
    assert main(["merge", f"{root}/two/classes.tif.parts"]) == 0
    assert bucket.get("out/classes.tif") == bucket.get("two/classes.tif")
    capsys.readouterr()
    chart = f"{root}/out/areas.html"
    assert main(["areas", f"{root}/out/classes.tif", "--output", f"{root}/out/areas.csv", "--figure", chart]) == 0
    assert bucket.get("out/areas.html").rstrip().endswith(b"</html>")
    (tmp_path / "classes.tif").write_bytes(bucket.get("out/classes.tif"))
    assert main(["areas", str(tmp_path / "classes.tif"), "--output", str(tmp_path / "areas.csv")]) == 0
    assert bucket.get("out/areas.csv") == (tmp_path / "areas.csv").read_bytes()
    assert "out/areas.csv.json" in bucket.keys


def test_class_maps_of_a_bucket_are_measured_as_those_of_the_disk(
    bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["a_20150701.tif", "b_20230701.tif"]
    for number, name in enumerate(names):
        ids = np.random.default_rng(number).integers(0, 4, (6, 5)).repeat(8, 0).repeat(8, 1).astype(np.uint8)
        save_class_map(tmp_path / name, ids, grid(48, 40), load_legend())
        bucket.put(name, tmp_path / name)
    for verb, count in (("landscape", 1), ("change", 2), ("extents", 1)):
        for where in (str(tmp_path), f"s3://{bucket.name}"):
            output = f"{where}/out/{verb}.{'gpkg' if verb == 'extents' else 'json'}"
            more = ["--class", "mined"] if verb == "extents" else []
            assert main([verb, *(f"{where}/{name}" for name in names[:count]), *more, "--output", output]) == 0
    here = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    there = bucket.all("out/")
    assert sorted(here) == sorted(there)
    assert not [name for name in set(here) - {"extents.gpkg"} if here[name] != there[name]]
    assert capsys.readouterr().err == ""


def test_a_mosaic_in_a_bucket_is_measured_by_the_legend_of_its_files(bucket: Bucket, tmp_path: Path) -> None:
    for column, name in ((0, "a.tif"), (40, "b.tif")):
        ids = np.random.default_rng(column).integers(0, 4, (48, 40)).astype(np.uint8)
        save_class_map(tmp_path / name, ids, grid(48, 80)[:, column : column + 40], load_legend())
        bucket.put(f"maps/{name}", tmp_path / name)
    (tmp_path / "all.vrt").write_text(mosaic("a.tif", "b.tif"))
    bucket.put("maps/all.vrt", tmp_path / "all.vrt")
    for where in (str(tmp_path), f"s3://{bucket.name}/maps"):
        assert main(["areas", f"{where}/all.vrt", "--output", f"{where}/areas.csv"]) == 0
    assert bucket.get("maps/areas.csv") == (tmp_path / "areas.csv").read_bytes()
    assert b"vegetated" in bucket.get("maps/areas.csv")


@pytest.mark.parametrize("verb", ["areas", "landscape"])
def test_a_signature_does_not_go_to_workers(verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = [
        f"https://127.0.0.1:9/maps/a.tif?sig={CANARY}",
        "--cluster",
        "local:1",
        "--output",
        str(tmp_path / "o.json"),
    ]
    assert main([verb, *given]) == 2
    told = capsys.readouterr().err
    assert told.startswith("pitscape: https://127.0.0.1:9/maps/a.tif: a signed address is not handed to workers")
    assert CANARY not in told


def test_tiles_of_a_bucket_leave_their_parts_there_and_the_numbers_of_the_disk(
    bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for column, name in ((0, "a.tif"), (40, "b.tif")):
        ids = np.random.default_rng(column).integers(0, 4, (48, 40)).astype(np.uint8)
        save_class_map(tmp_path / "maps" / name, ids, grid(48, 80)[:, column : column + 40], load_legend())
        bucket.put(f"maps/{name}", tmp_path / "maps" / name)
    assert main(["landscape", str(tmp_path / "maps"), "--csv", "--output", str(tmp_path / "out" / "m.json")]) == 0
    root = f"s3://{bucket.name}"
    bucket.put("maps/b.tif", (tmp_path / "maps" / "b.tif").read_bytes()[:-400])
    capsys.readouterr()
    assert main(["landscape", f"{root}/maps", "--csv", "--output", f"{root}/out/m.json"]) == 1
    assert f"1 of 2 tiles were not measured: {root}/maps/b.tif: is damaged" in capsys.readouterr().err
    assert [key.rpartition(".")[2] for key in bucket.keys if key.startswith("out/")] == ["npz"]
    bucket.put("maps/b.tif", tmp_path / "maps" / "b.tif")
    assert main(["landscape", f"{root}/maps", "--csv", "--output", f"{root}/out/m.json"]) == 0
    assert bucket.all("out/") == {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}


def mosaic(*names: str) -> str:
    """Class maps of 48 x 40 cells beside each other."""
    sources = [
        f'<SimpleSource><SourceFilename relativeToVRT="1">{name}</SourceFilename><SourceBand>1</SourceBand>'
        f'<SrcRect xOff="0" yOff="0" xSize="40" ySize="48"/><DstRect xOff="{40 * n}" yOff="0" xSize="40" ySize="48"/>'
        "</SimpleSource>"
        for n, name in enumerate(names)
    ]
    return (
        f'<VRTDataset rasterXSize="{40 * len(names)}" rasterYSize="48"><SRS>{UTM}</SRS><GeoTransform>585420, 10, 0, 5652250, '
        f'0, -10</GeoTransform><VRTRasterBand dataType="Byte" band="1"><NoDataValue>255</NoDataValue>{"".join(sources)}'
        "</VRTRasterBand></VRTDataset>"
    )


def test_a_signed_map_with_a_broken_legend_is_refused_without_its_signature(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_class_map(tmp_path / "a.tif", np.ones((16, 16), np.uint8), grid(16, 16), load_legend())
    with rasterio.open(tmp_path / "a.tif") as whole:
        profile, ids = whole.profile | {"driver": "GTiff"}, whole.read()
    with rasterio.open(tmp_path / "b.tif", "w", **profile) as broken:
        broken.write(ids)
        broken.update_tags(1, LEGEND="{")
    with serving(tmp_path) as server:
        name = server.href("b.tif")
        assert main(["landscape", f"{name}?sig={CANARY}", "--output", str(tmp_path / "m.json")]) == 2
    assert capsys.readouterr().err == f"pitscape: {name}: the legend in its tags is not valid; map the scene again.\n"


def test_several_scenes_go_into_a_folder_of_a_bucket(write_scene: SceneMaker, model_file: Path, bucket: Bucket) -> None:
    scenes = [write_scene(stored_numbers(40, 40, seed=n), f"s_2023070{n}.tif") for n in (1, 2)]
    names = [str(bucket.put(f"in/{scene.name}", scene)) for scene in scenes]
    assert main(["predict", *names, "--model", str(model_file), *TILED, "--output", f"s3://{bucket.name}/maps"]) == 0
    assert {"maps/s_20230701.tif", "maps/s_20230702.tif.json"} <= set(bucket.keys)


def test_a_scene_of_a_web_server_is_mapped_and_its_signature_is_nowhere(
    scene: Path,
    model_file: Path,
    server: StacServer,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    signed = f"?X-Amz-Signature={CANARY}&X-Amz-Expires=60"
    out = tmp_path / "out"
    how = ["--model", server.href("m.onnx") + signed, *TILED, "--output"]
    assert main(["predict", server.href(SCENE) + signed, *how, str(out / "web.tif")]) == 0
    assert main(["predict", str(scene), "--model", str(model_file), *TILED, "--output", str(out / "disk.tif")]) == 0
    with rasterio.open(out / "web.tif") as web, rasterio.open(out / "disk.tif") as disk:
        np.testing.assert_array_equal(web.read(), disk.read())
        assert web.colormap(1) == disk.colormap(1)
    asked = [path for _, path, part, _ in server.asked if SCENE in path and part]
    assert asked
    assert all(CANARY in path for path in asked)
    assert main(["areas", server.href("out/web.tif") + signed, "--output", str(out / "areas.csv")]) == 0
    assert (out / "areas.csv").read_text().count("\n") == 5
    server.failures[f"/files/{SCENE}"] += [403] * 50  # as long as it is asked for
    assert main(["predict", server.href(SCENE) + signed, *how, str(out / "denied.tif")]) == 2
    assert main(["predict", server.href("none.tif") + signed, *how, str(out / "none.tif")]) == 2
    assert main(["areas", server.href(SCENE) + signed, "--output", str(out / "no_map.csv")]) == 2
    told = capfd.readouterr()
    assert "access is denied (status 403)" in told.err
    assert f"{server.href('none.tif')}: no such file" in told.err
    record = json.loads((out / "web.tif.json").read_text())
    assert record["scene_stored"]["bytes"] == scene.stat().st_size
    assert record["scene"] == SCENE
    assert_nowhere(CANARY, out, told.out + told.err + caplog.text)


def test_the_secret_of_the_environment_is_nowhere(
    scene: Path,
    model_file: Path,
    bucket: Bucket,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    bucket.put(f"in/{SCENE}", scene)
    root = f"s3://{bucket.name}"
    how = ["--model", str(model_file), *TILED, "--output"]
    assert main(["predict", f"{root}/in/{SCENE}", *how, str(tmp_path / "out" / "classes.tif")]) == 0
    assert main(["predict", f"{root}/in/none.tif", *how, f"{root}/out/classes.tif"]) == 2
    assert main(["predict", f"s3://AKIA:{SECRET}@maps/a.tif", *how, f"{root}/out/classes.tif"]) == 2
    assert main(["change", f"s3://AKIA:{SECRET}@maps/a.tif", f"{root}/b.tif", "--output", "c.json"]) == 2
    assert main(["predict", f"https://me:{SECRET}@127.0.0.1/a.tif", *how, f"{root}/out/classes.tif"]) == 2
    told = capfd.readouterr()
    assert told.err.count("a name must not hold credentials") == 3
    assert_nowhere(SECRET, tmp_path / "out", told.out + told.err + caplog.text)


def assert_nowhere(secret: str, folder: Path, text: str) -> None:
    assert secret not in text
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if secret.encode() in path.read_bytes()]


@pytest.mark.parametrize(
    "arguments",
    [
        ["change", "a.tif", "b.tif", "--output", "c.json", "--filtered", "s3://maps/out"],
        ["landscape", "a.tif", "--output", "m.json", "--ndvi", "s3://maps/a.tif"],
        ["influence", "https://example.org/a.tif?sig=canary", "b.tif", "--output", "e.gpkg"],
        ["areas", "a.tif", "--legend", "https://example.org/a.yaml?sig=canary", "--output", "a.csv"],
        ["run", "s3://maps/site.yaml", "--out", "site"],
        ["predict", "a.tif", "--output", "gs://maps/classes.tif"],
    ],
)
def test_verbs_that_read_the_disk_alone_say_so(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "local" in told
    assert "canary" not in told


def test_what_a_server_cannot_give_in_parts_is_refused(
    server: StacServer, model_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.ranges = False
    how = ["--model", str(model_file), *TILED, "--output", str(tmp_path / "c.tif")]
    assert main(["predict", server.href(SCENE), *how]) == 2
    assert "does not send parts of files" in capsys.readouterr().err


def test_a_redirection_into_a_private_network_is_not_followed(
    server: StacServer, model_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.redirects[f"/files/{SCENE}"] = "https://169.254.169.254/latest/meta-data"
    how = ["--model", str(model_file), *TILED, "--output", str(tmp_path / "c.tif")]
    assert main(["predict", server.href(SCENE), *how]) == 2
    assert "private host 169.254.169.254" in capsys.readouterr().err
