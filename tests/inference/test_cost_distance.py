import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from skimage.graph import MCP_Geometric

from pitscape.inference.scope.cost_distance import cost_distance
from pitscape.inference.scope.friction import Resistance, ground_friction, tight

TEN = np.full((40, 1), 10.0)


def reference(
    seeds: NDArray[np.bool_], friction: NDArray[np.float32], sides: tuple[float, float]
) -> NDArray[np.float64]:
    """scikit-image's minimum cost paths, in which negative costs block."""
    costs = np.where(np.isfinite(friction), friction, -1.0)
    found, _ = MCP_Geometric(costs, sampling=sides).find_costs(np.argwhere(seeds))
    return np.asarray(found)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), blocked=st.floats(0, 0.5))
def test_equals_minimum_cost_paths_of_scikit_image(seed: int, blocked: float) -> None:
    rng = np.random.default_rng(seed)
    friction = rng.uniform(1, 9, (17, 23)).astype(np.float32)
    friction[rng.random(friction.shape) < blocked] = np.inf
    seeds = rng.random(friction.shape) < 0.02
    seeds[8, 11] = True
    friction[seeds] = 2
    found = cost_distance(seeds, friction, np.full((17, 1), 30.0), np.full((17, 1), 20.0))
    np.testing.assert_allclose(found, reference(seeds, friction, (20.0, 30.0)), rtol=1e-5)


def test_a_spiral_is_followed_to_its_end() -> None:
    friction = np.ones((5, 5), np.float32)
    friction[1, :4] = friction[3, 1:] = np.inf
    seeds = np.zeros((5, 5), np.bool_)
    seeds[0, 0] = True
    # by hand: to (0,3), diagonal round (1,4), diagonal to (2,3), to (2,1), diagonal to (3,0), diagonal to (4,1), to (4,4)
    by_hand = 10 * (3 + math.sqrt(2) + math.sqrt(2) + 2 + math.sqrt(2) + math.sqrt(2) + 3)
    assert cost_distance(seeds, friction, TEN[:5], TEN[:5])[4, 4] == pytest.approx(by_hand, rel=1e-6)


def test_long_ways_end_although_float32_is_coarse() -> None:
    friction = np.linspace(1, 60, 3000, dtype=np.float32)[None].repeat(3, axis=0)
    seeds = np.zeros(friction.shape, np.bool_)
    seeds[:, 0] = True
    metres = np.full((3, 1), 30.0)
    exact = 30.0 * (friction[1].astype(np.float64)[1:] + friction[1, :-1]).sum() / 2
    assert cost_distance(seeds, friction, metres, metres)[1, -1] == pytest.approx(exact, rel=1e-5)


def test_ways_over_nine_cells_by_hand() -> None:
    friction = np.array([[1, 3, 1], [1, np.inf, 1], [1, 1, 1]], np.float32)
    seeds = np.zeros((3, 3), np.bool_)
    seeds[0, 0] = True
    slant = 10 * math.sqrt(2)
    by_hand = [
        [0, 20, 40],  # over the hard cell: twice 10 m at a mean friction of 2; round the closed one it is 48.3
        [10, math.inf, 10 + 2 * slant],
        [20, 10 + slant, 20 + slant],
    ]
    found = cost_distance(seeds, friction, TEN[:3], TEN[:3])
    np.testing.assert_allclose(found, by_hand, rtol=1e-6)


def test_cells_may_change_their_width_by_row() -> None:
    seeds = np.array([[True, False], [True, False]])
    found = cost_distance(seeds, np.ones((2, 2), np.float32), np.array([[10.0], [20.0]]), np.array([[30.0], [30.0]]))
    assert found.tolist() == [[0.0, 10.0], [0.0, 20.0]]


def test_no_seed_reaches_nothing() -> None:
    assert np.isinf(cost_distance(np.zeros((3, 3), np.bool_), np.ones((3, 3), np.float32), TEN[:3], TEN[:3])).all()


def test_a_diagonal_river_one_cell_wide_does_not_leak() -> None:
    river = np.eye(40, dtype=np.bool_)
    friction = ground_friction((40, 40), Resistance(river=np.inf), cell_m=10, water=river)
    seeds = np.zeros((40, 40), np.bool_)
    seeds[35, 2] = True
    found = cost_distance(seeds, friction, TEN, TEN)
    assert np.isinf(found[np.triu(np.ones((40, 40), np.bool_), 1)]).all()
    assert np.isfinite(found[35, 2:30]).all()


def test_crossing_a_divide_costs_what_it_is_said_to() -> None:
    divide = np.zeros((1, 5), np.bool_)
    divide[0, 2] = True
    friction = ground_friction((1, 5), Resistance(divide_m=500), cell_m=10, divides=divide)
    seeds = np.array([[True, False, False, False, False]])
    assert cost_distance(seeds, friction, TEN[:1], TEN[:1])[0, 4] == pytest.approx(40 + 500)


def test_friction_adds_slope_and_takes_the_most_costly_line() -> None:
    slope = np.array([[0, 5, 20, 0]], np.float32)
    water, barrier = np.array([[0, 0, 1, 1]], np.bool_), np.array([[0, 0, 0, 1]], np.bool_)
    friction = ground_friction(
        (1, 4), Resistance(slope_deg=10, river=10), cell_m=10, slope=slope, water=water, barriers=barrier
    )
    assert friction.tolist() == [[1.0, 1.5, 10.0, math.inf]]


@given(st.integers(0, 2**32 - 1))
def test_tight_lines_have_no_gap_at_corners(seed: int) -> None:
    mask = np.random.default_rng(seed).random((8, 9)) < 0.4
    closed = tight(mask)
    falling = closed[:-1, :-1] & closed[1:, 1:] & ~closed[:-1, 1:] & ~closed[1:, :-1]
    rising = closed[:-1, 1:] & closed[1:, :-1] & ~closed[:-1, :-1] & ~closed[1:, 1:]
    assert (closed | ~mask).all()
    assert not (falling[mask[:-1, :-1] & mask[1:, 1:]] | rising[mask[:-1, 1:] & mask[1:, :-1]].any()).any()
