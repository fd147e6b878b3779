"""The trend test of Mann and Kendall, of one series and of many at once."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

SIGNIFICANCE = 0.05


def falls(values: NDArray[np.floating[Any]], *, significance: float = SIGNIFICANCE) -> bool:
    """Whether a series has a downward trend by the test of Mann (1945) and Kendall (1975).

    >>> falls(np.linspace(1.0, 0.5, 12)), falls(np.ones(12))
    (True, False)
    """
    import pymannkendall

    if np.ptp(values) == 0:
        return False
    return bool(pymannkendall.original_test(values, alpha=significance).trend == "decreasing")


def falling(draws: NDArray[np.float64], *, significance: float = SIGNIFICANCE) -> NDArray[np.bool_]:
    """The same of many series, compiled.

    Args:
        draws: Series without NaN, shape (n, m).
        significance: Of the two-sided test.

    Returns:
        Whether each falls, shape (n,).

    >>> falling(np.array([[3.0, 2.0, 1.0, 0.0, -1.0], [1.0, 1.0, 1.0, 1.0, 1.0]])).tolist()
    [True, False]
    """
    from scipy.special import ndtri

    found: NDArray[np.bool_] = _scores(np.ascontiguousarray(draws)) < -float(ndtri(1 - significance / 2))
    return found


@njit(cache=True, nogil=True)
def _scores(draws: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard score Z of each series, with the variance corrected for ties; 0 for a constant one."""
    rows, n = draws.shape
    found = np.zeros(rows)
    for row in range(rows):
        values = draws[row]
        s = 0
        for late in range(1, n):
            for early in range(late):
                s += int(values[late] > values[early]) - int(values[late] < values[early])
        spread = n * (n - 1) * (2 * n + 5)
        ordered, alike = np.sort(values), 1
        for place in range(1, n + 1):
            if place < n and ordered[place] == ordered[place - 1]:
                alike += 1
            else:
                spread -= alike * (alike - 1) * (2 * alike + 5)
                alike = 1
        if s != 0:
            found[row] = (s - np.sign(s)) / np.sqrt(spread / 18)
    return found
