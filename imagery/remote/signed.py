"""Signed addresses: their queries are secrets, kept apart from paths, and out of the logs of the libraries that see them."""

import logging
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import parse_qsl, unquote

from pitscape.imagery.errors import InputError

QUIET = (
    "rasterio._base",
    "rasterio._env",
    "rasterio._err",
    "rasterio._filepath",
    "rasterio._io",
    "rasterio.env",
    "rasterio.session",
    "urllib3.connectionpool",
)
"""Loggers that tell addresses as they are asked for."""

SHORTEST_SECRET = 8
"""Values of a query that are shorter are numbers and dates."""

_queries: dict[str, str] = {}
_secrets: set[str] = set()


def keep_query(address: str, query: str) -> None:
    """Remember what an address is signed with; from now on no log tells it."""
    _queries[address] = query
    _secrets.update(value for _, value in parse_qsl(query) if len(value) >= SHORTEST_SECRET)
    _secrets.add(query)
    for name in QUIET:
        logging.getLogger(name).addFilter(_tells_nothing)  # the same filter is added once


def query_of(address: str) -> str:
    """What an address is signed with; empty where it is not."""
    return _queries.get(address, "")


def check_unsigned(paths: Iterable[Path | None]) -> None:
    """Refuse signed addresses among what goes to workers: their secrets would have to pass through the scheduler.

    Raises:
        InputError: Naming the first.
    """
    for path in filter(None, paths):
        if query_of(str(path)):
            raise InputError(
                f"{path}: a signed address is not handed to workers; give s3://, or a file that all of them see."
            )


def _tells_nothing(record: logging.LogRecord) -> bool:
    """Whether a message holds no signature."""
    told = record.getMessage()
    plain = unquote(told)  # a name of GDAL's holds an address as part of another
    return not any(secret in text for secret in _secrets for text in (told, plain, unquote(plain)))
