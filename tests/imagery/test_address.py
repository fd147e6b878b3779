import socket

import pytest

from pitscape.imagery.errors import InputError
from pitscape.imagery.stac.address import AddressRules, is_private

PUBLIC = "93.184.215.14"


@pytest.mark.parametrize(
    "href",
    [
        "file:///etc/passwd",
        "/vsicurl/http://127.0.0.1/a.tif",
        "/etc/passwd",
        "s3://bucket/a.tif",
        "ftp://example.org/a.tif",
        "gopher://example.org/a",
        "http://example.org/a.tif",
        "https://10.0.0.1/a.tif",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/a.tif",
        "https://[::ffff:127.0.0.1]/a.tif",
        "https://2130706433/a.tif",
        "https://127.1/a.tif",
        "https://localhost/a.tif",
        "https://LOCALHOST./a.tif",
        "https://exam\nple.org/a.tif",
        "https://example.org\\@127.0.0.1/a.tif",
        "https://example.org:99999/a.tif",
        "https://",
        "",
    ],
)
def test_references_of_a_public_catalogue_that_are_refused(href: str) -> None:
    def resolve(host: str) -> list[str]:
        if host == "example.org":
            return [PUBLIC]
        return [str(found[4][0]) for found in socket.getaddrinfo(host, None)]

    rules = AddressRules("https://example.org/v1", allow_private=True, resolve=resolve)
    with pytest.raises(InputError, match="item x: "):
        rules.check(href, "item x")


def test_references_that_are_followed() -> None:
    public = AddressRules("https://example.org/v1", resolve=lambda _: [PUBLIC])
    public.check("https://files.example.com/a.tif?sig=1", "item x")
    private = AddressRules("http://127.0.0.1:8080/v1", allow_private=True)
    private.check("http://127.0.0.1:9000/a.tif", "item x")
    with pytest.raises(InputError, match="add --allow-private"):
        AddressRules("http://127.0.0.1:8080/v1").check("http://127.0.0.1:9000/a.tif", "item x")
    with pytest.raises(InputError, match=r"private host 10\.0\.0\.7"):
        private.check("https://10.0.0.7/a.tif", "item x")


def test_one_public_address_does_not_hide_a_private_one() -> None:
    rules = AddressRules("https://example.org/v1", resolve=lambda _: [PUBLIC, "10.0.0.1"])
    with pytest.raises(InputError, match="private host"):
        rules.check("https://both.example.com/a.tif", "item x")


def test_private_networks() -> None:
    private = (
        "0.0.0.0",  # noqa: S104
        "100.64.0.1",
        "172.16.5.4",
        "192.168.1.1",
        "224.0.0.1",
        "fe80::1%eth0",
        "fc00::1",
        "2002:7f00:1::",
    )
    assert all(is_private(address) for address in private)
    assert not any(is_private(address) for address in (PUBLIC, "8.8.8.8", "2606:4700::1111"))
