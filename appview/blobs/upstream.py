"""A file on its way from the PDS of its account.

The PDS of the day is asked; when it does not have the file, or does not answer, the identity is
looked up once more, as the account may have moved. Every host is vetted, redirects too. What a host
sends is bounded in size, time and slowness; whether it is the right file is for others to check.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from appview.blobs.failure import Failed, Failure
from appview.blobs.places import Places
from appview.network import Network
from appview.store_blobs import Claim
from atp.cid import Cid
from atp.runtime.http import HttpError, HttpStatus, HttpTooLarge, HttpUnavailable, Stream
from atp.syntax import Did
from pds_client.identity import DidError, DidUnavailable
from pds_client.xrpc import method_url

MAX_AUDIO = 104_857_600
"""Bytes of a sound, as the lexicon has it."""
MAX_IMAGE = 10_485_760
"""Bytes of a picture."""

TIMEOUT = 900.0
"""Seconds for a file, however large."""
GRACE = 20.0
MIN_RATE = 16_384
"""After ``GRACE`` seconds a file has to come at this many bytes a second, on the whole."""

REDIRECTS = 3
"""A PDS may keep its files elsewhere."""

AUDIO_PLACES = (24, 6)
IMAGE_PLACES = (24, 6)
"""Files on their way at once, in all and from one host. Pictures do not wait for sounds."""

REST = 10.0
"""Seconds that a host is left alone when it did not answer, or had enough of us."""
_TIRED = frozenset((None, 429, 503))
"""Statuses that speak of the host; any other speaks of the file. None: it did not answer."""

_GET_BLOB: Final = "com.atproto.sync.getBlob"
_GONE = frozenset((400, 404, 410))
"""Any other refusal is about us, not about the file."""


@dataclass(frozen=True, slots=True)
class Arriving:
    """A file whose bytes are on their way; ``size`` is its PDS's word, else its record's."""

    size: int
    pieces: AsyncIterator[bytes]


class Upstream:
    """The way to everybody's files; ``clock`` gives seconds that never go back."""

    def __init__(self, network: Network, clock: Callable[[], float]) -> None:
        self._network = network
        self._places = {False: Places(*AUDIO_PLACES), True: Places(*IMAGE_PLACES)}
        self._clock = clock
        self._rests: dict[str, float] = {}

    @asynccontextmanager
    async def fetch(self, did: Did, cid: Cid, claim: Claim) -> AsyncIterator[Arriving]:
        """A file of an account, from byte 0. Raises `Failed`."""
        try:
            before = await self._home(did, refresh=False)
            try:
                async with self._opened(before, did, cid, claim) as arriving:
                    yield arriving
                    return
            except _NotBegun as exc:
                after = await self._home(did, refresh=True)
                if after == before:
                    raise exc.error from exc
            async with self._opened(after, did, cid, claim) as arriving:
                yield arriving
        except _NotBegun as exc:
            raise _told(exc.error) from exc
        except (DidError, HttpError) as exc:
            raise _told(exc) from exc

    async def _home(self, did: Did, *, refresh: bool) -> str:
        document = await self._network.directory.doc(did, refresh=refresh)
        if document.pds is None:
            raise Failed(Failure.ABSENT, f"the DID document of {did} names no PDS")
        return document.pds

    @asynccontextmanager
    async def _opened(self, pds: str, did: Did, cid: Cid, claim: Claim) -> AsyncIterator[Arriving]:
        limit = MAX_IMAGE if claim.is_image else MAX_AUDIO
        url = method_url(pds, _GET_BLOB, {"did": did, "cid": str(cid)})
        begun = False
        async with self._places[claim.is_image].taken(pds):
            if self._rests.get(pds, 0.0) > self._clock():
                raise Failed(Failure.UNAVAILABLE, f"{pds} did not answer just now")
            try:
                async with self._network.http.stream(
                    "GET",
                    url,
                    limit=limit,
                    timeout=TIMEOUT,
                    redirects=REDIRECTS,
                    headers={"Accept-Encoding": "identity"},
                ) as answer:
                    begun = True
                    told = _size(answer)
                    size = claim.size if told is None else told
                    if size > limit:
                        raise HttpTooLarge(url, limit)
                    yield Arriving(size, _paced(url, answer, self._clock))
            except HttpError as exc:
                if begun:
                    raise
                if isinstance(exc, HttpUnavailable) and exc.status in _TIRED:
                    self._let_rest(pds)
                raise _NotBegun(exc) from exc

    def _let_rest(self, pds: str) -> None:
        now = self._clock()
        self._rests = {origin: until for origin, until in self._rests.items() if until > now}
        self._rests[pds] = now + REST


class _NotBegun(Exception):
    """A host did not send the file; another might."""

    def __init__(self, error: HttpError) -> None:
        super().__init__(str(error))
        self.error = error


async def _paced(url: str, answer: Stream, clock: Callable[[], float]) -> AsyncIterator[bytes]:
    """The pieces, as long as they come fast enough."""
    size, start = 0, clock()
    async for piece in answer:
        yield piece
        size += len(piece)
        seconds = clock() - start
        if seconds > GRACE and size < seconds * MIN_RATE:
            raise HttpUnavailable(url, f"too slow: {size} bytes in {seconds:.0f} s")


def _size(answer: Stream) -> int | None:
    """How many bytes are to come, where the host says so and has not packed them."""
    length = answer.headers.get("Content-Length", "")
    packed = answer.headers.get("Content-Encoding", "identity").strip().lower() != "identity"
    return None if packed or not (length.isascii() and length.isdecimal()) else int(length)


def _told(exc: DidError | HttpError) -> Failed:
    if isinstance(exc, HttpTooLarge):
        return Failed(Failure.TOO_LARGE, str(exc))
    if isinstance(exc, HttpStatus) and exc.status in _GONE:
        return Failed(Failure.ABSENT, str(exc))
    if isinstance(exc, DidError) and not isinstance(exc, DidUnavailable):
        return Failed(Failure.ABSENT, str(exc))
    return Failed(Failure.UNAVAILABLE, str(exc))
