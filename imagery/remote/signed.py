"""Signed addresses: their queries are secrets, kept apart from paths, and out of the logs of the libraries that see them."""

import logging

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

_queries: dict[str, str] = {}


def keep_query(address: str, query: str) -> None:
    """Remember what an address is signed with; from now on no log tells it."""
    _queries[address] = query
    for name in QUIET:
        logging.getLogger(name).addFilter(_tells_nothing)  # the same filter is added once


def query_of(address: str) -> str:
    """What an address is signed with; empty where it is not."""
    return _queries.get(address, "")


def _tells_nothing(record: logging.LogRecord) -> bool:
    """Whether a message holds no signature."""
    text = record.getMessage()
    return not any(query in text or query[:60] in text for query in _queries.values())
