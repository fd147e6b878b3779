import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pitscape.resilience.piecewise import fit_all, fit_piecewise, refine


def by_trial(time: NDArray[np.float64], values: NDArray[np.float64], breaks: int, least: int) -> float:
    """Smallest residual sum of squares of all combinations, with hinge functions and numpy's least squares."""
    best = np.inf
    for chosen in itertools.combinations(range(1, time.size - 1), breaks):
        ends = [0, *(n + 1 for n in chosen), time.size]
        if min(np.diff(ends)) < least:
            continue
        hinges = [np.maximum(time - time[n], 0) for n in chosen]
        basis = np.stack([np.ones_like(time), time, *hinges], axis=1)
        solution = np.linalg.lstsq(basis, values, rcond=None)[0]
        best = min(best, float(((values - basis @ solution) ** 2).sum()))
    return best


@pytest.mark.parametrize("breaks", [1, 2, 3])
@settings(deadline=None)  # the first call compiles
@given(seed=st.integers(0, 10**6), n=st.integers(12, 16))
def test_no_combination_of_observations_fits_better(breaks: int, seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    time = 1990 + np.cumsum(rng.integers(1, 4, n)).astype(np.float64)
    values = rng.normal(0, 1, n).cumsum()
    fit = fit_piecewise(time, values, breaks=breaks)
    assert fit.residual_squares == pytest.approx(by_trial(time, values, breaks, 3), rel=1e-9)
    assert np.isin(fit.breaks, time).all()
    assert (np.diff(fit.knots) > 0).all()


@settings(deadline=None)  # the first call compiles
@given(seed=st.integers(0, 10**6))
def test_refining_never_fits_worse_and_stays_between_the_neighbours(seed: int) -> None:
    rng = np.random.default_rng(seed)
    time = np.arange(2000.0, 2024.0)
    values = np.interp(time, [2000, 2007.4, 2015.7, 2023], [1, 0.95, 0.5, 0.4]) + rng.normal(0, 0.02, time.size)
    whole = fit_piecewise(time, values, breaks=2)
    finer = refine(time, values, whole)
    assert finer.residual_squares <= whole.residual_squares
    assert (np.abs(finer.breaks - whole.breaks) < 1).all()


def test_breaks_between_the_years_are_recovered_without_noise() -> None:
    time = np.arange(30.0)
    values = np.interp(time, [0, 8.3, 17.6, 29], [1, 0.9, 0.4, 0.35])
    finer = refine(time, values, fit_piecewise(time, values, breaks=2))
    assert finer.breaks.tolist() == pytest.approx([8.3, 17.6])
    assert finer.slopes.tolist() == pytest.approx([-0.1 / 8.3, -0.5 / 9.3, -0.05 / 11.4])


def test_bic_by_hand() -> None:
    """Residuals +-1 around a constant: n ln(RSS / n) is 0, and two parameters cost 2 ln n."""
    time, values = np.arange(8.0), np.array([1.0, -1, -1, 1, 1, -1, -1, 1])
    assert fit_piecewise(time, values, breaks=0).bic == pytest.approx(2 * np.log(8))


def test_a_straight_line_has_no_break() -> None:
    time = np.arange(2000.0, 2030.0)
    fits = fit_all(time, 5 - 0.3 * time)
    assert [fit.breaks.size for fit in fits] == [0, 1, 2, 3]
    assert min(fits, key=lambda fit: fit.bic).breaks.size == 0


def test_longer_series_than_sixty_values() -> None:
    time = np.arange(1800.0, 2000.0)
    clean = np.interp(time, [1800, 1851, 1907, 1960, 1999], [1, 0.95, 0.7, 0.3, 0.28])
    values = clean + np.random.default_rng(0).normal(0, 0.01, time.size)
    assert fit_piecewise(time, values, breaks=3).breaks.tolist() == pytest.approx([1851, 1907, 1960], abs=6)


@pytest.mark.parametrize(
    ("time", "values", "breaks", "message"),
    [
        ([0.0, 1.0, 1.0], [1.0, 2.0, 3.0], 0, "time must rise"),
        ([0.0, 1.0, 2.0], [1.0, np.nan, 3.0], 0, "all values must be finite"),
        ([0.0, 1.0, 2.0], [1.0, 2.0], 0, "equally long"),
        ([0.0, 1.0, 2.0], [1.0, 2.0, 3.0], 4, "breaks must be 0 to 3"),
        ([0.0, 1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 1.0], 2, "too few for 2 breaks"),
    ],
)
def test_what_cannot_be_fitted_is_refused(time: list[float], values: list[float], breaks: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit_piecewise(np.array(time), np.array(values), breaks=breaks)
