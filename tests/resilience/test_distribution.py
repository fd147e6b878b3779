import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitscape.resilience.distribution import distribution

patches = st.lists(
    st.tuples(st.one_of(st.floats(0.5, 100), st.just(np.nan)), st.floats(1, 50), st.integers(0, 3)), min_size=1
)


@given(patches)
def test_statistics_are_those_of_pandas(rows: list[tuple[float, float, int]]) -> None:
    values, areas, groups = (np.array(column) for column in zip(*rows, strict=True))
    found = distribution("X", values, areas=areas, groups=groups, count=4)
    table = pd.DataFrame({"v": values, "a": areas, "g": groups}).dropna()
    for group in range(4):
        of_group = table[table.g == group]
        v = of_group.v
        expected = {
            "X_MN": v.mean(),
            "X_AM": (v * of_group.a).sum() / of_group.a.sum() if len(v) else np.nan,
            "X_MD": v.median(),
            "X_RA": v.max() - v.min(),
            "X_SD": v.std(ddof=0),
            "X_CV": 100 * v.std(ddof=0) / v.mean(),
        }
        assert {name: column[group] for name, column in found.items()} == pytest.approx(
            expected, rel=1e-9, abs=1e-6, nan_ok=True
        )


def test_hand_table() -> None:
    found = distribution("X", np.array([2.0, 4.0]), areas=np.array([3.0, 1.0]), groups=np.array([1, 1]), count=2)
    assert {name: column[1] for name, column in found.items()} == pytest.approx(
        {"X_MN": 3, "X_AM": 2.5, "X_MD": 3, "X_RA": 2, "X_SD": 1, "X_CV": 100 / 3}
    )
    assert all(np.isnan(column[0]) for column in found.values())
