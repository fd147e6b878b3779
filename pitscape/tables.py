"""Reading of a site's tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pitscape.imagery.errors import InputError
from pitscape.resilience.climate import MonthlyClimate
from pitscape.table_settings import AreaTable, ClimateTable, IndexTable, Table, YearTable

HECTARES = {"ha": 1.0, "km2": 100.0, "m2": 1e-4, "share": 1.0}
"""Hectares in a unit of area; shares stay shares."""

G_PER_KG = 1000.0


def read_rows(table: Table, numbers: Sequence[str], *, gaps: bool = False, texts: Sequence[str] = ()) -> pd.DataFrame:
    """Columns of the wanted rows of a CSV file.

    Args:
        table: The file.
        numbers: Columns that hold numbers.
        gaps: Whether an empty cell is a missing value instead of an error.
        texts: Further columns, as text.

    Raises:
        InputError: If there is no such file, column or row, or a number is none; with its line.
    """
    path = Path(table.table)
    try:
        found = pd.read_csv(path, header=None if table.header else "infer", names=list(table.header) or None)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: is not a CSV table ({' '.join(str(error).split())[:100]}).") from error
    missing = [column for column in (*numbers, *texts, *table.rows) if column not in found.columns]
    if missing:
        raise InputError(f"{path}: lacks column {', '.join(missing)}; it has {', '.join(map(str, found.columns))}.")
    for column, value in table.rows.items():
        kept = found[found[column].astype(str) == str(value)]
        if kept.empty:
            known = ", ".join(sorted(found[column].astype(str).unique())[:8])
            raise InputError(f"{path}: no row has {column} {value!r}; there are {known}.")
        found = kept
    for column in numbers:
        found = found.assign(**{column: _numbers(found[column], path, gaps=gaps, first=1 if table.header else 2)})
    return found


def read_areas(table: AreaTable) -> dict[int, dict[str, float]]:
    """Areas of the types by year: in hectares, or as shares where the table holds these.

    Raises:
        InputError: If an area is negative, a year comes twice, or a year has no area.
    """
    rows = read_rows(table, [table.year, *table.types])
    found: dict[int, dict[str, float]] = {}
    for row in rows.to_dict("records"):
        year = int(row[table.year])
        if year in found:
            raise InputError(f"{table.table}: {year} comes twice; choose one site by rows.")
        areas = dict.fromkeys(table.types.values(), 0.0)
        for column, name in table.types.items():
            if row[column] < 0:
                raise InputError(f"{table.table}: {column} of {year} is {row[column]:g}; areas are at least 0.")
            areas[name] += row[column] * HECTARES[table.unit]
        if not sum(areas.values()) > 0:
            raise InputError(f"{table.table}: {year} has no area at all; leave the year out.")
        found[year] = areas
    return dict(sorted(found.items()))


@dataclass(frozen=True)
class SeasonIndex:
    """NDVI of one year's growing season.

    Attributes:
        value: Mean or maximum of the months, negatives as 0.
        months: Mean of each month that has one, by ``YYYY-MM``.
        gaps: Months of the season without a value.
    """

    value: float
    months: Mapping[str, float]
    gaps: tuple[str, ...]


def read_index(table: IndexTable, season: tuple[int, int], *, composite: str = "mean") -> dict[int, SeasonIndex]:
    """NDVI of each year's growing season; a season over the turn of the year belongs to its end.

    Args:
        table: The file.
        season: First and last month.
        composite: ``mean`` or ``maximum`` of the months, which count alike, however many dates they have.

    Raises:
        InputError: If a date is none, or a value is not in [-1, 1].
    """
    rows = read_rows(table, [table.value], gaps=True, texts=[table.date])
    dates = pd.to_datetime(rows[table.date].astype(str), errors="coerce", format="ISO8601")
    if dates.isna().any():
        wrong = rows[table.date].iloc[int(dates.isna().to_numpy().argmax())]
        raise InputError(f"{table.table}: {table.date} is {wrong!r}; dates are YYYY-MM or YYYY-MM-DD.")
    values = rows[table.value].to_numpy(np.float64)
    if np.nanmax(np.abs(values), initial=0) > 1:
        largest = values[np.nanargmax(np.abs(values))]
        raise InputError(f"{table.table}: {table.value} holds {largest:g}; NDVI is in -1 to 1, scale it.")
    found: dict[tuple[int, int], list[float]] = {}
    for date, value in zip(dates, np.maximum(values, 0).tolist(), strict=True):
        if value == value:  # noqa: PLR0124 - not NaN
            found.setdefault((date.year, date.month), []).append(value)
    means = {month: sum(each) / len(each) for month, each in found.items()}
    return {year: _season(means, year, season, composite) for year in sorted({year for year, _ in means})}


def read_years(table: YearTable, kind: str) -> dict[int, float]:
    """NPP [kg C m-2 y-1] or ET [mm y-1] by year; empty cells are left out.

    Raises:
        InputError: If the unit is not one of the kind.
    """
    units = {"npp": {"kg C m-2 y-1": 1.0, "g C m-2 y-1": 1 / G_PER_KG}, "et": {"mm y-1": 1.0}}[kind]
    if table.unit not in units:
        raise InputError(f"{table.table}: unit {table.unit!r} is none of {kind}; it has {' or '.join(units)}.")
    rows = read_rows(table, [table.year, table.value], gaps=True)
    known = rows[rows[table.value].notna()]
    return dict(zip(known[table.year].astype(int), known[table.value] * units[table.unit], strict=True))


def read_monthly_climate(table: ClimateTable) -> MonthlyClimate:
    """Monthly records; empty cells are missing months.

    Raises:
        InputError: If a value cannot be one of climate.
    """
    names = (table.year, table.month, table.precipitation_mm, table.temperature_c)
    rows = read_rows(table, names, gaps=True)
    try:
        return MonthlyClimate(
            year=rows[table.year].to_numpy(np.int64),
            month=rows[table.month].to_numpy(np.int64),
            precipitation_mm=rows[table.precipitation_mm].to_numpy(np.float64),
            temperature_c=rows[table.temperature_c].to_numpy(np.float64),
        )
    except ValueError as error:
        raise InputError(f"{table.table}: {error}") from error


def _season(means: Mapping[tuple[int, int], float], year: int, season: tuple[int, int], composite: str) -> SeasonIndex:
    first, last = season
    if first <= last:
        wanted = [(year, month) for month in range(first, last + 1)]
    else:
        wanted = [(year - 1, month) for month in range(first, 13)] + [(year, month) for month in range(1, last + 1)]
    known = [means[each] for each in wanted if each in means]
    value = float("nan") if not known else max(known) if composite == "maximum" else sum(known) / len(known)
    names = {each: f"{each[0]}-{each[1]:02d}" for each in wanted}
    months = {names[each]: means[each] for each in wanted if each in means}
    return SeasonIndex(value, months, tuple(names[each] for each in wanted if each not in means))


def _numbers(column: pd.Series, path: Path, *, gaps: bool, first: int) -> pd.Series:
    numbers = pd.to_numeric(column, errors="coerce")
    wrong = numbers.isna() & (column.notna() if gaps else True)
    if wrong.any():
        place = int(wrong.to_numpy().argmax())
        value = "empty" if pd.isna(column.iloc[place]) else repr(column.iloc[place])
        raise InputError(f"{path}, line {column.index[place] + first}: {column.name} is {value}; give a number.")
    return numbers
