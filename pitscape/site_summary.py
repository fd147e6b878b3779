"""What became of several sites, for programs: ``sites.json`` and ``sites.csv``."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pitscape.imagery.outputs import write_json, write_text
from pitscape.imagery.spreadsheet import csv_text
from pitscape.plain import plain
from pitscape.site_list import SUMMARY, TABLE, ListedSite
from pitscape.site_numbers import ADJUSTED
from pitscape.site_task import SiteResult

COLUMNS = (
    "site",
    "status",
    "reason",
    "report",
    "title",
    "epochs",
    "first_epoch",
    "first_mined_km2",
    "last_epoch",
    "last_mined_km2",
    *(f"last_{name}" for name in ADJUSTED),
    "affected_km2",
    "affected_se_km2",
    "eci",
    "thv",
    "stage",
    "state",
    "flags",
)
"""Of ``sites.csv``; land of the first and of the last epoch."""

Row = dict[str, Any]


def write_summary(out: Path, told: Sequence[tuple[ListedSite, SiteResult]], record: Mapping[str, Any]) -> list[Row]:
    """Write ``sites.json`` and, with a line for each site, ``sites.csv``.

    They hold no times and not which steps were kept, so that a second run gives equal bytes.

    Args:
        out: The common folder.
        told: The sites, and what became of each.
        record: Options, versions and hashes of the site files.

    Returns:
        A row for each site: its name, status, reason, the address of its report in ``out``, and its numbers; for a site
        that is not whole neither report nor numbers, whatever an earlier run left.
    """
    rows = [_row(site, result) for site, result in told]
    write_json(out / SUMMARY, plain({"schema": 1, "sites": rows, **record}))
    lines = [[_flat(row).get(column) for column in COLUMNS] for row in rows]
    write_text(out / TABLE, "\ufeff" + csv_text([COLUMNS, *lines]))
    return rows


def _row(site: ListedSite, result: SiteResult) -> Row:
    whole = result.status == "whole"
    return {
        "site": site.name,
        "status": result.status,
        "reason": None if whole else site.shortened(result.reason),
        "report": f"{site.name}/report.html" if whole else None,
        **(result.numbers if whole else {}),
    }


def _flat(row: Row) -> Row:
    """A row with its first and last epoch instead of all of them."""
    epochs = row.get("epochs") or []
    ends: Row = {"epochs": len(epochs) or None}
    for name, of in zip(("first", "last"), (epochs[:1], epochs[-1:]), strict=True):
        ends |= {f"{name}_{key}": value for each in of for key, value in each.items()}
    return row | ends
