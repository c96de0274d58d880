"""Who an account is: DID documents and handles, remembered for as long as they may be trusted.

A document is fresh for an hour, then answered once more at once and fetched anew behind; after a
day it is forgotten. What failed is remembered too, each kind for its own time, so that neither a
missing DID nor a dead host is asked again and again. When a directory cannot be asked, a document
that was good keeps serving (law 10). A DID is looked up once at a time, however many wait for it.
The memory is bounded in bytes, as strangers write the documents.

`Directory.doc` with ``refresh`` is for a signature that does not verify: the key may have changed.
It asks anew, yet at most once a minute for each DID, as anyone can send bad signatures.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import orjson

from atp.did_doc import DidDocument
from atp.runtime.http import Client
from atp.syntax import Did, Handle
from pds_client.resolve_did import (
    DidAbsent,
    DidError,
    DidInvalid,
    DidTombstoned,
    DidUnavailable,
    fetch_document,
)
from pds_client.resolve_handle import (
    HandleAbsent,
    HandleError,
    HandleResolver,
    HandleUnavailable,
)

__all__ = [
    "DidAbsent",
    "DidError",
    "DidInvalid",
    "DidTombstoned",
    "DidUnavailable",
    "Directory",
    "HandleAbsent",
    "HandleError",
    "HandleUnavailable",
]

FRESH_FOR = 3_600.0
KEPT_FOR = 86_400.0
"""Seconds that a document is answered without, and with, asking anew behind."""

ABSENT_FOR = 300.0
INVALID_FOR = 3_600.0
UNAVAILABLE_FOR = 10.0
"""Seconds that each kind of failure is remembered."""

REFRESH_EVERY = 60.0
"""Seconds between two refreshes of one DID."""

MAX_MEMORY = 67_108_864
"""Bytes that everything remembered may take, by the estimate below."""

MEMORY_EACH = 1_024
MEMORY_A_BYTE = 8
"""What a DID takes, and a byte of its document once parsed, if a stranger chose the shape."""

Ask = Callable[[], Awaitable[DidDocument]]
"""Asks for a document."""


@dataclass(slots=True)
class _Known:
    """What is known of a DID: the last look-up's finding, and the document that still serves."""

    latest: DidDocument | DidError
    document: DidDocument | None = None
    fetched_at: float = 0.0
    refreshed_at: float = float("-inf")
    retry_at: float = float("-inf")
    size: int = MEMORY_EACH

    def finding(self) -> DidDocument:
        """What the last look-up found, or the error that it ended in."""
        if isinstance(self.latest, DidError):
            raise self.latest.again()
        return self.latest


class Directory:
    """Resolves and remembers identities.

    ``plc_url`` and ``handle_resolvers`` are origins that the operator named, trusted by ``http``.
    ``clock`` gives seconds that never go back. ``ours`` are DIDs of our own whose documents are
    asked for here and not of the network; each may raise `DidError`.
    """

    def __init__(
        self,
        http: Client,
        plc_url: str,
        handle_resolvers: Sequence[str] = (),
        *,
        clock: Callable[[], float] = time.monotonic,
        ours: Mapping[Did, Ask] = MappingProxyType({}),
    ) -> None:
        self._http = http
        self._ours = ours
        self._plc_url = plc_url
        self._handles = HandleResolver(http, handle_resolvers)
        self._clock = clock
        self._known: OrderedDict[Did, _Known] = OrderedDict()
        self._size = 0
        self._flights: dict[Did, asyncio.Task[_Known]] = {}

    async def doc(self, did: Did, *, refresh: bool = False) -> DidDocument:
        """The document of ``did``.

        Raises `DidAbsent`, `DidInvalid` or `DidUnavailable`. With ``refresh`` it is asked for
        anew, or is the very object known before where that was done within the last minute.
        """
        now = self._clock()
        known = self._recall(did)
        if refresh and (known is None or now - known.refreshed_at >= REFRESH_EVERY):
            renewed = await self._ask(did)
            document = renewed.finding()
            renewed.refreshed_at = now
            return document
        if known is None or known.document is None or now - known.fetched_at >= KEPT_FOR:
            return (await self._ask(did)).finding()
        if now - known.fetched_at >= FRESH_FOR and now >= known.retry_at:
            self._look_up(did)
        return known.document

    def cached(self, did: Did) -> DidDocument | None:
        """The document of ``did`` if it is at hand and fresh; asks nobody."""
        known = self._recall(did)
        if known is None or self._clock() - known.fetched_at >= FRESH_FOR:
            return None
        return known.document

    def invalidate(self, did: Did) -> None:
        """Forget what is known of ``did``, for it has changed; also what is under way."""
        self._flights.pop(did, None)
        self._forget(did)

    async def resolve_handle(self, handle: Handle) -> Did:
        """The DID that a handle names, one way. Raises `HandleAbsent` or `HandleUnavailable`."""
        return await self._handles.resolve(handle)

    async def verified_handle(self, did: Did) -> Handle:
        """The handle of ``did``, checked both ways, or `Handle.INVALID`.

        Raises `HandleUnavailable` when that cannot be told now: keep what was known.
        """
        try:
            handle = (await self.doc(did)).handle
        except (DidAbsent, DidInvalid):
            return Handle.INVALID
        except DidUnavailable as exc:
            raise HandleUnavailable(did, str(exc)) from exc
        if handle is None:
            return Handle.INVALID
        try:
            named = await self.resolve_handle(handle)
        except HandleAbsent:
            return Handle.INVALID
        return handle if named == did else Handle.INVALID

    async def _ask(self, did: Did) -> _Known:
        """Look ``did`` up, unless that has failed just now."""
        known = self._known.get(did)
        if known is None or self._clock() >= known.retry_at:
            known = await asyncio.shield(self._look_up(did))
        return known

    def _look_up(self, did: Did) -> asyncio.Task[_Known]:
        """The look-up of ``did`` that is under way, or a new one. It raises no `DidError`."""
        flight = self._flights.get(did)
        if flight is None:
            flight = self._flights[did] = asyncio.create_task(self._fly(did))
        return flight

    async def _fly(self, did: Did) -> _Known:
        this = asyncio.current_task()
        try:
            known = await self._fetch(did)
            if self._flights.get(did) is this:
                self._remember(did, known)
            return known
        finally:
            if self._flights.get(did) is this:
                del self._flights[did]

    async def _fetch(self, did: Did) -> _Known:
        now = self._clock()
        try:
            if did in self._ours:
                document = await self._ours[did]()
            else:
                document = await fetch_document(self._http, self._plc_url, did)
        except DidAbsent as exc:
            return _Known(exc.again(), retry_at=now + ABSENT_FOR)
        except DidInvalid as exc:
            return _Known(exc.again(), retry_at=now + INVALID_FOR)
        except DidError as exc:
            retry_at = self._clock() + UNAVAILABLE_FOR
            before = self._known.get(did, _Known(exc))
            return replace(before, latest=exc.again(), retry_at=retry_at)
        size = MEMORY_EACH + MEMORY_A_BYTE * len(orjson.dumps(document.raw))
        return _Known(document, document, now, size=size)

    def _recall(self, did: Did) -> _Known | None:
        known = self._known.get(did)
        if known is not None:
            self._known.move_to_end(did)
        return known

    def _remember(self, did: Did, known: _Known) -> None:
        self._forget(did)
        self._known[did] = known
        self._size += known.size
        while self._size > MAX_MEMORY:
            _, oldest = self._known.popitem(last=False)
            self._size -= oldest.size

    def _forget(self, did: Did) -> None:
        known = self._known.pop(did, None)
        if known is not None:
            self._size -= known.size
