import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitscape.inference.sample.allocation import allocate, cochran_size, expected_se, sizes_for_error

# Olofsson et al. (2014), section 5.1: W and conjectured user's accuracies
WEIGHTS = np.array([0.02, 0.015, 0.32, 0.645])
USERS = np.array([0.7, 0.6, 0.9, 0.95])
MANY = np.full(4, 10**6)


def test_size_and_proportional_allocation_of_olofsson_2014() -> None:
    assert cochran_size(WEIGHTS, np.sqrt(USERS * (1 - USERS)), 0.01) == 641
    assert allocate(WEIGHTS, 641, minimum=0, pixels=MANY).tolist() == [13, 10, 205, 413]


def test_the_minimum_comes_first() -> None:
    """Of 641 points 150 go to the two rare strata; 491 x 32 / 96.5 = 162.8."""
    assert allocate(WEIGHTS, 641, minimum=75, pixels=MANY).tolist() == [75, 75, 163, 328]


@given(
    st.lists(st.tuples(st.floats(0.001, 1), st.integers(1, 400)), min_size=1, max_size=8),
    st.integers(0, 60),
    st.integers(0, 2000),
)
def test_allocations_keep_sum_minimum_and_capacity(strata: list[tuple[float, int]], minimum: int, surplus: int) -> None:
    weights, pixels = np.array([each[0] for each in strata]), np.array([each[1] for each in strata])
    least = np.minimum(minimum, pixels)
    size = int(least.sum()) + surplus
    sizes = allocate(weights / weights.sum(), size, minimum=minimum, pixels=pixels)
    assert sizes.sum() == min(size, pixels.sum())
    assert (sizes >= least).all()
    assert (sizes <= pixels).all()


def test_the_target_is_reached() -> None:
    deviations = np.sqrt(USERS * (1 - USERS))
    sizes = sizes_for_error(WEIGHTS, deviations, 0.01, minimum=50, pixels=MANY)
    assert sizes is not None
    assert expected_se(WEIGHTS, deviations, sizes) <= 0.01
    assert sizes.sum() == pytest.approx(700, abs=50)
    assert sizes_for_error(WEIGHTS, deviations, 0.01, minimum=50, pixels=np.full(4, 60)) is None
