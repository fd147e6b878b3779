"""The STAC catalogue of a run: another implementation reads it, all that it names is there, equal work is equal bytes."""

import datetime
import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pystac
import pystac.validation
import pytest
import rasterio
import shapely
import yaml
from affine import Affine
from odc.geo.geobox import GeoBox
from pyproj import Transformer
from pystac.extensions.file import FileExtension
from shapely.geometry import shape
from small_scenes import BANDS, grid, stored_numbers, write_raster

from pitscape.cli import main
from pitscape.epoch_settings import Epoch
from pitscape.imagery.class_map import save_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import load_legend
from pitscape.inference.predictor import OnnxPredictor
from pitscape.inference.run_options import Outputs
from pitscape.inference.scene_run import predict_scene
from pitscape.report import write_report
from pitscape.run_catalogue import footprint, times, write_catalogue
from pitscape.site import run_site, save_site

SCHEMAS = Path(pystac.validation.__file__).parent / "jsonschemas" / "stac-spec" / "v1.1.0"


@pytest.fixture(scope="module")
def catalogue(whole_run: Path) -> pystac.Catalog:
    return pystac.Catalog.from_file(str(whole_run / "catalog.json"))


@pytest.fixture(scope="module")
def items(catalogue: pystac.Catalog) -> list[pystac.Item]:
    return list(catalogue.get_items())


def hrefs(content: Any) -> Iterator[str]:  # noqa: ANN401 - of JSON
    if isinstance(content, dict):
        yield from ([content["href"]] if isinstance(content.get("href"), str) else [])
    for each in content.values() if isinstance(content, dict) else content if isinstance(content, list) else []:
        yield from hrefs(each)


def test_pystac_reads_an_item_for_each_epoch(items: list[pystac.Item]) -> None:
    assert [item.id for item in items] == ["valley 2015-09-03", "valley 2020-09-09", "valley today"]
    assert items[0].datetime == datetime.datetime(2015, 9, 3, tzinfo=datetime.UTC)
    assert items[2].datetime is None
    ends = items[2].common_metadata
    assert (ends.start_datetime, ends.end_datetime) == (
        datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC),
        datetime.datetime(2024, 12, 31, 23, 59, 59, tzinfo=datetime.UTC),
    )
    everywhere = {"classes", "resilience", "extents", "outlines", "site", "report"}
    assert [set(item.assets) - everywhere for item in items] == [set(), set(), {"affected"}]
    assert all(set(item.assets) >= everywhere for item in items)


def test_required_fields_of_the_specification_are_there(whole_run: Path) -> None:
    """By the schemas that pystac carries; those of the extensions are not stored with it."""
    core = json.loads((SCHEMAS / "item.json").read_text())["definitions"]["core"]
    needed = {name for part in core["allOf"] for name in part.get("required", [])}
    assert {"stac_version", "id", "links", "assets", "properties"} <= needed
    for path in (whole_run / "stac").iterdir():
        content = json.loads(path.read_text(encoding="utf-8"))
        assert needed | {"type", "geometry", "bbox"} <= set(content)
        assert content["type"] == "Feature"
        assert content["properties"]["datetime"] or content["properties"]["start_datetime"]
    needed = set(json.loads((SCHEMAS / "catalog.json").read_text())["definitions"]["catalog"]["required"])
    assert needed <= set(json.loads((whole_run / "catalog.json").read_text(encoding="utf-8")))


def test_every_address_is_relative_and_leads_to_a_file(whole_run: Path, items: list[pystac.Item]) -> None:
    for path in [whole_run / "catalog.json", *(whole_run / "stac").iterdir()]:
        for href in hrefs(json.loads(path.read_text(encoding="utf-8"))):
            assert not Path(href).is_absolute()
            assert (path.parent / href).resolve().is_relative_to(whole_run.resolve())
            assert (path.parent / href).exists(), href
    for item in items:
        for asset in item.assets.values():
            found = Path(asset.get_absolute_href() or "")
            assert FileExtension.ext(asset).size == found.stat().st_size
            digest = hashlib.sha256(found.read_bytes()).hexdigest()
            assert FileExtension.ext(asset).checksum == f"1220{digest}"


def test_inputs_outside_of_the_folder_have_a_name_and_no_address(whole_site: Path, items: list[pystac.Item]) -> None:
    first = items[0].properties["pitscape:inputs"]
    names = {"classes": "map_20150903.tif", "image": "scene_20150903.tif"}
    assert {key: each["name"] for key, each in first.items()} == names
    for each in first.values():
        digest = hashlib.sha256((whole_site.parent / each["name"]).read_bytes()).hexdigest()
        assert each["file:checksum"] == f"1220{digest}"


def test_grids_and_classes_are_those_of_the_rasters(items: list[pystac.Item]) -> None:
    legend = load_legend()
    for item in items:
        asset = item.assets["classes"]
        content = asset.to_dict()
        with rasterio.open(str(asset.get_absolute_href())) as dataset:
            assert content["proj:code"] == "EPSG:32633"
            assert content["proj:shape"] == list(dataset.shape)
            assert content["proj:transform"] == list(dataset.transform)[:6]
            assert content["proj:bbox"] == list(dataset.bounds)
        (band,) = content["bands"]
        told = [
            (row["value"], row["title"], f"#{row['color_hint'].lower()}") for row in band["classification:classes"][:-1]
        ]
        assert told == [(each.id, each.name, each.colour) for each in legend.classes]
        assert band["classification:classes"][-1] == {
            "value": 255,
            "name": "unobserved",
            "title": "unobserved",
            "nodata": True,
        }
        numbers = item.assets["resilience"].to_dict()["bands"]
        assert [row["name"] for row in numbers] == ["H", "SHEI", "ECO_RES", "E"]
        assert {(row["data_type"], row["nodata"]) for row in numbers} == {("float32", "nan")}


def test_the_footprint_is_that_of_the_map(items: list[pystac.Item]) -> None:
    place = grid(520, 540)
    to_degrees = Transformer.from_crs("EPSG:32633", "EPSG:4326", always_xy=True)
    corners = [to_degrees.transform(*(place.affine @ corner)) for corner in ((0, 0), (540, 0), (540, 520), (0, 520))]
    for item in items:
        found = shape(item.geometry)
        assert found.exterior.is_ccw
        assert item.bbox == pytest.approx(list(found.bounds))
        assert found.symmetric_difference(shape({"type": "Polygon", "coordinates": [corners]})).area < 5e-4 * found.area


def test_land_on_the_date_line_is_cut_there() -> None:
    """Zone 60 ends at 180 degrees east; 1000 km east of its middle is beyond."""
    found = footprint(GeoBox((100, 100), Affine(10000, 0, 500000, 0, -10000, 1000000), "EPSG:32660"))
    parts = shapely.get_parts(found)
    assert sorted(round(each.bounds[0]) for each in parts) == [-180, 177]
    assert max(each.bounds[2] for each in parts) == 180


def test_equal_work_gives_equal_bytes(whole_site: Path, whole_run: Path) -> None:
    again = whole_run.parent / "again"
    shutil.copytree(whole_run, again)
    write_catalogue(again, site_file=whole_site)
    for path in [whole_run / "catalog.json", *(whole_run / "stac").iterdir()]:
        assert (again / path.relative_to(whole_run)).read_bytes() == path.read_bytes()


def test_items_of_epochs_that_are_gone_go(whole_site: Path, whole_run: Path) -> None:
    out = whole_run.parent / "fewer"
    shutil.copytree(whole_run, out)
    (out / "stac" / "own.json").write_text("{}")
    content = yaml.safe_load(whole_site.read_text())
    content["epochs"] = content["epochs"][:2]
    fewer = whole_site.with_name("fewer.yaml")
    fewer.write_text(yaml.safe_dump(content))
    write_catalogue(out, site_file=fewer)
    assert {path.name for path in (out / "stac").iterdir()} == {"2015-09-03.json", "2020-09-09.json", "own.json"}


def test_a_site_of_tables_has_no_catalogue_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "areas.csv").write_text("year,forest,mined\n2000,10,1\n2010,8,3\n")
    table = {"table": "areas.csv", "unit": "km2", "types": {"forest": "forest", "mined": "mined"}}
    (tmp_path / "site.yaml").write_text(yaml.safe_dump({"version": 1, "site": "t", "tables": {"areas": table}}))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "catalog.json").write_text("{}")
    assert main(["run", str(tmp_path / "site.yaml"), "--out", str(tmp_path / "out")]) == 0
    assert "no STAC catalogue: a site of tables has no maps" in capsys.readouterr().err
    assert not (tmp_path / "out" / "catalog.json").exists()
    assert (tmp_path / "out" / "tables" / "areas.csv").exists()


def test_an_input_in_a_folder_of_the_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "stac").mkdir()
    save_class_map(tmp_path / "stac" / "map.tif", np.full((40, 40), 2, np.uint8), grid(40, 40), load_legend())
    content = {"version": 1, "site": "t", "epochs": [{"classes": "stac/map.tif", "year": 2015}]}
    (tmp_path / "site.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(InputError, match=r"map\.tif: is an input of this run"):
        run_site(tmp_path / "site.yaml", tmp_path)


@pytest.mark.parametrize(
    ("epoch", "acquired", "day"),
    [
        (Epoch(image="s_20230709.tif", name="summer"), None, "2023-07-09"),
        (Epoch(image="s_20230709.tif"), "2023-07-10", "2023-07-10"),
        (Epoch(image="s.tif", classes="map_20230101.tif", year=2023), None, "2023-01-01"),
        (Epoch(classes="map.tif", year=2023), None, None),
    ],
)
def test_an_epoch_is_dated_by_its_scene_else_by_its_year(epoch: Epoch, acquired: str | None, day: str | None) -> None:
    found = times(epoch, acquired)
    assert found["datetime"] == (f"{day}T00:00:00Z" if day else None)
    assert found["start_datetime"] == f"{day or '2023-01-01'}T00:00:00Z"
    assert found["end_datetime"] == f"{day or '2023-12-31'}T23:59:59Z"


def test_what_a_prediction_wrote_beside_its_map_is_an_asset(model: Path, tmp_path: Path) -> None:
    """As the record of the map names it, relative to the map."""
    write_raster(tmp_path / "s_20240807.tif", stored_numbers(64, 64), bands=BANDS)
    content = {"version": 1, "site": "t", "model": str(model), "epochs": [{"image": "s_20240807.tif"}]}
    path, out = tmp_path / "site.yaml", tmp_path / "out"
    path.write_text(yaml.safe_dump(content))
    site = run_site(path, out)
    outputs = Outputs(out / "again.tif", confidence=out / "confidence.tif", polygons=out / "map.gpkg")
    predict_scene(tmp_path / "s_20240807.tif", OnnxPredictor(model), outputs)
    beside = {"confidence": "../confidence.tif", "polygons": "../map.gpkg"}
    site["provenance"]["maps"][0]["outputs"] |= beside
    save_site(site, out)
    write_report(out, site_file=path)
    write_catalogue(out, site_file=path)
    (item,) = pystac.Catalog.from_file(str(out / "catalog.json")).get_items()
    assert item.datetime == datetime.datetime(2024, 8, 7, tzinfo=datetime.UTC)
    assert {"classes", "confidence", "polygons"} <= set(item.assets)
    assert set(item.properties["pitscape:inputs"]) == {"image"}
    (band,) = item.assets["confidence"].to_dict()["bands"]
    assert (band["name"], band["data_type"], band["nodata"], set(band["statistics"])) == (
        "confidence",
        "uint8",
        255,
        {"minimum", "maximum"},
    )


def test_an_epoch_of_several_scenes_has_the_day_of_the_first_that_names_one() -> None:
    epoch = Epoch(images={"dem": "heights.tif", "sentinel2_l2a": "s2_20240701.tif"})
    assert times(epoch, None)["datetime"] == "2024-07-01T00:00:00Z"
