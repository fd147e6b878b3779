"""Tables that a site file can name instead of, or beside, rasters."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    """Settings that refuse unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Table(Strict):
    """A CSV file.

    Attributes:
        table: Its path.
        header: Names of its columns, where its first line does not hold them.
        rows: Only the rows with these values, by column: one mine or station of several.
    """

    table: str
    header: tuple[str, ...] = ()
    rows: dict[str, str | int | float] = {}


class AreaTable(Table):
    """Areas of ecosystem types, one row a year.

    Attributes:
        year: Column of the calendar year.
        types: Type by column, as in the resilience scores; columns of one type are added up.
        unit: Of the areas; ``share`` where rows sum to 1.
    """

    year: str = "year"
    types: dict[str, str] = Field(min_length=1)
    unit: Literal["ha", "km2", "m2", "share"]


class IndexTable(Table):
    """NDVI of the site over time, one row a date.

    Attributes:
        date: Column of dates: YYYY-MM or YYYY-MM-DD.
        value: Column of NDVI.
        source: What results call it; dates of one sensor and one area, else values do not compare.
    """

    date: str
    value: str
    source: str = ""


class YearTable(Table):
    """A quantity by year.

    Attributes:
        year: Column of the calendar year.
        value: Column of the quantity.
        unit: Of the column, one of those that the quantity can have.
    """

    year: str = "year"
    value: str
    unit: Literal["kg C m-2 y-1", "g C m-2 y-1", "mm y-1"]


class ClimateTable(Table):
    """Monthly records under any names of columns.

    Attributes:
        year: Column of the calendar year.
        month: Column of the month, 1-12.
        precipitation_mm: Column of precipitation [mm].
        temperature_c: Column of the mean temperature [degC].
    """

    year: str = "year"
    month: str = "month"
    precipitation_mm: str = "precipitation_mm"
    temperature_c: str = "temperature_c"


class Tables(Strict):
    """The tables of a site.

    Attributes:
        areas: Areas of ecosystem types, for a site without maps.
        ndvi: Vegetation index.
        npp: Net primary production.
        et: Evapotranspiration.
    """

    areas: AreaTable | None = None
    ndvi: IndexTable | None = None
    npp: YearTable | None = None
    et: YearTable | None = None
