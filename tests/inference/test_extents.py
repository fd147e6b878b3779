from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import Geod, Transformer
from rasterio.features import rasterize
from shapely.geometry import Point
from small_scenes import grid, write_raster

from pitscape.imagery.class_map import open_class_map, save_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import Legend, load_legend
from pitscape.imagery.share_map import new_share_map
from pitscape.inference.areas.proportions import class_areas
from pitscape.inference.outlines.extents import class_extents, write_extents

SMALL = np.array(
    [
        [0, 0, 0, 2, 2, 2],
        [0, 2, 0, 2, 2, 0],
        [0, 0, 0, 2, 0, 2],
        [2, 2, 2, 2, 255, 2],
    ],
    np.uint8,
)

COLUMNS = [
    "class_id",
    "class_name",
    "land",
    "epoch",
    "mine",
    "patches",
    "cells",
    "area_km2",
    "filled_km2",
    "unobserved_km2",
    "adjusted_km2",
    "area_low_km2",
    "area_high_km2",
    "kind",
    "median_relief_m",
    "pit_share",
    "dump_share",
    "volume_below_mm3",
    "volume_above_mm3",
    "relief_m",
    "reference_nmad_m",
    "geometry_area_km2",
    "perimeter_km",
    "mean_confidence",
    "geometry",
]


def saved(folder: Path, ids: NDArray[np.uint8], where: GeoBox | None = None, legend: Legend | None = None) -> Path:
    path = folder / "a.tif"
    save_class_map(path, ids, where or grid(*ids.shape), legend or load_legend())
    return path


def extents_of(path: Path, **options: float | Path) -> geopandas.GeoDataFrame:
    with open_class_map(path) as classes:
        return class_extents(classes, "mined", epoch="2023", **options)


def rasterised(table: geopandas.GeoDataFrame, where: GeoBox) -> NDArray[np.bool_]:
    """The cells whose centre lies in a polygon."""
    if not len(table):
        return np.zeros(where.shape, np.bool_)
    burnt: NDArray[np.uint8] = rasterize(table.geometry, where.shape, fill=0, transform=where.affine, dtype="uint8")
    return burnt.astype(np.bool_)


def test_patches_by_hand(tmp_path: Path) -> None:
    """A ring of eight cells with its hole, and two cells that touch at a corner: three polygons."""
    table = extents_of(saved(tmp_path, SMALL))
    assert list(table.columns) == COLUMNS
    assert table.geometry.area.tolist() == [800, 100, 100]
    assert table["cells"].tolist() == [8, 1, 1]
    assert len(table.geometry[0].interiors) == 1
    assert table.geometry.is_valid.all()
    assert table["perimeter_km"][0] == pytest.approx(0.16, rel=1e-3)
    np.testing.assert_allclose(table["area_km2"], table["geometry_area_km2"], rtol=1e-6)


def test_polygons_have_the_area_of_the_map(tmp_path: Path) -> None:
    ids = np.random.default_rng(0).choice(np.array([0, 2, 255], np.uint8), (600, 80))
    path = saved(tmp_path, ids)
    table = extents_of(path)
    with open_class_map(path) as classes:
        assert table["area_km2"].sum() == pytest.approx(class_areas(classes)[0].area_km2, rel=1e-9)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ids=arrays(np.uint8, (8, 9), elements=st.sampled_from([0, 1, 2, 3, 255])), sign=st.sampled_from([-1, 1]))
def test_rasterised_polygons_are_the_map(tmp_path: Path, ids: NDArray[np.uint8], sign: int) -> None:
    """North-up and south-up; holes, corners that touch, the border: every cell of the class and no other."""
    where = GeoBox(ids.shape, Affine(10, 0, 585420, 0, 10 * sign, 5652250), "EPSG:32633")
    table = extents_of(saved(tmp_path, ids, where))
    np.testing.assert_array_equal(rasterised(table, where), ids == 0)
    assert table.geometry.is_valid.all()
    assert table["cells"].sum() == (ids == 0).sum()


def test_rasterised_polygons_are_the_map_with_what_was_added(tmp_path: Path) -> None:
    ids = np.random.default_rng(1).choice(np.array([0, 0, 2, 255], np.uint8), (90, 70))
    table = extents_of(saved(tmp_path, ids), close_m=10, fill_ha=0.05)
    cells = rasterised(table, grid(*ids.shape))
    added = cells & (ids != 0)
    assert added.any()
    assert not (added & (ids == 255)).any()
    assert table["cells"].sum() == cells.sum()
    assert table["filled_km2"].sum() == pytest.approx(table["area_km2"].sum() * added.sum() / cells.sum(), rel=1e-4)


def test_small_patches_are_left_out_last(tmp_path: Path) -> None:
    """A patch counts with what was filled: 9 cells are 0.09 ha, without the hole they would be 0.08."""
    path = saved(tmp_path, SMALL)
    assert extents_of(path, min_area_ha=0.05).geometry.area.tolist() == [800]
    assert extents_of(path, min_area_ha=0.085).empty
    assert extents_of(path, min_area_ha=0.085, fill_ha=1).geometry.area.tolist() == [900]


def test_closing_fills_gaps_but_no_unobserved_land(tmp_path: Path) -> None:
    table = extents_of(saved(tmp_path, SMALL), close_m=10)
    assert table.geometry.area.sum() >= 900
    assert not any(geometry.contains(Point(585465, 5652215)) for geometry in table.geometry)


def test_unobserved_land_in_a_pit_stays_a_hole_and_is_told(tmp_path: Path) -> None:
    """A pit of 5 x 5 cells with two that were not seen and one of water in one hole."""
    ids = np.zeros((5, 5), np.uint8)
    ids[2, 1:4] = 255, 255, 3
    table = extents_of(saved(tmp_path, ids), fill_ha=1)
    assert table["cells"].tolist() == [23]
    assert table.geometry.area.tolist() == [2300]
    assert table["unobserved_km2"][0] == pytest.approx(2e-4, rel=1e-3)
    assert table["filled_km2"][0] == pytest.approx(1e-4, rel=1e-3)


def test_one_pixel_at_the_corner_of_the_map(tmp_path: Path) -> None:
    ids = np.full((3, 3), 2, np.uint8)
    ids[0, 0] = 0
    table = extents_of(saved(tmp_path, ids), fill_ha=1)
    assert table.geometry[0].equals(shapely.box(585420, 5652240, 585430, 5652250))
    assert table["perimeter_km"][0] == pytest.approx(0.04, rel=1e-3)


def test_a_map_that_is_all_of_the_class(tmp_path: Path) -> None:
    table = extents_of(saved(tmp_path, np.zeros((4, 6), np.uint8)), close_m=10, fill_ha=1)
    assert table.geometry.area.tolist() == [2400]


@pytest.mark.parametrize("name", ["e.gpkg", "e.parquet"])
def test_a_map_without_the_class_gives_a_file_of_all_columns(tmp_path: Path, name: str) -> None:
    write_extents(tmp_path / name, extents_of(saved(tmp_path, np.full((4, 4), 2, np.uint8))))
    read = (geopandas.read_parquet if name.endswith("parquet") else geopandas.read_file)(tmp_path / name)
    assert len(read) == 0
    assert [column for column in read.columns if column != "bbox"] == COLUMNS
    assert read.crs.to_epsg() == 32633


def test_land_is_disturbed_where_the_legend_says_that_it_includes_dumps(tmp_path: Path) -> None:
    legend = load_legend().model_copy(update={"notes": ("mined includes dumps",)})
    with open_class_map(saved(tmp_path, SMALL, legend=legend)) as classes:
        assert set(class_extents(classes, "mined", epoch="")["land"]) == {"disturbed"}
        assert set(class_extents(classes, "vegetated", epoch="")["land"]) == {"vegetated"}
    assert set(extents_of(saved(tmp_path, SMALL))["land"]) == {"excavated"}


def test_mean_confidence_is_of_cells_mapped_as_the_class(tmp_path: Path) -> None:
    """A ring of 0.8 around a filled cell of 0.2, one cell without a confidence, and two single cells."""
    stored = np.full(SMALL.shape, 50, np.uint8)
    stored[SMALL == 0] = 200
    stored[0, 0] = 255
    stored[1, 5] = 125
    with new_share_map(tmp_path / "c.tif", grid(*SMALL.shape), ["confidence"]) as write:
        write(0, 0, stored[None])
    table = extents_of(saved(tmp_path, SMALL), fill_ha=1, confidence=tmp_path / "c.tif")
    assert table["cells"][0] == 9
    assert sorted(table["mean_confidence"]) == pytest.approx([0.5, 0.8, 0.8])


def test_confidence_of_another_map_is_refused(tmp_path: Path) -> None:
    with new_share_map(tmp_path / "c.tif", grid(3, 3), ["confidence"]) as write:
        write(0, 0, np.full((1, 3, 3), 200, np.uint8))
    with pytest.raises(InputError, match=r"c.tif: is on another grid than .*give the confidence of that map"):
        extents_of(saved(tmp_path, SMALL), confidence=tmp_path / "c.tif")
    floats = write_raster(tmp_path / "floats.tif", np.ones((1, *SMALL.shape), np.float32))
    with pytest.raises(InputError, match=r"floats.tif: is no map of confidence"):
        extents_of(saved(tmp_path, SMALL), confidence=floats)


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857", "EPSG:32649", "ESRI:102025"])
def test_one_shape_has_one_area_on_every_projection(tmp_path: Path, crs: str) -> None:
    """A geodesic circle of 5 km at 39.7 N, 111.3 E, on cells of about 10 m; its area by Karney's method.

    About 6,000 cells lie on its border, each off by up to half a cell either way: some 25 cells in 785,000, 3e-5.
    """
    geod = Geod(ellps="WGS84")
    longitude, latitude, _ = geod.fwd([111.3] * 3600, [39.7] * 3600, np.arange(3600) / 10, [5000] * 3600)
    expected = abs(geod.polygon_area_perimeter(longitude, latitude)[0]) / 1e6
    outline = shapely.Polygon(
        np.column_stack(Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(longitude, latitude))
    )
    west, south, east, north = outline.bounds
    side = (east - west) / 1037
    shape = (int((north - south) / side) + 3, 1040)
    where = GeoBox(shape, Affine(side, 0, west - 1.3 * side, 0, -side, north + 1.4 * side), crs)
    ids = rasterize([(outline, 0)], shape, fill=2, transform=where.affine, dtype="uint8")
    table = extents_of(saved(tmp_path, ids, where))
    assert len(table) == 1
    assert table["area_km2"][0] == pytest.approx(expected, rel=1.3e-4)


def test_unknown_classes_are_refused(tmp_path: Path) -> None:
    with open_class_map(saved(tmp_path, SMALL)) as classes, pytest.raises(InputError, match="unknown class 'pit'"):
        class_extents(classes, "pit", epoch="")


def test_what_is_nothing_is_exactly_nothing(tmp_path: Path) -> None:
    """A pit around a pond, on a map whose unobserved corners lie outside of it: sums of areas are rounded, 0 is not."""
    ids = np.random.default_rng(0).choice(np.array([2, 255], np.uint8), (300, 300))
    ids[100:200, 100:233] = 0
    ids[120:130, 120:135] = 3
    table = extents_of(saved(tmp_path, ids))
    assert table["unobserved_km2"].tolist() == [0]
    assert not np.signbit(table["unobserved_km2"]).any()
