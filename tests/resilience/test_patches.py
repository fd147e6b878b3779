from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy import ndimage

from pitscape.resilience.landscape import fractal_dimension
from pitscape.resilience.patches import VERTICAL, find_patches

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


def test_patches_of_fragstats(reference: SimpleNamespace) -> None:
    patches = find_patches(reference.classes, nodata=0)
    areas, perimeters = patches.areas(reference.cell_size), patches.perimeters(reference.cell_size)
    ours = {"AREA": areas / 1e4, "PERIM": perimeters, "FRAC": fractal_dimension(areas, perimeters)}
    for column, values in ours.items():
        theirs = reference.by_patch.sort_values(["TYPE", column])[column]
        np.testing.assert_allclose(values[np.lexsort((values, patches.class_index))], theirs, atol=5e-5, rtol=0)


def test_sides_of_fragstats(reference: SimpleNamespace) -> None:
    patches = find_patches(reference.classes, nodata=0)
    like, g = np.diag(patches.adjacency), patches.adjacency
    sides = np.bincount(patches.class_index, patches.sides.sum(axis=0))
    np.testing.assert_allclose(100 * like / (like + sides), reference.by_class.PLADJ, atol=5e-5, rtol=0)
    np.testing.assert_allclose((g.sum(axis=1) - like) * reference.cell_size, reference.by_class.TE)
    np.testing.assert_array_equal(patches.class_patches, reference.by_class.NP)


@pytest.mark.parametrize(
    ("classes", "error", "message"),
    [
        (np.array([[0.5]]), TypeError, "integer ids, got float64"),
        (np.ma.masked_equal(np.array([[1, 2]]), 2), TypeError, r"classes\.filled\(nodata\)"),
        (np.array([1, 2]), ValueError, r"2-D .* got shape \(2,\)"),
        (np.zeros((0, 3), np.uint8), ValueError, "at least one cell"),
        (np.full((2, 2), 255), ValueError, r"No cell is observed, all are nodata \(255\)"),
        (np.arange(300).reshape(1, 300), ValueError, "more than 255"),
    ],
)
def test_what_is_no_class_map_is_refused(classes: NDArray[Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        find_patches(classes)


def test_as_many_classes_as_there_may_be() -> None:
    assert find_patches(np.arange(255, dtype=np.int16).reshape(5, 51), nodata=-1).class_ids.size == 255


@pytest.mark.parametrize("cell_size", [0.0, -30.0, (10.0, -10.0), float("nan"), float("inf")])
def test_sides_that_are_not_positive_are_refused(cell_size: float) -> None:
    with pytest.raises(ValueError, match="cell_size must be positive metres"):
        find_patches(HOLED).areas(cell_size)
