import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitscape.resilience.vegetation import (
    VegetationSum,
    composite_maximum,
    composite_mean,
    vegetation_activity,
    vegetation_sum,
)

NAN = math.nan


def test_activity_counts_negatives_as_zero_and_leaves_out_the_unobserved() -> None:
    index = np.array([[0.6, -0.9], [NAN, 0.3]])
    assert vegetation_activity(index) == pytest.approx(0.3)
    assert vegetation_activity(index, zone=np.array([[True, False], [True, False]])) == pytest.approx(0.6)
    assert math.isnan(vegetation_activity(index, zone=np.array([[False, False], [True, False]])))


@given(st.lists(st.floats(-1, 1) | st.just(NAN), min_size=2, max_size=30), st.data())
def test_sums_of_parts_are_the_sum(values: list[float], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(values)))
    whole = vegetation_sum(np.array(values))
    parts = vegetation_sum(np.array(values[:cut])) + vegetation_sum(np.array(values[cut:]))
    assert parts.cells == whole.cells
    assert parts.total == pytest.approx(whole.total)
    assert whole + VegetationSum() == whole


def test_composites_over_dates() -> None:
    stack = np.array([[[0.2, NAN, -0.3]], [[0.6, NAN, 0.5]], [[NAN, NAN, 0.1]]])
    np.testing.assert_allclose(composite_mean(stack), [[0.4, NAN, 0.2]])
    np.testing.assert_allclose(composite_maximum(stack), [[0.6, NAN, 0.5]])


def test_shapes_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match=r"zone has shape \(2,\)"):
        vegetation_sum(np.zeros((2, 2)), zone=np.ones(2, bool))
