from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from pitscape.resilience.nearest import nearest_distances
from pitscape.resilience.patches import Patches, find_patches

maps = arrays(np.uint8, st.tuples(st.integers(1, 14), st.integers(1, 14)), elements=st.sampled_from([0, 1, 1, 255]))
sizes = st.sampled_from([(1.0, 1.0), (30.0, 30.0), (2.0, 3.0), (0.1, 0.7), (20.0, 1.0)])


def nearest_by_tree(patches: Patches, cell_size: tuple[float, float]) -> NDArray[np.float64]:
    """Nearest distance of each patch from a k-d tree of all other cells of its class."""
    labels, found = patches.labels, np.full(patches.cells.size, np.nan)
    row, col = np.nonzero(labels)
    patch, points = labels[row, col].astype(int) - 1, np.stack([row * cell_size[1], col * cell_size[0]], axis=1)
    for each in range(found.size):
        others = (patches.class_index[patch] == patches.class_index[each]) & (patch != each)
        if others.any():
            found[each] = cKDTree(points[others]).query(points[patch == each])[0].min()
    return found


def test_nearest_patches_of_fragstats(reference: SimpleNamespace) -> None:
    patches = find_patches(reference.classes, nodata=0)
    distances = nearest_distances(patches, cell_size=reference.cell_size)
    assert np.nanmean(distances) == pytest.approx(reference.landscape.ENN_MN, abs=5e-5)
    theirs = reference.by_patch.sort_values(["TYPE", "ENN"]).ENN
    ours = distances[np.lexsort((distances, patches.class_index))]
    np.testing.assert_allclose(ours, theirs, atol=5e-5, rtol=0)


@settings(deadline=None)
@given(maps, sizes)
def test_nearest_patches_are_those_of_all_cells(classes: NDArray[np.uint8], cell_size: tuple[float, float]) -> None:
    classes[0, 0] = 1
    patches = find_patches(classes)
    expected = nearest_by_tree(patches, cell_size)
    np.testing.assert_allclose(nearest_distances(patches, cell_size=cell_size), expected, rtol=1e-12)


@pytest.mark.parametrize("share", [0.002, 0.02, 0.2])
def test_patches_far_apart_are_found_over_several_searches(share: float) -> None:
    classes = (np.random.default_rng(3).random((150, 170)) < share).astype(np.uint8)
    patches = find_patches(classes, nodata=0)
    distances = nearest_distances(patches, cell_size=(7.0, 5.0))
    np.testing.assert_allclose(distances, nearest_by_tree(patches, (7.0, 5.0)), rtol=1e-12)
    np.testing.assert_array_equal(distances, nearest_distances(patches, cell_size=(7.0, 5.0), threads=1))


def test_corners_of_a_long_raster() -> None:
    classes = np.zeros((3, 5000), np.uint8)
    classes[0, 0] = classes[2, 4999] = 1
    patches = find_patches(classes, nodata=0)
    assert nearest_distances(patches, cell_size=1.0).tolist() == [np.hypot(2, 4999)] * 2


def test_hand_table() -> None:
    patches = find_patches(np.array([[1, 5, 1], [5, 5, 5], [1, 5, 2]]))
    assert nearest_distances(patches, cell_size=(3.0, 1.0))[[0, 2]].tolist() == [2.0, 6.0]


def test_the_only_patch_of_a_class_has_none() -> None:
    assert np.isnan(nearest_distances(find_patches(np.array([[1, 2]])), cell_size=1.0)).all()
