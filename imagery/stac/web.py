"""Reading from the web for a catalogue: addresses checked, redirections too, failures retried, bytes counted.

It needs the extra ``stac``.
"""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests
import urllib3

from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.stac.address import AddressRules, clean, same_origin
from pitscape.imagery.stac.web_session import new_session

TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
MOST_REDIRECTIONS = 5
PAGE_BYTES = 64 << 20
"""A page of a catalogue may not be larger."""
LONGEST_PAUSE_S = 60.0
PIECE = 1 << 16
TIMEOUT_S = (20.0, 60.0)
QUIET_LOGGERS = ("urllib3.connectionpool", "requests.packages.urllib3.connectionpool")
"""They log addresses with their query, which can hold tokens."""


@dataclass(frozen=True)
class Reply:
    """What a server sent: status, headers with lower-case names, and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Web:
    """Reads web addresses for one catalogue; any thread may use it, and it is closed by ``with``.

    Args:
        rules: Which addresses may be read. User, password and query of the catalogue's address go to its origin alone.
        token: Sent as bearer token to the catalogue's origin alone.
        max_bytes: It fails when more was read.
        tries: How often something is tried that may pass.
        pause_s: Pause before the second try [s]; it doubles.
    """

    def __init__(
        self,
        rules: AddressRules,
        *,
        token: str | None = None,
        max_bytes: float = float("inf"),
        tries: int = 5,
        pause_s: float = 0.5,
    ) -> None:
        self.rules, self.max_bytes, self.tries, self.pause_s = rules, max_bytes, tries, pause_s
        self.bytes_read = 0
        self._lock = threading.Lock()
        self._session = new_session(rules, token)

    def __enter__(self) -> Self:
        for name in QUIET_LOGGERS:
            logging.getLogger(name).addFilter(_silent)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()
        for name in QUIET_LOGGERS:
            logging.getLogger(name).removeFilter(_silent)

    def page(self, method: str, url: str, *, json: Any = None, params: Mapping[str, Any] | None = None) -> Reply:  # noqa: ANN401
        """A page of the catalogue.

        Raises:
            InputError: If the address must not be read, or the server refuses the request.
            PitscapeError: If the server cannot be reached.
        """
        given = {**self._own_query(url), **(params or {})}
        return self._tried(_Request(method, url, "catalogue", PAGE_BYTES, of_catalogue=True, json=json, params=given))

    def part(self, url: str, start: int, stop: int, what: str) -> Reply:
        """The bytes ``start`` to ``stop`` (excluded) of a file, fewer where it ends.

        Raises:
            InputError: If the address must not be read, or the server refuses the request.
            PitscapeError: If the server cannot be reached, or sends no parts of files.
        """
        headers = {"Range": f"bytes={start}-{stop - 1}", "Accept-Encoding": "identity"}
        reply = self._tried(_Request("GET", url, what, stop - start, headers=headers))
        if reply.status != 206:
            raise PitscapeError(
                f"{what}: {clean(url)} is not sent in parts (status {reply.status}); fetch needs a server with range requests."
            )
        return reply

    def _own_query(self, url: str) -> dict[str, str]:
        """What the user's address of the catalogue asks for, as far as an address of the same origin lacks it."""
        if not same_origin(url, self.rules.catalogue):
            return {}
        there = dict(parse_qsl(urlsplit(url).query))
        own = parse_qsl(urlsplit(self.rules.catalogue).query)
        return {name: value for name, value in own if name not in there}

    def _tried(self, request: "_Request") -> Reply:
        reply, problem = None, ""
        for attempt in range(self.tries):
            if attempt:
                time.sleep(_pause(reply, self.pause_s * 2 ** (attempt - 1)))
            reply, problem = self._attempt(request)
            if reply is not None and reply.status not in TRANSIENT:
                break
        place = f"{request.what}: {clean(request.url)}"
        if reply is None or reply.status in TRANSIENT:
            raise PitscapeError(
                f"{place} could not be read ({problem}, {self.tries} tries); run the same command again later."
            )
        if reply.status in {401, 403}:
            raise InputError(
                f"{place} needs credentials (status {reply.status}); set PITSCAPE_STAC_TOKEN, or ask its provider."
            )
        if reply.status >= 400 and not (reply.status == 404 and request.of_catalogue):
            raise InputError(f"{place} answers with status {reply.status}; check the catalogue.")
        return reply

    def _attempt(self, request: "_Request") -> tuple[Reply | None, str]:
        """One try: the reply, or None and why there is none. No error escapes that would quote the whole address."""
        for _ in range(MOST_REDIRECTIONS + 1):
            self.rules.check(request.url, request.what, of_catalogue=request.of_catalogue)
            try:
                with self._session.request(
                    request.method,
                    request.url,
                    params=request.params,
                    headers=request.headers,
                    json=request.json,
                    stream=True,
                    allow_redirects=False,
                    timeout=TIMEOUT_S,
                ) as response:
                    target = response.headers.get("location") if response.is_redirect else None
                    if target is None:
                        return self._received(response, request), f"status {response.status_code}"
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
                return None, _kind(error)
            request = replace(request, url=urljoin(request.url, target), params=None)
        return None, f"more than {MOST_REDIRECTIONS} redirections"

    def _received(self, response: requests.Response, request: "_Request") -> Reply:
        headers = {name.lower(): value for name, value in response.headers.items()}
        wanted = {206} if "Range" in (request.headers or {}) else {200}
        if response.status_code not in wanted:
            return Reply(response.status_code, headers, b"")
        body = bytearray()
        for piece in response.iter_content(PIECE):
            body += piece
            with self._lock:
                self.bytes_read += len(piece)
            if self.bytes_read > self.max_bytes:
                raise PitscapeError(
                    f"{request.what}: more than {self.max_bytes / 1e9:g} GB were read; raise --max-gb and run it again."
                )
            if len(body) > request.most:
                raise PitscapeError(
                    f"{request.what}: {clean(request.url)} sends more than was asked for; check the catalogue."
                )
        return Reply(response.status_code, headers, bytes(body))


@dataclass(frozen=True)
class _Request:
    """What is asked for: at most ``most`` bytes of ``what``."""

    method: str
    url: str
    what: str
    most: int
    of_catalogue: bool = False
    headers: Mapping[str, str] | None = None
    json: Any = None
    params: Mapping[str, Any] | None = None


def _pause(reply: Reply | None, planned_s: float) -> float:
    wished = reply.headers.get("retry-after", "") if reply else ""
    return min(max(float(wished) if wished.isdigit() else 0.0, planned_s), LONGEST_PAUSE_S)


def _kind(error: Exception) -> str:
    """What went wrong, without the address that the error's text quotes."""
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not valid"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return "broken answer"


def _silent(record: logging.LogRecord) -> bool:  # noqa: ARG001
    return False
