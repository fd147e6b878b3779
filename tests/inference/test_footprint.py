from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from process_memory import needs_proc, peak_mb
from scipy import ndimage
from small_scenes import grid

from pitscape.imagery.class_map import open_class_map, save_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import load_legend
from pitscape.inference.outlines.footprint import CLOSED, FILLED, MAPPED, OTHER, Footprint, footprint_of

IDS = arrays(np.uint8, (7, 9), elements=st.sampled_from([0, 2, 255]))


def footprint(
    folder: Path, ids: NDArray[np.uint8], where: GeoBox | None = None, *, close_m: float = 0, fill_ha: float = 0
) -> Footprint:
    path = folder / "map.tif"
    save_class_map(path, ids, where or grid(*ids.shape), load_legend())
    with open_class_map(path) as classes:
        return footprint_of(classes, 0, close_m=close_m, fill_ha=fill_ha)


def rows(*lines: str) -> NDArray[np.uint8]:
    """A map: # mined, . vegetated, ? unobserved."""
    return np.array([[{"#": 0, ".": 2, "?": 255}[cell] for cell in line] for line in lines], np.uint8)


def test_a_gap_is_closed_that_is_narrower_than_twice_the_distance(tmp_path: Path) -> None:
    """Cells of 10 m; gaps of one and two cells close at 10 m, that of three does not, nor does what was not seen."""
    ids = rows("#.#..#...#", "#.#..#...#", "#?#..#...#", "#.#..#...#", "#.#..#...#")
    found = footprint(tmp_path, ids, close_m=10)
    assert (found.states[2] == [MAPPED, 255, MAPPED, CLOSED, CLOSED, MAPPED, OTHER, OTHER, OTHER, MAPPED]).all()


def test_closing_is_that_of_another_implementation_across_tiles(tmp_path: Path) -> None:
    """Against a structuring element moved over the whole map; 600 x 560 cells are four tiles."""
    noise = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(600, 560)), 2)
    ids = np.where(noise > 0.1, 0, 2).astype(np.uint8)
    y, x = np.ogrid[-4:5, -4:5]
    expected = ndimage.binary_closing(np.pad(ids == 0, 9), structure=x**2 + y**2 <= 16)[9:-9, 9:-9]
    found = footprint(tmp_path, ids, close_m=40)
    np.testing.assert_array_equal(found.inside(), expected)
    assert (found.states == CLOSED).any()


def test_distances_are_on_the_ground_in_degrees(tmp_path: Path) -> None:
    """At 60 degrees north, 0.001 degrees are 111 m to the north and 56 m to the east."""
    ids = np.full((9, 9), 2, np.uint8)
    ids[0], ids[4], ids[8] = 0, 0, 0
    ids[:, 0] = ids[:, 4] = ids[:, 8] = 0
    where = GeoBox(ids.shape, Affine(0.001, 0, 20, 0, -0.001, 60), "EPSG:4326")
    upright = np.full((9, 9), 2, np.uint8)
    upright[:, [0, 4, 8]] = 0  # gaps of 3 x 56 m
    level = upright.T.copy()  # gaps of 3 x 111 m
    assert footprint(tmp_path, upright, where, close_m=120).inside()[4].all()
    assert not (footprint(tmp_path, level, where, close_m=120).states == CLOSED).any()
    assert footprint(tmp_path, level, where, close_m=230).inside()[:, 4].all()


TURNED = Affine.rotation(45) @ Affine.scale(10, -10)


@pytest.mark.parametrize(
    ("crs", "affine"),
    [
        ("EPSG:32633", Affine.translation(500_000, 5_600_000) @ TURNED),
        ("EPSG:3857", Affine.translation(1_600_000, 0) @ TURNED),
        ("EPSG:4326", Affine.translation(15, 0) @ TURNED @ Affine.scale(1 / 111_000)),
    ],
)
def test_distances_are_on_the_ground_on_turned_grids(tmp_path: Path, crs: str, affine: Affine) -> None:
    """Cells of some 10 m, near the equator where Mercator is true: gaps of 2 cells close at 15 m, of 4 do not."""
    ids = rows(*["#..#....#"] * 9)
    found = footprint(tmp_path, ids, GeoBox(ids.shape, affine, crs), close_m=15)
    assert (found.states[4] == [MAPPED, CLOSED, CLOSED, MAPPED, OTHER, OTHER, OTHER, OTHER, MAPPED]).all()


def test_land_between_patches_that_touch_at_corners_is_no_hole(tmp_path: Path) -> None:
    """The middle lies among four patches, none of which goes around it; on the right one patch does."""
    ids = rows(".......", "..#.###", ".#.##.#", "..#.###", ".......")
    found = footprint(tmp_path, ids, fill_ha=1)
    assert (found.states[2] == [OTHER, MAPPED, OTHER, MAPPED, MAPPED, FILLED, MAPPED]).all()


def test_only_small_holes_are_filled_and_no_bays_nor_unobserved_land(tmp_path: Path) -> None:
    """Cells of 0.01 ha: a hole of one, one of two with one unobserved, one of four, and a bay at the border."""
    ids = rows("#########.", "#.#.?#..#.", "#####..###", "###.##..##", "##########")
    found = footprint(tmp_path, ids, fill_ha=0.021)
    assert (found.states == FILLED).sum() == 3
    assert found.states[1, 1] == found.states[1, 3] == found.states[3, 3] == FILLED
    assert found.states[1, 4] == 255
    assert (found.states[1:3, 9] == OTHER).sum() == 1
    assert (found.states[:, 6] == OTHER).sum() == 3


def test_what_lies_in_a_hole_becomes_part_of_it(tmp_path: Path) -> None:
    ids = rows("#####", "#...#", "#.#.#", "#...#", "#####")
    assert len(footprint(tmp_path, ids).trace()) == 2
    found = footprint(tmp_path, ids, fill_ha=0.1)
    assert len(found.trace()) == 1
    assert (found.states == FILLED).sum() == 8


def test_gaps_are_closed_before_holes_are_filled(tmp_path: Path) -> None:
    """A ring with a gap of one cell encloses nothing until the gap is closed."""
    ids = rows("#######", "#.....#", "#......", "#.....#", "#######")
    assert not (footprint(tmp_path, ids, fill_ha=1).states == FILLED).any()
    both = footprint(tmp_path, ids, close_m=15, fill_ha=1)
    assert both.states[2, 6] == CLOSED
    assert both.inside().all()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ids=IDS, close_m=st.sampled_from([0, 10, 15, 25]), fill_ha=st.sampled_from([0, 0.015, 0.05, 9]))
def test_land_is_only_ever_added_and_never_what_was_not_seen(
    tmp_path: Path, ids: NDArray[np.uint8], close_m: float, fill_ha: float
) -> None:
    states = footprint(tmp_path, ids, close_m=close_m, fill_ha=fill_ha).states
    np.testing.assert_array_equal(states == MAPPED, ids == 0)
    np.testing.assert_array_equal(states == 255, ids == 255)
    if fill_ha == 9:
        inside = (states != OTHER) & (states != 255)
        holes = ndimage.binary_fill_holes(inside) & ~inside
        assert not (holes & (states == OTHER)).any()


def test_a_distance_wider_than_the_map_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--close 1e\+06: is wider than .*; give metres"):
        footprint(tmp_path, rows("#.", ".."), close_m=1e6)


PROGRAM = """
import sys
from pathlib import Path
from pitscape.imagery.class_map import open_class_map
from pitscape.inference.outlines.extents import class_extents
with open_class_map(Path(sys.argv[1])) as classes:
    table = class_extents(classes, "mined", epoch="", close_m=30, fill_ha=1)
assert len(table)
"""


@needs_proc
def test_memory_is_a_few_bytes_a_cell(tmp_path: Path) -> None:
    """States, a mask and holes to burn are a byte each; 9 million cells more take at most 6 bytes each, with GDAL's cache."""
    peaks = []
    for side in (512, 3072):
        ids = np.full((side, side), 2, np.uint8)
        ids[8::64, 8:-8], ids[9::64, 8:-8], ids[12::64, 8:-8] = 0, 0, 0
        ids[8:-8, 40::512] = 0
        save_class_map(tmp_path / f"{side}.tif", ids, grid(side, side), load_legend())
        peaks.append(peak_mb(PROGRAM, tmp_path / f"{side}.tif"))
    assert (peaks[1] - peaks[0]) * 2**20 < 6 * (3072**2 - 512**2)
