import math

import numpy as np
import pytest

from pitscape.resilience.aggregation import (
    aggregation_index,
    cohesion,
    connectance,
    contagion,
    like_adjacencies,
    mesh_size,
)


def test_contagion_of_cells_that_do_not_meet() -> None:
    assert math.isnan(contagion(np.array([0.5, 0.5]), np.zeros((2, 2), np.int64)))
    lonely = contagion(np.array([0.5, 0.5]), np.array([[8, 0], [0, 0]]))
    assert lonely == pytest.approx(100 * (1 + 0.5 * math.log(0.5) / (2 * math.log(2))))


def test_contagion_ends() -> None:
    assert math.isnan(contagion(np.array([1.0]), np.array([[8]])))
    assert contagion(np.array([0.25] * 4), np.full((4, 4), 3)) == pytest.approx(0)
    assert contagion(np.array([0.5, 0.5]), np.array([[10**9, 1], [1, 10**9]])) == pytest.approx(50, abs=1e-4)


@pytest.mark.parametrize(
    ("cells", "most"),
    # most sides of n cells: those of n cells wound round a square, each counted once
    [(2, 1), (3, 2), (4, 4), (5, 5), (6, 7), (7, 8), (8, 10), (9, 12), (10, 13), (11, 15), (12, 17), (13, 18)],
)
def test_the_most_compact_shape_has_an_index_of_100(cells: int, most: int) -> None:
    assert aggregation_index(np.array([[2 * most]]), np.array([cells])) == [100]


def test_aggregation_index_of_classes_that_do_not_meet_themselves() -> None:
    assert aggregation_index(np.array([[0]]), np.array([5])) == [0]
    assert np.isnan(aggregation_index(np.array([[0]]), np.array([1]))).all()


def test_like_adjacencies_ends() -> None:
    assert like_adjacencies(np.diag([0, 4 * 10**6 - 4000]), np.array([1, 10**6])).round(1).tolist() == [0.0, 99.9]


def test_cohesion_of_single_cells_is_0() -> None:
    single = np.array([0, 0])
    assert cohesion(np.array([4, 4]), np.array([1, 1]), groups=single, count=1, total=9).tolist() == [0]
    assert cohesion(np.array([4]), np.array([1]), groups=single[:1], count=1, total=1).tolist() == [0]


def test_mesh_of_one_patch_is_the_landscape() -> None:
    assert mesh_size(np.array([7.0]), groups=np.array([0]), count=1).tolist() == [7]


def test_connectance_ends() -> None:
    assert connectance(0, 3) == 0
    assert connectance(3, 3) == 100
    assert math.isnan(connectance(0, 0))
