import datetime
import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from stac_server import StacServer, basic, serving, stac_item

from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.sensor import load_sensor
from pitscape.imagery.stac.address import AddressRules, clean
from pitscape.imagery.stac.catalogue import Search, connect, search_catalogue
from pitscape.imagery.stac.web import Web

SENSOR = load_sensor("sentinel2_l2a")
BOX = (16.2, 50.9, 16.4, 51.0)
PUBLIC = "93.184.215.14"
SEARCH = Search(BOX, datetime.date(2020, 1, 1), datetime.date(2023, 12, 31))


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[StacServer]:
    with serving(tmp_path / "files") as running:
        yield running


def scene(item_id: str, day: str = "2023-06-01", **properties: float | str) -> dict[str, Any]:
    told = {"datetime": f"{day}T10:00:00Z", **{key.replace("__", ":"): value for key, value in properties.items()}}
    return stac_item(item_id, BOX, told, {"blue": {"href": "blue.tif"}})


def found_in(server: StacServer, search: Search = SEARCH, *, tries: int = 2) -> list[str]:
    rules = AddressRules(server.url, allow_private=True)
    with Web(rules, tries=tries, pause_s=0) as web:
        return [item.id for item in search_catalogue(web, SENSOR, search).items]


def test_all_pages_are_read_in_order_of_day(server: StacServer) -> None:
    server.items = [scene(f"s{n}", f"2023-06-{9 - n:02d}") for n in range(7)]
    server.page = 3
    assert found_in(server) == ["s6", "s5", "s4", "s3", "s2", "s1", "s0"]


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        (Search(BOX, datetime.date(2022, 1, 1), datetime.date(2023, 12, 31)), ["b", "c", "d"]),
        (Search(BOX, datetime.date(2020, 1, 1), datetime.date(2023, 12, 31), month=10), ["a", "c"]),
        (Search(BOX, datetime.date(2020, 1, 1), datetime.date(2023, 12, 31), cloud_cover=20), ["b", "c"]),
        (Search(BOX, datetime.date(2020, 1, 1), datetime.date(2023, 12, 31), platform="Sentinel-2B"), ["d"]),
        (Search((17, 50, 18, 51), datetime.date(2020, 1, 1), datetime.date(2023, 12, 31)), []),
    ],
)
def test_what_a_catalogue_returns_beside_the_question_is_left_out(
    server: StacServer, search: Search, expected: list[str]
) -> None:
    server.items = [
        scene("a", "2020-10-05", eo__cloud_cover=30.0),
        scene("b", "2022-06-05", eo__cloud_cover=20),
        scene("c", "2022-10-31"),
        scene("d", "2023-06-05", eo__cloud_cover=80, platform="sentinel-2b"),
    ]
    if expected:
        assert found_in(server, search) == expected
    else:
        with pytest.raises(InputError, match=r"has no scene of sentinel-2-l2a.*widen --dates"):
            found_in(server, search)


def test_too_many_scenes_are_refused_not_cut_off(server: StacServer) -> None:
    server.items = [scene(f"s{n}") for n in range(4)]
    few = Search(BOX, SEARCH.start, SEARCH.end, max_items=3)
    with pytest.raises(InputError, match=r"more than 3 such scenes; narrow --dates.*--max-items"):
        found_in(server, few)


def test_the_first_collection_that_the_catalogue_has_is_taken(server: StacServer) -> None:
    server.collections = ("sentinel-2-c1-l2a",)
    server.items = [scene("a") | {"collection": "sentinel-2-c1-l2a"}]
    assert found_in(server) == ["a"]
    server.collections = ("other",)
    with pytest.raises(InputError, match=r"has no collection sentinel-2-l2a or sentinel-2-c1-l2a; name one"):
        found_in(server)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"bbox": (16.4, 50.9, 16.2, 51.0)}, "--bbox"),
        ({"bbox": (170.0, 50.9, 190.0, 51.0)}, "date line"),
        ({"bbox": (float("nan"), 50.9, 16.2, 51.0)}, "--bbox"),
        ({"start": datetime.date(2024, 1, 1)}, "end before they start"),
        ({"cloud_cover": 120.0}, "--cloud-cover"),
        ({"month": 13}, "--month"),
        ({"max_items": 0}, "--max-items"),
    ],
)
def test_questions_without_sense_are_refused(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        Search(**({"bbox": BOX, "start": SEARCH.start, "end": SEARCH.end} | options))


def test_a_name_that_changes_its_address_after_the_check_is_refused_on_connecting(server: StacServer) -> None:
    rules = AddressRules(f"http://localhost:{server.port}/v1", resolve=lambda _: [PUBLIC])
    with Web(rules, tries=1) as web, pytest.raises(InputError, match="localhost is a private host"):
        web.page("GET", rules.catalogue)
    assert server.asked == []


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("file:///etc/passwd", "refers to file:///etc/passwd"),
        ("https://localhost/v1", "lies on localhost, not on 127.0.0.1"),
        ("https://10.0.0.1/v1", "lies on 10.0.0.1"),
        ("/v1/search", "redirections"),
    ],
)
def test_redirections_and_further_pages_stay_on_the_catalogue(server: StacServer, target: str, problem: str) -> None:
    server.items, server.page = [scene("a"), scene("b")], 1
    server.redirects["/v1/search"] = target
    with pytest.raises(PitscapeError, match=problem):
        found_in(server)
    if not target.startswith("/"):
        server.redirects, server.next_page = {}, target
        with pytest.raises(InputError, match=problem):
            found_in(server)


def test_a_further_page_is_never_a_local_file(server: StacServer, tmp_path: Path) -> None:
    (tmp_path / "page.json").write_text('{"features": []}')
    server.items, server.page = [scene("a"), scene("b")], 1
    for place in (str(tmp_path / "page.json"), "page.json"):
        server.next_page = place
        with pytest.raises(InputError, match=r"no web address|only https is followed"):
            found_in(server)


def test_files_are_not_redirected_to_private_hosts(server: StacServer) -> None:
    server.redirects["/files/a.tif"] = f"https://localhost:{server.port}/files/b.tif"
    with Web(AddressRules(server.url, allow_private=True), tries=1) as web:
        with pytest.raises(InputError, match="private host localhost"):
            web.part(server.href("a.tif"), 0, 10, "item x")
        server.redirects["/files/a.tif"] = "file:///etc/passwd"
        with pytest.raises(InputError, match="refers to file:///etc/passwd"):
            web.part(server.href("a.tif"), 0, 10, "item x")


def test_failures_that_pass_are_tried_again(server: StacServer) -> None:
    server.items = [scene("a")]
    server.failures["/v1/search"] = [503, 429, "cut"]
    assert found_in(server, tries=4) == ["a"]
    server.failures["/v1/search"] = [503] * 5
    with pytest.raises(PitscapeError, match=r"could not be read \(status 503, 3 tries\); run the same") as caught:
        found_in(server, tries=3)
    assert caught.value.exit_status == 1


def test_no_connection_is_one_line() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        with (
            Web(AddressRules(url, allow_private=True), tries=2, pause_s=0) as web,
            pytest.raises(PitscapeError, match=r"could not be read \(no connection, 2 tries\)") as caught,
        ):
            search_catalogue(web, SENSOR, SEARCH)
    assert "\n" not in str(caught.value)
    assert caught.value.__context__ is None


def test_what_is_no_stac_api_is_refused(server: StacServer) -> None:
    for path in ("/v1/collections/sentinel-2-l2a", "/files/", "/nothing"):
        rules = AddressRules(server.url.replace("/v1", path), allow_private=True)
        with Web(rules, tries=1) as web, pytest.raises(InputError, match="does not answer as a STAC API"):
            search_catalogue(web, SENSOR, SEARCH)


def test_credentials_go_to_the_catalogue_alone(
    server: StacServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.tif").write_bytes(b"12345")
    server.items, server.secret = [scene("a")], "Bearer planted"
    with pytest.raises(InputError, match=r"needs credentials \(status 401\); set PITSCAPE_STAC_TOKEN"):
        found_in(server)
    monkeypatch.setenv("PITSCAPE_STAC_TOKEN", "planted")
    with serving(tmp_path / "other") as other, connect(server.url, allow_private=True) as web:
        assert search_catalogue(web, SENSOR, SEARCH).items
        web.part(other.href("a.tif"), 0, 5, "item x")
        server.redirects["/v1/moved"] = other.url
        web.page("GET", f"{server.url}/moved")
        assert [authorization for *_, authorization in other.asked] == [None, None]


def test_user_and_query_of_the_address_go_with_each_page_and_are_not_shown(server: StacServer) -> None:
    server.items, server.secret = [scene("a")], basic("user", "pass word")
    url = server.url.replace("http://", "http://user:pass%20word@") + "?key=planted"
    with connect(url, allow_private=True) as web:
        found = search_catalogue(web, SENSOR, SEARCH)
    assert [item.id for item in found.items] == ["a"]
    assert all("key=planted" in path for _, path, *_ in server.asked)
    assert clean(url) == server.url


def test_nothing_is_logged_while_reading(server: StacServer, caplog: pytest.LogCaptureFixture) -> None:
    server.items = [scene("a")]
    with caplog.at_level(logging.DEBUG), connect(f"{server.url}?key=planted", allow_private=True) as web:
        search_catalogue(web, SENSOR, SEARCH)
    assert "planted" not in caplog.text
