import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitscape.resilience.crossing import first_below, first_below_of_draws


@given(st.integers(0, 10**6), st.floats(0.2, 0.9))
def test_many_curves_cross_where_each_does(seed: int, level: float) -> None:
    rng = np.random.default_rng(seed)
    time = 2000 + np.cumsum(rng.uniform(0.5, 3, 8))
    draws = np.cumprod(rng.uniform(0.7, 1.1, (20, 8)), axis=1)
    expected = [np.interp(-level, *rising(time, row, level)) for row in draws]
    found = first_below_of_draws(time, draws, level)
    np.testing.assert_allclose(found, expected)
    np.testing.assert_allclose(found, [first_below(time, row, level).time for row in draws])


def rising(time: np.ndarray, row: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """The two values around the first fall, for numpy's interpolation over the negative value."""
    n = next((n for n, value in enumerate(row) if value < level), None)
    if n is None:
        return np.array([0.0]), np.array([math.nan])
    around = slice(max(n - 1, 0), n + 1)
    return -row[around], time[around]


def test_a_level_that_is_only_touched_is_not_passed() -> None:
    assert math.isnan(first_below(np.array([0.0, 1.0]), np.array([1.0, 0.5]), 0.5).time)


def test_a_curve_with_a_gap_has_no_crossing() -> None:
    found = first_below_of_draws(np.arange(3.0), np.array([[1.0, math.nan, 0.2], [1.0, 0.6, 0.2]]), 0.4)
    assert found.tolist()[1] == pytest.approx(1.5)
    assert math.isnan(found[0])
