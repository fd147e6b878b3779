"""``metrics.csv`` of a run that goes on: the rows of its earlier part stay."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lightning.pytorch.utilities import rank_zero_only

from pitscape.imagery.outputs import write_text

METRICS = "metrics.csv"
EARLIER = "metrics.earlier.csv"

Row = dict[str, str]


@contextmanager
def kept_metrics(root: Path, *, goes_on: bool) -> Iterator[None]:
    """Let a run log, and put the rows of its earlier part before its own; Lightning's logger begins the file anew.

    Rows of steps that are taken again are those of the later part. What a run that was killed leaves is joined by the next.

    Args:
        root: The folder of the run.
        goes_on: Whether it goes on; else earlier rows are another run's.
    """
    if getattr(rank_zero_only, "rank", 0):
        yield
        return
    log, earlier = root / METRICS, root / EARLIER
    if goes_on and log.is_file():
        _write(earlier, joined_rows(_rows(earlier), _rows(log)))
    elif not goes_on:
        earlier.unlink(missing_ok=True)
    try:
        yield
    finally:
        if earlier.is_file():
            _write(log, joined_rows(_rows(earlier), _rows(log)))
            earlier.unlink()


def joined_rows(earlier: list[Row], later: list[Row]) -> list[Row]:
    """Rows of two parts of a run in order of their steps.

    >>> joined_rows([{"step": "1"}, {"step": "3"}], [{"step": "2"}])
    [{'step': '1'}, {'step': '2'}]
    """
    first = min((int(row["step"]) for row in later), default=None)
    return [*(row for row in earlier if first is None or int(row["step"]) < first), *later]


def _rows(path: Path) -> list[Row]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if (row.get("step") or "").isdigit()]


def _write(path: Path, rows: list[Row]) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, sorted({column for row in rows for column in row}), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())
