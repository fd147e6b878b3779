"""Radiometry of a scene: what must be added to its stored numbers, and how that is known."""

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pitscape.imagery.errors import InputError
from pitscape.imagery.sensor import Sensor

SENSOR_TAG = "SENSOR"
CONVENTION_TAG = "CONVENTION"
ACQUIRED_TAG = "ACQUIRED"
"""Tags by which a GeoTIFF says whose numbers it holds, in which convention, and of which day."""

UNOBSERVED_STORED = 0
"""What stands in every band of an unobserved pixel when it enters the network's graph, whatever the sensor's fill."""

BASELINE = re.compile(r"\d\d\.\d\d")

OffsetWord = Literal["included", "missing"]
"""What a user can say of the agency's offset: whether the stored numbers hold it."""


@dataclass(frozen=True)
class Facts:
    """What one part of a scene's metadata says of its stored numbers.

    Attributes:
        source: Which part, for people.
        convention: The convention that the numbers are in.
        baseline: Processing baseline, 509 for 05.09.
        offset_applied: Whether the catalogue subtracted the agency's offset already.
        acquired: Day of acquisition.
    """

    source: str
    convention: str | None = None
    baseline: int | None = None
    offset_applied: bool | None = None
    acquired: datetime.date | None = None


@dataclass(frozen=True)
class Radiometry:
    """What is added to stored numbers to bring them to the sensor's convention, and why."""

    added: int
    reason: str


def radiometry(sensor: Sensor, facts: Sequence[Facts], word: OffsetWord | None = None) -> Radiometry:
    """Decide what must be added to a scene's stored numbers.

    The user's word goes before all else; then a tag that names the convention, then what the catalogue says it
    subtracted, then the processing baseline, then the date, wherever they stand.

    Args:
        sensor: Whose convention is wanted.
        facts: What the parts of the scene's metadata say, the more trusted first.
        word: What the user says.

    Returns:
        The number, and in words how it is known.

    Raises:
        InputError: If the numbers are in another convention, or nothing tells and the agency changed them once.
    """
    change = sensor.offset_since
    if change is None:
        return Radiometry(0, "taken as stored")
    if word:
        return Radiometry(0 if word == "included" else change.added, f"--offset {word}")
    for fact in (fact for fact in facts if fact.convention is not None):
        if fact.convention != sensor.convention:
            raise InputError(f"{fact.source}: say {fact.convention!r}, not {sensor.convention!r}; say --offset.")
        return Radiometry(0, f"{fact.source}: in the convention already")
    for fact in (fact for fact in facts if fact.offset_applied):
        return Radiometry(change.added, f"{fact.source}: the catalogue subtracted the offset")
    for fact in facts:
        if fact.baseline is not None:
            text = f"processing baseline {fact.baseline // 100:02d}.{fact.baseline % 100:02d}"
            return Radiometry(0 if fact.baseline >= change.baseline else change.added, f"{fact.source}: {text}")
    for fact in facts:
        if fact.acquired is not None:
            added = 0 if fact.acquired >= change.date else change.added
            return Radiometry(added, f"{fact.source}: acquired {fact.acquired}")
    raise InputError(
        f"{', '.join(fact.source for fact in facts)}: no processing baseline and no date there, so the numbers may hold the "
        f"agency's offset of {change.added} or not; put the date into the name (YYYYMMDD), or say --offset included or missing "
        f"(in YAML: offset)."
    )


def facts_of_item(properties: Mapping[str, Any], source: str) -> Facts:
    """What the properties of a STAC item say.

    Raises:
        InputError: If one of them is not what its extension defines.

    >>> facts_of_item({"s2:processing_baseline": "05.09", "datetime": "2023-07-09T10:00:31Z"}, "item").baseline
    509
    """
    baseline, day = properties.get("s2:processing_baseline"), properties.get("datetime")
    if baseline is None and BASELINE.fullmatch(str(properties.get("processing:version"))):
        baseline = properties["processing:version"]
    applied = str(properties.get("earthsearch:boa_offset_applied")).lower()
    try:
        return Facts(
            source=source,
            baseline=baseline_number(str(baseline)) if baseline is not None else None,
            offset_applied={"true": True, "false": False}.get(applied),
            acquired=datetime.date.fromisoformat(str(day)[:10]) if day else None,
        )
    except ValueError as error:
        raise InputError(f"{source}: has processing baseline {baseline!r} and datetime {day!r}; mend it.") from error


def baseline_number(text: str) -> int:
    """A processing baseline as a number.

    >>> baseline_number("05.09"), baseline_number("N0400")
    (509, 400)
    """
    return int(text.removeprefix("N").replace(".", ""))
