"""The reference surface: where the land would lie without the mine, from the undisturbed land around it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_CELLS = 50
"""A ring with fewer known cells tells nothing."""

MOST_CELLS = 20_000
"""Cells of a ring that are fitted; of more, evenly spread ones."""

OCTANTS_FOR_CURVATURE = 7
"""Of eight around the middle of a mine: a curved surface must not be carried on across an open side."""

TUKEY = 4.685
"""Tuning constant of the biweight, 95 % efficient on Gaussian residuals."""

ROUNDS = 20
MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True)
class Surface:
    """A trend surface.

    Attributes:
        middle: Column and row of its origin.
        scale: Cells to one unit of its coordinates.
        coefficients: Of 1, x, y and, where it is curved, x2, xy, y2 [m].
        nmad_m: Normalised median absolute deviation of the ring from it [m], a robust standard deviation
            (Höhle & Höhle 2009, ISPRS J. 64): noise of the elevation and roughness of the land.
        cells: That were fitted.
    """

    middle: tuple[float, float]
    scale: float
    coefficients: NDArray[np.float64]
    nmad_m: float
    cells: int

    def at(self, columns: NDArray[np.float64], rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Elevation at positions, arrays that broadcast [m]."""
        x, y = (columns - self.middle[0]) / self.scale, (rows - self.middle[1]) / self.scale
        terms = _terms(x, y, len(self.coefficients))
        return sum((c * term for c, term in zip(self.coefficients, terms, strict=True)), np.zeros(()))


def fit_surface(
    columns: NDArray[np.float64],
    rows: NDArray[np.float64],
    heights: NDArray[np.float64],
    *,
    middle: tuple[float, float],
) -> Surface | None:
    """Fit a quadratic surface to cells of undisturbed land; a plane where they do not lie around the middle.

    Least squares, weighted anew 20 times by Tukey's biweight of the residuals over their NMAD (Beaton & Tukey 1974,
    Technometrics 16), so that a dump or a village that the map has missed does not pull it.

    Args:
        columns: Of the cells, shape (n,).
        rows: The same.
        heights: Their elevation [m].
        middle: Column and row of the middle of the mine.

    Returns:
        The surface; None where there are fewer than 50 cells.

    >>> column, row = (each.ravel().astype(float) for each in np.meshgrid(np.arange(10), np.arange(10)))
    >>> surface = fit_surface(column, row, 100 + 2 * column - row, middle=(5, 5))
    >>> round(float(surface.at(np.array(30.0), np.array(20.0))), 6)
    140.0
    """
    if len(heights) < LEAST_CELLS:
        return None
    every = -(-len(heights) // MOST_CELLS)
    x, y, z = columns[::every] - middle[0], rows[::every] - middle[1], heights[::every]
    octants = np.unique(np.floor((np.arctan2(y, x) + np.pi) / (np.pi / 4)).astype(int) % 8)
    number = 6 if len(octants) >= OCTANTS_FOR_CURVATURE else 3
    scale = max(float(np.abs(x).max()), float(np.abs(y).max()), 1.0)
    design = np.stack(np.broadcast_arrays(*_terms(x / scale, y / scale, number)), axis=1)
    weights = np.ones(len(z))
    for _ in range(ROUNDS):
        root = np.sqrt(weights)
        coefficients = np.linalg.lstsq(design * root[:, None], z * root)[0]
        residuals = z - design @ coefficients
        nmad = MAD_TO_SIGMA * float(np.median(np.abs(residuals - np.median(residuals))))
        if nmad <= 1e-9:
            break
        weights = (1 - np.clip(np.abs(residuals) / (TUKEY * nmad), 0, 1) ** 2) ** 2
    return Surface(middle, scale, coefficients, nmad, len(z))


def _terms(x: NDArray[np.float64], y: NDArray[np.float64], number: int) -> list[NDArray[np.float64]]:
    return [np.ones_like(x), x, y, x * x, x * y, y * y][:number]
