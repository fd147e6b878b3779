"""Stratified random samples of the cells of a map."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.grid import positions
from pitscape.imagery.progress import Progress
from pitscape.inference.sample.sampled_land import SampledLand
from pitscape.inference.sample.strata import Stratum, stratum_table


@dataclass(frozen=True, eq=False)
class SamplePoints:
    """Centres of the drawn cells, in random order.

    Attributes:
        x: Eastings in the map's CRS.
        y: Northings.
        stratum: Number of the stratum.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    stratum: NDArray[np.int64]


def draw_points(
    land: SampledLand,
    strata: Sequence[Stratum],
    sizes: NDArray[np.int64],
    *,
    seed: int,
    progress: Progress | None = None,
) -> SamplePoints:
    """Draw cells without replacement, each of a stratum with the same chance, in one pass over the map.

    Which of a stratum's cells, counted from the top left, are taken is drawn before: memory holds one band of rows and
    the points, whatever the size of the map.

    Args:
        land: The maps.
        strata: With the number of their cells, from a census of the same land.
        sizes: Points per stratum, at most its cells.
        seed: Equal seeds give equal points.
        progress: Is told of rows done and in all.
    """
    random = np.random.default_rng(seed)
    ranks = [
        np.sort(random.choice(stratum.pixels, int(size), replace=False, shuffle=False))
        for stratum, size in zip(strata, sizes, strict=True)
    ]
    table, seen = stratum_table(strata), np.zeros(len(strata), np.int64)
    found: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]] = []
    top = 0
    for codes, grid in land.row_bands(progress):
        numbers = table[codes].ravel()
        here = np.bincount(numbers[numbers >= 0], minlength=len(strata))
        for number in np.flatnonzero(here):
            wanted = ranks[number] - seen[number]
            wanted = wanted[(wanted >= 0) & (wanted < here[number])]
            if wanted.size:
                flat = np.flatnonzero(numbers == number)[wanted]
                found.append((top + flat // grid.shape[1], flat % grid.shape[1], np.full(len(flat), number)))
        seen += here
        top += grid.shape[0]
    rows, columns, stratum = (np.concatenate(each) for each in zip(*found, strict=True))
    order = random.permutation(len(rows))
    x, y = positions(land.after.grid.affine, columns[order] + 0.5, rows[order] + 0.5)
    return SamplePoints(x.astype(np.float64), y.astype(np.float64), stratum[order])
