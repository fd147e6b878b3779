import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy import ndimage

from pitscape.resilience.joins import VERTICAL
from pitscape.resilience.patches import Patches, find_patches, find_patches_in_bands

HOLED = np.array([[0, 0, 0], [0, 7, 0], [0, 0, 255]], np.uint8)
maps = arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.sampled_from([0, 1, 2, 255]))


def test_hand_table_of_a_ring_around_a_cell() -> None:
    patches = find_patches(HOLED)
    assert patches.class_ids.tolist() == [0, 7]
    assert patches.labels.tolist() == [[1, 1, 1], [1, 2, 1], [1, 1, 0]]
    assert patches.cells.tolist() == [7, 1]
    assert patches.perimeters(1.0).tolist() == [16.0, 4.0]  # outline 12, hole 4
    assert patches.adjacency.tolist() == [[12, 4], [4, 0]]


def test_cells_that_are_not_square() -> None:
    bar = find_patches(np.array([[1, 1, 1]]))
    assert bar.areas((10.0, 2.0)).tolist() == [60.0]
    assert bar.perimeters((10.0, 2.0)).tolist() == [64.0]
    assert bar.contacts[VERTICAL].tolist() == [[4]]


def test_corners_join_patches_and_sides_only_are_adjacent() -> None:
    patches = find_patches(np.array([[1, 2], [2, 1]]))
    assert patches.cells.tolist() == [2, 2]
    assert patches.adjacency.tolist() == [[0, 4], [4, 0]]


@pytest.mark.parametrize("dtype", ["int8", "uint16", "int32", ">i4", "int64", "uint64"])
def test_any_integer_type_and_nodata(dtype: str) -> None:
    classes = np.array([[9, 3, 3], [9, 1, 3]], dtype)
    patches = find_patches(classes, nodata=9)
    assert patches.class_ids.tolist() == [1, 3]
    assert patches.class_cells.tolist() == [1, 3]
    assert patches.class_patches.tolist() == [1, 1]


def test_negative_ids_and_nodata() -> None:
    patches = find_patches(np.array([[-9999, -1, 4]]), nodata=-9999)
    assert patches.class_ids.tolist() == [-1, 4]
    assert patches.adjacency.tolist() == [[0, 1], [1, 0]]


@settings(deadline=None)
@given(maps)
def test_labels_are_those_of_scipy(classes: NDArray[np.uint8]) -> None:
    classes[0, 0] = 1
    labels = find_patches(classes).labels
    assert list(dict.fromkeys(labels[labels > 0].tolist())) == list(range(1, labels.max() + 1))
    for each in np.unique(classes[classes != 255]):
        expected, count = ndimage.label(classes == each, structure=np.ones((3, 3)))
        pairs = np.unique(np.stack([expected.ravel(), np.where(classes == each, labels, 0).ravel()]), axis=1)
        assert pairs.shape[1] == count + bool((classes != each).any())


@settings(deadline=None)
@given(maps)
def test_sides_of_cells_are_all_accounted_for(classes: NDArray[np.uint8]) -> None:
    classes[0, 0] = 1
    patches = find_patches(classes)
    assert patches.cells.sum() == np.count_nonzero(classes != 255)
    assert (patches.adjacency == patches.adjacency.T).all()
    assert patches.sides.sum() + np.trace(patches.adjacency) == 4 * patches.cells.sum()


def same(one: Patches, other: Patches) -> None:
    np.testing.assert_array_equal(one.labels, other.labels)
    for name in ("class_ids", "class_index", "cells", "sides", "contacts"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@settings(deadline=None)
@given(maps, st.lists(st.integers(0, 9), max_size=4))
def test_bands_of_any_height_give_the_same_patches(classes: NDArray[np.uint8], cuts: list[int]) -> None:
    classes[0, 0] = 1
    bands = [band for band in np.split(classes, sorted(min(cut, len(classes)) for cut in cuts)) if len(band)]
    same(find_patches_in_bands(iter(bands)), find_patches(classes))


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_threads_change_nothing(threads: int) -> None:
    classes = np.random.default_rng(0).choice(np.array([1, 2, 3, 255], np.uint8), (500, 60))
    same(find_patches(classes, threads=threads), find_patches_in_bands(iter([classes])))


def test_bands_of_different_width_are_refused() -> None:
    with pytest.raises(ValueError, match=r"of one width, got \[2, 3\]"):
        find_patches_in_bands(iter([np.ones((1, 2), int), np.ones((1, 3), int)]))
    with pytest.raises(ValueError, match="no band"):
        find_patches_in_bands(iter([]))


@settings(deadline=None)
@given(maps, st.integers(0, 9), st.integers(0, 9))
def test_adjacency_adds_up_over_tiles(classes: NDArray[np.uint8], row: int, col: int) -> None:
    """Sides within four tiles, and those across their seams, are the sides of the whole."""
    classes[0, 0] = 1
    whole, sides = find_patches(classes), np.zeros((256, 256), np.int64)
    tiles = [part for half in np.split(classes, [row]) for part in np.split(half, [col], axis=1)]
    for tile in tiles:
        if (tile != 255).any():
            found = find_patches(tile)
            sides[np.ix_(found.class_ids, found.class_ids)] += found.adjacency
    if 0 < row < classes.shape[0]:
        np.add.at(sides, (classes[row - 1], classes[row]), 1)
        np.add.at(sides, (classes[row], classes[row - 1]), 1)
    if 0 < col < classes.shape[1]:
        np.add.at(sides, (classes[:, col - 1], classes[:, col]), 1)
        np.add.at(sides, (classes[:, col], classes[:, col - 1]), 1)
    np.testing.assert_array_equal(whole.adjacency, sides[np.ix_(whole.class_ids, whole.class_ids)])


def test_as_many_classes_as_there_may_be() -> None:
    assert find_patches(np.arange(255, dtype=np.int16).reshape(5, 51), nodata=-1).class_ids.size == 255


@pytest.mark.parametrize("cell_size", [0.0, -30.0, (10.0, -10.0), float("nan"), float("inf")])
def test_sides_that_are_not_positive_are_refused(cell_size: float) -> None:
    with pytest.raises(ValueError, match="cell_size must be positive metres"):
        find_patches(HOLED).areas(cell_size)
