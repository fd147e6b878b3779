"""Sensors as data: their bands, how stored numbers become physical values, and what says that land is hidden."""

import datetime
from collections.abc import Sequence
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from pitscape.imagery.errors import InputError
from pitscape.imagery.settings import load_named

Kind = Literal["reflectance", "digital_number", "backscatter", "elevation", "slope", "quantity", "class", "mask"]
Resampling = Literal["nearest", "bilinear", "cubic"]

PACKAGE = "pitscape.imagery.sensors"


class Band(BaseModel):
    """One band of a sensor.

    Attributes:
        name: At the agency, for example "B08".
        common_name: As STAC has it, for example "nir"; "" where it has none.
        aliases: Other names that files give it.
        kind: What it measures; classes and masks are never averaged.
        unit: Of physical values; "1" for ratios.
        wavelength_nm: Of its centre [nm]; None where it is no optical band.
        gsd_m: Ground sampling distance [m].
        scale: physical value = scale x stored + offset.
        offset: See ``scale``.
        fill: Stored values that mean "not observed", as NaN always does.
        valid: Least and greatest stored value that means anything; others were not observed.
        resampling: How it is read on a finer or shifted grid; on coarser ones it is averaged (classes: most frequent).
        by_default: Whether a network takes it when no bands are named.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    common_name: str = ""
    aliases: tuple[str, ...] = ()
    kind: Kind
    unit: str = "1"
    wavelength_nm: float | None = Field(default=None, gt=0)
    gsd_m: float = Field(gt=0)
    scale: float = Field(default=1.0, gt=0)
    offset: float = 0.0
    fill: tuple[float, ...] = ()
    valid: tuple[float, float] | None = None
    resampling: Resampling = "bilinear"
    by_default: bool = True

    @model_validator(mode="after")
    def _makes_sense(self) -> "Band":
        if self.is_category and self.resampling != "nearest":
            raise ValueError(f"band {self.name} is of kind {self.kind}: its resampling must be nearest")
        if self.valid and self.valid[0] >= self.valid[1]:
            raise ValueError(f"band {self.name}: valid must be [least, greatest]")
        return self

    @property
    def is_category(self) -> bool:
        """Whether its numbers are codes, between which there is nothing."""
        return self.kind in {"class", "mask"}

    @property
    def names(self) -> frozenset[str]:
        """All names by which files may call it."""
        return frozenset({self.name, *self.aliases, *([self.common_name] if self.common_name else [])})


class Quality(BaseModel):
    """A band of codes or bits that says where clouds, shadows or gaps hide the land.

    Attributes:
        name: At the agency, for example "SCL".
        aliases: Other names that files give it.
        gsd_m: Ground sampling distance [m].
        hidden_codes: Codes of hidden pixels.
        hidden_bits: Bits, from the least significant, of which one suffices to hide a pixel.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    aliases: tuple[str, ...] = ()
    gsd_m: float = Field(gt=0)
    hidden_codes: tuple[int, ...] = ()
    hidden_bits: tuple[int, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """All names by which files may call it."""
        return frozenset({self.name, *self.aliases})

    def hides(self, codes: NDArray[Any]) -> NDArray[np.bool_]:
        """Where codes of any shape say that the land is hidden.

        >>> landsat = Quality(name="QA_PIXEL", gsd_m=30, hidden_bits=(3, 4))
        >>> landsat.hides(np.array([0b01000, 0b10000, 0b1000000])).tolist()
        [True, True, False]
        """
        bits = sum(1 << bit for bit in self.hidden_bits)
        whole = np.nan_to_num(codes).astype(np.int64)
        hidden: NDArray[np.bool_] = np.isin(whole, self.hidden_codes) | ((whole & bits) != 0)
        return hidden


class OffsetChange(BaseModel):
    """A number that the agency has added to all stored values since a date and a processing baseline."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    date: datetime.date
    baseline: int
    added: int


class Sensor(BaseModel):
    """A sensor and the one convention of stored numbers that all its scenes are brought to.

    Attributes:
        name: For example "sentinel2_l2a".
        title: For people.
        convention: The convention in words, for model cards.
        bands: In the agency's order. In YAML, ``each`` holds what all of them share.
        quality: The band that says where the land is hidden; None where the sensor has none.
        offset_since: Since when the agency adds a constant; older scenes get it on reading.
        collections: Names of STAC and Earth Engine collections that hold its scenes.
        platforms: Satellites that carry it, as STAC names them, where a collection mixes sensors.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    convention: str
    bands: tuple[Band, ...] = Field(min_length=1)
    quality: Quality | None = None
    offset_since: OffsetChange | None = None
    collections: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _share(cls, content: Any) -> Any:  # noqa: ANN401 - what is validated
        """Give each band what ``each`` says of all."""
        if not isinstance(content, dict) or "each" not in content:
            return content
        own = {key: value for key, value in content.items() if key != "each"}
        return own | {"bands": [{**content["each"], **band} for band in content.get("bands", [])]}

    @model_validator(mode="after")
    def _names_once(self) -> "Sensor":
        names = [name for band in self.bands for name in band.names]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two bands are called {', '.join(twice)}")
        return self

    @cached_property
    def band_names(self) -> tuple[str, ...]:
        """Names of the bands that a network takes when none are named, in the agency's order."""
        return tuple(band.name for band in self.bands if band.by_default)

    def band(self, name: str) -> Band:
        """The band that a name, alias or common name means.

        Raises:
            InputError: If the sensor has none.
        """
        for band in self.bands:
            if name in band.names:
                return band
        known = ", ".join(band.name for band in self.bands)
        raise InputError(f"sensor {self.name}: has no band {name}; it has {known}.")

    def named(self, common_name: str) -> str:
        """The name of the band with a common name, for example "B08" for "nir"; "nir08" stands in for "nir".

        Raises:
            InputError: If the sensor has none.
        """
        for wanted in (common_name, {"nir": "nir08"}.get(common_name)):
            for band in self.bands:
                if band.common_name == wanted:
                    return band.name
        raise InputError(f"sensor {self.name}: has no {common_name} band.")

    def physical(self, stored: NDArray[np.floating], bands: Sequence[str]) -> NDArray[np.floating]:
        """Physical values of stored numbers.

        Args:
            stored: Stored numbers in the convention, (band, ...).
            bands: Names of the bands along the first axis.

        Returns:
            scale x stored + offset, in units of the bands, of the same shape and precision.
        """
        scale, offset = self.scaling(bands, stored)
        values: NDArray[np.floating] = scale * stored + offset
        return values

    def stored(self, physical: NDArray[np.floating], bands: Sequence[str]) -> NDArray[np.floating]:
        """Stored numbers of physical values: the inverse of ``physical``."""
        scale, offset = self.scaling(bands, physical)
        numbers: NDArray[np.floating] = (physical - offset) / scale
        return numbers

    def scaling(
        self, bands: Sequence[str], like: NDArray[np.floating]
    ) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """Scale and offset of bands along the first axis of an array, in its precision."""
        chosen = [self.band(name) for name in bands]
        shape = (-1, *[1] * (like.ndim - 1))
        scale = np.array([band.scale for band in chosen], like.dtype).reshape(shape)
        return scale, np.array([band.offset for band in chosen], like.dtype).reshape(shape)


def load_sensor(name: str | Path) -> Sensor:
    """A sensor that comes with pitscape, by name, or a user's own YAML file, by path.

    Raises:
        InputError: If there is no such sensor, or the file is not a valid one.
    """
    return load_named("sensor", PACKAGE, name, Sensor)


@cache
def known_sensors() -> tuple[Sensor, ...]:
    """All sensors that come with pitscape, in order of name."""
    names = sorted(entry.name[:-5] for entry in files(PACKAGE).iterdir() if entry.name.endswith(".yaml"))
    return tuple(load_sensor(name) for name in names)
