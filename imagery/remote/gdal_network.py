"""GDAL's own network reading, made ready once: patience, and the endpoint that the other library was given."""

import os
from urllib.parse import urlsplit

from pitscape.imagery.remote.store import CONNECT_S, READ_S, TRIES

SETTINGS = {
    "GDAL_HTTP_MAX_RETRY": str(TRIES - 1),
    "GDAL_HTTP_RETRY_DELAY": "0.5",
    "GDAL_HTTP_CONNECTTIMEOUT": str(CONNECT_S),
    "GDAL_HTTP_LOW_SPEED_TIME": str(READ_S),
    "GDAL_HTTP_LOW_SPEED_LIMIT": "1",
    "GDAL_INGESTED_BYTES_AT_OPEN": "32768",
    "CPL_VSIL_CURL_NON_CACHED": "/vsis3/:/vsicurl/",
}
"""A user's own values of the environment stay. The last one: what is opened is looked at anew."""

AMAZON = (".amazonaws.com", ".amazonaws.com.cn")
ENDPOINT = ("AWS_S3_ENDPOINT", "AWS_HTTPS", "AWS_VIRTUAL_HOSTING")


def make_ready(*, endpoint: str | None = None) -> None:
    """Put into this process's environment, which all of GDAL's threads read, what is not there yet; no secrets.

    Args:
        endpoint: Of an object store, as botocore found it in ``AWS_ENDPOINT_URL`` or ~/.aws/config.
    """
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    if keys := os.environ.get("AWS_SHARED_CREDENTIALS_FILE"):
        os.environ["CPL_AWS_CREDENTIALS_FILE"] = keys
    if endpoint is None:
        return
    parts = urlsplit(endpoint)
    if (parts.hostname or "").endswith(AMAZON):
        for name in ENDPOINT:
            os.environ.pop(name, None)
        return
    told = parts.netloc.rpartition("@")[2] + parts.path.rstrip("/"), "YES" if parts.scheme == "https" else "NO", "FALSE"
    os.environ.update(zip(ENDPOINT, told, strict=True))
