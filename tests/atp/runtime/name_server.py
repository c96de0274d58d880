"""A DNS server on loopback that answers what a test wrote down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import cast

import dns.asyncresolver
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

Zone = Mapping[tuple[str, str], Sequence[str] | Iterator[Sequence[str]]]
"""Records by absolute name and kind; `BROKEN` for what the server fails at.

An iterator gives the records of one look-up after the other.
"""

BROKEN: Sequence[str] = ("SERVFAIL",)


class _NameServer(asyncio.DatagramProtocol):
    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self._names = {name for name, _ in zone}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        name, kind = question.name.to_text(), dns.rdatatype.to_text(question.rdtype)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        found = self._zone.get((name, kind), ())
        if isinstance(found, Iterator):
            found = next(found)
        if found is BROKEN:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif found:
            answer.answer.append(dns.rrset.from_text_list(name, 60, "IN", kind, list(found)))
        elif name not in self._names:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self._transport.sendto(answer.to_wire(max_size=65_535), addr)


@asynccontextmanager
async def name_server(monkeypatch: pytest.MonkeyPatch, zone: Zone) -> AsyncIterator[None]:
    """Make a server of ``zone`` the one that this process asks; it searches ``search.test`` too."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _NameServer(zone), ("127.0.0.1", 0))
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = transport.get_extra_info("sockname")[1]
    resolver.search = [dns.name.from_text("search.test.")]
    resolver.use_search_by_default = True
    monkeypatch.setattr(dns.asyncresolver, "default_resolver", resolver)
    try:
        yield
    finally:
        transport.close()
