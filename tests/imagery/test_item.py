from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stac_server import stac_item

from pitscape.imagery.errors import InputError
from pitscape.imagery.sensor import load_sensor
from pitscape.imagery.stac.item import Item, read_item, safe_name, safe_names

SENSOR = load_sensor("sentinel2_l2a")
ASSETS = {"blue": {"href": "blue.tif"}}
SCENE = stac_item("a", (16.2, 50.9, 16.4, 51.0), {"datetime": "2023-06-01T10:00:00Z"}, ASSETS)


def test_bands_are_found_by_key_then_within_files_and_the_finest_first() -> None:
    def item(**assets: dict[str, Any]) -> Item:
        return read_item(SCENE | {"assets": assets}, base="https://example.org/v1/search")

    b02, b11 = SENSOR.band("B02"), SENSOR.band("B11")
    named = [{"name": "B11"}, {"name": "x", "common_name": "blue"}]
    whole = item(image={"href": "i/all.tif", "eo:bands": named}, blue={"href": "https://example.com/b.tif"})
    assert whole.find(b02)[0].url == "https://example.com/b.tif"
    assert (whole.find(b11)[0].url, whole.find(b11)[1]) == ("https://example.org/v1/i/all.tif", 1)
    assert item(image={"href": "all.tif", "bands": named}).find(b02)[1] == 2
    by_size = {f"B02_{gsd}m": {"href": f"{gsd}.tif", "gsd": gsd, "bands": [{"name": "B02"}]} for gsd in (60, 10, 20)}
    assert item(**by_size).find(b02)[0].url.endswith("/10.tif")
    odd = {"a": {}, "b": "text", "c": {"href": "c.tif", "eo:bands": [1]}, "d": {"href": "d", "proj:shape": "x"}}
    assert list(item(**odd, blue={"href": "b.tif"}).files) == ["blue"]
    shown = {"href": "tci.tif", "roles": ["visual"], "eo:bands": [{"name": "B02", "common_name": "blue"}]}
    with pytest.raises(InputError, match="item a: has no asset for band B02; it has visual, nir"):
        item(visual=shown, nir={"href": "nir.tif"}).find(b02)


@pytest.mark.parametrize(
    "change",
    [
        {"properties": None},
        {"properties": {}},
        {"properties": {"datetime": "yesterday"}},
        {"bbox": [1]},
        {"bbox": ["a"] * 4},
        {"assets": []},
        {"id": "\ud800"},
        {"id": ""},
    ],
)
def test_items_that_are_none_are_named(change: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"^item \S+|^item without id"):
        read_item(SCENE | change, base="https://example.org/v1/search")


@pytest.mark.parametrize(
    "item_id",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "..",
        ".",
        "C:\\x",
        "a/b",
        "a\0b",
        "con",
        "NUL.tif",
        "x" * 5000,
        " a ",
        "a:b",
        "-rf",
        "\x1b[31m",
    ],
)
def test_ids_that_are_no_file_names_become_some(item_id: str, tmp_path: Path) -> None:
    name = safe_name(item_id)
    assert (tmp_path / f"{name}.tif").resolve().parent == tmp_path.resolve()
    assert name != item_id
    assert len(name) < 150
    assert name.split(".")[0].lower() not in {"con", "nul"}
    (tmp_path / f"{name}.tif.json").touch()


@settings(deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=()), min_size=1), unique=True, max_size=8))
def test_different_ids_never_share_a_file(ids: list[str]) -> None:
    names = safe_names(ids)
    assert len({name.casefold() for name in names.values()}) == len(ids)
    assert all(name and name == Path(name).name and name.isascii() for name in names.values())


def test_ids_that_differ_in_case_alone_never_share_a_file() -> None:
    assert len({name.casefold() for name in safe_names(["Scene", "scene", "SCENE"]).values()}) == 3
