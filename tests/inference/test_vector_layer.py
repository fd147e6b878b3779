import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree as ET

import geopandas
import pyarrow.parquet
import pytest
from shapely.geometry import box

from pitscape.imagery.errors import InputError
from pitscape.inference.outlines.extent_style import extent_style
from pitscape.inference.vector_layer import check_suffix, write_layer

STYLE = extent_style("#c0562f", by_kind=True)


def table() -> geopandas.GeoDataFrame:
    columns = {"kind": ["pit", "dump"], "area_km2": [1.5, 2.5]}
    return geopandas.GeoDataFrame(columns, geometry=[box(0, 0, 10, 10), box(20, 0, 30, 40)], crs="EPSG:32649")


@pytest.mark.parametrize("suffix", [".gpkg", ".parquet"])
def test_equal_tables_are_equal_bytes(tmp_path: Path, suffix: str) -> None:
    paths = [tmp_path / f"{name}{suffix}" for name in "ab"]
    write_layer(paths[0], table(), "extents", title="excavated land", style=STYLE)
    time.sleep(1.1)  # files would hold the time of writing, in seconds
    write_layer(paths[1], table(), "extents", title="excavated land", style=STYLE)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_qgis_finds_the_style_of_the_layer(tmp_path: Path) -> None:
    """The one default style of the table and column, as QGIS asks for it."""
    path = tmp_path / "e.gpkg"
    write_layer(path, table(), "extents", title="disturbed land", style=STYLE)
    with closing(sqlite3.connect(path)) as database:
        found = database.execute(
            "SELECT styleQML FROM layer_styles WHERE f_table_schema='' AND f_table_name='extents' "
            "AND f_geometry_column='geom' AND useAsDefault=1"
        ).fetchall()
        (column,) = database.execute("SELECT column_name FROM gpkg_geometry_columns").fetchone()
        (said,) = database.execute("SELECT description FROM gpkg_contents WHERE table_name='extents'").fetchone()
    assert column == "geom"
    assert said == "disturbed land"
    root = ET.fromstring(found[0][0])  # noqa: S314 - our own
    renderer = root.find("renderer-v2")
    assert renderer is not None
    assert renderer.get("attr") == "kind"
    assert [each.get("value") for each in renderer.iter("category")] == ["pit", "dump", "level", "unknown"]
    symbols = {each.get("name") for each in renderer.iter("symbol")}
    assert {each.get("symbol") for each in renderer.iter("category")} == symbols


def test_a_style_of_one_class_has_its_colour() -> None:
    root = ET.fromstring(extent_style("#c0562f", by_kind=False))  # noqa: S314 - our own
    options = {each.get("name"): each.get("value") for each in root.iter("Option")}
    assert options["outline_color"] == "192,86,47,255"


def test_geoparquet_says_version_projection_and_boxes(tmp_path: Path) -> None:
    path = tmp_path / "e.parquet"
    write_layer(path, table(), "extents")
    geo = json.loads(pyarrow.parquet.read_schema(path).metadata[b"geo"])
    column = geo["columns"]["geometry"]
    assert geo["version"] == "1.1.0"
    assert column["crs"]["id"] == {"authority": "EPSG", "code": 32649}
    assert column["covering"]["bbox"]["xmin"] == ["bbox", "xmin"]
    read = geopandas.read_parquet(path, bbox=(19, 0, 21, 1))
    assert read["area_km2"].tolist() == [2.5]


def test_geoparquet_without_pyarrow_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pitscape.inference.vector_layer.find_spec", lambda _: None)
    with pytest.raises(ModuleNotFoundError) as caught:
        check_suffix(Path("e.parquet"))
    assert caught.value.name == "pyarrow"


def test_other_formats_are_refused() -> None:
    with pytest.raises(InputError, match=r"e.shp: .* end the name in .gpkg or .parquet"):
        check_suffix(Path("e.shp"))
