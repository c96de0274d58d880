"""Asking about one account: the PDS that its DID document names at this moment.

The document is looked up anew for each question and not taken from memory: an account that has
moved within the last minute must not be hidden on the word of the PDS that it left. Whatever hosts
do, a question ends in bounded time with an answer by name.
"""

from __future__ import annotations

import asyncio

from atp.runtime.http import Client, HttpError, HttpMalformed, HttpRefused, HttpUnavailable
from atp.syntax import Did
from indexer.fetch import HostBusy
from indexer.hosting import MAX_STATUS, Answer, Reply
from indexer.hosts import Hosts
from pds_client.identity import DidAbsent, DidInvalid, DidTombstoned, DidUnavailable
from pds_client.repo import get_repo_status
from pds_client.resolve_did import fetch_document
from pds_client.xrpc import XrpcFailure

PATIENCE = 5.0
"""Seconds for the document, and once more for the PDS."""

_REFUSALS = {
    "RepoTakendown": "takendown",
    "RepoSuspended": "suspended",
    "RepoDeactivated": "deactivated",
}
"""Errors by which some servers say of their repos what `getRepoStatus` should."""


class Asker:
    """Asks one question; shares the places at each host with whatever else asks there."""

    def __init__(self, http: Client, plc_url: str, hosts: Hosts) -> None:
        self._http = http
        self._plc_url = plc_url
        self._hosts = hosts

    def busy(self) -> list[str]:
        """The origins whose places are taken for the moment."""
        return [origin for origin in self._hosts.busy() if self._hosts.wait(origin) <= PATIENCE]

    async def ask(self, did: Did) -> Reply:
        """What the PDS of ``did`` says of it now. Raises `HostBusy` when that is to wait."""
        try:
            async with asyncio.timeout(PATIENCE):
                document = await fetch_document(self._http, self._plc_url, did)
        except DidTombstoned:
            # Of a did:web it is the word of a web server, and no log of operations says so.
            return Reply(Answer.TOMBSTONED if did.method == "plc" else Answer.IDENTITY_ABSENT)
        except DidAbsent:
            return Reply(Answer.IDENTITY_ABSENT)
        except DidInvalid:
            return Reply(Answer.IDENTITY_INVALID)
        except (DidUnavailable, TimeoutError):
            return Reply(Answer.IDENTITY_UNAVAILABLE)
        if document.pds is None:
            return Reply(Answer.IDENTITY_INVALID)
        return await self._ask_host(document.pds, did)

    async def _ask_host(self, origin: str, did: Did) -> Reply:
        seconds = self._hosts.wait(origin)
        if seconds > PATIENCE or self._hosts.down(origin):
            return Reply(Answer.HOST_UNAVAILABLE, origin=origin)
        if seconds > 0:
            raise HostBusy(origin, seconds)
        with self._hosts.asking(origin):
            try:
                async with asyncio.timeout(PATIENCE):
                    found = await get_repo_status(self._http, origin, did)
            except (XrpcFailure, HttpError, TimeoutError) as exc:
                return self._failed(origin, exc)
        self._hosts.answered(origin)
        if found.active:
            return Reply(Answer.ACTIVE, origin=origin)
        status = None if found.status is None else found.status[:MAX_STATUS]
        return Reply(Answer.INACTIVE, status, origin)

    def _failed(self, origin: str, exc: XrpcFailure | HttpError | TimeoutError) -> Reply:
        if isinstance(exc, TimeoutError | HttpUnavailable):
            self._hosts.failed(origin, getattr(exc, "retry_after", None))
            return Reply(Answer.HOST_UNAVAILABLE, origin=origin)
        if isinstance(exc, XrpcFailure):
            self._hosts.answered(origin)
            return _refusal(origin, exc.error)
        answer = {HttpRefused: Answer.HOST_REFUSED, HttpMalformed: Answer.MALFORMED}
        return Reply(answer.get(type(exc), Answer.REFUSED), origin=origin)


def _refusal(origin: str, error: str) -> Reply:
    if error == "RepoNotFound":
        return Reply(Answer.NOT_FOUND, origin=origin)
    if error in _REFUSALS:
        return Reply(Answer.INACTIVE, _REFUSALS[error], origin)
    return Reply(Answer.REFUSED, origin=origin)
