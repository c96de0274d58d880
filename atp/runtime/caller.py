"""Where a request comes from: the peer's address, or what a trusted proxy says in its place.

Only the last hop that is no proxy of ours is believed, as everything before it in
``X-Forwarded-For`` is the client's own word. An IPv6 client is its /64, which one household has.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from atp.runtime.asgi import Request

Network = IPv4Network | IPv6Network

MAX_HOPS = 16
"""Proxies in a row that are looked at."""

MAX_TOLD = 1_024
"""Bytes at the end of the header that are looked at: room for so many addresses."""

_HOUSEHOLD = 64
_KNOWN = 4_096
"""Callers that are not worked out again: most calls come from a few."""


def caller_address(request: Request, proxies: Collection[Network]) -> str | None:
    """Who is to be counted for a request; None for a process on this machine.

    ``proxies`` are the networks whose ``X-Forwarded-For`` is believed; best a frozenset, which
    keeps its hash.
    """
    told = b",".join(request.all(b"x-forwarded-for"))
    if len(told) > MAX_TOLD:
        told = told[-MAX_TOLD:].partition(b",")[2]
    return _caller(request.client or "", told, frozenset(proxies))


@lru_cache(_KNOWN)
def _caller(client: str, told: bytes, proxies: frozenset[Network]) -> str | None:
    address = _address(client)
    for hop in reversed(told.split(b",")[-MAX_HOPS:]):
        if address is None or not _within(address, proxies):
            break
        before = _address(hop.strip().decode("latin-1"))
        if before is None:
            break
        address = before
    if address is None or address.is_loopback:
        return None
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _HOUSEHOLD), strict=False))
    return str(address)


def _within(address: IPv4Address | IPv6Address, networks: Collection[Network]) -> bool:
    return any(address in network for network in networks)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
