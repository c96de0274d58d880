"""From a handle to the DID that it names, one way (spec §5.1).

DNS and the handle's own web server are asked side by side, and DNS wins. On local networks, whose
handles exist in neither, servers that the operator names take the web server's place. That nobody
knows the handle is one answer; that somebody could not be asked is another, and so are two DIDs in
DNS, which happens while an account moves: then one has to come back later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import dns.asyncresolver
import dns.exception
import dns.resolver

from atp.errors import InvalidIdentifier
from atp.runtime.address import MAX_HOST, RESERVED_TLDS
from atp.runtime.guard import DNS_TIMEOUT
from atp.runtime.http import Client, HttpError, HttpNoHost, HttpUnavailable
from atp.syntax import Did, Handle
from pds_client.xrpc import XrpcFailure, query

MAX_ANSWER = 2_048
"""Bytes of the well-known document."""

MAX_REDIRECTS = 3

_RESOLVE_HANDLE = "com.atproto.identity.resolveHandle"
_LOCAL_TLD = "test"


class HandleError(Exception):
    """A handle, or a DID's claim to one, that could not be resolved."""

    def __init__(self, subject: Handle | Did, why: str) -> None:
        super().__init__(f"{subject[:200]}: {why}")


class HandleAbsent(HandleError):
    """The handle names no account."""


class HandleUnavailable(HandleError):
    """Nobody can tell now."""


_Finding = Did | HandleUnavailable | None
"""What one way of asking finds; None: it does not know the handle."""


class HandleResolver:
    """Resolves handles; ``servers`` are asked instead of the handle's own web server."""

    def __init__(self, http: Client, servers: Sequence[str] = ()) -> None:
        self._http = http
        self._servers = servers

    async def resolve(self, handle: Handle) -> Did:
        """The DID that ``handle`` names. Raises `HandleAbsent` or `HandleUnavailable`."""
        tld = handle.rpartition(".")[2]
        is_local = tld == _LOCAL_TLD and self._http.guard.allow_private
        if tld in RESERVED_TLDS and not is_local:
            raise HandleAbsent(handle, f"nothing public is under .{tld}")
        ask = self._ask_servers if self._servers else self._ask_web
        second = asyncio.create_task(ask(handle))
        try:
            first = None if is_local else await _ask_dns(handle)
            if isinstance(first, Did):
                return first
            found = await second
        finally:
            second.cancel()
        if isinstance(found, Did):
            return found
        for trouble in (found, first):
            if trouble is not None:
                raise trouble
        raise HandleAbsent(handle, "no account has it")

    async def _ask_web(self, handle: Handle) -> _Finding:
        url = f"https://{handle}/.well-known/atproto-did"
        try:
            answer = await self._http.get_bytes(url, limit=MAX_ANSWER, redirects=MAX_REDIRECTS)
        except HttpNoHost:
            return None
        except HttpUnavailable as exc:
            return HandleUnavailable(handle, str(exc))
        except HttpError:
            return None
        return _did(answer.body.strip())

    async def _ask_servers(self, handle: Handle) -> _Finding:
        """Ask each server in turn; one that refuses does not know the handle."""
        trouble: HandleUnavailable | None = None
        for server in self._servers:
            try:
                answer = await query(self._http, server, _RESOLVE_HANDLE, {"handle": handle})
            except XrpcFailure:
                continue
            except HttpError as exc:
                trouble = HandleUnavailable(handle, str(exc))
                continue
            found = _did(str(answer.get("did")).encode())
            if found is not None:
                return found
        return trouble


async def _ask_dns(handle: Handle) -> _Finding:
    name = f"_atproto.{handle}"
    if len(name) > MAX_HOST:
        return None
    try:
        records = await dns.asyncresolver.get_default_resolver().resolve(
            f"{name}.", "TXT", lifetime=DNS_TIMEOUT
        )
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return None
    except dns.exception.DNSException as exc:
        return HandleUnavailable(handle, f"DNS does not answer: {exc}")
    texts = [b"".join(record.strings) for record in records]
    found = {_did(text[4:]) for text in texts if text.startswith(b"did=")} - {None}
    if len(found) > 1:
        return HandleUnavailable(handle, "DNS names several accounts")
    return found.pop() if found else None


def _did(text: bytes) -> Did | None:
    try:
        return Did.parse(text.decode())
    except (UnicodeDecodeError, InvalidIdentifier):
        return None
