"""Zones as a file of which any process reads those that it needs."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import shapely

from pitscape.imagery.outputs import replacing
from pitscape.inference.areas.zones import Zone

PLACE = np.dtype("<i8")


def write_zone_file(path: Path, zones: Sequence[Zone]) -> None:
    """Write zones by their numbers, whole: where each begins and the last one ends [bytes], then their well-known binary.

    Names are left out, and a zone that is all of the map takes no byte.
    """
    shapes = [b"" if zone.geometry is None else shapely.to_wkb(zone.geometry) for zone in zones]
    start = (len(shapes) + 1) * PLACE.itemsize
    places = start + np.cumsum([0, *map(len, shapes)], dtype=PLACE)
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(places.tobytes())
        file.writelines(shapes)


def read_zone_file(path: Path, numbers: Iterable[int]) -> list[Zone]:
    """The zones of some numbers, exactly as they were written, named by their numbers."""
    found = []
    with path.open("rb") as file:
        for number in numbers:
            file.seek(number * PLACE.itemsize)
            start, stop = np.frombuffer(file.read(2 * PLACE.itemsize), PLACE).tolist()
            file.seek(start)
            found.append(Zone(str(number), shapely.from_wkb(file.read(stop - start)) if stop > start else None))
    return found
