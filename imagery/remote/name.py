"""Names of files as users and libraries say them: which are remote, and what of them may be shown."""

import os
import re
from pathlib import Path
from urllib.parse import unquote

from pitscape.imagery.errors import InputError
from pitscape.imagery.remote.path import SCHEMES, RemotePath, is_remote
from pitscape.imagery.remote.signed import keep_query
from pitscape.imagery.stac.address import clean

REMOTE = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]+):/+(?P<rest>.*)", re.DOTALL | re.IGNORECASE)
PORT = re.compile(r"[^:]*(:\d+)?")
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def place(text: str | Path) -> Path:
    """A path of this machine, or a remote one.

    Args:
        text: As a user names it. Of a signed address the query is kept apart, for requests alone.

    Raises:
        InputError: If it holds credentials, is of a scheme that is not read, or is no whole name. The message repeats none.

    >>> place("maps/classes.tif").name, str(place("https://example.org/a.tif?X-Amz-Signature=secret"))
    ('classes.tif', 'https://example.org/a.tif')
    """
    if isinstance(text, Path):
        return text
    found = REMOTE.fullmatch(text)
    if not found:
        return Path(text)
    scheme, shown = found["scheme"].lower() + ":", without_secrets(text)
    if scheme not in SCHEMES:
        raise InputError(f"{shown}: names of {scheme}// are not read; give s3://, https://, or a local file.")
    if os.name == "nt":
        raise InputError(f"{shown}: remote names are not read on Windows yet; use WSL, or copy the file.")
    rest, _, query = found["rest"].partition("?") if scheme != "s3:" else (found["rest"], "", "")
    host, _, key = rest.partition("/")
    if "@" in host or not PORT.fullmatch(host.rpartition("]")[2]):
        raise InputError(
            f"{scheme}//...: a name must not hold credentials; they are taken from the environment, ~/.aws or the machine's role."
        )
    if scheme == "http:" and re.sub(r":\d+$", "", host.lower()) not in LOOPBACK:
        raise InputError(f"{shown}: is not encrypted; give https://.")
    parts = key.rstrip("/").split("/") if key else []
    if not host or not all(part.strip(".") for part in parts) or not text.isprintable():
        raise InputError(f"{shown}: is no whole name; give s3://BUCKET/KEY or https://HOST/FILE.")
    path = RemotePath(scheme, host, *parts)
    if query:
        keep_query(str(path), query)
    return path


def shown(name: str) -> str:
    """What GDAL calls a file, as a user named it: without a signature.

    >>> shown("/vsis3/maps/a.tif"), shown("/vsicurl?list_dir=no&url=https%3A%2F%2Fexample.org%2Fa.tif%3Fsig%3Dsecret")
    ('s3://maps/a.tif', 'https://example.org/a.tif')
    """
    if name.startswith("/vsicurl"):
        return clean(unquote(name.removeprefix("/vsicurl/").rpartition("&url=")[2]))
    return "s3://" + name.removeprefix("/vsis3/") if name.startswith("/vsis3/") else name


def collapsed(path: Path) -> bool:
    """Whether a local path is a remote name that was taken for one, as ``Path("s3://bucket/key")`` is."""
    return not is_remote(path) and re.match(r"(s3|gs|az|abfs|https?|ftp|file):/", str(path), re.IGNORECASE) is not None


def without_secrets(text: str) -> str:
    """A name for a message: of a remote one without user, password and query.

    >>> without_secrets("s3:/KEY:SECRET@maps/a.tif"), without_secrets("maps/a.tif")
    ('s3://...', 'maps/a.tif')
    """
    found = REMOTE.search(text)
    if not found:
        return text
    address = clean(f"{found['scheme']}://{found['rest']}")
    return f"{found['scheme']}://..." if "@" in found["rest"].partition("?")[0] else address
