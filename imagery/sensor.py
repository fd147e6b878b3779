"""Sensors as data: their bands and how stored numbers become reflectance."""

import datetime
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from pitscape.imagery.errors import InputError
from pitscape.imagery.settings import load_named


class Band(BaseModel):
    """One band: its name at the agency, its common name (STAC), centre [nm] and ground sampling distance [m]."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    common_name: str
    wavelength_nm: float = Field(gt=0)
    gsd_m: float = Field(gt=0)


class OffsetChange(BaseModel):
    """A number that the agency has added to all stored values since a date."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    date: datetime.date
    added: int


class Sensor(BaseModel):
    """A sensor and the one convention of stored numbers that all its scenes are brought to.

    Attributes:
        name: For example "sentinel2_l2a".
        convention: The convention in words, for model cards.
        scale: reflectance = scale x stored + offset.
        offset: See ``scale``.
        fill: Stored value of cells that were not observed.
        offset_since: Since when the agency adds a constant; older scenes get it on reading.
        bands: In the agency's order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    convention: str
    scale: float = Field(gt=0)
    offset: float
    fill: float
    offset_since: OffsetChange | None = None
    bands: tuple[Band, ...] = Field(min_length=1)

    @cached_property
    def band_names(self) -> tuple[str, ...]:
        """Names in the agency's order."""
        return tuple(band.name for band in self.bands)

    def named(self, common_name: str) -> str:
        """The name of the band with a common name, for example "B08" for "nir".

        Raises:
            InputError: If the sensor has none.
        """
        for band in self.bands:
            if band.common_name == common_name:
                return band.name
        raise InputError(f"sensor {self.name}: has no {common_name} band.")

    def missing_offset(self, acquired: datetime.date | None) -> int:
        """What must be added to a scene's stored numbers to bring them to the convention.

        Args:
            acquired: The day of acquisition; None, unknown, is taken as recent.
        """
        change = self.offset_since
        return change.added if change and acquired and acquired < change.date else 0


def load_sensor(name: str | Path) -> Sensor:
    """A sensor that comes with pitscape, by name, or a user's own YAML file, by path.

    Raises:
        InputError: If there is no such sensor, or the file is not a valid one.
    """
    return load_named("sensor", name, Sensor)
