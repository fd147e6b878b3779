from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from pitscape.resilience.runs import Runs, row_shares, runs_of, runs_of_bands

maps = arrays(np.int16, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.sampled_from([-3, 0, 7, 255]))


def painted(runs: Runs, nodata: int) -> NDArray[np.int64]:
    """The map that runs stand for, cell by cell."""
    ids = [nodata, *runs.class_ids.tolist()]
    rows = []
    for first, last in zip(runs.rows[:-1], runs.rows[1:], strict=True):
        row: list[int] = []
        for run in range(first, last):
            row += [ids[runs.codes[run]]] * (runs.ends[run] - len(row))
        rows.append(row)
    return np.array(rows)


@settings(deadline=None)
@given(maps)
def test_runs_hold_the_whole_map(classes: NDArray[np.int16]) -> None:
    classes[0, 0] = 7
    runs = runs_of(classes)
    np.testing.assert_array_equal(painted(runs, 255), classes)
    assert runs.shape == classes.shape
    assert runs.ends.size == classes.size - np.count_nonzero(classes[:, 1:] == classes[:, :-1])


def test_classes_that_only_a_later_band_holds_come_in_rising_order() -> None:
    runs = runs_of_bands(np.array([[each]]) for each in (9, 255, 2, 5))
    assert runs.class_ids.tolist() == [2, 5, 9]
    assert runs.codes.tolist() == [3, 0, 1, 2]


def test_shares_cover_all_rows() -> None:
    for height, threads in ((1, 4), (63, 2), (129, 2), (1000, 3)):
        shares = row_shares(height, threads)
        assert [row for first, last in shares for row in range(first, last)] == list(range(height))


def test_a_view_in_any_order_is_read() -> None:
    classes = np.arange(12, dtype=np.int32).reshape(3, 4) // 2
    np.testing.assert_array_equal(painted(runs_of(classes.T[::-1]), 255), classes.T[::-1])


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
        runs_of(classes)
