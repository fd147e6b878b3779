import os
import pickle
from pathlib import Path

import pytest

from pitscape.imagery.errors import InputError
from pitscape.imagery.remote.gdal_network import ENDPOINT, make_ready
from pitscape.imagery.remote.name import collapsed, place, shown
from pitscape.imagery.remote.path import RemotePath, from_folder, relative_name
from pitscape.imagery.settings import expand_path


def test_a_remote_name_behaves_as_a_path() -> None:
    path = place("s3://maps/2023/strzegom_20230709.tif")
    assert isinstance(path, RemotePath)
    assert str(path) == f"{path}" == "s3://maps/2023/strzegom_20230709.tif"
    assert (path.name, path.stem, path.suffix) == ("strzegom_20230709.tif", "strzegom_20230709", ".tif")
    assert str(path.parent / "classes.tif") == "s3://maps/2023/classes.tif"
    assert str(path.with_name(path.name + ".parts")) == "s3://maps/2023/strzegom_20230709.tif.parts"
    assert str(path.with_suffix(".json")) == "s3://maps/2023/strzegom_20230709.json"
    assert pickle.loads(pickle.dumps(path)) == path  # noqa: S301 - as a cluster sends it
    assert path.resolve() == path == path.absolute()
    assert {path: 1}[place("s3://maps/2023/strzegom_20230709.tif")] == 1


def test_local_names_stay_what_they_are() -> None:
    for name in ("maps/a.tif", "/vsizip/a.zip/b.tif", r"C:\maps\a.tif", "a:b.tif", "sentinel1=a.tif"):
        assert place(name) == Path(name)
        assert not isinstance(place(name), RemotePath)


@pytest.mark.parametrize(
    "name",
    [
        "s3://AKIA0:canary/secret@maps/a.tif",
        "s3://AKIA0:canary@maps/a.tif",
        "https://user:canary@example.org/a.tif",
        "https://user:can/ary@example.org/a.tif",
        "ftp://user:canary@example.org/a.tif",
        "http://example.org/a.tif?sig=canary",
        "http://127.0.0.1.example.org/a.tif?sig=canary",
        "gs://maps/a.tif?sig=canary",
        "https://example.org/a/../b.tif?sig=canary",
        "s3://maps//a.tif",
        "s3://",
    ],
)
def test_what_is_no_remote_name_is_refused_in_a_line_without_secrets(name: str) -> None:
    with pytest.raises(InputError) as refused:
        place(name)
    assert "canary" not in str(refused.value)
    assert "ary@" not in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "[::1]:8080"])
def test_this_machine_may_be_asked_without_encryption(host: str) -> None:
    assert str(place(f"http://{host}/a.tif")) == f"http://{host}/a.tif"


def test_windows_says_that_it_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pitscape.imagery.remote.name.os.name", "nt")
    with pytest.raises(InputError, match="not read on Windows yet"):
        place("s3://maps/a.tif")


def test_a_signature_is_in_nothing_that_is_shown() -> None:
    path = place("https://example.org/a.tif?X-Amz-Signature=canary&x=1#canary")
    told = f"{path} {path!r} {path.parent} {path.with_suffix('.json')} {pickle.dumps(path)!r} {path.parts}"
    assert "canary" not in told
    assert path.name == "a.tif"


def test_what_opens_files_by_itself_is_told_that_they_are_remote() -> None:
    path = place("s3://maps/a.tif")
    for use in (os.fspath, open, os.listdir, lambda p: p.open("w")):
        with pytest.raises(InputError, match=r"s3://maps/a\.tif.*: is remote"):
            use(path)  # type: ignore[operator]


def test_names_relative_to_a_folder() -> None:
    folder, path = place("s3://maps/2024"), place("s3://maps/2023/p.tif")
    assert relative_name(path, folder) == "../2023/p.tif"
    assert from_folder(folder, "../2023/p.tif") == path
    assert relative_name(Path("/a/b/c.tif"), Path("/a/d")) == "../b/c.tif"
    for other in ("s3://other/p.tif", "/maps/p.tif", "https://maps/p.tif"):
        with pytest.raises(InputError, match="lies elsewhere"):
            relative_name(place(other), folder)


def test_a_remote_name_that_was_taken_for_a_local_one_is_known() -> None:
    assert collapsed(Path("s3://maps/a.tif"))
    assert collapsed(Path("https://example.org/a.tif"))
    assert not collapsed(Path("maps/s3/a.tif"))
    assert not collapsed(place("s3://maps/a.tif"))
    with pytest.raises(InputError, match=r"https://example\.org/a\.tif: settings name files of the local disk"):
        expand_path("https://example.org/a.tif?sig=canary", Path())


def test_what_gdal_calls_a_file_is_shown_as_the_user_named_it() -> None:
    assert shown("/vsicurl/https://example.org/a.tif") == "https://example.org/a.tif"
    assert shown("/data/a.tif") == "/data/a.tif"


@pytest.mark.parametrize(
    ("endpoint", "settings"),
    [
        ("http://127.0.0.1:9000", ("127.0.0.1:9000", "NO", "FALSE")),
        ("https://minio.example.org/", ("minio.example.org", "YES", "FALSE")),
        ("https://s3.eu-central-1.amazonaws.com", (None, None, None)),
    ],
)
def test_gdal_gets_the_endpoint_in_its_own_words(
    endpoint: str, settings: tuple[str | None, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As https://gdal.org/en/stable/user/virtual_file_systems.html#vsis3 describes them."""
    for name in ENDPOINT:
        monkeypatch.setenv(name, "of before")
    make_ready(endpoint=endpoint)
    assert tuple(os.environ.get(name) for name in ENDPOINT) == settings
