import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy

from pitscape.resilience.diversity import h_bits, shdi, shei, sidi

counts = st.lists(st.integers(0, 1000), min_size=1, max_size=12).filter(any)


@given(counts)
def test_indices_are_the_entropy_of_scipy(cells: list[int]) -> None:
    shares = np.array(cells) / sum(cells)
    present = int(np.count_nonzero(cells))
    assert shdi(shares) == pytest.approx(entropy(np.array(cells)), abs=1e-12)
    assert h_bits(shares) == pytest.approx(entropy(np.array(cells), base=2), abs=1e-12)
    assert shei(shares) == pytest.approx(entropy(np.array(cells), base=present) if present > 1 else 0, abs=1e-12)


def test_ends_of_the_range() -> None:
    assert (shdi([1.0]), h_bits([1.0, 0.0]), shei([1.0, 0.0])) == (0.0, 0.0, 0.0)
    assert math.copysign(1, shdi([1.0])) == 1
    assert h_bits([0.125] * 8) == pytest.approx(3)
    assert shei([0.125] * 8) == pytest.approx(1)


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ([0.5, 0.4], "must sum to 1, got 0.9"),
        ([1.5, -0.5], "finite numbers >= 0"),
        ([math.nan, 1.0], "finite numbers >= 0"),
        ([], "finite numbers >= 0"),
        (np.eye(2), "list of finite numbers"),
    ],
)
def test_what_are_no_shares_is_refused(shares: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        shdi(shares)


@given(counts)
def test_simpson_is_the_chance_to_draw_two_classes(cells: list[int]) -> None:
    total = sum(cells)
    same = sum(n * n for n in cells) / total**2
    assert sidi(np.array(cells) / total) == pytest.approx(1 - same, abs=1e-12)
