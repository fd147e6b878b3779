"""Thresholds of a series of integrity, and the verb for it."""

import argparse
import math
from dataclasses import asdict
from typing import Any, TypeAlias

import numpy as np

from pitscape.ecology import naming
from pitscape.figures import check_figure, write_figure
from pitscape.imagery.errors import InputError
from pitscape.imagery.outputs import check_writable, keep_inputs, write_json
from pitscape.life_cycles import COLUMN, describe, find_life_cycle
from pitscape.plain import plain
from pitscape.record import made_of
from pitscape.resilience.detection import detect_thresholds
from pitscape.resilience.integrity import threshold_value
from pitscape.resilience.life_cycle import LifeCycle
from pitscape.resilience.stages import POINTS, lag_behind_life_cycle
from pitscape.resilience.thresholds import LEAST_KNOWN, Thresholds, invert_thresholds
from pitscape.series import Series, read_series

Constants: TypeAlias = dict[str, tuple[float, float]]
OF_ONE_SERIES = (*POINTS, "production", "first_production", "decline")


def find_thresholds(
    series: Series, constants: Constants, life: LifeCycle | None, *, draws: int, seed: int
) -> dict[str, Any]:
    """The thresholds of ThV as content of a JSON file, checked against the life cycle.

    Args:
        series: ThV by year, 1 before mining.
        constants: Interval of each known constant; empty to detect the points.
        life: Life cycle of the mine, if it is known.
        draws: Resampled series.
        seed: Of the resampling.
    """
    found = _found(series, constants, draws=draws, seed=seed)
    rows = [{"year": year, "stage": stage} for year, stage in found.stages]
    return asdict(found) | {"stages": rows, "contradiction": _contradiction(found, life)}


def _found(series: Series, constants: Constants, *, draws: int, seed: int) -> Thresholds:
    if not constants:
        return detect_thresholds(*series, draws=draws, seed=seed)
    if (known := int(np.isfinite(series.values).sum())) < LEAST_KNOWN:
        flag = f"{known} values, {LEAST_KNOWN} are needed"
        return Thresholds("insufficient data", "constants", flags=(flag,))
    return invert_thresholds(*series, constants)


def run(arguments: argparse.Namespace) -> None:
    """``pitscape thresholds``."""
    if (arguments.eci is None) == (not arguments.sites):
        raise InputError("thresholds: give either ECI.csv or --sites SITE.json ..., one of them.")
    if arguments.sites and (given := [name for name in OF_ONE_SERIES if getattr(arguments, name) is not None]):
        raise InputError(f"--{given[0].replace('_', '-')}: belongs to one ECI.csv; the site files hold their own.")
    if arguments.draws < 1:
        raise InputError(f"--draws {arguments.draws}: give at least 1; 500 are usual.")
    outputs = [each for each in (arguments.output, arguments.figure) if each]
    inputs = [each for each in (arguments.eci, arguments.production, *(arguments.sites or ())) if each]
    for path in outputs:
        check_writable(path)
    keep_inputs(outputs, inputs)
    check_figure(arguments.figure)
    if arguments.sites:
        from pitscape.pooled_sites import run_sites

        run_sites(arguments)
        return
    content = _of_series(arguments)
    _print(content["thresholds"])
    if arguments.output:
        write_json(arguments.output, {"schema": 1} | content | made_of(arguments, *inputs))
    if arguments.figure:
        from pitscape.life_charts import thresholds

        write_figure(thresholds(content), arguments.figure, arguments.eci.stem)


def _of_series(arguments: argparse.Namespace) -> dict[str, Any]:
    """ThV, its thresholds and the life cycle of a mine, from ``eci.csv`` and ``production.csv``."""
    eci = read_series(arguments.eci, "eci")
    constants = _constants(arguments)
    record = read_series(arguments.production, COLUMN) if arguments.production else None
    with naming(arguments.production or "thresholds"):
        dates = {"first_production": arguments.first_production, "decline": arguments.decline}
        life, why = find_life_cycle(record, **dates)
    with naming(arguments.eci):
        first = eci.values[np.isfinite(eci.values)][:1]
        baseline = float(first[0]) if first.size else math.nan
        thv = Series(eci.year, np.array([threshold_value(value, baseline) for value in eci.values.tolist()]))
        found = find_thresholds(thv, constants, life, draws=arguments.draws, seed=arguments.seed)
    rows = zip(*(each.tolist() for each in (eci.year, eci.values, thv.values)), strict=True)
    series = [{"year": year, "eci": value, "thv": ratio} for year, value, ratio in rows]
    known = life is not None or record is not None
    life_cycle = describe(life, why, record, [int(year) for year in eci.year]) if known else None
    content: dict[str, Any] = plain({"series": series, "thresholds": found, "life_cycle": life_cycle})
    return content


def _constants(arguments: argparse.Namespace) -> Constants:
    """The constants of the options --elastic, --yield and --mutation."""
    given = {name: getattr(arguments, name) for name in POINTS if getattr(arguments, name) is not None}
    return {name: _interval(name, text) for name, text in given.items()}


def _interval(name: str, text: str) -> tuple[float, float]:
    try:
        ends = [float(each) for each in text.split(",")]
    except ValueError as error:
        raise InputError(f"--{name} {text!r}: give ThV as a number, or an interval such as 0.92,0.97.") from error
    if len(ends) not in {1, 2}:
        raise InputError(f"--{name} {text!r}: give one number, or the two ends of an interval.")
    return ends[0], ends[-1]


def _contradiction(found: Thresholds, life: LifeCycle | None) -> str | None:
    mutation = next((point.year for point in found.points if point.name == "mutation"), math.nan)
    if life is None:
        return None
    return lag_behind_life_cycle(mutation, stable_from=life.stable_from, decline_from=life.decline_from)


def _print(content: dict[str, Any]) -> None:
    print(f"{content['status']} (by {content['method']})")
    if content["points"]:
        print(f"{'point':10} {'year':>8} {'interval':>17} {'ThV':>7} {'interval':>15}")
    for point in content["points"]:
        year = f"{point['year']:.1f}" if point["year"] is not None else "-"
        print(f"{point['name']:10} {year:>8} {_span(point['low'], point['high'], 1):>17} ", end="")
        print(f"{point['thv']:7.3f} {_span(point['thv_low'], point['thv_high'], 3):>15}")
    for flag in content["flags"]:
        print(f"note: {flag}")
    if content["contradiction"]:
        print(f"contradiction: {content['contradiction']}")


def _span(low: float | None, high: float | None, digits: int) -> str:
    return " - ".join("open" if each is None else f"{each:.{digits}f}" for each in (low, high))
