"""Zones from files and as squares: repaired, empty, outside, overlapping, in any CRS."""

import math
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from pyproj import CRS
from shapely.geometry import MultiPolygon, Point, Polygon, box
from small_scenes import UTM, grid

from pitscape.imagery.class_map import open_class_map, save_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import load_legend
from pitscape.inference.areas.proportions import ClassArea, class_areas
from pitscape.inference.areas.squares import square_zones, squares_crs
from pitscape.inference.areas.zones import Zone, outside_km2, overlaps, read_zones
from pitscape.inference.vector_layer import write_layer

WEST, NORTH = 585420, 5652250
WGS84 = (6378137.0, 298.257223563)
PLACES = {
    "EPSG:4326": (0.0004, 0.0003),
    "EPSG:3857": (40.0, 40.0),
    UTM: (30.0, 30.0),
    "+proj=aea +lat_0=40 +lon_0=10 +lat_1=43 +lat_2=62 +ellps=WGS84 +units=m": (30.0, 30.0),
}


def between_parallels(west: float, south: float, east: float, north: float) -> float:
    """Area [km2] of a rectangle of degrees on WGS 84, in closed form (Snyder 1987, eq. 3-12)."""
    axis, inverse = WGS84
    e = math.sqrt(2 / inverse - 1 / inverse**2)

    def q(latitude: float) -> float:
        s = math.sin(math.radians(latitude))
        return (1 - e**2) * (s / (1 - e**2 * s**2) - math.log((1 - e * s) / (1 + e * s)) / (2 * e))

    return axis**2 * math.radians(east - west) * (q(north) - q(south)) / 2 / 1e6


def save(path: Path, ids: np.ndarray, where: GeoBox) -> Path:
    save_class_map(path, ids.astype(np.uint8), where, load_legend())
    return path


def zone_file(path: Path, shapes: list[Any], names: Sequence[str | None] | None = None, crs: str = UTM) -> Path:
    table = {"name": names} if names else {}
    geopandas.GeoDataFrame(table, geometry=shapes, crs=crs).to_file(path)
    return path


def areas_of(path: Path, zones: Path) -> tuple[list[Zone], list[ClassArea]]:
    with open_class_map(path) as classes:
        found = read_zones(zones, classes)
        return found, class_areas(classes, found)


def on_the_ground(crs: str, size: int) -> GeoBox:
    """A grid around 15.1 E, 51.05 N."""
    place = geopandas.GeoSeries([Point(15.1, 51.05)], crs="EPSG:4326").to_crs(crs)[0]
    across, up = PLACES[crs]
    corner = place.x - across * size / 2, place.y + up * size / 2
    return GeoBox((size, size), Affine(across, 0, corner[0], 0, -up, corner[1]), crs)


@pytest.mark.parametrize("crs", PLACES)
def test_a_rectangle_of_degrees_has_its_closed_form_area_in_every_crs(tmp_path: Path, crs: str) -> None:
    """To a millionth: edges follow their parallels, and cells count by the part within them."""
    corners = (15.02, 51.01, 15.18, 51.09)
    path = save(tmp_path / "a.tif", np.zeros((620, 620)), on_the_ground(crs, 620))
    zones = zone_file(tmp_path / "z.gpkg", [box(*corners)], crs="EPSG:4326")
    _, rows = areas_of(path, zones)
    assert rows[0].area_km2 == pytest.approx(between_parallels(*corners), rel=1e-6)
    assert rows[0].outside_km2 == 0


@pytest.mark.parametrize("crs", PLACES)
def test_what_lies_beyond_the_map_is_measured_on_the_ground(tmp_path: Path, crs: str) -> None:
    corners = (15.05, 51.03, 15.9, 51.07)
    path = save(tmp_path / "a.tif", np.zeros((300, 300)), on_the_ground(crs, 300))
    _, rows = areas_of(path, zone_file(tmp_path / "z.gpkg", [box(*corners)], crs="EPSG:4326"))
    assert rows[0].outside_km2 > 0.8 * between_parallels(*corners)
    assert rows[0].area_km2 + rows[0].outside_km2 == pytest.approx(between_parallels(*corners), rel=1e-6)


def test_a_zone_outside_the_map_and_an_empty_one_have_rows_without_cells(tmp_path: Path) -> None:
    path = save(tmp_path / "a.tif", np.zeros((4, 4)), grid(4, 4))
    here, far = box(WEST, NORTH - 40, WEST + 40, NORTH), box(WEST + 1000, NORTH, WEST + 2000, NORTH + 1000)
    zones = zone_file(tmp_path / "z.gpkg", [here, far, Polygon()], ["here", "far", "empty"])
    found, rows = areas_of(path, zones)
    by_zone = {row.zone: row for row in rows if row.class_id == 0}
    assert by_zone["here"].cells == pytest.approx(16, abs=1e-6)
    assert [by_zone[z].cells for z in ("far", "empty")] == [0, 0]
    assert [by_zone[z].unobserved_km2 for z in ("far", "empty")] == [0, 0]
    assert all(math.isnan(by_zone[z].share) for z in ("far", "empty"))
    assert by_zone["far"].outside_km2 == pytest.approx(1 / 0.9996**2, rel=2e-4)  # UTM's scale near its meridian
    assert by_zone["empty"].outside_km2 == 0
    assert [zone.is_empty for zone in found] == [False, False, True]


def test_an_invalid_zone_is_repaired_and_says_so(tmp_path: Path) -> None:
    """A bow tie over 2 x 2 cells: two triangles of one cell each, half of each of the four cells."""
    path = save(tmp_path / "a.tif", np.array([[0, 1], [2, 3]]), grid(2, 2))
    tie = Polygon([(WEST, NORTH - 20), (WEST + 20, NORTH), (WEST + 20, NORTH - 20), (WEST, NORTH)])
    found, rows = areas_of(path, zone_file(tmp_path / "z.gpkg", [tie], ["tie"]))
    assert "Self-intersection" in found[0].repaired
    assert [row.cells for row in rows] == pytest.approx([0.5] * 4, abs=1e-6)


@pytest.mark.parametrize(
    ("shape", "cells"),
    [
        (Polygon([(0, 0), (10, 0), (20, 0), (10, 0), (10, -10), (0, -10)]), 1),  # a spike that encloses nothing
        (MultiPolygon([box(0, -20, 10, 0), box(5, -20, 15, 0)]), 3),  # land that two shells hold counts once
        (Polygon([(0, 0), (20, 0), (20, -20), (0, -20)], [[(10, -5), (30, -5), (30, -15), (10, -15)]]), 3),  # a hole
        (Polygon([(0, 0), (10, -10), (20, -20)]), 0),  # a line
    ],
)
def test_repaired_zones_by_hand(tmp_path: Path, shape: Any, cells: float) -> None:  # noqa: ANN401 - shapely's
    path = save(tmp_path / "a.tif", np.zeros((2, 2)), grid(2, 2))
    invalid = shapely.transform(shape, lambda points: points + np.array([WEST, NORTH]))
    whole = box(WEST, NORTH - 20, WEST + 20, NORTH)
    found, rows = areas_of(path, zone_file(tmp_path / "z.gpkg", [invalid, whole], ["odd", "whole"]))
    assert found[0].repaired
    assert not found[1].repaired
    assert rows[0].cells == pytest.approx(cells, abs=1e-6)


def test_overlapping_zones_are_named_with_what_they_share() -> None:
    where = grid(10, 10)
    left, right = box(WEST, NORTH - 100, WEST + 60, NORTH), box(WEST + 40, NORTH - 100, WEST + 100, NORTH)
    beside = box(WEST + 100, NORTH - 100, WEST + 200, NORTH)
    zones = [Zone("left", left), Zone("right", right), Zone("beside", beside)]
    [(one, other, area)] = overlaps(zones, where)
    assert (one, other) == ("left", "right")
    assert area == pytest.approx(20 * 100 / 1e6 / 0.9996**2, rel=2e-4)


def test_zones_that_share_an_edge_share_it_in_every_crs() -> None:
    """Neighbours in degrees, one of them with longer edges: on the map they neither overlap nor part."""
    where = on_the_ground(UTM, 600)
    left, right = box(15.0, 51.0, 15.1, 51.1), box(15.1, 51.0, 16.9, 51.1)
    shapes = placed_by(where, [left, right])
    assert shapely.intersection(*shapes).area < 1e-3
    gap = shapely.union_all(shapes).area - shapely.area(shapes).sum()
    assert abs(gap) < 1e-3
    assert len(shapely.get_parts(shapely.union_all(shapely.buffer(shapes, 1e-6)))) == 1


def placed_by(where: GeoBox, shapes: list[Polygon]) -> np.ndarray:
    from pitscape.inference.areas.reprojection import reprojected

    return reprojected(np.array(shapes, object), CRS("EPSG:4326"), CRS(str(where.crs)), 0.01)


def test_squares_cover_a_map_and_lie_on_multiples_of_their_side() -> None:
    where = grid(90, 130)
    zones = square_zones(where, 0.5)
    assert squares_crs(where).to_epsg() == 32633
    inside = [shapely.intersection(zone.geometry, where.extent.geom) for zone in zones]
    assert sum(shape.area for shape in inside) == pytest.approx(900 * 1300)
    assert {zone.geometry.bounds[0] % 500 for zone in zones if zone.geometry} == {0}
    assert zones[0].name == "0.5kmE1170N11302"  # 585,000 and 5,651,000 m
    assert len({zone.name for zone in zones}) == len(zones)


def test_squares_that_only_touch_a_map_are_none_of_its() -> None:
    where = GeoBox((100, 100), Affine(10, 0, 585000, 0, -10, 5652000), UTM)
    assert [zone.name for zone in square_zones(where, 1)] == ["1kmE585N5651"]


@pytest.mark.parametrize("crs", PLACES)
def test_areas_of_squares_add_up_to_the_map(tmp_path: Path, crs: str) -> None:
    path = save(tmp_path / "a.tif", np.random.default_rng(0).integers(0, 4, (150, 150)), on_the_ground(crs, 150))
    with open_class_map(path) as classes:
        parts, total = class_areas(classes, square_zones(classes.grid, 1.7)), class_areas(classes)
    for row in total:
        assert sum(p.area_km2 for p in parts if p.class_id == row.class_id) == pytest.approx(row.area_km2, rel=1e-9)


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857"])
def test_squares_on_degrees_and_mercator_have_equal_areas(crs: str) -> None:
    zones = square_zones(on_the_ground(crs, 300), 2.0)
    assert squares_crs(on_the_ground(crs, 300)).to_epsg() == 6933
    whole = on_the_ground(crs, 3000)
    for zone in zones[:3]:
        assert zone.geometry is not None
        measured = outside_km2(zone, whole[:1, :1]) + zone.geometry.intersection(whole[:1, :1].extent.geom).area
        assert measured == pytest.approx(4.0, rel=1e-6)


@pytest.mark.parametrize(("side", "problem"), [(0.0, "above 0"), (math.nan, "above 0"), (1e-3, "longer side")])
def test_squares_that_make_no_sense_are_refused(side: float, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        square_zones(grid(900, 1300), side)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 9))
def test_areas_of_a_partition_add_up_to_the_whole(tmp_path_factory: pytest.TempPathFactory, seed: int, n: int) -> None:
    """Voronoi cells of random points, cut at the map's edge: to 1e-9 of each class."""
    rng = np.random.default_rng(seed)
    where = grid(130, 170)
    points = rng.random((n, 2)) * [1700, 1300] + [WEST, NORTH - 1300]
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(points), extend_to=where.extent.geom))
    zones = [Zone(str(k), shapely.intersection(cell, where.extent.geom)) for k, cell in enumerate(cells)]
    path = save(tmp_path_factory.mktemp("p") / "a.tif", rng.choice([0, 1, 2, 3, 255], (130, 170)), where)
    with open_class_map(path) as classes:
        parts, total = class_areas(classes, zones), class_areas(classes)
    for row in total:
        assert sum(p.area_km2 for p in parts if p.class_id == row.class_id) == pytest.approx(row.area_km2, rel=1e-9)
    assert sum(p.unobserved_km2 for p in parts) / 4 == pytest.approx(total[0].unobserved_km2, rel=1e-9)


def test_a_zone_split_in_two_has_the_area_of_both(tmp_path: Path) -> None:
    ids = np.random.default_rng(1).integers(0, 4, (200, 200))
    path = save(tmp_path / "a.tif", ids, grid(200, 200))
    disc = Point(WEST + 1000, NORTH - 1000).buffer(870, 200)
    halves = shapely.get_parts(
        shapely.ops.split(disc, shapely.LineString([(WEST, NORTH - 1500), (WEST + 2000, NORTH)]))
    )
    zones = [Zone("disc", disc), Zone("a", halves[0]), Zone("b", halves[1])]
    with open_class_map(path) as classes:
        rows = class_areas(classes, zones)
    for k in range(4):
        disc_km2, *parts = (row.area_km2 for row in rows if row.class_id == k)
        assert sum(parts) == pytest.approx(disc_km2, rel=1e-8)


def test_zones_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.tif", np.zeros((4, 4)), grid(4, 4))
    far = geopandas.GeoDataFrame(geometry=[box(0, 0, 1, 1)], crs="EPSG:4326")
    far.to_file(tmp_path / "far.gpkg")
    (tmp_path / "text.gpkg").write_text("no")
    here = box(585420, 5652210, 585440, 5652250)
    twins = geopandas.GeoDataFrame({"name": ["a", "a"]}, geometry=[here, here], crs=UTM)
    twins.to_file(tmp_path / "twins.gpkg")
    geopandas.GeoDataFrame(geometry=[here.boundary], crs=UTM).to_file(tmp_path / "lines.gpkg")
    (tmp_path / "table.csv").write_text("name\na\n")
    with open_class_map(path) as classes:
        for name, problem in [
            ("far", "none of its 1 polygons meets"),
            ("text", "not a vector file"),
            ("none", "no such"),
        ]:
            with pytest.raises(InputError, match=problem):
                read_zones(tmp_path / f"{name}.gpkg", classes)
        for name, problem in [
            ("twins.gpkg", "two zones are named 'a'"),
            ("lines.gpkg", "no polygon"),
            ("table.csv", "no geometry"),
        ]:
            with pytest.raises(InputError, match=problem):
                read_zones(tmp_path / name, classes)
        with pytest.raises(InputError, match="has no column 'mine'"):
            read_zones(tmp_path / "far.gpkg", classes, name_column="mine")


def test_other_geometries_beside_polygons_are_refused(tmp_path: Path) -> None:
    here = box(WEST, NORTH - 40, WEST + 40, NORTH)
    mixed = zone_file(tmp_path / "mixed.gpkg", [here, Point(WEST, NORTH)])
    with pytest.raises(InputError, match="holds a Point"):
        read_zones(mixed, SimpleNamespace(path=tmp_path, grid=grid(4, 4)))


def test_several_polygons_are_one_zone(tmp_path: Path) -> None:
    path = save(tmp_path / "a.tif", np.array([[0, 1], [2, 3]]), grid(2, 2))
    pair = MultiPolygon([box(WEST, NORTH - 10, WEST + 5, NORTH), box(WEST + 10, NORTH - 20, WEST + 20, NORTH - 15)])
    _, rows = areas_of(path, zone_file(tmp_path / "z.gpkg", [pair]))
    assert [row.cells for row in rows] == pytest.approx([0.5, 0, 0, 0.5], abs=1e-6)


def test_mine_boundaries_of_the_world_have_their_geodesic_areas(reference_data: Path, tmp_path: Path) -> None:
    """125 surface coal mines (Global Energy Monitor, CC BY 4.0), 4 of them invalid, on an equal-area grid of 20 km."""
    source = reference_data / "study_mines" / "surface_coal_mine_boundaries.geojson"
    whole = GeoBox((700, 1736), Affine(20_000, 0, -17_360_000, 0, -20_000, 7_000_000), "EPSG:6933")
    path = save(tmp_path / "a.tif", np.zeros((700, 1736)), whole)
    zones, rows = areas_of(path, source)
    given = geopandas.read_file(source)
    assert [bool(zone.repaired) for zone in zones] == (~given.geometry.is_valid).tolist()
    ellipsoid = CRS("EPSG:4326").get_geod()
    for shape, row in zip(given.geometry, rows[::4], strict=True):
        if shape.is_valid:
            short = shapely.segmentize(shapely.orient_polygons(shape), 1e-3)  # between them geodesics are straight
            km2 = ellipsoid.geometry_area_perimeter(short)[0] / 1e6
            assert row.area_km2 == pytest.approx(km2, rel=1e-5)


def test_squares_on_a_turned_mercator_grid_are_of_equal_area() -> None:
    turned = GeoBox(
        (9, 9), Affine.translation(1_700_000, 6_600_000) @ Affine.rotation(20) @ Affine.scale(10), "EPSG:3857"
    )
    assert squares_crs(turned).to_epsg() == 6933


def test_squares_beyond_180_degrees_are_refused() -> None:
    with pytest.raises(InputError, match="beyond 180 degrees"):
        square_zones(GeoBox((10, 10), Affine(0.1, 0, 179.5, 0, -0.1, 60), "EPSG:4326"), 10)


def test_a_zone_that_the_edge_of_a_projection_tears_is_refused(tmp_path: Path) -> None:
    where = GeoBox((10, 10), Affine(10, 0, 20_037_400, 0, -10, 8_000_000), "EPSG:3857")
    path, across = save(tmp_path / "a.tif", np.zeros((10, 10)), where), box(179, 58, 181, 59)
    with pytest.raises(InputError, match="beyond what the map's CRS can show"):
        areas_of(path, zone_file(tmp_path / "z.gpkg", [across], crs="EPSG:4326"))


def test_extents_with_their_style_are_zones_and_of_two_layers_none_is_guessed(tmp_path: Path) -> None:
    """Warnings are errors in tests: that a file holds a table beside its layer is none."""
    path, zones = save(tmp_path / "a.tif", np.zeros((10, 10)), grid(10, 10)), tmp_path / "z.gpkg"
    lease = geopandas.GeoDataFrame(geometry=[box(WEST, NORTH - 50, WEST + 50, NORTH)], crs=UTM)
    write_layer(zones, lease, "leases", style="<qgis/>")
    assert areas_of(path, zones)[1][0].cells == 25
    lease.to_file(zones, layer="others", mode="a")
    with pytest.raises(InputError, match="has the layers leases, others; save"):
        areas_of(path, zones)


def test_zones_without_names_are_told(tmp_path: Path) -> None:
    path = save(tmp_path / "a.tif", np.zeros((10, 10)), grid(10, 10))
    lease = box(WEST, NORTH - 50, WEST + 50, NORTH)
    with pytest.raises(InputError, match="a zone has no name in column name"):
        areas_of(path, zone_file(tmp_path / "z.gpkg", [lease, lease], [None, None]))
