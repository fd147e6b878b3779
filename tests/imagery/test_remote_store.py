import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import rasterio
from object_store import Bucket, Wire
from rasterio.shutil import copy
from small_scenes import BANDS, grid, stored_numbers, write_raster

from pitscape.imagery.class_map import open_class_map, save_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import load_legend
from pitscape.imagery.outputs import make_folder, replacing, sha256_of, write_json
from pitscape.imagery.raster import Raster
from pitscape.imagery.remote.local_copy import local_copy
from pitscape.imagery.remote.name import place
from pitscape.imagery.remote.path import RemotePath
from pitscape.imagery.remote.store import DeniedError, TakenError, UnreachableError
from pitscape.imagery.scene import open_scene
from pitscape.imagery.sensor import load_sensor


@contextmanager
def answering(*statuses: int, body: bytes = b"") -> Iterator[str]:
    """A server that answers with these statuses, one after the other, and then with the last."""
    left = list(statuses)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # else it does not ask for bodies that clients hold back

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(left.pop(0) if len(left) > 1 else left[0])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_PUT = do_POST = _answer  # noqa: N815 - as the library asks for them

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def remote(bucket: Bucket, key: str) -> RemotePath:
    path = bucket.path(key)
    assert isinstance(path, RemotePath)
    return path


def test_files_of_a_bucket_are_found_read_listed_and_deleted(bucket: Bucket) -> None:
    path = bucket.put("in/a.bin", b"0123456789")
    assert isinstance(path, RemotePath)
    assert (path.exists(), path.is_file(), path.is_dir()) == (True, True, False)
    assert (path.parent.exists(), path.parent.is_file(), path.parent.is_dir()) == (True, False, True)
    assert not (path.parent / "b.bin").exists()
    assert path.read_bytes() == b"0123456789"
    assert path.store.read(path, 2, 5) == b"234"
    with path.open("rb") as file:
        assert (file.read(3), file.read()) == (b"012", b"3456789")
        assert (file.seek(-4, 2), file.read(2), file.seek(1), file.read(2)) == (6, b"67", 1, b"12")
    assert sha256_of(path) == "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882"  # sha256sum
    bucket.put("in/deeper/c.bin", b"")
    assert sorted(each.name for each in path.parent.iterdir()) == ["a.bin", "deeper"]
    path.unlink()
    assert bucket.keys == ["in/deeper/c.bin"]
    with pytest.raises(FileNotFoundError):
        path.read_bytes()


def test_an_object_is_put_on_a_condition_by_one_alone(bucket: Bucket) -> None:
    path = remote(bucket, "lock")
    first = path.store.write(path, b"one", if_none=True)
    with pytest.raises(TakenError):
        path.store.write(path, b"two", if_none=True)
    path.store.write(path, b"three", if_etag=first)
    with pytest.raises(TakenError):
        path.store.write(path, b"four", if_etag=first)
    assert bucket.get("lock") == b"three"


def test_outputs_are_put_whole_or_not_at_all(bucket: Bucket) -> None:
    write_json(bucket.path("out/a.json"), {"a": 1})
    assert bucket.get("out/a.json") == b'{\n  "a": 1\n}\n'
    with pytest.raises(RuntimeError), replacing(bucket.path("out/b.txt")) as temporary:
        temporary.write_text("half")
        assert temporary.suffix == ".txt"
        raise RuntimeError
    assert bucket.keys == ["out/a.json"]
    assert not temporary.parent.exists()


def test_a_large_file_is_put_in_parts_and_the_same(bucket: Bucket, tmp_path: Path) -> None:
    content = np.random.default_rng(0).bytes(20_000_000)
    (tmp_path / "large").write_bytes(content)
    path = remote(bucket, "large")
    path.store.upload(path, tmp_path / "large")
    assert bucket.get("large") == content
    assert local_copy(path).read_bytes() == content


def test_a_window_of_a_large_scene_needs_a_small_part_of_it(bucket: Bucket, wire: Wire, tmp_path: Path) -> None:
    plain = write_raster(tmp_path / "plain.tif", stored_numbers(1024, 1024), bands=BANDS)
    copy(plain, tmp_path / "scene_20230709.tif", driver="COG", blocksize=128, compress="DEFLATE", overviews="NONE")
    scene = bucket.put("scene_20230709.tif", tmp_path / "scene_20230709.tif")
    size = (tmp_path / "scene_20230709.tif").stat().st_size
    before, asked = wire.received, wire.requests
    with open_scene(scene, load_sensor("sentinel2_l2a")) as opened:
        values, _ = opened.read(slice(300, 364), slice(500, 564))
    with rasterio.open(plain) as dataset:
        np.testing.assert_array_equal(values, dataset.read()[:, 300:364, 500:564])
    assert wire.received - before < 0.05 * size
    assert wire.requests - asked < 25


def test_what_lies_beside_a_scene_is_found(bucket: Bucket, tmp_path: Path) -> None:
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False):
        scene = write_raster(tmp_path / "scene_20230709.tif", stored_numbers(64, 64), bands=BANDS)
        mask = np.full((64, 64), 255, np.uint8)
        mask[:10] = 0
        with rasterio.open(scene, "r+") as dataset:
            dataset.write_mask(mask)
    for name in (scene.name, f"{scene.name}.msk"):
        bucket.put(f"in/{name}", tmp_path / name)
    with open_scene(bucket.path(f"in/{scene.name}"), load_sensor("sentinel2_l2a")) as opened:
        _, observed = opened.read(slice(0, 64), slice(0, 64))
    np.testing.assert_array_equal(observed, mask > 0)


VRT = """<VRTDataset rasterXSize="64" rasterYSize="64"><SRS>EPSG:32633</SRS>
<GeoTransform>585420, 10, 0, 5652250, 0, -10</GeoTransform>
<VRTRasterBand dataType="UInt16" band="1"><SimpleSource><SourceFilename relativeToVRT="{relative}">{name}</SourceFilename>
<SourceBand>2</SourceBand><SrcRect xOff="0" yOff="0" xSize="64" ySize="64"/><DstRect xOff="0" yOff="0" xSize="64" ySize="64"/>
</SimpleSource></VRTRasterBand></VRTDataset>"""


def test_a_virtual_mosaic_of_files_beside_it_is_read(bucket: Bucket, tmp_path: Path) -> None:
    stored = stored_numbers(64, 64)
    bucket.put("in/a.tif", write_raster(tmp_path / "a.tif", stored))
    path = bucket.put("in/m.vrt", VRT.format(relative=1, name="a.tif").encode())
    values = Raster(path).read([1], slice(0, 64), slice(0, 64))
    np.testing.assert_array_equal(values[0], stored[1])


@pytest.mark.parametrize(
    ("relative", "name"),
    [
        (1, "../out/a.tif"),
        (1, "/etc/passwd"),
        (0, "/vsis3/other/a.tif"),
        (0, "https://example.org/a.tif"),
        (1, "b.tif"),
    ],
)
def test_a_virtual_mosaic_that_reaches_elsewhere_is_refused(bucket: Bucket, relative: int, name: str) -> None:
    bucket.put("out/a.tif", b"II*\0")
    path = bucket.put("in/m.vrt", VRT.format(relative=relative, name=name).encode())
    with pytest.raises(InputError, match="no file in its folder"):
        Raster(path)


def test_a_map_that_was_put_anew_is_read_anew(bucket: Bucket) -> None:
    for value in (0, 3):
        save_class_map(bucket.path("classes.tif"), np.full((64, 64), value, np.uint8), grid(64, 64), load_legend())
        with open_class_map(bucket.path("classes.tif")) as classes:
            assert (classes.read() == value).all()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("s3://no-such-bucket/a.tif", "there is no bucket no-such-bucket"),
        ("s3://{bucket}/none.tif", "no such file"),
        ("s3://{bucket}/in", "is a folder"),
        ("s3://{bucket}/in/text.tif", "not a raster of a format"),
        ("s3://{bucket}/in/cut.tif", "damaged, cut off"),
    ],
)
def test_what_is_no_raster_is_refused_in_one_line(bucket: Bucket, name: str, message: str) -> None:
    bucket.put("in/text.tif", b"text")
    bucket.put("in/cut.tif", b"II*\0\x08\0\0\0")
    with pytest.raises(InputError, match=message) as refused:
        Raster(place(name.format(bucket=bucket.name)))
    assert "\n" not in str(refused.value)


def test_a_store_that_does_not_answer_is_told_in_one_line(wire: Wire) -> None:
    wire.cut()
    with pytest.raises(UnreachableError, match=r"s3://maps/a\.tif: the store does not answer"):
        Raster(place("s3://maps/a.tif"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_ENDPOINT_URL", "minio:9000"),
        ("AWS_ENDPOINT_URL", "http://me:canary@"),
        ("AWS_DEFAULT_REGION", "no region"),
        ("AWS_MAX_ATTEMPTS", "many"),
    ],
)
def test_settings_that_cannot_be_used_are_told_in_one_line(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    del bucket
    monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=r"the settings for the store cannot be used .*AWS_ENDPOINT_URL") as refused:
        Raster(place("s3://maps/a.tif"))
    assert "canary" not in str(refused.value)


def test_without_credentials_the_places_where_they_are_looked_for_are_named(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    del bucket
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    with pytest.raises(DeniedError, match=r"no credentials were found .*AWS_PROFILE"):
        Raster(place("s3://maps/a.tif"))


def test_both_libraries_find_credentials_and_endpoint_where_aws_keeps_them(
    bucket: Bucket, object_server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stored = stored_numbers(32, 32)
    scene = bucket.put("a.tif", write_raster(tmp_path / "a.tif", stored))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name)
    (tmp_path / "config").write_text(f"[profile mine]\nendpoint_url = {object_server}\nregion = us-east-1\n")
    (tmp_path / "keys").write_text("[mine]\naws_access_key_id = AKIATEST\naws_secret_access_key = secret\n")
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "keys"))
    np.testing.assert_array_equal(Raster(scene).read([1], slice(0, 32), slice(0, 32))[0], stored[0])


def test_a_public_bucket_needs_no_credentials(bucket: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stored = stored_numbers(32, 32)
    scene = bucket.put("a.tif", write_raster(tmp_path / "a.tif", stored))
    bucket.client.put_object_acl(Bucket=bucket.name, Key="a.tif", ACL="public-read")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_NO_SIGN_REQUEST", "YES")
    np.testing.assert_array_equal(Raster(scene).read([1], slice(0, 32), slice(0, 32))[0], stored[0])


DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


def test_a_store_that_refuses_is_told_in_one_line(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    del bucket
    with answering(403, body=DENIED) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        with pytest.raises(InputError, match=r"s3://locked/a\.tif: access is denied"):
            Raster(place("s3://locked/a.tif"))
        with pytest.raises(InputError, match=r"s3://locked/out: objects cannot be put and deleted there"):
            make_folder(place("s3://locked/out"))
        assert not place("s3://locked/a.tif").is_file()


def test_what_may_pass_is_tried_again(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    del bucket
    monkeypatch.delenv("AWS_MAX_ATTEMPTS")
    with answering(503, 500, 200) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        write_json(place("s3://maps/a.json"), {})


def test_the_extra_is_asked_for_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pitscape.imagery.remote.object_store", None)
    with pytest.raises(InputError, match=r"pip install 'pitscape\[cloud\]'"):
        place("s3://maps/a.tif").exists()
