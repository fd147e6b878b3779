"""The verb that brings scenes from a STAC catalogue."""

import argparse
import datetime

from pitscape.imagery.errors import InputError
from pitscape.progress import bar, say


def fetch(arguments: argparse.Namespace) -> None:
    """``pitscape fetch``."""
    from pitscape.imagery.sensor import load_sensor
    from pitscape.imagery.stac.catalogue import EARTH_SEARCH, Search, connect
    from pitscape.imagery.stac.fetch import Options
    from pitscape.imagery.stac.fetch import fetch as fetch_scenes

    if arguments.period and arguments.composite == "scenes":
        raise InputError(
            f"--period {arguments.period}: is that of a composite; add --composite median or least-cloudy."
        )
    start, end = _dates(arguments.dates)
    search = Search(
        bbox=_bbox(arguments.bbox),
        start=start,
        end=end,
        collection=arguments.collection,
        cloud_cover=arguments.cloud_cover,
        month=arguments.month,
        platform=arguments.platform,
        max_items=arguments.max_items,
    )
    options = Options(
        bands=tuple(name.strip() for name in arguments.bands.split(",")) if arguments.bands else (),
        composite=arguments.composite,
        period=arguments.period or ("month" if arguments.month else "season"),
        resolution_m=arguments.resolution,
        keep_clouds=arguments.keep_clouds,
        max_gb=arguments.max_gb,
    )
    sensor, catalogue = load_sensor(arguments.sensor), arguments.catalogue or EARTH_SEARCH
    with (
        connect(catalogue, allow_private=arguments.allow_private, max_bytes=options.max_gb * 1e9) as web,
        bar("fetch") as progress,
    ):
        paths = fetch_scenes(web, sensor, search, options, arguments.out, say=say, progress=progress)
        read = web.bytes_read
    for path in paths:
        print(path)
    say(f"{read / 1e6:.1f} MB read")


def _bbox(text: str) -> tuple[float, float, float, float]:
    """West, south, east and north of an option.

    >>> _bbox("16.2,50.9,16.3,51")
    (16.2, 50.9, 16.3, 51.0)
    """
    try:
        west, south, east, north = (float(side) for side in text.split(","))
    except ValueError:
        raise InputError(
            f"--bbox {text}: must be four numbers W,S,E,N in degrees, as in 16.2,50.9,16.3,51.0."
        ) from None
    return west, south, east, north


def _dates(text: str) -> tuple[datetime.date, datetime.date]:
    """First and last day of an option.

    >>> [str(day) for day in _dates("2023-06-01/2023-08-31")]
    ['2023-06-01', '2023-08-31']
    """
    try:
        start, end = (datetime.date.fromisoformat(day.strip()) for day in text.split("/"))
    except ValueError:
        raise InputError(f"--dates {text}: must be the first and the last day, as in 2023-06-01/2023-08-31.") from None
    return start, end
