"""The life cycle of a mine from its production table or its dates, and the verb for it."""

import argparse
import math
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from pitscape.ecology import naming
from pitscape.figures import check_figure, write_figure
from pitscape.imagery.outputs import check_writable, keep_inputs, write_json
from pitscape.plain import plain
from pitscape.record import made_of
from pitscape.resilience.life_cycle import (
    NOT_OBSERVED,
    InsufficientRecord,
    LifeCycle,
    life_cycle_of_dates,
    life_cycle_of_production,
)
from pitscape.series import Series, read_series

COLUMN = "production_mt"


def find_life_cycle(
    record: Series | None, *, first_production: int | None, decline: int | None
) -> tuple[LifeCycle | None, str]:
    """The life cycle from the output, else from the dates.

    Args:
        record: Yearly output [Mt], if there is one.
        first_production: Year of the first output, if it is known.
        decline: Year from which decline is declared, if it is.

    Returns:
        The life cycle, None where neither is enough; and why the output alone was not.

    Raises:
        ValueError: If the output is no record.
    """
    started = math.nan if first_production is None else float(first_production)
    ends = math.nan if decline is None else float(decline)
    why = "no output on record"
    if record is not None:
        try:
            return declared(life_cycle_of_production(*record, first_production=started), ends), ""
        except InsufficientRecord as reason:
            why = str(reason)
    if math.isnan(started) and record is not None:
        started = _first_year(record)
    return (None if math.isnan(started) else life_cycle_of_dates(started, decline=ends)), why


def declared(life: LifeCycle, decline: float) -> LifeCycle:
    """A life cycle whose output shows no decline, with one that is declared; NaN for none."""
    if math.isnan(decline) or not math.isnan(life.decline_from):
        return life
    notes = [note for note in life.notes if note != NOT_OBSERVED]
    return replace(life, decline_from=decline, notes=(*notes, "decline as declared: the output does not show it"))


def describe(life: LifeCycle | None, why: str, record: Series | None, years: list[int]) -> dict[str, Any]:
    """A life cycle as content of a JSON file.

    Args:
        life: From :func:`find_life_cycle`.
        why: Why its output was insufficient, or empty.
        record: Yearly output [Mt].
        years: Those whose stage is wanted.
    """
    rows = zip(*(each.tolist() for each in record), strict=True) if record else ()
    content: dict[str, Any] = {"production": [{"year": int(year), COLUMN: value} for year, value in rows]}
    content |= {"basis": life.basis if life else None, "insufficient": why or None}
    if life is None:
        return content | {"notes": [], "stages": []}
    return content | {
        "accelerated_from": life.accelerated_from,
        "stable_from": life.stable_from,
        "decline_from": life.decline_from,
        "curve": asdict(life.curve) if life.curve else None,
        "rival": asdict(life.rival) if life.rival else None,
        "notes": list(life.notes),
        "stages": [{"year": year, "stage": life.stage(year)} for year in years],
    }


def run(arguments: argparse.Namespace) -> None:
    """``pitscape lifecycle``."""
    outputs = [each for each in (arguments.output, arguments.figure) if each]
    for path in outputs:
        check_writable(path)
    keep_inputs(outputs, [arguments.production])
    check_figure(arguments.figure)
    record = read_series(arguments.production, COLUMN)
    with naming(arguments.production):
        life, why = find_life_cycle(record, first_production=arguments.first_production, decline=arguments.decline)
    years = list(range(int(record.year[0]), int(record.year[-1]) + 1))
    content = plain(describe(life, why, record, years))
    _print(content)
    if arguments.output:
        write_json(arguments.output, {"schema": 1, "life_cycle": content} | made_of(arguments, arguments.production))
    if arguments.figure:
        from pitscape.life_charts import production

        write_figure(production(content), arguments.figure, arguments.production.stem)


def _print(content: dict[str, Any]) -> None:
    if content["insufficient"]:
        print(f"insufficient: {content['insufficient']}")
    if content["basis"] is None:
        print("add years, or give --first-production for the date rule")
        return
    print(f"{'from ' + content['basis']:22} {'year':>8}")
    for key in ("accelerated_from", "stable_from", "decline_from"):
        year = "-" if content[key] is None else f"{content[key]:.1f}"
        print(f"{key.replace('_', ' '):22} {year:>8}")
    if curve := content["curve"]:
        print(f"{curve['kind']} logistic, plateau {curve['plateau_mt']:.2f} Mt a year, AICc {curve['aicc']:.1f}")
    last = content["stages"][-1]
    print(f"stage in {last['year']}: {last['stage']}")
    for note in content["notes"]:
        print(f"note: {note}")


def _first_year(record: Series) -> float:
    """Year of the first output, if the record begins without."""
    known = record.values > 0
    first = int(known.argmax())
    before = record.values[:first]
    return float(record.year[first]) if known.any() and first and not np.isnan(before).any() else math.nan
