from pathlib import Path

import geopandas
import numpy as np
import pytest
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import Transformer
from shapely.geometry import Polygon, box
from small_scenes import grid

from pitscape.imagery.class_map import open_class_map, save_class_map
from pitscape.imagery.legend import load_legend
from pitscape.inference.outlines.extents import class_extents
from pitscape.inference.outlines.mines import dissolved, mine_groups, named_mines, numbered_mines

LEFT, TOP = 585420, 5652250


def extents_of(folder: Path, ids: NDArray[np.uint8], where: GeoBox | None = None) -> geopandas.GeoDataFrame:
    save_class_map(folder / "m.tif", ids, where or grid(*ids.shape), load_legend())
    with open_class_map(folder / "m.tif") as classes:
        return class_extents(classes, "mined", epoch="")


def three(folder: Path, where: GeoBox | None = None) -> geopandas.GeoDataFrame:
    """Patches of 6, 2 and 1 cells in columns 0-2, 5 and 10: gaps of 2 and 4 cells."""
    ids = np.full((2, 11), 2, np.uint8)
    ids[:, :3], ids[:, 5], ids[0, 10] = 0, 0, 0
    return extents_of(folder, ids, where)


@pytest.mark.parametrize(
    ("merge_m", "mines"),
    [(0, ["1", "2", "3"]), (19.9, ["1", "2", "3"]), (20.01, ["1", "1", "2"]), (40.1, ["1", "1", "1"])],
)
def test_patches_whose_gap_is_small_are_one_mine(tmp_path: Path, merge_m: float, mines: list[str]) -> None:
    """Gaps of 20 and 40 m on the map, 4e-4 more on the ground at 0.9996, and less in its middle."""
    assert three(tmp_path)["cells"].tolist() == [6, 2, 1]
    assert numbered_mines(three(tmp_path), merge_m)["mine"].tolist() == mines


def test_patches_that_touch_at_a_corner_have_no_gap(tmp_path: Path) -> None:
    table = extents_of(tmp_path, np.array([[0, 2], [2, 0]], np.uint8))
    assert len(table) == 2
    assert numbered_mines(table, 0)["mine"].tolist() == ["1", "1"]


def test_gaps_are_on_the_ground(tmp_path: Path) -> None:
    """At 60 degrees north cells of 0.001 degrees are 55.8 m wide (WGS84): gaps of 112 and 223 m."""
    where = GeoBox((2, 11), Affine(0.001, 0, 20, 0, -0.001, 60.001), "EPSG:4326")
    table = three(tmp_path, where)
    assert numbered_mines(table, 111)["mine"].tolist() == ["1", "2", "3"]
    assert numbered_mines(table, 113)["mine"].tolist() == ["1", "1", "2"]
    assert numbered_mines(table, 224)["mine"].tolist() == ["1", "1", "1"]


def test_a_patch_belongs_to_the_outline_that_holds_most_of_it(tmp_path: Path) -> None:
    """West holds 2 of the 3 columns of the first patch, east the third, the second, and not the last."""
    west, east = box(LEFT, TOP - 20, LEFT + 20, TOP), box(LEFT + 20, TOP - 20, LEFT + 60, TOP)
    table = named_mines(three(tmp_path), ["west", "east"], [west, east])
    assert table["mine"].tolist() == ["west", "east", None]
    near = named_mines(three(tmp_path), ["west", "east"], [west, east], merge_m=40.1)
    assert near["mine"].tolist() == ["west", "east", "east"]
    far = named_mines(three(tmp_path), ["west", "east"], [west, east], merge_m=39.9)
    assert far["mine"].tolist() == ["west", "east", None]


def test_of_equal_shares_the_first_outline_has_the_patch_and_invalid_ones_are_repaired(tmp_path: Path) -> None:
    bow = Polygon([(LEFT, TOP), (LEFT + 30, TOP - 20), (LEFT + 30, TOP), (LEFT, TOP - 20)])
    assert not bow.is_valid
    table = named_mines(three(tmp_path), ["bow", "again"], [bow, bow])
    assert table["mine"].tolist() == ["bow", None, None]


def test_a_dissolved_mine_is_the_sum_of_its_patches(tmp_path: Path) -> None:
    patches = numbered_mines(three(tmp_path), 20.1).assign(mean_confidence=[0.9, 0.5, np.nan])
    mines = dissolved(patches)
    assert list(mines.columns) == list(patches.columns)
    assert mines[["mine", "patches", "cells"]].to_numpy().tolist() == [["1", 2, 8], ["2", 1, 1]]
    assert mines["area_km2"][0] == pytest.approx(patches["area_km2"][:2].sum())
    assert mines["geometry_area_km2"][0] == pytest.approx(patches["geometry_area_km2"][:2].sum())
    assert mines["mean_confidence"][0] == pytest.approx((6 * 0.9 + 2 * 0.5) / 8)
    assert set(mines.geom_type) == {"MultiPolygon"}
    assert mines.geometry.area.tolist() == [800, 100]


def test_patches_of_no_mine_stay_rows_of_their_own(tmp_path: Path) -> None:
    table = named_mines(three(tmp_path), ["far"], [box(LEFT, TOP - 20, LEFT + 30, TOP)])
    assert dissolved(table)["mine"].tolist() == ["far", None, None]
    assert [group.tolist() for group in mine_groups(table)] == [[0], [1], [2]]


def test_tables_without_patches_pass(tmp_path: Path) -> None:
    none = extents_of(tmp_path, np.full((2, 2), 2, np.uint8))
    assert dissolved(numbered_mines(none, 10)).empty
    assert named_mines(none, ["a"], [box(0, 0, 1, 1)], merge_m=5).empty
    assert mine_groups(none) == []


@pytest.mark.parametrize(("merge_m", "mines"), [(19, ["1", "2", "3"]), (20.1, ["1", "1", "2"])])
def test_gaps_are_on_the_ground_at_the_180th_meridian(tmp_path: Path, merge_m: float, mines: list[str]) -> None:
    """As above in UTM zone 60, with the meridian through the first patch: gaps of 20 and 40 m."""
    east, north = Transformer.from_crs("EPSG:4326", "EPSG:32660", always_xy=True).transform(180, 65)
    where = GeoBox((2, 11), Affine(10, 0, east - 15, 0, -10, north + 10), "EPSG:32660")
    assert numbered_mines(three(tmp_path, where), merge_m)["mine"].tolist() == mines
    outline = box(east - 15, north - 10, east + 15, north + 10)
    near = named_mines(three(tmp_path, where), ["a"], [outline], merge_m=merge_m)
    assert near["mine"].tolist() == ["a", "a" if merge_m > 20 else None, None]


def test_a_mean_confidence_is_of_the_cells_that_were_mapped(tmp_path: Path) -> None:
    """The first patch was mapped in 2 of its 6 cells, the second in both: their means count alike."""
    patches = numbered_mines(three(tmp_path), 20.1)
    patches = patches.assign(mean_confidence=[0.9, 0.5, np.nan], filled_km2=[4 / 6, 0, 0] * patches["area_km2"])
    assert dissolved(patches)["mean_confidence"][0] == pytest.approx(0.7)
