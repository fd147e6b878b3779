from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
from affine import Affine
from odc.geo.geobox import GeoBox
from rasterio.warp import Resampling, calculate_default_transform, reproject
from shapely.geometry import Point, Polygon, box
from small_scenes import UTM, grid

from pitscape.imagery.class_map import open_class_map, save_class_map
from pitscape.imagery.legend import load_legend
from pitscape.inference.proportions import class_areas
from pitscape.inference.zones import read_zones

LEGEND = load_legend()


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


def test_the_same_land_in_three_crs_has_the_same_area(tmp_path: Path) -> None:
    """A disc of 3 km radius, mapped in UTM, degrees and web Mercator: pi r2 by the cells of each."""
    centre = geopandas.GeoSeries([Point(15.5, 51.0)], crs="EPSG:4326")
    found = []
    for crs, side in [(UTM, 20.0), ("EPSG:4326", 0.00025), ("EPSG:3857", 32.0)]:
        local = centre.to_crs("+proj=aeqd +lat_0=51 +lon_0=15.5 +ellps=WGS84").buffer(3000, 256).to_crs(crs)
        left, _, _, top = local.total_bounds
        where = GeoBox((460, 460), Affine(side, 0, left - side, 0, -side, top + side), crs)
        mask = rasterio.features.rasterize([(local.iloc[0], 0)], where.shape, fill=2, transform=where.affine)
        with open_class_map(save(tmp_path / f"{side}.tif", mask, where)) as classes:
            found.append(class_areas(classes)[0].area_km2)
    assert found == pytest.approx([np.pi * 9] * 3, rel=2e-3)


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
