from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy import ndimage

from pitscape.resilience.landscape import Pattern, pattern_of
from pitscape.resilience.mosaic import merge_tiles
from pitscape.resilience.patches import find_patches
from pitscape.resilience.runs import UnobservedError
from pitscape.resilience.spacing import spacing_of
from pitscape.resilience.tile import Tile, tile_of
from pitscape.resilience.tiled_landscape import ReadTile, pattern_of_tiles

Box = tuple[slice, slice]

shapes = st.tuples(st.integers(1, 14), st.integers(1, 14))
maps = arrays(np.uint8, shapes, elements=st.sampled_from([0, 1, 1, 2, 255, 255]))
sizes = st.sampled_from([(10.0, 10.0), (20.0, 30.0), (0.1, 0.7)])


def assert_equal(found: Pattern, wanted: Pattern) -> None:
    """To 1e-12 of every number at every level, patches in the same order."""
    for ours, theirs in ((found.patch, wanted.patch), (found.by_class, wanted.by_class)):
        assert list(ours) == list(theirs)
        for name, column in theirs.items():
            np.testing.assert_allclose(ours[name], column, rtol=1e-12, atol=0, err_msg=name)
    assert found.landscape == pytest.approx(wanted.landscape, rel=1e-12, abs=0, nan_ok=True)


def cut(data: st.DataObject, box: Box, depth: int) -> list[Box]:
    """A rectangle in parts, each cut again along one of its sides."""
    rows, columns = box
    along = [axis for axis, span in enumerate(box) if span.stop - span.start > 1]
    if not depth or not along:
        return [box]
    axis = data.draw(st.sampled_from(along))
    place = data.draw(st.integers(box[axis].start + 1, box[axis].stop - 1))
    first, last = slice(box[axis].start, place), slice(place, box[axis].stop)
    parts = [(first, columns), (last, columns)] if axis == 0 else [(rows, first), (rows, last)]
    return [small for part in parts for small in cut(data, part, depth - 1)]


def grid_of_tiles(rows: list[int], columns: list[int]) -> list[Box]:
    return [(slice(*down), slice(*across)) for down in pairwise(rows) for across in pairwise(columns)]


def tiles_of(
    classes: NDArray[Any], boxes: list[Box], origin: tuple[int, int] = (0, 0)
) -> list[tuple[tuple[int, int], ReadTile]]:
    return [((r.start + origin[0], c.start + origin[1]), lambda box=(r, c): classes[box]) for r, c in boxes]


@settings(deadline=None, max_examples=120)
@given(maps, sizes, st.sampled_from([1.0, 2.0, 3.5, 7.0]), st.data())
def test_any_cut_any_order_and_missing_tiles_give_what_one_pass_gives(
    classes: NDArray[np.uint8], size: tuple[float, float], reach: float, data: st.DataObject
) -> None:
    classes[-1, -1] = 1
    boxes = data.draw(st.permutations(cut(data, (slice(0, classes.shape[0]), slice(0, classes.shape[1])), 4)))
    missing = data.draw(st.sets(st.integers(0, len(boxes) - 1), max_size=len(boxes) // 3))
    boxes = [box for number, box in enumerate(boxes) if number not in missing]
    seen = np.full_like(classes, 255)
    for box in boxes:
        seen[box] = classes[box]
    tiles = tiles_of(classes, boxes, data.draw(st.sampled_from([(0, 0), (-7, 1000)])))
    distance = reach * size[0]
    if (seen == 255).all():
        with pytest.raises(UnobservedError, match="No cell of any tile is observed"):
            pattern_of_tiles(tiles, cell_size=size)
    else:
        wanted = pattern_of(find_patches(seen), cell_size=size, connect_distance=distance)
        assert_equal(pattern_of_tiles(tiles, cell_size=size, connect_distance=distance), wanted)


@pytest.mark.parametrize("equal", [True, False])
def test_16_tiles_of_the_reference_rasters(reference: SimpleNamespace, *, equal: bool) -> None:
    """What FRAGSTATS printed for the whole, from 16 tiles; and what one pass gives, to 1e-12."""
    height, width = reference.classes.shape
    shares = [0.0, 0.25, 0.5, 0.75, 1.0] if equal else [0.0, 0.06, 0.41, 0.89, 1.0]
    boxes = grid_of_tiles([round(height * s) for s in shares], [round(width * s) for s in shares])
    assert len(boxes) == 16
    tiles = tiles_of(reference.classes, boxes)
    distance = 5 * reference.cell_size
    found = pattern_of_tiles(tiles, cell_size=reference.cell_size, nodata=0, connect_distance=distance)
    patches = find_patches(reference.classes, nodata=0)
    assert_equal(found, pattern_of(patches, cell_size=reference.cell_size, connect_distance=distance))
    printed = pd.to_numeric(reference.landscape, errors="coerce")
    compared = printed.index.intersection(list(found.landscape))
    assert len(compared) == 24
    for name in compared:
        assert found.landscape[name] == pytest.approx(printed[name], abs=5e-5, rel=0, nan_ok=True), name
    columns = ["TYPE", "AREA", "PERIM", "ENN", "FRAC"]
    ours = pd.DataFrame(found.patch)[columns].round({"AREA": 4, "ENN": 4}).sort_values(columns)
    theirs = reference.by_patch[columns].sort_values(columns).apply(pd.to_numeric, errors="coerce")
    np.testing.assert_allclose(ours.to_numpy(), theirs.to_numpy(np.float64), rtol=0, atol=5.0001e-5)


def test_patches_are_those_that_scipy_labels_on_the_whole() -> None:
    rng = np.random.default_rng(4)
    classes = np.digitize(ndimage.gaussian_filter(rng.standard_normal((300, 260)), 3), [-0.05, 0.0, 0.05])
    boxes = grid_of_tiles([0, 10, 97, 180, 300], [0, 64, 128, 192, 260])
    tally = merge_tiles([tile_of(find_patches(classes[r, c]), (r.start, c.start)) for r, c in boxes]).tally
    for place, class_id in enumerate(tally.class_ids):
        labels, count = ndimage.label(classes == class_id, np.ones((3, 3)))
        assert tally.class_patches[place] == count
        np.testing.assert_array_equal(tally.cells[tally.class_index == place], np.bincount(labels.ravel())[1:])


def test_a_patch_that_winds_through_all_tiles_is_one() -> None:
    """A path of n cells that does not meet itself has 2 n + 2 sides."""
    spiral = np.array([[1, 1, 1, 1, 1], [2, 2, 2, 2, 1], [1, 1, 1, 2, 1], [1, 2, 2, 2, 1], [1, 1, 1, 1, 1]])
    tiles = tiles_of(spiral, grid_of_tiles(list(range(6)), list(range(6))))
    found = pattern_of_tiles(tiles, cell_size=1.0)
    assert found.patch["TYPE"].tolist() == [1, 2]
    assert (found.patch["AREA"] * 1e4).tolist() == pytest.approx([17, 8])
    assert found.patch["PERIM"].tolist() == [36, 18]


def test_the_nearest_patch_may_be_two_tiles_away_or_behind_an_empty_one() -> None:
    classes = np.zeros((4, 40), np.uint8)
    classes[1, 2] = classes[2, 33] = classes[0, 39] = 1
    tiles = tiles_of(classes, grid_of_tiles([0, 2, 4], [0, 10, 20, 30, 40]))
    found = pattern_of_tiles(tiles, cell_size=(1.0, 2.0), nodata=0, connect_distance=8.0)
    assert found.patch["ENN"].tolist() == pytest.approx([np.hypot(6, 4), np.hypot(31, 2), np.hypot(6, 4)])
    assert found.by_class["CONNECT"].tolist() == pytest.approx([100 / 3])


def test_what_stays_of_a_tile_grows_with_its_border_and_not_with_its_cells() -> None:
    classes = np.random.default_rng(0).integers(0, 3, (40, 40)).astype(np.uint8)

    def kept(times: int) -> int:
        patches = find_patches(np.kron(classes, np.ones((times, times), np.uint8)))
        united = np.arange(patches.cells.size, dtype=np.int32)
        tile, spacing = tile_of(patches, (0, 0)), spacing_of(patches, united, cell_size=1.0, distance=4.0)
        return sum(array.nbytes for array in (*tile, *spacing))

    two, four, eight = map(kept, (2, 4, 8))
    assert four > two
    assert eight - four < 2.5 * (four - two)  # 2 if it grows with the side, 4 if with the cells


def test_tiles_that_do_not_make_a_mosaic_are_refused() -> None:
    one = tile_of(find_patches(np.array([[1, 1], [1, 2]])), (0, 0))
    with pytest.raises(ValueError, match="Tiles 1 and 2 overlap"):
        merge_tiles([one, one._replace(place=np.array([1, 1]))])
    many = [tile_of(find_patches(np.arange(200).reshape(1, 200) + 200 * n), (n, 0)) for n in range(2)]
    with pytest.raises(ValueError, match="more than 255 different ids"):
        merge_tiles(many)


def test_patches_of_a_tile_that_others_join_are_told() -> None:
    bridge = np.array([[1, 2, 1], [1, 1, 1]])
    tiles: list[Tile] = [tile_of(find_patches(bridge[row : row + 1]), (row, 0)) for row in range(2)]
    assert merge_tiles(tiles).united(0).tolist() == [0, 1, 0]
    assert merge_tiles(tiles[:1]).united(0).tolist() == [0, 1, 2]
