import math
from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from odc.geo.geobox import GeoBox
from pyproj import Geod
from rasterio.warp import Resampling, calculate_default_transform, reproject
from shapely.geometry import Polygon, box
from small_scenes import UTM, grid

from pitscape.imagery.cell_area import cell_areas
from pitscape.imagery.class_map import open_class_map, save_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import load_legend
from pitscape.imagery.share_map import new_share_map
from pitscape.inference.areas.coverage import exact_shares
from pitscape.inference.areas.proportions import class_areas, write_areas
from pitscape.inference.areas.zones import Zone, read_zones

LEGEND = load_legend()
ALBERS = "+proj=aea +lat_0=40 +lon_0=10 +lat_1=43 +lat_2=62 +ellps=WGS84 +units=m"


def save(path: Path, ids: np.ndarray, where: GeoBox) -> Path:
    save_class_map(path, ids.astype(np.uint8), where, LEGEND)
    return path


def test_three_by_three_cells_by_hand(tmp_path: Path) -> None:
    """Cells of 10 m in UTM 33N at 51 N, 15.2 E: 100 m2 by 1.0008, the square of the scale factor 0.9996."""
    path = save(tmp_path / "a.tif", np.array([[0, 0, 1], [2, 255, 2], [2, 2, 2]]), grid(3, 3))
    with open_class_map(path) as classes:
        rows = class_areas(classes)
    assert [(r.class_name, r.cells) for r in rows] == [("mined", 2), ("occupied", 1), ("vegetated", 5), ("water", 0)]
    assert [r.share for r in rows] == pytest.approx([2 / 8, 1 / 8, 5 / 8, 0])
    assert rows[0].area_km2 == pytest.approx(2 * 100 / 0.9996**2 / 1e6, rel=2e-4)
    assert rows[0].unobserved_km2 == pytest.approx(rows[0].area_km2 / 2)


def disc(crs: str, radius: float) -> tuple[geopandas.GeoSeries, float]:
    """A geodesic circle around 15.5 E, 51 N, and its area [km2] by the geodesics of PROJ."""
    ellipsoid = Geod(ellps="WGS84")
    turns = np.linspace(0, 360, 4000, endpoint=False)
    east, north, _ = ellipsoid.fwd(*(np.full(4000, at) for at in (15.5, 51.0)), turns, np.full(4000, radius))
    outline = geopandas.GeoSeries([Polygon(np.column_stack([east, north]))], crs="EPSG:4326")
    return outline.to_crs(crs), abs(ellipsoid.polygon_area_perimeter(east, north)[0]) / 1e6


@pytest.mark.parametrize(
    ("crs", "side"), [(UTM, 12.0), ("EPSG:4326", 0.00014), ("EPSG:3857", 19.0), (ALBERS, 12.0), ("EPSG:3035", 12.0)]
)
def test_the_same_land_has_the_same_area_in_every_crs(tmp_path: Path, crs: str, side: float) -> None:
    """A disc of 3 km radius: as a zone to 1e-6; rasterised to 1e-4 and what some 2,000 cells at its edge decide."""
    outline, km2 = disc(crs, 3000)
    left, _, right, top = outline.total_bounds
    size = int((right - left) / side) + 60
    where = GeoBox((size, size), Affine(side, 0, left - 20 * side, 0, -side, top + 20 * side), crs)
    mask = rasterio.features.rasterize([(outline.iloc[0], 0)], where.shape, fill=2, transform=where.affine)
    with open_class_map(save(tmp_path / "a.tif", mask, where)) as classes:
        mined = class_areas(classes)[0].area_km2
        by_zone = class_areas(classes, [Zone("disc", outline.iloc[0])])
    assert sum(row.area_km2 for row in by_zone) == pytest.approx(km2, rel=1e-6)
    assert mined == pytest.approx(km2, rel=3e-4)


def test_zones_may_take_cells_by_their_centre_and_overlap(tmp_path: Path) -> None:
    path = save(tmp_path / "a.tif", np.array([[0, 0, 1, 1]] * 4), grid(4, 4))
    west, north = 585420, 5652250
    zones = geopandas.GeoDataFrame(
        {"name": ["left", "all", "<b>"]},
        geometry=[
            box(west, north - 40, west + 16, north),
            box(west, north - 40, west + 40, north),
            box(west + 20, north - 20, west + 40, north - 10),
        ],
        crs=UTM,
    )
    zones.to_crs("EPSG:4326").to_file(tmp_path / "z.gpkg")
    with open_class_map(path) as classes:
        rows = class_areas(classes, read_zones(tmp_path / "z.gpkg", classes), edges="centre")
    cells = {(r.zone, r.class_name): r.cells for r in rows}
    assert cells["left", "mined"] == 8
    assert cells["all", "mined"] == cells["all", "occupied"] == 8
    assert (cells["<b>", "mined"], cells["<b>", "occupied"]) == (0, 2)


def test_cells_of_disjoint_zones_add_up(tmp_path: Path) -> None:
    ids = np.random.default_rng(0).integers(0, 4, (90, 70))
    path = save(tmp_path / "a.tif", ids, grid(90, 70))
    left, top = 585420, 5652250
    line = Polygon([(left, top), (left + 300, top), (left + 123, top - 900), (left, top - 900)])
    whole = box(left, top - 900, left + 700, top)
    zones = geopandas.GeoDataFrame({"name": ["a", "b"]}, geometry=[line, whole.difference(line)], crs=UTM)
    zones.to_file(tmp_path / "z.gpkg")
    with open_class_map(path) as classes:
        parts = class_areas(classes, read_zones(tmp_path / "z.gpkg", classes), edges="centre")
        total = class_areas(classes)
    for row in total:
        same = [p for p in parts if p.class_id == row.class_id]
        assert sum(p.cells for p in same) == row.cells
        assert sum(p.area_km2 for p in same) == pytest.approx(row.area_km2, rel=1e-12)


def test_reprojection_keeps_the_area(tmp_path: Path) -> None:
    """The map itself warped to web Mercator: equal within what nearest neighbour moves at the borders."""
    ids = np.full((200, 200), 2, np.uint8)
    ids[60:140, 50:150] = 0
    source = grid(200, 200)
    to_mercator, width, height = calculate_default_transform(UTM, "EPSG:3857", 200, 200, *source.extent.boundingbox)
    target = GeoBox((height, width), to_mercator, "EPSG:3857")
    warped = np.full(target.shape, 255, np.uint8)
    reproject(
        ids,
        warped,
        src_transform=source.affine,
        src_crs=UTM,
        dst_transform=target.affine,
        dst_crs="EPSG:3857",
        src_nodata=255,
        dst_nodata=255,
        resampling=Resampling.nearest,
    )
    found = []
    for name, pixels, where in [("utm", ids, source), ("mercator", warped, target)]:
        with open_class_map(save(tmp_path / f"{name}.tif", pixels, where)) as classes:
            found.append(class_areas(classes)[0].area_km2)
    assert found[0] == pytest.approx(found[1], rel=5e-3)


def test_windows_add_up_to_the_whole(tmp_path: Path) -> None:
    """Over four windows and two bands of rows, against one piece of coverage and one array of areas."""
    ids, where = np.random.default_rng(4).integers(0, 4, (520, 2100)), grid(520, 2100)
    zone = Polygon([(585400, 5652240), (606000, 5650000), (605000, 5647060), (590000, 5647060)])
    with open_class_map(save(tmp_path / "a.tif", ids, where)) as classes:
        rows = class_areas(classes, [Zone("z", zone)])
    share, cells = exact_shares(
        shapely.transform(zone, lambda xy: (xy - [585420, 5652250]) / 10), slice(0, 520), slice(0, 2100)
    )
    m2 = share * cell_areas(where).ravel()[cells]
    whole = np.bincount(ids.ravel()[cells], m2, 4) / 1e6
    assert [row.area_km2 for row in rows] == pytest.approx(whole.tolist(), rel=1e-9)


def chances(path: Path, stored: np.ndarray, where: GeoBox) -> Path:
    with new_share_map(path, where, LEGEND.names) as write:
        write(0, 0, stored.astype(np.uint8))
    return path


def test_soft_areas_by_hand(tmp_path: Path) -> None:
    """Two cells of probabilities .6 .4 and .8 .2, one that the map did not observe, one without probabilities."""
    where = grid(1, 4)
    path = save(tmp_path / "a.tif", np.array([[0, 2, 255, 2]]), where)
    stored = np.array([[150, 50, 250, 255], [0, 0, 0, 255], [100, 200, 0, 255], [0, 0, 0, 255]])[:, None]
    with open_class_map(path) as classes:
        rows = class_areas(classes, probabilities=chances(tmp_path / "p.tif", stored, where))
    assert [row.soft_share for row in rows] == pytest.approx([0.4, 0, 0.6, 0], abs=1e-6)
    cell = rows[0].area_km2
    assert [row.soft_area_km2 for row in rows] == pytest.approx([0.8 * cell, 0, 1.2 * cell, 0], rel=1e-6)
    assert [row.share for row in rows] == pytest.approx([1 / 3, 0, 2 / 3, 0], rel=1e-6)


def test_probabilities_of_one_class_are_the_map(tmp_path: Path) -> None:
    ids = np.random.default_rng(2).choice([0, 1, 2, 3, 255], (60, 70))
    where = grid(60, 70)
    certain = np.where(ids == 255, 255, 250 * (ids == np.arange(4)[:, None, None]))
    zone = Zone("part", Polygon([(585431, 5652240), (586000, 5652000), (585500, 5651700)]))
    with open_class_map(save(tmp_path / "a.tif", ids, where)) as classes:
        rows = class_areas(classes, [zone], probabilities=chances(tmp_path / "p.tif", certain, where))
    assert [row.soft_area_km2 for row in rows] == pytest.approx([row.area_km2 for row in rows], rel=1e-6)


def test_probabilities_of_another_map_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.tif", np.zeros((4, 4)), grid(4, 4))
    elsewhere = chances(tmp_path / "p.tif", np.zeros((4, 4, 5)), grid(4, 5))
    with open_class_map(path) as classes:
        with pytest.raises(InputError, match="another grid"):
            class_areas(classes, probabilities=elsewhere)
        with pytest.raises(InputError, match="has 1 bands of uint8"):
            class_areas(classes, probabilities=path)


def test_permuted_classes_permute_the_rows(tmp_path: Path) -> None:
    ids, order = np.random.default_rng(0).integers(0, 4, (50, 60)), np.array([2, 0, 3, 1])
    found = []
    for name, pixels in (("a", ids), ("b", order[ids])):
        with open_class_map(save(tmp_path / f"{name}.tif", pixels, grid(50, 60))) as classes:
            found.append([row.area_km2 for row in class_areas(classes)])
    assert [found[1][k] for k in order] == found[0]


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 9), (513, 3)])
def test_small_maps_and_classes_at_the_border(tmp_path: Path, height: int, width: int) -> None:
    """One cell, one row, one row beyond a band: all of it is the class, and the others are there with nothing."""
    with open_class_map(save(tmp_path / "a.tif", np.ones((height, width)), grid(height, width))) as classes:
        rows = class_areas(classes)
    assert [row.cells for row in rows] == [0, height * width, 0, 0]
    assert [row.share for row in rows] == [0, 1, 0, 0]
    assert rows[1].area_km2 == pytest.approx(height * width * 1e-4 / 0.9996**2, rel=3e-4)


def test_a_map_of_nothing_has_no_shares(tmp_path: Path) -> None:
    with open_class_map(save(tmp_path / "a.tif", np.full((3, 3), 255), grid(3, 3))) as classes:
        rows = class_areas(classes)
    write_areas(tmp_path / "areas.csv", rows, ["2023"] * 4)
    assert all(math.isnan(row.share) for row in rows)
    assert (tmp_path / "areas.csv").read_text().splitlines()[1].startswith("all,2023,0,mined,0,0.0,,0.0009")
