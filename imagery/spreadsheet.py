"""CSV that spreadsheets take for what it is: numbers stay numbers, and no text is run as a formula."""

import csv
import io
from collections.abc import Iterable
from typing import TypeVar

Cell = TypeVar("Cell")

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the begin of a formula (OWASP, CSV injection)."""


def safe_cell(cell: Cell) -> Cell | str:
    """A text that begins like a formula, made a text by an apostrophe; all else as it is.

    >>> safe_cell("=1+1"), safe_cell(-1.5), safe_cell("mined")
    ("'=1+1", -1.5, 'mined')
    """
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Rows as CSV with all digits of numbers; what is None is an empty cell."""
    return "".join(_line(row) for row in rows)


def _line(row: Iterable[object]) -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\r\n").writerow(
        [safe_cell(cell) for cell in row]
    )  # quotes cells that hold either
    return stream.getvalue().removesuffix("\r\n") + "\n"
