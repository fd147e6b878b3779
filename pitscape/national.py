"""The national area from a table of mines, from sites, or from the paper's five mines; and the verb for it."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pitscape.area_covariance import read_covariance
from pitscape.ecology import naming
from pitscape.figures import check_figure, write_figure
from pitscape.imagery.errors import InputError
from pitscape.imagery.outputs import check_writable, keep_inputs, write_json
from pitscape.plain import plain
from pitscape.record import made_of
from pitscape.resilience.estimators import ratio_estimate, regression_estimate
from pitscape.resilience.mines import MINES
from pitscape.resilience.national import national_area
from pitscape.resilience.national_draws import draw_national, sensitivity
from pitscape.resilience.provinces import by_province
from pitscape.site_mines import notes_of, read_mines

Mine = dict[str, Any]

NUMBERS = ("excavated_km2", "affected_km2", "excavated_se_km2", "affected_se_km2", "production_mt")
NEEDED = ("excavated_km2", "affected_km2")


def run(arguments: argparse.Namespace) -> None:
    """``pitscape scale``."""
    if arguments.mines and arguments.sites:
        raise InputError("scale: give either --mines MINES.csv or --sites SITE.json ..., one of them.")
    outputs = [each for each in (arguments.output, arguments.figure) if each]
    inputs = [each for each in (arguments.mines, *(arguments.sites or []), arguments.covariance) if each]
    for path in outputs:
        check_writable(path)
    keep_inputs(outputs, inputs)
    check_figure(arguments.figure)
    mines = _mines(arguments)
    if len(mines) < 2:
        source = arguments.mines or arguments.sites[0]
        raise InputError(f"{source}: is one mine; a national figure needs the areas of at least two, give more.")
    if arguments.national_mines < len(mines):
        raise InputError(f"--national-mines {arguments.national_mines}: is fewer than the {len(mines)} mines given.")
    with naming(arguments.mines or "scale"):
        content = plain(_figures(mines, arguments))
    _print(content)
    if arguments.output:
        write_json(arguments.output, {"schema": 1} | content | made_of(arguments, *inputs))
    if arguments.figure:
        from pitscape.national_chart import national

        write_figure(national(content), arguments.figure, "Land affected by open-pit coal mining")


def _figures(mines: list[Mine], arguments: argparse.Namespace) -> dict[str, Any]:
    """Sums, estimates with their intervals, Monte Carlo, sensitivity and provinces."""
    affected = [mine["affected_km2"] for mine in mines]
    output = [mine["production_mt"] for mine in mines]
    known = None if None in output else output
    found = national_area(affected, production_mt=known, mines_mt=arguments.mines_mt, national_mt=arguments.national_mt)
    totals = {"mines_mt": sum(known) if known else arguments.mines_mt, "national_mt": arguments.national_mt}
    estimators = _estimators(affected, known, arguments)
    sums = {key: _sum(mine[key] for mine in mines) for key in NEEDED}
    return {
        "mines": mines,
        "sums": sums,
        "totals": totals,
        "national": asdict(found),
        "estimators": estimators,
        "draws": _draws(mines, totals, arguments),
        "sensitivity": sensitivity(sum(affected), **totals),
        "provinces": by_province(found.area_km2),
        "notes": _notes(mines, known, estimators, arguments),
    }


def _notes(
    mines: list[Mine], output: list[float] | None, estimators: list[Mine], arguments: argparse.Namespace
) -> list[str]:
    """What a reader must know."""
    said = notes_of(mines) if arguments.sites else []
    if (arguments.sites or arguments.mines) and output is None:
        said.append(f"not every mine has an output: {arguments.mines_mt:g} Mt (--mines-mt) is taken for all of them")
    measured = sum(mine["affected_km2"] for mine in mines)
    said += [
        f"the {row['estimator']} estimate lies below the measured {measured:,.2f} km2, where no country can be; read the ratio"
        for row in estimators
        if row["area_km2"] < measured
    ]
    average = arguments.national_mt / arguments.national_mines
    if output and min(output) > average:
        said.append(
            f"every mine is larger than the country's average of {average:.2f} Mt: the regression estimator reaches far "
            "beyond them; read the ratio"
        )
    return said


def _estimators(affected: list[float], output: list[float] | None, arguments: argparse.Namespace) -> list[Mine]:
    """Ratio and, from three mines on, regression, where output is known by mine."""
    if output is None:
        return []
    found = [ratio_estimate(affected, output, national_mt=arguments.national_mt)]
    if len(output) > 2 and min(float(np.ptp(np.delete(output, n))) for n in range(len(output))) > 0:
        found.append(
            regression_estimate(affected, output, national_mt=arguments.national_mt, mines=arguments.national_mines)
        )
    return [asdict(each) for each in found]


def _draws(mines: list[Mine], totals: dict[str, float], arguments: argparse.Namespace) -> Mine | None:
    """Monte Carlo, where something has an error."""
    errors = [mine["affected_se_km2"] for mine in mines]
    known = sum(error is not None for error in errors)
    spread = np.array([error or 0.0 for error in errors], np.float64)
    of_areas = "areas" if known == len(mines) else f"areas of {known} of {len(mines)} mines" if known else ""
    if arguments.covariance:
        spread, of_areas = read_covariance(arguments.covariance, mines), "correlated areas"
    if not of_areas and not arguments.output_error:
        return None
    affected = [mine["affected_km2"] for mine in mines]
    options: dict[str, Any] = {"output_error": arguments.output_error, "draws": arguments.draws, "seed": arguments.seed}
    drawn = draw_national(affected, spread, **(totals | options))
    of_totals = ("output totals" if of_areas else "output totals alone") if arguments.output_error else ""
    return asdict(drawn) | {"of": " and ".join(each for each in (of_areas, of_totals) if each)} | options


def _mines(arguments: argparse.Namespace) -> list[Mine]:
    if arguments.sites:
        return read_mines(arguments.sites)
    if arguments.mines:
        return _table(arguments.mines)
    return [
        {"name": m.name, "excavated_km2": m.excavated_km2, "affected_km2": m.affected_km2} | dict.fromkeys(NUMBERS[2:])
        for m in MINES
    ]


def _table(path: Path) -> list[Mine]:
    """A ``mines.csv``; what is empty or has no column is None, but for the areas."""
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: is not a CSV table ({' '.join(str(error).split())[:100]}).") from error
    if missing := [name for name in ("name", *NEEDED) if name not in table.columns]:
        raise InputError(f"{path}: lacks column {', '.join(missing)}; it has {', '.join(map(str, table.columns))}.")
    for column in NUMBERS:
        given = table[column] if column in table.columns else pd.Series([None] * len(table))
        numbers = pd.to_numeric(given, errors="coerce")
        wrong = (numbers.isna() & (given.notna() | (column in NEEDED))).to_numpy()
        if wrong.any():
            row = int(wrong.argmax())
            raise InputError(f"{path}, line {row + 2}: {column} is {given.iloc[row]!r}; give a number.")
        table[column] = numbers
    records = table[["name", *NUMBERS]].to_dict(orient="records")
    return [{str(key): None if pd.isna(value) else value for key, value in record.items()} for record in records]


def _sum(values: Any) -> float:  # noqa: ANN401 - of numbers
    return float(sum(values))


def _print(content: dict[str, Any]) -> None:
    print(f"{'mine':20} {'excavated km2':>14} {'affected km2':>14} {'output Mt':>10}")
    for mine in content["mines"]:
        output = "-" if mine["production_mt"] is None else f"{mine['production_mt']:.2f}"
        print(f"{mine['name']:20} {mine['excavated_km2']:14.2f} {mine['affected_km2']:14.2f} {output:>10}")
    sums, found, totals = content["sums"], content["national"], content["totals"]
    print(f"{'sum':20} {sums['excavated_km2']:14.2f} {sums['affected_km2']:14.2f} {totals['mines_mt']:10.2f}")
    print(f"national: {found['area_km2']:,.2f} km2 = {100 * found['land_share']:.2f} % of the land")
    print(f"{found['spread']}: {found['low_km2']:,.2f} to {found['high_km2']:,.2f} km2")
    for row in content["estimators"]:
        span = f"{row['low_km2']:,.2f} to {row['high_km2']:,.2f}"
        print(f"{row['estimator']} estimator: {row['area_km2']:,.2f} km2, jackknife 95 % {span} km2")
    if drawn := content["draws"]:
        span = f"{drawn['low_km2']:,.2f} to {drawn['high_km2']:,.2f} km2"
        print(f"errors of {drawn['of']}: 95 % {span}")
    print(f"extrapolated: {100 * found['extrapolated_share']:.1f} % of the output")
    provinces = ", ".join(f"{name} {area:,.0f}" for name, area in content["provinces"].items())
    print(f"by number of mines [km2]: {provinces}")
    for note in content["notes"]:
        print(f"note: {note}")
