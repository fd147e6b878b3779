"""HTTP sessions for a catalogue: credentials go to its origin alone, and connections to no refused IP address.

It needs the extra ``stac``.
"""

import base64
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from pitscape.imagery.errors import InputError
from pitscape.imagery.stac.address import AddressRules, same_origin

READERS = 16
"""Connections that are kept."""


def new_session(rules: AddressRules, token: str | None = None) -> requests.Session:
    """A session that never retries nor reads netrc, for the addresses of one catalogue.

    Args:
        rules: Of its addresses. User and password of the catalogue's address go to its origin alone.
        token: Sent as bearer token to that origin, before user and password.
    """
    session = requests.Session()
    session.auth = _Credentials(rules.catalogue, token)
    for scheme in ("http://", "https://"):
        session.mount(scheme, _CheckedAdapter(rules))
    return session


class _Credentials(AuthBase):
    """Adds credentials to requests to the catalogue's origin, and those that a reference holds to its own."""

    def __init__(self, catalogue: str, token: str | None) -> None:
        self.catalogue, self.token = catalogue, token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        url = request.url or ""
        header = _basic(url)
        if header is None and same_origin(url, self.catalogue):
            header = f"Bearer {self.token}" if self.token else _basic(self.catalogue)
        if header is not None:
            request.headers["Authorization"] = header
        return request


class _CheckedAdapter(HTTPAdapter):
    """Connects to no IP address that the rules refuse, whatever a name server said before."""

    def __init__(self, rules: AddressRules) -> None:
        self.rules = rules
        super().__init__(pool_connections=READERS, pool_maxsize=READERS, max_retries=0)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401
        super().init_poolmanager(*arguments, **options)
        rules = self.rules

        class CheckedHTTP(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                _check_peer(self, rules)

        class CheckedHTTPS(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                _check_peer(self, rules)

        plain = type("CheckedHTTPPool", (HTTPConnectionPool,), {"ConnectionCls": CheckedHTTP})
        secure = type("CheckedHTTPSPool", (HTTPSConnectionPool,), {"ConnectionCls": CheckedHTTPS})
        self.poolmanager.pool_classes_by_scheme = {"http": plain, "https": secure}


def _check_peer(connection: HTTPConnection, rules: AddressRules) -> None:
    assert connection.sock is not None
    try:
        rules.check_peer(connection.host, str(connection.sock.getpeername()[0]), "catalogue")
    except InputError:
        connection.close()
        raise


def _basic(url: str) -> str | None:
    """The header for user and password of an address."""
    parts = urlsplit(url)
    if parts.username is None:
        return None
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return "Basic " + base64.b64encode(pair.encode()).decode()
