"""Proofs from where records live, for those whose proof is not kept here.

The account's PDS is asked, and its answer counts as far as the account's key bears it out: what is
forged, of another account or older than what is known here is refused. If anything is wrong with
an answer the identity is looked up once more, as the account may have moved.

Nobody can wear a PDS down through us: a URI is asked for once at a time, a host is asked few things
at once and left alone for a while when it does not answer, and answers are remembered, refusals
among them. There are no queues: who finds no place is told to come again.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from appview.network import Network
from atp.did_doc import DidDocument
from atp.errors import Rejected, RejectReason
from atp.keys import PublicKey
from atp.proof import Proof, check_proof
from atp.runtime.http import HttpError, HttpUnavailable
from atp.runtime.xrpc import XrpcError
from atp.syntax import AtUri, Did, Nsid, RecordKey
from atp.tid import Tid
from pds_client.identity import DidError, DidUnavailable
from pds_client.sync import get_record
from pds_client.xrpc import XrpcFailure

TIMEOUT = 10.0
"""Seconds for all that one proof takes."""
AT_ONCE = 16
PER_HOST = 4
"""Proofs on their way, in all and from one host."""
REST = 10.0
MAX_REST = 300.0
"""Seconds that a host which does not answer is left alone, and at most if it says how long."""
KEPT_FOR = 300.0
REFUSED_FOR = 10.0
"""Seconds that a proof, and that a failure, is remembered."""
MAX_MEMORY = 16_777_216
"""Bytes that everything remembered may take; each thing takes its blocks and ``MEMORY_EACH``."""
MEMORY_EACH = 1_024

CLAIMS = ("RecordNotFound", "RepoNotFound", "RepoTakendown", "RepoSuspended", "RepoDeactivated")
"""What a PDS may say instead of proving anything; passed on by name."""

_FAILED = "UpstreamFailure"
_NO_PLACE = "NotEnoughResources"

_TIRED = frozenset((None, 429, 503))
"""Statuses that speak of the host; any other speaks of what was asked. None: it did not answer."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How asking for a proof ended, and until when that holds by our clock."""

    found: Proof | XrpcError
    until: float

    @property
    def size(self) -> int:
        blocks = self.found.blocks if isinstance(self.found, Proof) else ()
        return MEMORY_EACH + sum(len(block) for _, block in blocks)


class Proofs:
    """Fetches, checks and remembers proofs.

    ``now`` gives µs since the epoch, ``clock`` seconds that never go back.
    """

    def __init__(
        self,
        network: Network,
        now: Callable[[], int],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._network = network
        self._now = now
        self._clock = clock
        self._known: OrderedDict[AtUri, _Outcome] = OrderedDict()
        self._size = 0
        self._flights: dict[AtUri, asyncio.Task[_Outcome]] = {}
        self._asked: Counter[str] = Counter()
        self._rests: dict[str, float] = {}

    async def get(self, uri: AtUri, written: Tid | None, head: Tid | None) -> Proof:
        """The proof that a record named by DID is there, or that it is not.

        ``written`` is the rev at which its last change known here was made, ``head`` that of its
        repo: nothing from before the former is answered, and a host that is behind the latter is
        not believed. Raises `XrpcError`.
        """
        known = self._recall(uri, written)
        if known is None:
            known = await asyncio.shield(self._look_up(uri, head))
        found = known.found
        if isinstance(found, XrpcError):
            raise XrpcError(found.status, found.error, found.message)
        return found

    def _look_up(self, uri: AtUri, head: Tid | None) -> asyncio.Task[_Outcome]:
        """The flight to the PDS that is under way, or a new one. It raises no `XrpcError`."""
        flight = self._flights.get(uri)
        if flight is None:
            if len(self._flights) >= AT_ONCE:
                raise XrpcError(503, _NO_PLACE, "too many proofs are being fetched; try again soon")
            flight = self._flights[uri] = self._network.start(self._fly(uri, head))
        return flight

    async def _fly(self, uri: AtUri, head: Tid | None) -> _Outcome:
        found: Proof | XrpcError
        try:
            async with asyncio.timeout(TIMEOUT):
                found = await self._fetch(uri, head)
        except XrpcError as exc:
            return _Outcome(exc, self._clock())  # of the moment, and cheap to find out again
        except TimeoutError:
            found = XrpcError(502, _FAILED, f"no proof of {uri} came in {TIMEOUT:g} s")
        except (DidError, HttpError, XrpcFailure, Rejected) as exc:
            found = _told(uri, exc)
        finally:
            del self._flights[uri]
        seconds = KEPT_FOR if isinstance(found, Proof) else REFUSED_FOR
        outcome = _Outcome(found, self._clock() + seconds)
        self._remember(uri, outcome)
        return outcome

    async def _fetch(self, uri: AtUri, head: Tid | None) -> Proof:
        directory, did = self._network.directory, Did(uri.authority)
        before = _identity(await directory.doc(did))
        try:
            return await self._ask(*before, uri, head)
        except (HttpError, XrpcFailure, Rejected):
            after = _identity(await directory.doc(did, refresh=True))
            if after == before:
                raise
        return await self._ask(*after, uri, head)

    async def _ask(self, key: PublicKey, pds: str, uri: AtUri, head: Tid | None) -> Proof:
        assert uri.collection is not None
        assert uri.rkey is not None
        did, collection, rkey = Did(uri.authority), Nsid(uri.collection), RecordKey(uri.rkey)
        with self._asking(pds):
            data = await get_record(self._network.http, pds, did, collection, rkey)
        # A thread, as a hostile CAR of many small blocks takes a while to refuse.
        proof = await asyncio.to_thread(
            check_proof, data, did, key, collection, rkey, now_micros=self._now()
        )
        if head is not None and proof.rev < head:
            raise Rejected(RejectReason.REPLAYED, f"{proof.rev} is before {head}, seen already")
        return proof

    @contextmanager
    def _asking(self, origin: str) -> Iterator[None]:
        """One of the host's places. Raises `XrpcError` where it is not to be asked now."""
        if self._rests.get(origin, 0.0) > self._clock():
            why = f"{origin} did not answer just now; try again soon"
            raise XrpcError(502, _FAILED, why)
        if self._asked[origin] >= PER_HOST:
            raise XrpcError(503, _NO_PLACE, f"{origin} is being asked enough; try again soon")
        self._asked[origin] += 1
        try:
            yield
        except HttpUnavailable as exc:
            if exc.status in _TIRED:
                self._let_rest(origin, REST if exc.retry_after is None else exc.retry_after)
            raise
        finally:
            self._asked[origin] -= 1
            self._asked += Counter()  # drops those that are at zero

    def _let_rest(self, origin: str, seconds: float) -> None:
        now = self._clock()
        self._rests = {name: until for name, until in self._rests.items() if until > now}
        self._rests[origin] = now + min(seconds, MAX_REST)

    def _recall(self, uri: AtUri, written: Tid | None) -> _Outcome | None:
        """What is remembered, as long as it holds and nothing newer is known."""
        known = self._known.get(uri)
        if known is None:
            return None
        outdated = isinstance(known.found, Proof) and known.found.rev < (written or "")
        if outdated or known.until <= self._clock():
            self._forget(uri)
            return None
        return known

    def _remember(self, uri: AtUri, outcome: _Outcome) -> None:
        self._forget(uri)
        self._known[uri] = outcome
        self._size += outcome.size
        while self._size > MAX_MEMORY:
            self._forget(next(iter(self._known)))

    def _forget(self, uri: AtUri) -> None:
        outcome = self._known.pop(uri, None)
        if outcome is not None:
            self._size -= outcome.size


def _identity(document: DidDocument) -> tuple[PublicKey, str]:
    """The key and PDS of an account. Raises `XrpcError`."""
    if document.signing_key is None or document.pds is None:
        why = f"the DID document of {document.did} names no signing key or no PDS"
        raise XrpcError(400, "RepoNotFound", why)
    return document.signing_key, document.pds


def _told(uri: AtUri, exc: DidError | HttpError | XrpcFailure | Rejected) -> XrpcError:
    """What the caller is told about a proof that could not be had."""
    if isinstance(exc, XrpcFailure) and exc.error in CLAIMS:
        return XrpcError(400, exc.error, f"the PDS of {uri.authority} says so; it proves nothing")
    if isinstance(exc, DidError) and not isinstance(exc, DidUnavailable):
        return XrpcError(400, "RepoNotFound", str(exc))
    return XrpcError(502, _FAILED, f"no proof of {uri} is to be had now: {exc}")
