"""What an assessment starts from, and how it is read from an error matrix."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pitscape.imagery.cell_area import M2_PER_KM2
from pitscape.imagery.errors import InputError
from pitscape.inference.sample.clusters import ClusteredLand
from pitscape.inference.sample.stratified import StratifiedSample, sample_of_matrix

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Material:
    """Reference data beside what is mapped.

    Attributes:
        units: What is counted as independent: points by stratum, or blocks.
        mapped_km2: Of each class of ``units``.
        area_km2: Of all the land.
        counts: Labelled points or cells, shape (mapped, reference).
        left_out: Number of points by reason.
        codes: Code of each class in the maps' land.
        notes: What a reader must know.
    """

    units: StratifiedSample | ClusteredLand
    mapped_km2: Floats
    area_km2: float
    counts: NDArray[np.int64]
    left_out: dict[str, int] = field(default_factory=dict)
    codes: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


def assessed_codes(occurring: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Codes that are mapped or were seen; all of them where that is one alone, which would be certain.

    >>> assessed_codes(np.array([True, False, True])).tolist(), assessed_codes(np.array([False, True])).tolist()
    ([0, 2], [0, 1])
    """
    codes = np.flatnonzero(occurring)
    return codes if len(codes) > 1 else np.arange(len(occurring))


def of_matrix(path: Path, pixels: str, pixel_area: float, names: str | None) -> Material:
    """An error matrix with the mapped pixels of its classes.

    Args:
        path: CSV of counts without header, rows mapped and columns reference.
        pixels: Mapped pixels of each class, separated by commas.
        pixel_area: Area of a pixel [m2].
        names: Of the classes, separated by commas.

    Raises:
        InputError: If the matrix is not square and of counts, or the numbers do not fit it.
    """
    counts = _counts(path)
    k = len(counts)
    areas = _pixels(pixels, k) * pixel_area
    classes = tuple(each.strip() for each in names.split(",")) if names else tuple(f"class {n + 1}" for n in range(k))
    if len(set(classes)) != k or not all(classes):
        raise InputError(f"--names {names}: the matrix has {k} classes; give one name of its own for each.")
    sample = sample_of_matrix(counts, areas, classes)
    return Material(sample, areas / M2_PER_KM2, float(areas.sum()) / M2_PER_KM2, counts)


def _counts(path: Path) -> NDArray[np.int64]:
    try:
        table = pd.read_csv(path, header=None).to_numpy(np.float64)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: is no CSV of numbers without header; give counts, rows mapped.") from error
    rows, columns = table.shape
    if rows != columns or rows < 2:
        raise InputError(f"{path}: is {rows} x {columns}; a square matrix of at least 2 classes is needed.")
    wrong = np.argwhere(~(np.isfinite(table) & (table >= 0) & (np.floor(table) == table)))
    if wrong.size:
        row, column = wrong[0].tolist()
        raise InputError(
            f"{path}, line {row + 1}: column {column + 1} is {table[row, column]:g}; give counts of points."
        )
    return table.astype(np.int64)


def _pixels(text: str, k: int) -> Floats:
    try:
        pixels = np.array([float(each) for each in text.split(",")])
    except ValueError:
        pixels = np.zeros(0)
    if len(pixels) != k or not (np.isfinite(pixels).all() and (pixels >= 0).all() and pixels.any()):
        raise InputError(f"--pixels {text}: the matrix has {k} classes; give their mapped pixels, separated by commas.")
    return pixels
