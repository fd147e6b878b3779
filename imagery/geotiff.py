"""Products in one raster whose bands are named: GeoTIFFs of Earth Engine, STAC and pitscape, and any with --bands."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pitscape.imagery.errors import InputError
from pitscape.imagery.product import BandFile, Product, date_of, sensor_of, sort_bands
from pitscape.imagery.radiometry import (
    ACQUIRED_TAG,
    CONVENTION_TAG,
    SENSOR_TAG,
    Facts,
    baseline_number,
    facts_of_item,
)
from pitscape.imagery.raster import Raster
from pitscape.imagery.sensor import Sensor, known_sensors

SPLIT_NAMES = ("s2", "earthsearch", "processing")
BASELINE_IN_NAME = re.compile(r"_N(\d{4})_")


def read_geotiff(
    raster: Raster, path: Path, *, sensor: Sensor | None = None, stored_bands: Sequence[str] | None = None
) -> Product:
    """What a single raster is.

    Args:
        raster: The open file.
        path: Its path.
        sensor: The sensor it is read as; None to find out.
        stored_bands: Its bands by name, in its order, where it does not name them or other names are meant.

    Raises:
        InputError: If it does not say which band is which, or is of another sensor.
    """
    names = _band_names(raster, stored_bands)
    item = item_beside(path)
    told = raster.tags.get(SENSOR_TAG) or _sensor_of_item(item, names, sensor)
    found, recognised = sensor_of(path, names, sensor, told)
    files, quality = sort_bands(
        found, ((name, BandFile(str(path), index)) for name, index in zip(names, raster.indexes, strict=True))
    )
    return Product(path, found, recognised, files, quality, _facts(raster, path, item))


def item_beside(path: Path) -> dict[str, Any] | None:
    """The STAC item that lies beside a raster under its name, None where there is none."""
    beside = path.with_suffix(".json")
    try:
        item = json.loads(beside.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    is_item = isinstance(item, dict) and item.get("type") == "Feature" and isinstance(item.get("properties"), dict)
    return item if is_item and "stac_version" in item else None


def _facts(raster: Raster, path: Path, item: dict[str, Any] | None) -> tuple[Facts, ...]:
    """What its tags, the item beside it and its name say of stored numbers."""
    tags = dict(_tags(raster.tags))
    of_tags = facts_of_item({"datetime": tags.get(ACQUIRED_TAG), **tags}, f"tags of {path.name}")
    facts = [replace(of_tags, convention=tags.get(CONVENTION_TAG))]
    if item is not None:
        facts.append(facts_of_item(item["properties"], f"STAC item {path.with_suffix('.json').name}"))
    baseline = BASELINE_IN_NAME.search(path.stem)
    in_name = Facts(
        source=f"name of {path.name}",
        baseline=baseline_number(baseline.group(1)) if baseline else None,
        acquired=date_of(path),
    )
    return *facts, in_name


def _tags(stored: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Tags by name; rasterio splits a name with a colon there, as in ``s2:processing_baseline``."""
    for name, value in stored.items():
        if name in SPLIT_NAMES and "=" in value:
            rest, _, value_alone = value.partition("=")
            yield f"{name}:{rest}", value_alone
        else:
            yield name, value


def _sensor_of_item(item: dict[str, Any] | None, names: Sequence[str], wanted: Sensor | None) -> str | None:
    """The one sensor whose collection and platform an item names and whose bands the raster has."""
    if item is None:
        return None
    platform = str(item["properties"].get("platform", "")).lower()
    candidates = {sensor.name: sensor for sensor in (*known_sensors(), *([wanted] if wanted else ()))}
    fitting = [
        sensor.name
        for sensor in candidates.values()
        if item.get("collection") in sensor.collections
        and (not platform or not sensor.platforms or platform in sensor.platforms)
        and sort_bands(sensor, ((name, BandFile("")) for name in names))[0]
    ]
    return fitting[0] if len(fitting) == 1 else None


def _band_names(raster: Raster, given: Sequence[str] | None) -> tuple[str, ...]:
    if given is not None:
        if len(given) != len(raster.indexes):
            raise InputError(
                f"{raster.address}: has {len(raster.indexes)} bands, but --bands names {len(given)}; name each one."
            )
        return tuple(given)
    names = tuple(name for name in raster.names if name)
    if len(names) != len(raster.indexes):
        raise InputError(
            f"{raster.address}: does not name its {len(raster.indexes)} bands; name them in order, as in --bands B02,B03,B04."
        )
    return names
