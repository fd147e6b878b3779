"""What GIS programs find in the rasters and layers of a run and of a prediction: layout, names, colours, styles."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree as ET

import geopandas
import numpy as np
import pyogrio
import pytest
import rasterio
from rasterio.enums import ColorInterp
from shapely.geometry import box
from small_scenes import BANDS, stored_numbers, write_raster

from pitscape.cli import main
from pitscape.imagery.legend import load_legend
from pitscape.inference.scope.influence_layers import write_influence

LAYERS = {"extents.gpkg": ["extents"], "affected.gpkg": ["affected"]}


@pytest.fixture(scope="session")
def predicted(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what ``predict`` writes of a scene of 530 x 520 pixels."""
    folder = tmp_path_factory.mktemp("predicted")
    write_raster(folder / "scene_20240807.tif", stored_numbers(530, 520), bands=BANDS)
    outputs = ["--output", "map.tif", "--confidence", "confidence.tif", "--probabilities", "shares.tif", "--polygons"]
    named = [str(folder / each) if each.endswith(".tif") else each for each in outputs]
    scene, polygons = str(folder / "scene_20240807.tif"), str(folder / "map.gpkg")
    assert main(["predict", scene, "--model", str(model), *named, polygons]) == 0
    (folder / "scene_20240807.tif").unlink()
    return folder


def rasters(*folders: Path) -> list[Path]:
    return [path for folder in folders for path in sorted(folder.rglob("*.tif"))]


def check_layout(path: Path) -> None:
    """As GDAL's validation of cloud-optimised GeoTIFFs asks, by the structural metadata that only its driver writes."""
    with path.open("rb") as file:
        head = file.read(512)
    assert b"GDAL_STRUCTURAL_METADATA_SIZE" in head, path
    with rasterio.open(path) as dataset:
        structure = dataset.tags(ns="IMAGE_STRUCTURE")
        assert structure["LAYOUT"] == "COG", path
        assert dataset.profile["tiled"], path
        assert (dataset.block_shapes[0][0] % 16, dataset.block_shapes[0][1] % 16) == (0, 0)
        factors = dataset.overviews(1)
        smallest = max(dataset.shape) / (factors[-1] if factors else 1)
        assert smallest <= 512, f"{path}: overviews {factors}"
        assert dataset.crs is not None


def test_every_raster_is_cloud_optimised_and_explains_itself(whole_run: Path, predicted: Path) -> None:
    found = rasters(whole_run, predicted)
    assert len(found) == 3 + 3 + 3  # class maps, maps of E, and of a prediction map, confidence and probabilities
    for path in found:
        check_layout(path)
        with rasterio.open(path) as dataset:
            assert ColorInterp.alpha not in dataset.colorinterp, path
            assert all(dataset.descriptions), f"{path}: bands without a name"
            assert dataset.nodata is not None, path
            assert np.isnan(dataset.nodata) == (dataset.dtypes[0] == "float32")


def test_class_maps_have_the_colours_and_names_of_their_legend(whole_run: Path, predicted: Path) -> None:
    legend = load_legend()
    for path in [*rasters(whole_run / "classes"), predicted / "map.tif"]:
        with rasterio.open(path) as dataset:
            colours = dataset.colormap(1)
            assert [colours[land.id][:3] for land in legend.classes] == [land.rgb for land in legend.classes]
            assert colours[255][3] == 0
        names = ET.parse(f"{path}.aux.xml").iter("Category")  # noqa: S314 - our own
        assert [each.text for each in names] == list(legend.names)


def test_maps_of_numbers_have_their_statistics(whole_run: Path, predicted: Path) -> None:
    """In the file, so that no program has to read it whole or write beside it."""
    checked = 0
    for path in [*rasters(whole_run / "resilience"), predicted / "confidence.tif", predicted / "shares.tif"]:
        with rasterio.open(path) as dataset:
            for band in dataset.indexes:
                values = dataset.read(band, masked=True)
                values = np.ma.masked_invalid(values).compressed()
                tags = dataset.tags(band)
                if not values.size:
                    assert "STATISTICS_MAXIMUM" not in tags
                    continue
                assert float(tags["STATISTICS_MINIMUM"]) == pytest.approx(float(values.min()), rel=1e-6)
                assert float(tags["STATISTICS_MAXIMUM"]) == pytest.approx(float(values.max()), rel=1e-6)
                checked += 1
    assert checked >= 3 * 3 + 5


def styles_of(path: Path) -> dict[str, ET.Element]:
    """The default style of each layer, as QGIS asks for it."""
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute(
            "SELECT s.f_table_name, s.styleQML FROM layer_styles s JOIN gpkg_geometry_columns g "
            "ON g.table_name = s.f_table_name AND g.column_name = s.f_geometry_column WHERE s.useAsDefault = 1"
        ).fetchall()
    return {name: ET.fromstring(qml) for name, qml in rows}  # noqa: S314 - our own


def check_styles(path: Path, layers: Sequence[str]) -> None:
    """Every layer has one, which draws every row: its column is there, each value has a symbol."""
    styles = styles_of(path)
    assert sorted(styles) == sorted(layers), path
    for layer, root in styles.items():
        renderer = root.find("renderer-v2")
        assert renderer is not None
        symbols = {each.get("name") for each in renderer.iter("symbol")}
        assert symbols
        column = renderer.get("attr")
        if column is None:
            continue
        table = pyogrio.read_dataframe(path, layer=layer)
        categories = {each.get("value"): each.get("symbol") for each in renderer.iter("category")}
        assert set(table[column].dropna()) <= set(categories), f"{path}: {layer}.{column}"
        assert set(categories.values()) == symbols


def test_every_layer_of_a_run_has_a_style_that_draws_it(whole_run: Path, predicted: Path) -> None:
    assert {path.name for path in whole_run.rglob("*.gpkg")} == set(LAYERS)
    for name, layers in LAYERS.items():
        check_styles(whole_run / name, layers)
    check_styles(predicted / "map.gpkg", ["classes"])


def test_affected_land_says_what_and_how_large_it_is(whole_run: Path) -> None:
    (row,) = pyogrio.read_dataframe(whole_run / "affected.gpkg", layer="affected").to_dict("records")
    assert row["of"] == "mined and occupied"
    assert row["area_km2"] > row["se_km2"] > 0


def test_an_influence_scope_has_both_styles(tmp_path: Path) -> None:
    parts = geopandas.GeoDataFrame({"part": ["mined", "enclosed"]}, geometry=[box(0, 0, 1, 1)] * 2, crs="EPSG:32633")
    scope = geopandas.GeoDataFrame({"epoch": ["2024"]}, geometry=[box(0, 0, 2, 2)], crs="EPSG:32633")
    write_influence(tmp_path / "influence.gpkg", parts, scope)
    check_styles(tmp_path / "influence.gpkg", ["influence", "scope"])
