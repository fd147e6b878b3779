"""The page of several sites: their headline numbers and the way to each report."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pitscape.imagery.outputs import write_text
from pitscape.report_language import Language, load_language
from pitscape.site_list import PAGE, SUMMARY, TABLE
from pitscape.version import __version__

Row = Mapping[str, Any]

COLUMNS = ("site", "epochs", "mined_first", "mined_last", "sampled", "affected", "eci", "thv", "stage", "flags")
FOLDER = "report_page"


def write_page(out: Path, rows: Sequence[Row], *, language: str | None = None) -> Path:
    """Write ``index.html``, which opens without a network.

    Args:
        out: The common folder.
        rows: Of the sites, as ``write_summary`` gives them.
        language: ``en`` or ``zh``; English by default.

    Raises:
        InputError: If there is no such language.
    """
    spoken = load_language(language or "en")
    environment = Environment(loader=PackageLoader("pitscape", FOLDER), autoescape=True, undefined=StrictUndefined)
    whole = [row for row in rows if row["status"] == "whole"]
    path = out / PAGE
    page = environment.get_template("sites.html").render(
        say=spoken.say,
        language=spoken,
        version=__version__,
        columns=COLUMNS,
        sites=[_line(row, spoken) for row in whole],
        unfinished=[row for row in rows if row["status"] != "whole"],
        number=len(rows),
        files=(TABLE, SUMMARY),
        style=Markup("\n".join(_text(name) for name in ("page.css", "sites.css", "print.css"))),  # noqa: S704 - our own
    )
    write_text(path, page)
    return path


def _line(row: Row, language: Language) -> dict[str, Any]:
    """A row with its address, and its title where that says more than its name."""
    title = "" if row["title"] == row["site"] else row["title"]
    return {"name": row["site"], "title": title, "address": quote(row["report"]), "cells": _cells(row, language)}


def _cells(row: Row, language: Language) -> list[str]:
    """All but the first of a row's cells."""
    epochs: Sequence[Row] = row["epochs"]
    first, last = epochs[0], epochs[-1]
    several = len(epochs) > 1
    return [
        f"{first['epoch']} – {last['epoch']}" if several else last["epoch"],
        language.number(first["mined_km2"] if several else None, 2),
        language.number(last["mined_km2"], 2),
        _sampled(last, language),
        language.number(row["affected_km2"], 2),
        language.number(row["eci"]),
        language.number(row["thv"]),
        language.term(row["stage"] or "–"),
        str(row["flags"]),
    ]


def _sampled(epoch: Row, language: Language) -> str:
    """The adjusted area of an epoch with its interval; a dash where it has no sample."""
    if epoch["adjusted_km2"] is None:
        return "–"
    area, low, high = (language.number(epoch[key], 2) for key in ("adjusted_km2", "low_km2", "high_km2"))
    return language.say("sites.interval", area=area, low=low, high=high)


def _text(name: str) -> str:
    return (files("pitscape") / FOLDER / name).read_text(encoding="utf-8")
