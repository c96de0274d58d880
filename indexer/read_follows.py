"""Whom an account follows on Bluesky, as its PDS tells, page by page, the newest first.

What a PDS tells of its own account's follows over TLS is believed without proof, as it decides
about nothing but what that account is shown (docs/decisions/0010-follows.md); commits, by which it
is kept up to date, are verified as all are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus

from atp.did_doc import DidDocument
from atp.runtime.http import Client, HttpError, HttpUnavailable
from atp.sync import MAX_AHEAD_MICROS
from atp.syntax import Did
from atp.tid import Tid
from indexer.fetch import HostBusy
from indexer.follows import subject_of
from indexer.hosts import REST, Hosts
from indexer.store.follows import MAX_FOLLOWS, Follow
from lexicons.names import FOREIGN_FOLLOW
from pds_client.identity import DidAbsent, DidError, Directory
from pds_client.repo import Page, Record, get_latest_commit, list_records
from pds_client.xrpc import XrpcFailure

PER_HOST = 4
"""Readings at one host, so that a slow one does not hold up the others' viewers."""
SOON = 1.0
"""Seconds after which to try again where a host has as many."""


class NotRead(Exception):
    """An account's follows cannot be read now; ``rest`` is for how many seconds, where known."""

    def __init__(self, why: str, rest: float | None = None) -> None:
        super().__init__(why)
        self.rest = rest


class NothingToRead(Exception):
    """There is no such account."""


@dataclass(frozen=True, slots=True)
class Part:
    """Part of an account's follows, whose repo stood at ``rev`` or later."""

    rev: Tid
    follows: tuple[Follow, ...]


class Reader:
    """Reads follows; ``hosts`` is shared with all that asks PDSes.

    Somebody waits for the answer, so it does not wait for one of a host's places, but it takes one;
    of these it has few of its own.
    """

    def __init__(self, http: Client, directory: Directory, hosts: Hosts) -> None:
        self._http = http
        self._directory = directory
        self._hosts = hosts
        self._running: Counter[str] = Counter()

    async def read(self, did: Did, now: int) -> AsyncGenerator[Part]:
        """All that the account follows, up to `MAX_FOLLOWS` records; at least one part.

        ``now`` is in µs. Raises `NotRead`, `NothingToRead` or `HostBusy`.
        """
        origin = await self._origin(did, refresh=False)
        try:
            rev = await self._rev(origin, did, now)
        except (NotRead, NothingToRead):
            renewed = await self._origin(did, refresh=True)
            if renewed == origin:
                raise
            origin = renewed
            rev = await self._rev(origin, did, now)
        count = 0
        with self._asking(origin):
            async for page in list_records(self._http, origin, did, FOREIGN_FOLLOW):
                yield Part(rev, tuple(_follows(page)))
                count += len(page.items)
                if count >= MAX_FOLLOWS:
                    return

    async def _origin(self, did: Did, *, refresh: bool) -> str:
        try:
            document: DidDocument = await self._directory.doc(did, refresh=refresh)
        except DidAbsent as exc:
            raise NothingToRead(str(exc)) from exc
        except DidError as exc:
            raise NotRead(str(exc)) from exc
        if document.pds is None:
            raise NotRead(f"the document of {did} names no PDS")
        return document.pds

    async def _rev(self, origin: str, did: Did, now: int) -> Tid:
        """Where the account's repo stands."""
        with self._asking(origin):
            head = await get_latest_commit(self._http, origin, did)
        if head.rev.micros() > now + MAX_AHEAD_MICROS:
            raise NotRead(f"{origin} says that the repo is at {head.rev}, in the future")
        return head.rev

    @contextmanager
    def _asking(self, origin: str) -> Iterator[None]:
        if rest := self._hosts.rest(origin):
            raise NotRead(f"{origin} is left alone", rest)
        if self._running[origin] >= PER_HOST:
            raise HostBusy(origin, SOON)
        self._running[origin] += 1
        try:
            with self._hosts.asking(origin):
                yield
        except XrpcFailure as exc:
            self._hosts.answered(origin)
            if exc.error == "RepoNotFound":
                raise NothingToRead(str(exc)) from exc
            raise NotRead(str(exc)) from exc
        except HttpUnavailable as exc:
            if exc.status == HTTPStatus.TOO_MANY_REQUESTS:
                raise NotRead(str(exc), exc.retry_after or REST) from exc
            self._hosts.failed(origin, exc.retry_after)
            raise NotRead(str(exc), exc.retry_after) from exc
        except HttpError as exc:
            raise NotRead(str(exc)) from exc
        finally:
            self._running[origin] -= 1
            if not self._running[origin]:
                del self._running[origin]
        self._hosts.answered(origin)


def _follows(page: Page[Record]) -> Iterator[Follow]:
    for record in page.items:
        subject = subject_of(record.value)
        if record.uri.rkey is not None and subject is not None:
            yield Follow(record.uri.rkey, subject)
