"""Whom we talk to: the one door through which every outbound connection passes.

A `Guard` vets a URL by the rules of `atp.runtime.address`, resolves the name itself and vets every
address; the caller connects to exactly those addresses, with no second look-up in between. Names
from the network are asked of DNS alone: no hosts file, no search list, no thread that a slow name
server could hold. The origins that the operator wrote into the configuration are trusted: no rule
applies to them and their names are resolved as the operating system does. Network data that names
such an origin reaches it too.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence

import dns.asyncresolver
import dns.exception
import dns.resolver

from atp.runtime.address import (
    NotAllowed,
    Origin,
    check_address,
    check_public_origin,
    is_address,
)
from atp.runtime.http_errors import HttpNoHost, HttpRefused, HttpUnavailable

DNS_TIMEOUT = 5.0
"""Seconds to resolve a name."""

MAX_ADDRESSES = 8
"""Addresses of a name that are tried."""

Lookup = Callable[[str], Awaitable[Sequence[str]]]
"""Resolves a host name to IP addresses, none if it has none; raises `HttpUnavailable`."""


class Guard:
    """Decides which URLs may be asked and which addresses connected to.

    ``allow_private`` admits what a local network needs (`atp.runtime.address`);
    ``trusted_origins`` are URLs that the operator wrote down; ``lookup`` stands in for DNS and the
    operating system.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        trusted_origins: Iterable[str] = (),
        lookup: Lookup | None = None,
    ) -> None:
        self.allow_private = allow_private
        self._trusted = frozenset(Origin.of(url) for url in trusted_origins)
        self._trusted_endpoints = frozenset((origin.host, origin.port) for origin in self._trusted)
        self._ask_dns = lookup or dns_addresses
        self._ask_system = lookup or system_addresses

    def vet(self, url: str) -> Origin:
        """The origin of a URL that may be asked, or `HttpRefused`."""
        try:
            origin = Origin.of(url)
            if origin in self._trusted:
                return origin
            if not self.allow_private:
                check_public_origin(origin)
            elif is_address(origin.host):
                check_address(origin.host, allow_private=True)
        except NotAllowed as exc:
            raise HttpRefused(url, str(exc)) from exc
        return origin

    async def addresses(self, host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
        """Where to connect for the host of a vetted URL: at most `MAX_ADDRESSES` IP addresses.

        One address that is not allowed refuses them all: no honest name has one.
        """
        trusted = (host, port) in self._trusted_endpoints
        lookup = self._ask_system if trusted or self.allow_private else self._ask_dns
        found = [host] if is_address(host) else await lookup(host)
        if not found:
            raise HttpNoHost(host, "the name does not exist or has no address")
        if not trusted:
            try:
                for address in found:
                    check_address(address, allow_private=self.allow_private)
            except NotAllowed as exc:
                raise HttpRefused(host, str(exc)) from exc
        return [
            (socket.AF_INET6 if ":" in address else socket.AF_INET, address)
            for address in found[:MAX_ADDRESSES]
        ]


async def dns_addresses(host: str) -> Sequence[str]:
    """The A and AAAA records of a name; a failed half is overlooked where the other has some."""
    found: list[str] = []
    failure: dns.exception.DNSException | None = None
    for answer in await asyncio.gather(_records(host, "A"), _records(host, "AAAA")):
        if isinstance(answer, dns.exception.DNSException):
            failure = answer
        else:
            found += answer
    if failure is not None and not found:
        raise HttpUnavailable(host, f"DNS does not answer: {failure}") from failure
    return found


async def _records(host: str, kind: str) -> list[str] | dns.exception.DNSException:
    """Addresses of one kind, or what went wrong, for `dns_addresses` to weigh."""
    try:
        answer = await dns.asyncresolver.get_default_resolver().resolve(
            f"{host}.", kind, lifetime=DNS_TIMEOUT
        )
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except dns.exception.DNSException as exc:
        return exc
    return [record.address for record in answer]


async def system_addresses(host: str) -> Sequence[str]:
    """The addresses of a name as the operating system sees them, hosts file included."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except UnicodeError:
        return []  # not a name at all: a label is empty or too long
    except socket.gaierror as exc:
        if exc.errno in (socket.EAI_NONAME, socket.EAI_NODATA):
            return []
        raise HttpUnavailable(host, f"the name does not resolve: {exc}") from exc
    return list(dict.fromkeys(str(where[0]) for _, _, _, _, where in found))
