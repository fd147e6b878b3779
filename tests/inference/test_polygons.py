from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.features import rasterize
from scipy import ndimage
from small_scenes import grid

from pitscape.imagery.class_map import save_class_map
from pitscape.imagery.legend import load_legend
from pitscape.imagery.share_map import new_share_map
from pitscape.inference.polygons import class_polygons, write_polygons


def saved(folder: Path, ids: NDArray[np.uint8], where: GeoBox | None = None) -> Path:
    path = folder / "map.tif"
    save_class_map(path, ids, where or grid(*ids.shape), load_legend())
    return path


def noise(height: int, width: int, *, side: int = 1, seed: int = 0) -> NDArray[np.uint8]:
    """A random map of classes and unobserved land in patches of about ``side`` cells."""
    rng = np.random.default_rng(seed)
    ids = rng.choice(np.array([0, 1, 2, 3, 255], np.uint8), (height // side + 1, width // side + 1))
    return np.kron(ids, np.ones((side, side), np.uint8))[:height, :width]


def test_a_ring_with_its_hole_by_hand(tmp_path: Path) -> None:
    """Eight cells of 100 m2 around one of another class; two that touch at a corner are two polygons."""
    ids = np.array([[0, 0, 0, 255], [0, 2, 0, 255], [0, 0, 0, 2], [255, 255, 2, 255]], np.uint8)
    table = class_polygons(saved(tmp_path, ids), epoch="2023")
    assert table["class_name"].value_counts().to_dict() == {"vegetated": 3, "mined": 1}
    ring = table[table["class_id"] == 0].iloc[0]
    assert (ring["cells"], ring["epoch"], len(ring.geometry.interiors)) == (8, "2023", 1)
    assert ring["area_km2"] == pytest.approx(8e-4 / 0.9996**2, rel=2e-4)
    assert ring["perimeter_km"] == pytest.approx(0.16, rel=1e-3)
    assert np.isnan(ring["mean_confidence"])


@pytest.mark.parametrize(("side", "width"), [(1, 60), (3, 100), (20, 610)])
def test_cells_are_those_of_the_map_and_polygons_its_patches(tmp_path: Path, side: int, width: int) -> None:
    """700 rows: more than one block of the file and many bands of rows."""
    ids = noise(700, width, side=side)
    table = class_polygons(saved(tmp_path, ids))
    where = grid(*ids.shape).affine
    shapes = zip(table.geometry, table["class_id"], strict=True)
    np.testing.assert_array_equal(rasterize(shapes, ids.shape, fill=255, transform=where, dtype="uint8"), ids)
    np.testing.assert_array_equal(table["cells"], np.rint(shapely.area(table.geometry.to_numpy()) / 100))
    for class_id in range(4):
        of_class = table[table["class_id"] == class_id]
        assert of_class["cells"].sum() == (ids == class_id).sum()
        labels, patches = ndimage.label(ids == class_id)  # joined over sides, whatever the blocks: no seam
        assert len(of_class) == patches
        assert sorted(of_class["cells"]) == sorted(np.bincount(labels.ravel())[1:])


@pytest.mark.parametrize(
    ("crs", "cell", "corner"), [("EPSG:32633", 10.0, (5e5, 5.65e6)), ("EPSG:4326", 1e-4, (15.0, 51.0))]
)
def test_the_sum_of_cells_is_the_geodesic_area(
    tmp_path: Path, crs: str, cell: float, corner: tuple[float, float]
) -> None:
    ids = noise(300, 200, side=30)
    where = GeoBox(ids.shape, Affine(cell, 0, corner[0], 0, -cell, corner[1]), crs)
    table = class_polygons(saved(tmp_path, ids, where))
    np.testing.assert_allclose(table["area_km2"], table["geometry_area_km2"], rtol=5e-5)  # a parallel is no geodesic


def test_mean_confidence_is_that_of_the_cells(tmp_path: Path) -> None:
    ids = noise(150, 90, side=7)
    stored = np.random.default_rng(1).integers(60, 251, ids.shape).astype(np.uint8)
    stored[ids == 255] = 255
    with new_share_map(tmp_path / "c.tif", grid(*ids.shape), ["confidence"]) as write:
        write(0, 0, stored[None])
    table = class_polygons(saved(tmp_path, ids), tmp_path / "c.tif")
    for class_id in range(4):
        of_class = table[table["class_id"] == class_id]
        labels, patches = ndimage.label(ids == class_id)
        expected = ndimage.mean(stored / 250, labels, range(1, patches + 1))
        np.testing.assert_allclose(sorted(of_class["mean_confidence"]), sorted(expected), rtol=1e-12)


def test_shared_borders_stay_shared_when_simplified(tmp_path: Path) -> None:
    ids = ndimage.median_filter(np.random.default_rng(0).choice(np.array([0, 1, 2], np.uint8), (200, 200)), 9)
    path = saved(tmp_path, ids)
    plain, simple = class_polygons(path), class_polygons(path, simplify_m=30)
    corners = [shapely.get_num_coordinates(table.geometry.to_numpy()).sum() for table in (plain, simple)]
    assert corners[1] < 0.75 * corners[0]
    assert shapely.coverage_is_valid(simple.geometry.to_numpy())  # no gap, no overlap
    assert simple.geometry.area.sum() == pytest.approx(plain.geometry.area.sum(), rel=0.01)
    np.testing.assert_array_equal(simple["cells"], plain["cells"])


def test_a_map_without_land_gives_an_empty_layer(tmp_path: Path) -> None:
    table = class_polygons(saved(tmp_path, np.full((5, 4), 255, np.uint8)))
    write_polygons(tmp_path / "p.gpkg", table, load_legend())
    read = geopandas.read_file(tmp_path / "p.gpkg", layer="classes")
    assert len(read) == 0
    assert {"class_id", "cells", "area_km2", "mean_confidence"} <= set(read.columns)
