"""Flat tables of ``site.json``: a CSV for each of its lists, with units in the names of columns."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from pitscape.imagery.outputs import write_text
from pitscape.imagery.spreadsheet import csv_text
from pitscape.site_ecology_tables import ecology_rows

FOLDER = "tables"
HEADS = ("of", "method", "form", "output", "zone", "epoch")
"""Columns that say what a row is about, which stand first."""

Row: TypeAlias = dict[str, Any]
Site: TypeAlias = Mapping[str, Any]


def write_tables(site: Site, out: Path) -> list[Path]:
    """Write a site's tables to the folder ``tables``; those that an earlier run left and this site lacks go.

    Args:
        site: Content of ``site.json``, with null for what is not known.
        out: Folder of the site's results.

    Returns:
        The files. Texts that a spreadsheet would run as a formula begin with an apostrophe there.
    """
    written = []
    for name, rows in rows_of(site).items():
        path = out / FOLDER / f"{name}.csv"
        if rows:
            write_text(path, "\ufeff" + as_csv(rows))
            written.append(path)
        else:
            path.unlink(missing_ok=True)
    return written


def as_csv(rows: Iterable[Row]) -> str:
    """Rows as CSV under the columns of all of them: those of ``HEADS``, then others in the order in which they occur."""
    known = list(rows)
    found = dict.fromkeys(key for row in known for key in row)
    columns = [*(key for key in HEADS if key in found), *(key for key in found if key not in HEADS)]
    return csv_text([columns, *([row.get(key) for key in columns] for row in known)])


def rows_of(site: Site) -> dict[str, list[Row]]:
    """Rows of each table by its name; none for what a site lacks."""
    found: dict[str, Iterable[Row]] = {
        "epochs": [_renamed(row, name="epoch") for row in site["epochs"]],
        "classes": [_renamed(row, id="class_id", name="class_name") for row in site["legend"]],
        "areas": [_renamed(row, area_km2="mapped_km2") for row in site["areas"]],
        "adjusted_areas": site["adjusted_areas"],
        "extents": [_renamed(row, area_km2="mapped_km2") for row in site["extents"]],
        "growth": _growth(site),
        "affected": _affected(site),
        "accuracy": _accuracy(site),
        "accuracy_classes": _accuracy_classes(site),
        "accuracy_matrix": _accuracy_matrix(site),
        "accuracy_areas": _accuracy_areas(site),
        **ecology_rows(site),
        "national": [site["national"]],
        "flags": site["flags"],
        "inputs": [{"file": name, "sha256": each} for name, each in site["provenance"]["inputs_sha256"].items()],
    }
    return {name: list(rows) for name, rows in found.items()}


def _renamed(row: Row, **names: str) -> Row:
    return {names.get(key, key): value for key, value in row.items()}


def _growth(site: Site) -> Iterator[Row]:
    """Each pair of epochs, then the whole time since the first mine."""
    found = site["growth"] or {"pairs": [], "since_first": None}
    whole = [("since first", found["since_first"])] if found["since_first"] else []
    for of, row in [*(("pair", pair) for pair in found["pairs"]), *whole]:
        octants = {f"{octant}_km2": area for octant, area in row["octants_km2"].items()}
        yield {"of": of} | {key: value for key, value in row.items() if key != "octants_km2"} | octants


def _affected(site: Site) -> Iterator[Row]:
    """Affected land at the epochs for which it is known; its error is that of the last one."""
    found = site["affected"]
    if not found:
        return
    last = {"area_km2": found["area_km2"], "se_km2": found["se_km2"]}
    for row in found.get("epochs") or [{"epoch": site["epochs"][-1]["name"]}]:
        is_last = row["epoch"] == site["epochs"][-1]["name"]
        yield {"of": found["of"], **row, **(last if is_last else {}), "flags": " ".join(row.get("flags", []))}


def _scores(site: Site) -> Iterator[tuple[str, str | None, Row]]:
    """Method, epoch and scores; the epoch is None for the sums over all of them."""
    found = site["accuracy"] or {}
    for method in ("network", "random_forest"):
        if method in found:
            yield method, None, found[method]
    for row in found.get("epochs", []):
        yield "network", row["epoch"], row


def _accuracy(site: Site) -> Iterator[Row]:
    for method, epoch, scores in _scores(site):
        yield {"method": method, "epoch": epoch} | {key: scores[key] for key in ("mean_iou", "mean_f1", "overall")}


def _accuracy_classes(site: Site) -> Iterator[Row]:
    for method, epoch, scores in _scores(site):
        for row in scores["classes"]:
            yield {"method": method, "epoch": epoch} | row


def _accuracy_matrix(site: Site) -> Iterator[Row]:
    """One row for each pair of classes."""
    for method, epoch, scores in _scores(site):
        names = [row["class_name"] for row in scores["classes"]]
        for name, counts in zip(names, scores.get("confusion", []), strict=False):
            for reference, count in zip(names, counts, strict=True):
                yield {"method": method, "epoch": epoch, "map": name, "reference": reference, "pixels": count}


def _accuracy_areas(site: Site) -> Iterator[Row]:
    """Areas against the truth of a simulated site."""
    for of in ("excavated_area", "affected_area"):
        for row in (site["accuracy"] or {}).get(of, []):
            yield {"of": of} | row
