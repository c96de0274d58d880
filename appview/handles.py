"""Handles of accounts that the index does not know, looked up for callers.

Anybody may ask for any handle, and each costs others a few requests: so a handle is looked up once
at a time, not again for a while, and only so many are at once.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable

from appview.network import Network
from atp.runtime.xrpc import XrpcError
from atp.syntax import Did, Handle
from pds_client.identity import HandleAbsent, HandleUnavailable

PATIENCE = 5.0  # seconds
AT_ONCE = 50
MAX_KEPT = 10_000
KEPT_FOR = 60 * 1_000_000
"""µs for which a finding is answered again."""

_Finding = Did | XrpcError


class Handles:
    """Looks up and remembers; ``now`` gives µs since the epoch."""

    def __init__(self, network: Network, now: Callable[[], int]) -> None:
        self._network = network
        self._now = now
        self._kept: OrderedDict[Handle, tuple[int, _Finding]] = OrderedDict()
        self._flights: dict[Handle, asyncio.Task[_Finding]] = {}

    async def did(self, handle: Handle) -> Did:
        """The DID that a handle names. Raises `XrpcError`, HandleNotFound where it names none."""
        at, found = self._kept.get(handle, (0, None))
        if found is None or self._now() - at >= KEPT_FOR:
            found = await asyncio.shield(self._look_up(handle))
        if isinstance(found, XrpcError):
            raise XrpcError(found.status, found.error, found.message)
        return found

    def _look_up(self, handle: Handle) -> asyncio.Task[_Finding]:
        flight = self._flights.get(handle)
        if flight is None:
            if len(self._flights) >= AT_ONCE:
                message = "too many handles are being looked up; try again soon"
                raise XrpcError(503, "NotEnoughResources", message)
            flight = self._flights[handle] = self._network.start(self._fly(handle))
        return flight

    async def _fly(self, handle: Handle) -> _Finding:
        try:
            found = await self._ask(handle)
        finally:
            del self._flights[handle]
        self._kept[handle] = self._now(), found
        self._kept.move_to_end(handle)
        if len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return found

    async def _ask(self, handle: Handle) -> _Finding:
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._network.directory.resolve_handle(handle)
        except HandleAbsent as exc:
            return XrpcError(400, "HandleNotFound", str(exc))
        except (HandleUnavailable, TimeoutError):
            return XrpcError(400, "InvalidRequest", f"nobody can tell now whose {handle} is")
