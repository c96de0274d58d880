"""Verifying: the one place where identity (I/O) meets the protocol check (pure).

Checks: what ``atp.sync`` checks, with the signing key of the DID's current document; after a bad
signature the document is fetched anew once, since the key may have changed. Does not check: the
chain of commits (the index does, in order) or lexicons. What cannot be verified in time is deferred
and its repo marked; how long a look-up may take is the caller's to say.
"""

from __future__ import annotations

from collections.abc import Callable

from atp.did_doc import DidDocument
from atp.errors import Rejected, RejectReason
from atp.frames import AccountMsg, CommitMsg, IdentityMsg, SyncMsg
from atp.keys import PublicKey
from atp.sync import check_commit, check_sync
from indexer.event import Deferred, Message, Outcome, Refused, did_of
from indexer.reasons import Drop
from indexer.store.repos import Desync
from pds_client.identity import DidAbsent, DidInvalid, DidUnavailable, Directory


class Verifier:
    """Verifies messages against the identity directory; ``clock`` gives microseconds."""

    def __init__(self, directory: Directory, clock: Callable[[], int]) -> None:
        self._directory = directory
        self._clock = clock

    def at_once(self, message: Message) -> Outcome | None:
        """The outcome when no look-up is needed; None when ``looked_up`` must be asked."""
        if isinstance(message, AccountMsg):
            return message
        if isinstance(message, IdentityMsg):
            self._directory.invalidate(message.did)
            return message
        document = self._directory.cached(did_of(message))
        if document is None:
            return None
        outcome = self._check(message, document)
        return None if _is_bad_signature(outcome) else outcome

    async def looked_up(self, message: Message) -> Outcome:
        """The outcome, after fetching what it needs."""
        did = did_of(message)
        if isinstance(message, AccountMsg | IdentityMsg):
            return message
        try:
            return await self._look_up(message)
        except DidAbsent:
            return Refused(Drop.IDENTITY_ABSENT)
        except DidInvalid:
            return Deferred(did, Desync.IDENTITY_INVALID)
        except DidUnavailable:
            return Deferred(did, Desync.IDENTITY_UNAVAILABLE)

    async def _look_up(self, message: CommitMsg | SyncMsg) -> Outcome:
        did = did_of(message)
        document = await self._directory.doc(did)
        outcome = self._check(message, document)
        if not _is_bad_signature(outcome):
            return outcome
        renewed = await self._directory.doc(did, refresh=True)
        return outcome if renewed is document else self._check(message, renewed)

    def _check(self, message: CommitMsg | SyncMsg, document: DidDocument) -> Outcome:
        key: PublicKey | None = document.signing_key
        if key is None:
            return Deferred(document.did, Desync.IDENTITY_INVALID)
        try:
            if isinstance(message, CommitMsg):
                return check_commit(message, key, None, self._clock())
            return check_sync(message, key, self._clock())
        except Rejected as exc:
            return Refused(exc.reason)


def _is_bad_signature(outcome: Outcome) -> bool:
    return isinstance(outcome, Refused) and outcome.reason is RejectReason.BAD_SIGNATURE
