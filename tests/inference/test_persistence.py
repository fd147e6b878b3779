"""The rule "k of n" on series by hand, and its laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pitscape.inference.areas.persistence import Persistence

series = st.lists(st.lists(st.integers(0, 2), min_size=6, max_size=6), min_size=2, max_size=9).map(np.array)


@pytest.mark.parametrize(
    ("k", "n", "seen", "accepted"),
    [
        (2, 2, "AABAA", "AAAAA"),  # B is there once
        (2, 2, "AABBA", "AABBA"),  # it lasts two epochs; the last change, of one, cannot be judged
        (2, 3, "ABABB", "ABBBB"),  # B in two of epochs 1 to 3; then A in one of 2 to 4
        (3, 3, "ABABB", "AAABB"),  # B in two of three; at epoch 3 in both that are left
        (2, 2, "ABCCC", "AACCC"),  # through B to C
        (2, 4, "AABCB", "AABBB"),  # C in one of the two epochs left; B in two of three
        (1, 3, "ABABC", "ABABC"),  # once is enough
        (9, 9, "AABBB", "AABBB"),  # a series shorter than n: in all that are left
        (9, 9, "AABAB", "AAAAB"),
    ],
)
def test_series_by_hand(k: int, n: int, seen: str, accepted: str) -> None:
    found = Persistence(k, n).accepted(np.array([ord(letter) for letter in seen]))
    assert "".join(map(chr, found.tolist())) == accepted


@settings(deadline=None)
@given(series, st.integers(1, 5))
def test_filtering_twice_is_filtering_once_where_k_is_n(ids: NDArray[np.int64], n: int) -> None:
    once = Persistence(n, n).accepted(ids)
    np.testing.assert_array_equal(Persistence(n, n).accepted(once), once)


def test_with_k_below_n_filtering_twice_may_take_more_away() -> None:
    """B at epoch 1 is supported by B at epoch 4, which is flicker itself."""
    rule, seen = Persistence(2, 4), np.array([0, 1, 2, 2, 1, 2, 2])
    assert rule.accepted(seen).tolist() == [0, 1, 2, 2, 2, 2, 2]
    assert rule.accepted(rule.accepted(seen)).tolist() == [0, 0, 2, 2, 2, 2, 2]


@settings(deadline=None)
@given(series, st.integers(1, 5), st.integers(1, 5))
def test_only_seen_classes_are_accepted_and_cells_do_not_matter_to_one_another(
    ids: NDArray[np.int64], one: int, other: int
) -> None:
    rule = Persistence(min(one, other), max(one, other))
    found = rule.accepted(ids)
    assert (found[0] == ids[0]).all()
    assert (found[-1] == ids[-1]).all()
    for cell in range(ids.shape[1]):
        assert found[:, cell].tolist() == rule.accepted(ids[:, cell]).tolist()
        assert set(found[:, cell]) <= set(ids[:, cell])


@given(series)
def test_one_of_n_accepts_everything(ids: NDArray[np.int64]) -> None:
    assert (Persistence(1, 3).accepted(ids) == ids).all()


def test_changes_near_the_end_are_unconfirmed() -> None:
    accepted = np.array([[0, 0, 0, 0], [0, 1, 0, 0], [0, 1, 1, 0], [0, 1, 1, 1]])
    assert Persistence(2, 2).unconfirmed(accepted).tolist() == [False, False, False, True]
    assert Persistence(2, 3).unconfirmed(accepted).tolist() == [False, False, True, True]
    assert Persistence(2, 9).unconfirmed(accepted).tolist() == [False, True, True, True]


@pytest.mark.parametrize(("k", "n"), [(0, 2), (3, 2), (0, 0)])
def test_rules_that_make_no_sense_are_refused(k: int, n: int) -> None:
    with pytest.raises(ValueError, match="between 1 and n"):
        Persistence(k, n)
