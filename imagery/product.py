"""Products as they are delivered: which sensor's they are, where each band lies, what their metadata say."""

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pitscape.imagery.errors import InputError
from pitscape.imagery.radiometry import Facts
from pitscape.imagery.sensor import Sensor, known_sensors

DATE_IN_NAME = re.compile(r"(?<!\d)((?:19|20)\d{2})-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])(?!\d)")


@dataclass(frozen=True)
class BandFile:
    """Where a band lies: a path, or GDAL's address within an archive, and the number of the band there, from 1."""

    address: str
    index: int = 1


@dataclass(frozen=True)
class Product:
    """What was delivered.

    Attributes:
        path: The file or folder.
        sensor: Whose it is.
        recognised: How that is known, in words.
        files: Where each band lies, by the sensor's name for it.
        quality: Where the band of clouds and shadows lies; None where there is none.
        facts: What the parts of its metadata say of stored numbers, the more trusted first.
    """

    path: Path
    sensor: Sensor
    recognised: str
    files: Mapping[str, BandFile]
    quality: BandFile | None
    facts: tuple[Facts, ...]

    @property
    def acquired(self) -> datetime.date | None:
        """The day of acquisition; None where nothing names it."""
        return next((fact.acquired for fact in self.facts if fact.acquired), None)


def sort_bands(sensor: Sensor, found: Iterable[tuple[str, BandFile]]) -> tuple[dict[str, BandFile], BandFile | None]:
    """Put files by name of band under the sensor's names, and its quality band apart; others are left out."""
    files: dict[str, BandFile] = {}
    quality: BandFile | None = None
    for name, file in found:
        if sensor.quality and name in sensor.quality.names:
            quality = file
            continue
        for band in sensor.bands:
            if name in band.names:
                files.setdefault(band.name, file)
    return files, quality


def sensor_of(path: Path, names: Sequence[str], wanted: Sensor | None, told: str | None) -> tuple[Sensor, str]:
    """Which sensor a raster with named bands is of, and how that is known.

    Args:
        path: For messages.
        names: Of its bands.
        wanted: The sensor that the caller reads it as; None to find out.
        told: Name of a sensor that its metadata name; one that is not known says nothing.

    Raises:
        InputError: If it is of another sensor than the one wanted, of none that is known, or of several.
    """
    known = {sensor.name: sensor for sensor in (*known_sensors(), *([wanted] if wanted else ()))}
    if told in known:
        if wanted is not None and wanted.name != told:
            raise InputError(f"{path}: is of sensor {told}, but {wanted.name} is wanted; give a scene of that sensor.")
        return wanted or known[told], f"its metadata name {told}"
    fitting = [sensor for sensor in known_sensors() if names and all(_knows(sensor, name) for name in names)]
    if wanted is not None:
        if fitting and wanted.name not in {s.name for s in fitting} and not all(_knows(wanted, n) for n in names):
            raise InputError(
                f"{path}: its bands {', '.join(names)} are those of {' or '.join(s.name for s in fitting)}, "
                f"but {wanted.name} is wanted; give a scene of that sensor."
            )
        return wanted, "as the caller says"
    if len(fitting) == 1:
        return fitting[0], "by the names of its bands"
    if fitting:
        raise InputError(f"{path}: may be of {' or '.join(s.name for s in fitting)} by its bands; say which sensor.")
    raise InputError(
        f"{path}: its bands {', '.join(names)} are of no sensor that is known ({', '.join(known)}); say which it is."
    )


def epoch_of(path: Path) -> str:
    """What a map's date is called: the day in its file's name, else the name.

    >>> epoch_of(Path("strzegom_20230709.tif")), epoch_of(Path("mine.tif"))
    ('2023-07-09', 'mine')
    """
    acquired = date_of(path)
    return acquired.isoformat() if acquired else path.stem


def date_of(path: Path) -> datetime.date | None:
    """The day in a file's name, as YYYYMMDD or YYYY-MM-DD.

    >>> date_of(Path("strzegom_20230709.tif")), date_of(Path("mine.tif"))
    (datetime.date(2023, 7, 9), None)
    """
    found = DATE_IN_NAME.search(path.stem)
    if not found:
        return None
    try:
        return datetime.date(*map(int, found.groups()))
    except ValueError:
        return None


def _knows(sensor: Sensor, name: str) -> bool:
    return any(name in band.names for band in sensor.bands) or bool(sensor.quality and name in sensor.quality.names)
