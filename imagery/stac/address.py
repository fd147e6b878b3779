"""Web addresses from a catalogue: which may be read, and what of them may be shown."""

import ipaddress
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

from pitscape.imagery.errors import InputError

DEFAULT_PORTS = {"http": 80, "https": 443}
TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""IPv6 addresses whose last 32 bits are an IPv4 address (RFC 6052)."""

Resolver = Callable[[str], Iterable[str]]


@lru_cache(maxsize=256)
def resolved(host: str) -> frozenset[str]:
    """The IP addresses of a host, asked for once: what is connected to is checked anew.

    Raises:
        OSError: If it has none.
    """
    return frozenset(str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))


@dataclass(frozen=True)
class AddressRules:
    """Which addresses may be read for the catalogue that a user named.

    Attributes:
        catalogue: Its address, which the user is trusted to have named on purpose.
        allow_private: Whether that host may be private, and references on it may be followed.
        resolve: Gives the IP addresses of a host.
    """

    catalogue: str
    allow_private: bool = False
    resolve: Resolver = resolved

    def check(self, url: str, what: str, *, of_catalogue: bool = False) -> None:
        """Refuse an address that must not be read.

        Args:
            url: Any text that a catalogue gives as a reference, or a server as a redirection.
            what: What it is, for the message.
            of_catalogue: Whether it is a page of the catalogue itself, which stays on one host.

        Raises:
            InputError: If its scheme is not https (http: on the catalogue's host, where that is http itself), or its
                host is another one than the catalogue's and private, or a page of the catalogue lies elsewhere.
        """
        parts, host = _parts(url, what)
        home = urlsplit(self.catalogue)
        own = host == _host(home)
        if parts.scheme != "https" and not (parts.scheme == "http" == home.scheme and own):
            raise InputError(
                f"{what}: refers to {clean(url)}, and of a catalogue only https is followed (http: on its own host, if "
                f"you named it with http)."
            )
        if of_catalogue and not own:
            raise InputError(
                f"{what}: lies on {host}, not on {_host(home)}; name the catalogue there with --catalogue."
            )
        try:
            found = set(self.resolve(host))
        except OSError:
            return  # a proxy may know the host; where there is none, connecting fails with a message of its own
        for address in found:
            self.check_peer(host, address, what)

    def check_peer(self, host: str, address: str, what: str) -> None:
        """Refuse a private IP address of a host, unless it is the catalogue's own and the user allowed that.

        Raises:
            InputError: If so.
        """
        if not is_private(address):
            return
        own = host.lower().rstrip(".") == _host(urlsplit(self.catalogue))
        if not own:
            raise InputError(f"{what}: refers to the private host {host}, which a catalogue elsewhere may not name.")
        if not self.allow_private:
            raise InputError(f"{what}: {host} is a private host; add --allow-private if you trust this catalogue.")


def is_private(address: str) -> bool:
    """Whether an IP address is not a public one: private, loopback, link-local, shared, multicast or reserved.

    >>> [is_private(text) for text in ("10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "64:ff9b::a00:1")]
    [True, True, True, True, True]
    >>> is_private("1.1.1.1"), is_private("2606:4700::1111")
    (False, False)
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        held = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in TRANSLATED:
            held = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if held is not None:
            return is_private(str(held))
    return not ip.is_global or ip.is_multicast


def clean(url: str) -> str:
    """An address as it may be shown: without user, password, query and fragment, which can hold tokens.

    >>> clean("https://user:password@example.org:8443/v1/B02.tif?sig=secret#part")
    'https://example.org:8443/v1/B02.tif'
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "an address that cannot be read"
    place = f"[{host}]" if ":" in host else host
    shown = f"{parts.scheme}://{place}{f':{port}' if port else ''}{parts.path}"
    return "".join(sign if sign.isprintable() else "?" for sign in shown)[:300]


def same_origin(one: str, other: str) -> bool:
    """Whether two addresses have the same scheme, host and port.

    >>> same_origin("https://example.org/a", "https://example.org:443/b"), same_origin("https://a.org", "http://a.org")
    (True, False)
    """
    first, second = urlsplit(one), urlsplit(other)
    return (first.scheme, _host(first), _port(first)) == (second.scheme, _host(second), _port(second))


def _parts(url: str, what: str) -> tuple[SplitResult, str]:
    try:
        parts = urlsplit(url)
        _port(parts)
        host = _host(parts)
    except ValueError:
        host = ""
    if not host or any(not sign.isprintable() or sign.isspace() or sign == "\\" for sign in url):
        raise InputError(f"{what}: refers to {clean(url)}, which is no web address; only https is followed.")
    return parts, host


def _host(parts: SplitResult) -> str:
    return (parts.hostname or "").lower().rstrip(".")


def _port(parts: SplitResult) -> int | None:
    return parts.port or DEFAULT_PORTS.get(parts.scheme)
