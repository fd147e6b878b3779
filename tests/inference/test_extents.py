import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from small_scenes import grid

from pitscape.imagery.class_map import ClassMap, open_class_map, save_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import load_legend
from pitscape.inference.extents import class_extents, write_extents
from pitscape.inference.proportions import class_areas

SMALL = np.array(
    [
        [0, 0, 0, 2, 2, 2],
        [0, 2, 0, 2, 2, 0],
        [0, 0, 0, 2, 0, 2],
        [2, 2, 2, 2, 255, 2],
    ],
    np.uint8,
)


def saved(tmp_path: Path, ids: NDArray[np.uint8], where: GeoBox | None = None) -> Path:
    path = tmp_path / "a.tif"
    save_class_map(path, ids, where or grid(*ids.shape), load_legend())
    return path


def extents_of(path: Path, **options: float) -> "tuple[ClassMap, object]":
    with open_class_map(path) as classes:
        return classes, class_extents(classes, "mined", epoch="2023", **options)


def test_patches_by_hand(tmp_path: Path) -> None:
    """A ring of eight cells with its hole, and two cells that touch at a corner: three polygons."""
    _, table = extents_of(saved(tmp_path, SMALL))
    assert list(table.columns) == [
        "class_id",
        "class_name",
        "epoch",
        "area_km2",
        "geometry_area_km2",
        "perimeter_km",
        "mean_confidence",
        "geometry",
    ]
    assert table.geometry.area.tolist() == [800, 100, 100]
    assert len(table.geometry[0].interiors) == 1
    assert table.geometry.is_valid.all()
    assert table["perimeter_km"][0] == pytest.approx(0.16, rel=1e-3)
    np.testing.assert_allclose(table["area_km2"], table["geometry_area_km2"], rtol=1e-6)


def test_polygons_have_the_area_of_the_map(tmp_path: Path) -> None:
    ids = np.random.default_rng(0).choice(np.array([0, 2, 255], np.uint8), (600, 80))
    path = saved(tmp_path, ids)
    _, table = extents_of(path)
    with open_class_map(path) as classes:
        assert table["area_km2"].sum() == pytest.approx(class_areas(classes)[0].area_km2, rel=1e-9)


def test_small_patches_are_left_out(tmp_path: Path) -> None:
    _, table = extents_of(saved(tmp_path, SMALL), min_area_ha=0.05)
    assert table.geometry.area.tolist() == [800]


def test_closing_fills_gaps_but_no_unobserved_land(tmp_path: Path) -> None:
    _, table = extents_of(saved(tmp_path, SMALL), close_m=10)
    assert table.geometry.area.sum() >= 900
    assert not any(geometry.contains(point_of(3, 4)) for geometry in table.geometry)


def point_of(row: int, column: int) -> object:
    from shapely.geometry import Point

    return Point(585420 + 10 * column + 5, 5652250 - 10 * row - 5)


def test_a_map_without_the_class_gives_an_empty_table(tmp_path: Path) -> None:
    _, table = extents_of(saved(tmp_path, np.full((4, 4), 2, np.uint8)))
    assert len(table) == 0
    assert "mean_confidence" in table.columns


def test_equal_extents_are_equal_bytes(tmp_path: Path) -> None:
    _, table = extents_of(saved(tmp_path, SMALL))
    for name in ("a.gpkg", "b.gpkg"):
        write_extents(tmp_path / name, table)
        time.sleep(1.1)  # a GeoPackage would hold the time of writing, in seconds
    assert (tmp_path / "a.gpkg").read_bytes() == (tmp_path / "b.gpkg").read_bytes()


def test_unknown_classes_are_refused(tmp_path: Path) -> None:
    with open_class_map(saved(tmp_path, SMALL)) as classes, pytest.raises(InputError, match="unknown class 'pit'"):
        class_extents(classes, "pit", epoch="")
