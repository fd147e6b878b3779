import math
from pathlib import Path
from typing import Any

import pytest

from pitscape.imagery.errors import InputError
from pitscape.table_settings import AreaTable, ClimateTable, IndexTable, YearTable
from pitscape.tables import read_areas, read_index, read_monthly_climate, read_years


def csv(folder: Path, *lines: str) -> str:
    path = folder / "t.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def test_areas_of_one_site_in_hectares(tmp_path: Path) -> None:
    table = csv(tmp_path, "region,year,a_km2,b_km2,c_km2", "x,2005,1,2,3", "y,2005,9,9,9", "x,2000,4,0,1")
    types = {"a_km2": "forest", "b_km2": "mined", "c_km2": "forest"}
    found = read_areas(AreaTable(table=table, rows={"region": "x"}, types=types, unit="km2"))
    assert found == {2000: {"forest": 500.0, "mined": 0.0}, 2005: {"forest": 400.0, "mined": 200.0}}
    assert list(found) == [2000, 2005]


@pytest.mark.parametrize(
    ("lines", "rows", "problem"),
    [
        (("year,a", "2000,1", "2000,2"), {}, "2000 comes twice; choose one site by rows"),
        (("year,a", "2000,-1"), {}, "a of 2000 is -1; areas are at least 0"),
        (("year,a", "2000,0"), {}, "2000 has no area at all"),
        (("year,a", "2000,many"), {}, r"t\.csv, line 2: a is 'many'; give a number"),
        (("year,a", "2000,"), {}, "line 2: a is empty; give a number"),
        (("year,b", "2000,1"), {}, "lacks column a; it has year, b"),
        (("year,a", "2000,1"), {"year": 1999}, "no row has year 1999; there are 2000"),
    ],
)
def test_wrong_areas_are_answered_in_one_line(
    tmp_path: Path, lines: tuple[str, ...], rows: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InputError, match=problem):
        read_areas(AreaTable(table=csv(tmp_path, *lines), rows=rows, types={"a": "forest"}, unit="ha"))


def test_the_season_of_ndvi_by_months(tmp_path: Path) -> None:
    """Two dates of April count as one month: (0.3 + 0.6) / 2; the negative of May counts as 0; October is a gap."""
    lines = ["2020-04-01,0.2", "2020-04-17,0.4", "2020-05-03,-0.1", "2020-06-03,0.6", "2020-12-01,0.9"]
    table = IndexTable(table=csv(tmp_path, "date,ndvi", *lines), date="date", value="ndvi")
    found = read_index(table, (4, 10))[2020]
    assert found.value == pytest.approx((0.3 + 0 + 0.6) / 3)
    assert found.gaps == ("2020-07", "2020-08", "2020-09", "2020-10")
    largest = read_index(table, (4, 10), composite="maximum")[2020]
    assert largest.value == pytest.approx(0.6)


def test_a_season_over_the_turn_of_the_year(tmp_path: Path) -> None:
    lines = ["2019-11,0.2", "2020-02,0.4", "2020-06,0.9"]
    table = IndexTable(table=csv(tmp_path, "date,ndvi", *lines), date="date", value="ndvi")
    assert read_index(table, (10, 4))[2020].value == pytest.approx(0.3)
    assert math.isnan(read_index(table, (10, 11))[2020].value)


@pytest.mark.parametrize(
    ("line", "problem"), [("2020-04,4500", "ndvi holds 4500; NDVI is in -1 to 1"), ("spring,0.5", "date is 'spring'")]
)
def test_wrong_ndvi_is_answered_in_one_line(tmp_path: Path, line: str, problem: str) -> None:
    table = IndexTable(table=csv(tmp_path, "date,ndvi", line), date="date", value="ndvi")
    with pytest.raises(InputError, match=problem):
        read_index(table, (4, 10))


def test_npp_in_grams_and_gaps(tmp_path: Path) -> None:
    table = csv(tmp_path, "year,npp", "2001,450", "2002,")
    assert read_years(YearTable(table=table, value="npp", unit="g C m-2 y-1"), "npp") == {2001: pytest.approx(0.45)}
    with pytest.raises(InputError, match="unit 'mm y-1' is none of npp"):
        read_years(YearTable(table=table, value="npp", unit="mm y-1"), "npp")


def test_climate_without_a_header_and_with_a_gap(tmp_path: Path) -> None:
    table = csv(tmp_path, "X,2020,1,-5.4,28.8", "X,2020,2,,40.1", "Y,2020,1,3,3")
    header = ("station", "year", "month", "temperature_c", "precipitation_mm")
    found = read_monthly_climate(ClimateTable(table=table, header=header, rows={"station": "X"}))
    assert found.precipitation_mm.tolist() == [28.8, 40.1]
    assert found.temperature_c[0] == -5.4
    assert math.isnan(found.temperature_c[1])


def test_climate_in_kelvin_is_refused(tmp_path: Path) -> None:
    table = csv(tmp_path, "year,month,precipitation_mm,temperature_c", "2020,1,30,283.1")
    with pytest.raises(InputError, match=r"t\.csv: temperature_c is beyond 70 degC: subtract 273\.15"):
        read_monthly_climate(ClimateTable(table=table))
