"""Vetting of URLs and names, with DNS answered by a real server on loopback."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import dns.asyncresolver
import pytest

from atp.runtime import guard as guard_module
from atp.runtime.guard import MAX_ADDRESSES, Guard, dns_addresses, system_addresses
from atp.runtime.http_errors import HttpNoHost, HttpRefused, HttpUnavailable
from tests.atp.runtime.name_server import BROKEN, name_server

ZONE = {
    ("both.example.com.", "A"): ["93.184.216.34", "93.184.216.35"],
    ("nothing.example.com.search.test.", "A"): ["93.184.216.34"],
    ("both.example.com.", "AAAA"): ["2606:4700::1111"],
    ("old.example.com.", "A"): ["93.184.216.34"],
    ("lame.example.com.", "A"): ["93.184.216.34"],
    ("lame.example.com.", "AAAA"): BROKEN,
    ("broken.example.com.", "A"): BROKEN,
    ("broken.example.com.", "AAAA"): BROKEN,
    ("many.example.com.", "A"): [f"93.184.216.{n}" for n in range(200)],
    ("mixed.example.com.", "A"): ["93.184.216.34"],
    ("mixed.example.com.", "AAAA"): ["fd00::1"],
    ("evil.example.com.", "A"): ["93.184.216.34", "10.0.0.1"],
}


async def loopback(_host: str) -> Sequence[str]:
    return ["127.0.0.1"]


async def test_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both kinds of address count; half an answer is an answer; no name is not a failure."""
    monkeypatch.setattr(guard_module, "DNS_TIMEOUT", 1.0)
    async with name_server(monkeypatch, ZONE):
        assert sorted(await dns_addresses("both.example.com")) == [
            "2606:4700::1111",
            "93.184.216.34",
            "93.184.216.35",
        ]
        assert await dns_addresses("old.example.com") == ["93.184.216.34"]
        assert await dns_addresses("lame.example.com") == ["93.184.216.34"]
        assert await dns_addresses("nothing.example.com") == []
        with pytest.raises(HttpUnavailable, match="DNS"):
            await dns_addresses("broken.example.com")


async def test_dns_without_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that does not answer costs the timeout and is no statement about the name."""
    monkeypatch.setattr(guard_module, "DNS_TIMEOUT", 0.2)
    resolver = dns.asyncresolver.Resolver(configure=False)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = silent.getsockname()[1]
        monkeypatch.setattr(dns.asyncresolver, "default_resolver", resolver)
        with pytest.raises(HttpUnavailable) as raised:
            await dns_addresses("both.example.com")
    assert not isinstance(raised.value, HttpNoHost)


async def test_addresses_of_public_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names from the network are asked of DNS, every address is vetted, and few are kept."""
    guard = Guard()
    async with name_server(monkeypatch, ZONE):
        assert sorted(await guard.addresses("both.example.com", 443)) == [
            (socket.AF_INET, "93.184.216.34"),
            (socket.AF_INET, "93.184.216.35"),
            (socket.AF_INET6, "2606:4700::1111"),
        ]
        assert len(await guard.addresses("many.example.com", 443)) == MAX_ADDRESSES
        for name in ("mixed.example.com", "evil.example.com"):
            with pytest.raises(HttpRefused, match="private"):
                await guard.addresses(name, 443)
        with pytest.raises(HttpNoHost):
            await guard.addresses("nothing.example.com", 443)


async def test_names_of_the_system() -> None:
    """The operating system knows localhost; public names are never asked of it."""
    assert "127.0.0.1" in await system_addresses("localhost")
    assert await system_addresses("no..name") == []
    local = await Guard(allow_private=True).addresses("localhost", 2583)
    assert (socket.AF_INET, "127.0.0.1") in local


async def test_trusted_origins() -> None:
    """What the operator wrote down is asked wherever it lives: that origin and no other."""
    guard = Guard(trusted_origins=("http://localhost:2582", "wss://relay.internal"))
    assert guard.vet("http://localhost:2582/did:plc:x").port == 2582
    assert guard.vet("https://relay.internal/xrpc/x").secure
    assert (socket.AF_INET, "127.0.0.1") in await guard.addresses("localhost", 2582)
    for url in (
        "http://localhost:2583/",
        "https://localhost:2582/",
        "http://127.0.0.1:2582/",
        "ws://relay.internal/",
    ):
        with pytest.raises(HttpRefused):
            guard.vet(url)
    with pytest.raises(HttpRefused):
        await Guard(lookup=loopback).addresses("localhost", 2582)
    trusting = Guard(trusted_origins=("http://localhost:2582",), lookup=loopback)
    with pytest.raises(HttpRefused):
        await trusting.addresses("localhost", 2583)


def test_local_networks() -> None:
    """With private hosts allowed any http URL passes, but for literals of special addresses."""
    guard = Guard(allow_private=True)
    for url in ("http://localhost:2583/", "ws://127.0.0.1:1/", "http://[::1]:80/", "http://pds/"):
        guard.vet(url)
    for url in ("http://169.254.169.254/", "http://[fe80::1]/", "http://u@localhost/", "file:///"):
        with pytest.raises(HttpRefused):
            guard.vet(url)
