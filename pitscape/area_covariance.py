"""The covariance of the affected areas of mines, from a table of numbers alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pitscape.imagery.errors import InputError

SYMMETRY = 1e-6
AGREEMENT = 0.01
"""Relative difference up to which a variance is the square of a rounded standard error."""


def read_covariance(path: Path, mines: Sequence[dict[str, Any]]) -> NDArray[np.float64]:
    """Covariance of the errors of affected areas.

    Args:
        path: CSV without a header, one row and one column for each mine in their order [km4].
        mines: With ``name`` and, where known, ``affected_se_km2``.

    Returns:
        The covariance, shape (n, n), symmetric.

    Raises:
        InputError: If it is not square with one row for each mine, holds what is no number, is not symmetric or has a
            negative eigenvalue, or a variance is not the square of the mine's standard error, to 1 %.
    """
    matrix = _numbers(path)
    if matrix.shape != (len(mines), len(mines)):
        raise InputError(
            f"{path}: has {matrix.shape[0]} rows and {matrix.shape[1]} columns; give one of each for the {len(mines)} "
            "mines, without a header."
        )
    largest = float(np.abs(matrix).max())
    apart = np.argwhere(np.abs(matrix - matrix.T) > SYMMETRY * largest)
    if apart.size:
        row, column = apart[0].tolist()
        raise InputError(
            f"{path}, line {row + 1}: column {column + 1} is {matrix[row, column]:g}, and its mirror {matrix[column, row]:g}; "
            "give a symmetric matrix."
        )
    for place, mine in enumerate(mines):
        error, variance = mine["affected_se_km2"], float(matrix[place, place])
        if error is not None and abs(variance - error**2) > AGREEMENT * error**2:
            raise InputError(
                f"{path}, line {place + 1}: the variance of {mine['name']} is {variance:g}, its affected_se_km2 {error:g} "
                f"squared {error**2:g}; give one of the two, or equal ones."
            )
    symmetric: NDArray[np.float64] = (matrix + matrix.T) / 2
    if (lowest := float(np.linalg.eigvalsh(symmetric).min())) < -1e-9 * largest:
        raise InputError(f"{path}: has the negative eigenvalue {lowest:.3g}, so it is no covariance; check its signs.")
    return symmetric


def _numbers(path: Path) -> NDArray[np.float64]:
    try:
        table = pd.read_csv(path, header=None, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: is not a CSV table ({' '.join(str(error).split())[:100]}).") from error
    matrix: NDArray[np.float64] = table.apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
    wrong = np.argwhere(~np.isfinite(matrix))
    if wrong.size:
        row, column = wrong[0].tolist()
        raise InputError(
            f"{path}, line {row + 1}: column {column + 1} is {table.iloc[row, column]!r}; give numbers alone, no header."
        )
    return matrix
