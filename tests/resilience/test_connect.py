from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from pitscape.resilience.connect import joined_pairs, possible_pairs
from pitscape.resilience.patches import Patches, find_patches

maps = arrays(np.uint8, st.tuples(st.integers(1, 14), st.integers(1, 14)), elements=st.sampled_from([0, 1, 1, 255]))
sizes = st.sampled_from([(1.0, 1.0), (30.0, 30.0), (2.0, 3.0), (0.1, 0.7)])
PUBLISHED = {"landscape": {1.5: 0, 2: 5, 3: 14, 5: 25, 8: 42}, "augusta_nlcd": {1.5: 0, 2: 4368, 3: 11026, 5: 21477}}
POSSIBLE = {"landscape": 129, "augusta_nlcd": 18_119_040}


def all_distances(patches: Patches, cell_size: tuple[float, float]) -> NDArray[np.float64]:
    """Nearest distance of every pair of patches of a class from every pair of cells; infinite elsewhere."""
    row, col = np.nonzero(patches.labels)
    patch = patches.labels[row, col].astype(int) - 1
    apart = np.hypot((row[:, None] - row) * cell_size[1], (col[:, None] - col) * cell_size[0])
    nearest = np.full((patches.cells.size, patches.cells.size), np.inf)
    np.minimum.at(nearest, (patch[:, None], patch), apart)
    np.fill_diagonal(nearest, np.inf)
    nearest[patches.class_index[:, None] != patches.class_index] = np.inf
    return nearest


def test_pairs_on_which_three_implementations_agree(reference: SimpleNamespace) -> None:
    patches = find_patches(reference.classes, nodata=0)
    assert possible_pairs(patches).sum() == POSSIBLE[reference.name]
    for cells, expected in PUBLISHED[reference.name].items():
        distance = cells * reference.cell_size
        assert joined_pairs(patches, cell_size=reference.cell_size, distance=distance).sum() == expected


@settings(deadline=None)
@given(maps, sizes, st.sampled_from([1.0, 2.0, 3.0, 4.5, 7.3]))
def test_joined_pairs_are_those_of_all_pairs_of_cells(
    classes: NDArray[np.uint8], cell_size: tuple[float, float], cells: float
) -> None:
    classes[0, 0] = 1
    patches = find_patches(classes)
    distance = cells * cell_size[0]
    expected = np.count_nonzero(all_distances(patches, cell_size) <= distance * (1 + 1e-9)) // 2
    assert joined_pairs(patches, cell_size=cell_size, distance=distance).sum() == expected


def test_hand_table_by_class() -> None:
    patches = find_patches(np.array([[1, 5, 1], [5, 5, 5], [1, 5, 2]]))
    assert possible_pairs(patches).tolist() == [3, 0, 0]
    assert joined_pairs(patches, cell_size=1.0, distance=2.0).tolist() == [2, 0, 0]
    assert joined_pairs(patches, cell_size=1.0, distance=2.83).tolist() == [3, 0, 0]


@pytest.mark.parametrize("distance", [35.0, 100.0, 1000.0, 1e6])
def test_threads_and_far_thresholds_change_no_pair(distance: float) -> None:
    classes = np.random.default_rng(5).choice([0, 1, 2], (90, 80), p=[0.9, 0.05, 0.05]).astype(np.uint8)
    patches = find_patches(classes, nodata=0)
    expected = np.count_nonzero(all_distances(patches, (10.0, 20.0)) <= distance * (1 + 1e-9)) // 2
    for threads in (1, 3):
        assert joined_pairs(patches, cell_size=(10.0, 20.0), distance=distance, threads=threads).sum() == expected


def test_a_distance_that_only_rounding_puts_beyond_the_threshold_joins() -> None:
    patches = find_patches(np.array([[1, 2, 2, 1]]))
    assert 3 * 0.1 > 0.3
    assert joined_pairs(patches, cell_size=0.1, distance=0.3).tolist() == [1, 0]


@pytest.mark.parametrize("distance", [0.0, -5.0, float("nan"), float("inf")])
def test_thresholds_that_are_not_positive_are_refused(distance: float) -> None:
    with pytest.raises(ValueError, match="distance must be positive metres"):
        joined_pairs(find_patches(np.array([[1]])), cell_size=1.0, distance=distance)
