"""What the errors of areas and of output totals make of the national area."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitscape.resilience.estimators import one_each
from pitscape.resilience.national import scale_area

DRAWS = 10_000
CHANGES = (-0.1, -0.05, 0.0, 0.05, 0.1)


@dataclass(frozen=True, slots=True)
class NationalDraws:
    """Distribution of the national area.

    Attributes:
        median_km2: Median [km2].
        low_km2: 2.5 % quantile [km2].
        high_km2: 97.5 % quantile [km2].
        share_of_areas: Part of the variance that the areas give alone (first order), a fraction; NaN without any.
        share_of_outputs: The same of the output totals.
    """

    median_km2: float
    low_km2: float
    high_km2: float
    share_of_areas: float
    share_of_outputs: float


def draw_national(
    affected_km2: Sequence[float],
    spread: Sequence[float] | NDArray[np.float64],
    *,
    mines_mt: float,
    national_mt: float,
    output_error: float = 0.0,
    draws: int = DRAWS,
    seed: int = 0,
) -> NationalDraws:
    """Monte Carlo of the scaled area over normal errors of the areas and of both output totals.

    Args:
        affected_km2: Affected area of each mine [km2], >= 0, shape (n,), n >= 2.
        spread: Standard errors [km2], >= 0, shape (n,), or their covariance [km4], shape (n, n).
        mines_mt: Output of the mines together [Mt].
        national_mt: Output of the country [Mt].
        output_error: Relative standard error of each of the two totals, >= 0 and below 0.3.
        draws: Number of draws.
        seed: Of the generator.

    Returns:
        The distribution. Areas below 0 count as 0, and no draw is smaller than its measured land.

    Raises:
        ValueError: If shapes differ, a spread is negative or no covariance, or an output is outside its range.

    >>> found = draw_national([100.0, 100.0], [3.0, 4.0], mines_mt=10.0, national_mt=100.0)  # 2000 +- 1.96 x 50
    >>> abs(found.low_km2 - 1902) < 4, abs(found.high_km2 - 2098) < 4, round(found.share_of_areas, 9)
    (True, True, 1.0)
    """
    areas = one_each("affected_km2", affected_km2, zero=True)
    scale_area(float(areas.sum()), mines_mt=mines_mt, national_mt=national_mt)
    if not (0 <= output_error < 0.3 and draws >= 1):
        raise ValueError(f"output_error must be 0 to 0.3 and draws at least 1, got {output_error} and {draws}.")
    rng = np.random.default_rng(seed)
    sums = np.maximum(rng.multivariate_normal(areas, _covariance(spread, areas.size), draws), 0).sum(axis=1)
    mines, country = (total * (1 + output_error * rng.standard_normal(draws)) for total in (mines_mt, national_mt))
    factors = np.maximum(country / mines, 1)
    national = sums * factors
    low, median, high = np.quantile(national, (0.025, 0.5, 0.975)).tolist()
    parts = [float(np.var(each)) for each in (sums * national_mt / mines_mt, areas.sum() * factors)]
    whole = float(np.var(national))
    shares = [part / whole if whole > 0 else math.nan for part in parts]
    return NationalDraws(median, low, high, *shares)


def sensitivity(
    affected_km2: float, *, mines_mt: float, national_mt: float, changes: Sequence[float] = CHANGES
) -> list[dict[str, float]]:
    """The national area under other output totals.

    Args:
        affected_km2: Affected area of the mines together [km2].
        mines_mt: Their output [Mt].
        national_mt: Output of the country [Mt].
        changes: Relative changes, each applied to both totals.

    Returns:
        Rows of ``mines_mt``, ``national_mt`` and ``area_km2``, for every pair of changes; the measured land where the
        mines would then give more than the country.

    >>> [round(row["area_km2"]) for row in sensitivity(10.0, mines_mt=1.0, national_mt=10.0, changes=(0.0, 0.25))]
    [100, 125, 80, 100]
    """
    totals = [(mines_mt * (1 + one), national_mt * (1 + other)) for one in changes for other in changes]
    return [
        {
            "mines_mt": mines,
            "national_mt": country,
            "area_km2": scale_area(affected_km2, mines_mt=mines, national_mt=max(mines, country)),
        }
        for mines, country in totals
    ]


def _covariance(spread: Sequence[float] | NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Standard errors or a covariance as a covariance (n, n)."""
    given = np.asarray(spread, np.float64)
    if given.shape not in {(n,), (n, n)} or not np.isfinite(given).all():
        raise ValueError(f"spread must hold {n} standard errors or their covariance, finite, got shape {given.shape}.")
    matrix = np.diag(given**2) if given.ndim == 1 else given
    lowest = np.linalg.eigvalsh(matrix).min() if np.allclose(matrix, matrix.T) else -math.inf
    if (given.ndim == 1 and (given < 0).any()) or lowest < -1e-9 * max(float(matrix.max()), 1e-300):
        raise ValueError("spread must be standard errors >= 0, or a symmetric covariance without negative eigenvalue.")
    return matrix
