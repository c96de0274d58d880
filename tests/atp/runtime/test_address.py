"""The rules for URLs and addresses that network data named."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from atp.runtime.address import (
    NotAllowed,
    Origin,
    check_address,
    check_public_origin,
)


def check_url(url: str) -> Origin:
    origin = Origin.of(url)
    check_public_origin(origin)
    return origin


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://example.com", "example.com"),
        ("https://Example.COM:443/a?b=c#d", "example.com"),
        ("HTTPS://a.b.c.example.com/", "a.b.c.example.com"),
        ("wss://relay.example.com/xrpc/x?cursor=1", "relay.example.com"),
        ("https://xn--bcher-kva.example.com", "xn--bcher-kva.example.com"),
        ("https://a.xn--p1ai", "a.xn--p1ai"),
        ("https://127.0.0.1.nip.io", "127.0.0.1.nip.io"),
        ("https://example.com?x", "example.com"),
    ],
)
def test_public_urls(url: str, host: str) -> None:
    """URLs over TLS of DNS names on the default port may be asked."""
    assert check_url(url) == Origin(secure=True, host=host, port=443)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ws://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "//example.com/",
        "example.com",
        "",
        "https://",
        "https:///path",
        "https:example.com",
        "https:\\\\example.com",
        "https://example.com:80/",
        "https://example.com:0/",
        "https://example.com:65979/",
        "https://example.com:x/",
        "https://example.com:/",
        "https://user@example.com/",
        "https://user:password@example.com/",
        "https://@example.com/",
        "https://example.com\\@evil.com/",
        "https://example.com%2f@evil.com/",
        "https://localhost/",
        "https://localhost./",
        "https://pds/",
        "https://a.localhost/",
        "https://a.local/",
        "https://metadata.google.internal/",
        "https://1.0.0.127.in-addr.arpa/",
        "https://a.onion/",
        "https://a.test/",
        "https://a.example/",
        "https://a.invalid/",
        "https://a.alt/",
        "https://example.com./",
        "https://.example.com/",
        "https://example..com/",
        "https://-example.com/",
        "https://example-.com/",
        "https://exa_mple.com/",
        "https://" + "a" * 64 + ".com/",
        "https://" + "a." * 126 + "com/",
        "https://127.0.0.1/",
        "https://8.8.8.8/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://127.0.0.0x1/",
        "https://[::1]/",
        "https://[2606:4700::1111]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fe80::1%25eth0]/",
        "https://bücher.example.com/",
        "https://ｅxample.com/",
        "https://127。0。0。1/",
        "https://①②⑦.0.0.1/",
        "https://exam\tple.com/",
        "https://example.com/\r\nX-Injected: 1",
        "https://example.com/ x",
        " https://example.com/",
        "https://example.com/\n",
        "https://%6cocalhost/",
        "https://example.com/" + "a" * 9_000,
    ],
)
def test_urls_that_are_refused(url: str) -> None:
    """Every trick with scheme, user, port, name, literal, encoding and length is refused."""
    with pytest.raises(NotAllowed):
        check_url(url)


@given(st.from_regex(r"\A(https?|wss?)://[!-~]?[a-z0-9._-]{1,9}[!-~]?(:[0-9]{1,4})?[/?#]?[ -~]*\Z"))
def test_accepted_urls_mean_the_same_to_every_parser(url: str) -> None:
    """What the expression accepts, yarl (aiohttp) and urllib (picows) read as the same origin."""
    try:
        origin = Origin.of(url)
    except NotAllowed:
        return
    split = urlsplit(url)
    assert (split.hostname, split.username) == (origin.host, None)
    assert (split.port or (443 if origin.secure else 80)) == origin.port
    if not any(label.startswith("xn--") for label in origin.host.split(".")):
        parsed = URL(url)
        assert (parsed.raw_host, parsed.port, parsed.user) == (origin.host, origin.port, None)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:4700::1111"],
)
def test_public_addresses(address: str) -> None:
    """Ordinary unicast addresses may be connected to."""
    check_address(address, allow_private=False)


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "0.1.2.3", "10.1.2.3", "100.64.0.1", "100.127.255.255", "127.0.0.1"),
        *("169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1"),
        *("192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.1"),
        *("203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1"),
        *("64:ff9b:1::1", "100::1", "2001::1", "2001:0:7f00:1::", "2001:db8::1", "2001:10::1"),
        *("2002:7f00:1::", "3fff::1", "5f00::1", "fc00::1", "fd12::1", "fe80::1", "fe80::1%eth0"),
        *("fec0::1", "ff02::1", "4000::1", "not an address", ""),
    ],
)
def test_addresses_that_are_refused(address: str) -> None:
    """Private, special and embedded forms are refused, and so is what is no address."""
    with pytest.raises(NotAllowed):
        check_address(address, allow_private=False)


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_allowed_addresses_are_global(address: IPv4Address | IPv6Address) -> None:
    """Nothing is allowed that the standard library knows as special."""
    try:
        check_address(str(address), allow_private=False)
    except NotAllowed:
        return
    assert address.is_global
    assert not address.is_multicast
    assert not address.is_reserved


@given(st.ip_addresses(v=4, network="0.0.0.0/0"))
def test_global_ipv4_addresses_are_allowed(address: IPv4Address) -> None:
    """Nothing global is refused but multicast and the 6to4 relays."""
    special = address.is_multicast or str(address).startswith("192.88.99.")
    if address.is_global and not special and not str(address).startswith("192.0.0."):
        check_address(str(address), allow_private=False)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "192.168.0.1", "::1", "fd00::1"])
def test_local_networks(address: str) -> None:
    """Local addresses pass when private hosts are allowed, and only then."""
    check_address(address, allow_private=True)
    with pytest.raises(NotAllowed):
        check_address(address, allow_private=False)


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "0.0.0.0", "224.0.0.1", "::"])
def test_never(address: str) -> None:
    """Link-local and other special addresses are refused even on a local network."""
    with pytest.raises(NotAllowed):
        check_address(address, allow_private=True)


def test_origins() -> None:
    """A websocket shares the origin of its HTTP twin; ports and TLS tell origins apart."""
    assert Origin.of("wss://a.b/x") == Origin.of("https://a.b:443/y")
    assert Origin.of("ws://[::1]:80/") == Origin.of("http://[::1]") == Origin(False, "::1", 80)
    assert Origin.of("http://a.b") != Origin.of("https://a.b")
    assert Origin.of("http://plyr_plc:2582") == Origin(False, "plyr_plc", 2582)
