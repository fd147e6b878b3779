"""Files on web servers, read alone: in parts where GDAL reads, whole where they are small."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Never
from urllib.parse import quote, urljoin

import requests
import urllib3
from requests.adapters import HTTPAdapter

from pitscape.imagery.errors import InputError
from pitscape.imagery.remote.gdal_network import make_ready
from pitscape.imagery.remote.path import RemotePath
from pitscape.imagery.remote.signed import query_of
from pitscape.imagery.remote.store import CONNECT_S, READ_S, TRIES, DeniedError, Stored, UnreachableError
from pitscape.imagery.stac.address import AddressRules

TRANSIENT = (408, 425, 429, 500, 502, 503, 504)
MISSING = (404, 410)
MOST_REDIRECTIONS = 5
CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
PIECE = 1 << 16


class WebServer:
    """Files of any web server; any thread may ask it. What a user names may lie in a private network."""

    def __init__(self) -> None:
        self._session = requests.Session()
        retries = urllib3.Retry(
            TRIES - 1, backoff_factor=0.5, status_forcelist=TRANSIENT, raise_on_status=False, redirect=0
        )
        self._session.mount("http://", HTTPAdapter(max_retries=retries))
        self._session.mount("https://", HTTPAdapter(max_retries=retries))

    def look(self, path: RemotePath) -> Stored | None:
        """What is told of a file; None where there is none. The first byte is asked for: signed addresses allow no more."""
        with _naming(path), self._asked(path, "bytes=0-0") as reply:
            if reply.status_code in MISSING:
                return None
            _check(reply, path)
            told = reply.headers
            found = CONTENT_RANGE.fullmatch(told.get("Content-Range", "").strip())
            size = int(found[3]) if found else int(told.get("Content-Length") or 0)
            return Stored(size, told.get("ETag", ""), "", told.get("Last-Modified", ""), reply.status_code == 206)

    def read(self, path: RemotePath, start: int = 0, stop: int | None = None) -> bytes:
        """The bytes ``start`` to ``stop`` (excluded) of a file; None: to its end."""
        whole = start == 0 and stop is None
        part = None if whole else f"bytes={start}-{'' if stop is None else stop - 1}"
        with _naming(path), self._asked(path, part) as reply:
            if reply.status_code in MISSING:
                raise FileNotFoundError(str(path))
            _check(reply, path)
            if reply.status_code != 206 and start:
                raise InputError(f"{path}: is not sent in parts; copy it here first.")
            content = bytearray()
            for piece in reply.iter_content(PIECE):
                content += piece
                if stop is not None and len(content) >= stop - start:
                    break
        return bytes(content if stop is None else content[: stop - start])

    def is_folder(self, path: RemotePath) -> bool:
        """Web servers tell nothing of folders."""
        del path
        return False

    def names(self, path: RemotePath) -> list[str]:
        """Web servers tell nothing of folders."""
        raise InputError(f"{path}: web servers do not list their files; name each one.")

    def write(self, path: RemotePath, content: bytes, *, if_none: bool = False, if_etag: str = "") -> str:
        """Nothing is written."""
        del content, if_none, if_etag
        _refuse(path)

    def upload(self, path: RemotePath, file: Path) -> None:
        """Nothing is written."""
        del file
        _refuse(path)

    def delete(self, paths: Sequence[RemotePath]) -> None:
        """Nothing is written."""
        _refuse(paths[0])

    def gdal_name(self, path: RemotePath) -> str:
        """The name by which GDAL reads a file.

        Raises:
            InputError: If its server sends no parts of files: each window would need all of it.
        """
        make_ready()
        found = self.look(path)
        if found is not None and not found.in_parts:
            raise InputError(f"{path}: its server does not send parts of files (range requests); copy it here first.")
        if query := query_of(str(path)):
            return "/vsicurl?use_head=no&list_dir=no&empty_dir=yes&url=" + quote(f"{path}?{query}", safe="")
        return f"/vsicurl/{path}"

    @contextmanager
    def _asked(self, path: RemotePath, part: str | None) -> Iterator[requests.Response]:
        """The answer to a request; redirections are held to the rules of catalogues."""
        query = query_of(str(path))
        url = f"{path}?{query}" if query else str(path)
        rules = AddressRules(str(path), allow_private=True)
        headers = {"Accept-Encoding": "identity", **({"Range": part} if part else {})}
        for _ in range(MOST_REDIRECTIONS + 1):
            with self._session.get(
                url, headers=headers, stream=True, allow_redirects=False, timeout=(CONNECT_S, READ_S)
            ) as reply:
                if not reply.is_redirect:
                    yield reply
                    return
                url = urljoin(url, reply.headers["Location"])
            rules.check(url, str(path))
        raise InputError(f"{path}: is redirected more than {MOST_REDIRECTIONS} times; give its own address.")


@cache
def web_server() -> WebServer:
    """What reads from web servers; connections are kept."""
    return WebServer()


def _check(reply: requests.Response, path: RemotePath) -> None:
    """Refuse answers that hold no part of the file."""
    status = reply.status_code
    if status in {401, 403}:
        raise DeniedError(
            f"{path}: access is denied (status {status}); check the address, a signed one may be too old."
        )
    if status in TRANSIENT:
        raise UnreachableError(f"{path}: the server does not answer (status {status}); run it again later.")
    if status not in {200, 206, 416}:
        raise InputError(f"{path}: the server answers with status {status}; check the address.")


def _refuse(path: RemotePath) -> Never:
    raise InputError(f"{path}: nothing is written to web servers; give s3://, or a local file.")


@contextmanager
def _naming(path: RemotePath) -> Iterator[None]:
    """Answer what goes wrong in one line, without the address that the library's text quotes."""
    try:
        yield
    except requests.exceptions.SSLError:
        raise UnreachableError(f"{path}: the certificate of the server is not valid; check the address.") from None
    except requests.Timeout:
        raise UnreachableError(
            f"{path}: the server does not answer in time; check the network and run it again."
        ) from None
    except (requests.RequestException, urllib3.exceptions.HTTPError):
        raise UnreachableError(f"{path}: no connection to the server, or its answer broke off; run it again.") from None
