"""Yearly tables: one value a year, empty where it is not known."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pitscape.imagery.errors import InputError


class Series(NamedTuple):
    """Values of rising years.

    Attributes:
        year: Shape (n,).
        values: NaN where not known, shape (n,).
    """

    year: NDArray[np.float64]
    values: NDArray[np.float64]


def read_series(path: Path, column: str) -> Series:
    """A CSV table with columns ``year`` and another one, in order of time; an empty cell is a value not known.

    Raises:
        InputError: If it is no such table, with the line of the first value that is wrong.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: is not a CSV table ({' '.join(str(error).split())[:100]}).") from error
    if missing := [name for name in ("year", column) if name not in table.columns]:
        raise InputError(f"{path}: lacks column {', '.join(missing)}; it has {', '.join(map(str, table.columns))}.")
    if table.empty:
        raise InputError(f"{path}: has no rows; give one for each year.")
    year = _numbers(path, table["year"])
    values = _numbers(path, table[column], empty=True)
    order = np.argsort(year, kind="stable")
    rising = year[order]
    if (twice := rising[1:][np.diff(rising) == 0]).size:
        raise InputError(
            f"{path}: year {twice[0]:g} comes more than once; give one row for each year, their sum or mean."
        )
    return Series(rising, values[order])


def _numbers(path: Path, column: "pd.Series[str]", *, empty: bool = False) -> NDArray[np.float64]:
    text = column.str.strip()
    numbers = pd.to_numeric(text, errors="coerce").to_numpy(np.float64)
    wrong = ~np.isfinite(numbers) & ~(empty & (text == "").to_numpy())
    if wrong.any():
        row = int(wrong.argmax())
        remedy = "give a number, or nothing where it is not known" if empty else "give a number"
        raise InputError(f"{path}, line {row + 2}: {column.name} is {column.iloc[row]!r}; {remedy}.")
    return numbers
