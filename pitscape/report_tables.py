"""Tables of a report: shown in the page, and taken from it as CSV."""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from pitscape.imagery.spreadsheet import csv_text
from pitscape.report_language import Language

Cell: TypeAlias = float | str | None


@dataclass(frozen=True)
class Table:
    """Rows of numbers and texts under titles.

    Attributes:
        name: Of its texts, and of the file of its download.
        titles: Of the columns, in the language of the report.
        digits: After the decimal mark, by column.
        rows: A text, a number or nothing by column; the first column heads its row.
        values: What a caption fills in.
    """

    name: str
    titles: Sequence[str]
    digits: Sequence[int]
    rows: Sequence[Sequence[Cell]]
    values: dict[str, object]

    def shown(self, language: Language) -> list[list[str]]:
        """The rows as people read them."""
        return [
            [_shown(cell, digits, language) for cell, digits in zip(row, self.digits, strict=True)] for row in self.rows
        ]

    @property
    def csv(self) -> str:
        """The table as CSV with all digits; texts that a spreadsheet would run get an apostrophe."""
        return csv_text((self.titles, *self.rows))

    @property
    def address(self) -> str:
        """The CSV as a ``data:`` address, with the mark by which spreadsheets know UTF-8."""
        content = base64.b64encode(self.csv.encode("utf-8-sig")).decode("ascii")
        return f"data:text/csv;charset=utf-8;base64,{content}"


def table(
    language: Language, name: str, columns: dict[str, int], rows: Iterable[dict[str, Any]], **values: object
) -> Table | None:
    """A table of rows by key, without columns that no row has; None without a row.

    Args:
        language: For titles, which stand under ``columns``, and for terms.
        name: Of the table.
        columns: Digits by key.
        rows: Value by key.
        values: What the caption fills in.
    """
    known = list(rows)
    kept = {key: digits for key, digits in columns.items() if any(row.get(key) is not None for row in known)}
    cells = [[_term(row.get(key), language) for key in kept] for row in known]
    titles = [language.say(f"columns.{key}") for key in kept]
    return Table(name, titles, list(kept.values()), cells, values) if known and kept else None


def measured(rows: Iterable[dict[str, Any]], columns: Iterable[str]) -> list[dict[str, Any]]:
    """The rows that have a value in one of some columns."""
    keys = list(columns)
    return [row for row in rows if any(row.get(key) is not None for key in keys)]


def _term(cell: Cell, language: Language) -> Cell:
    return language.term(cell) if isinstance(cell, str) else cell


def _shown(cell: Cell, digits: int, language: Language) -> str:
    return cell if isinstance(cell, str) else language.number(cell, digits)
