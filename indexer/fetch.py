"""Fetching one repo: from the account's PDS of the day, under its key of the day.

When the host or the signature says no, the identity is looked up again, and if it has changed the
new PDS and key are tried at once: the account may have moved. Nothing here changes the index.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from pathlib import Path

from atp.did_doc import DidDocument
from atp.keys import PublicKey
from atp.runtime.http import (
    Client,
    HttpError,
    HttpMalformed,
    HttpRefused,
    HttpTooLarge,
    HttpUnavailable,
)
from atp.syntax import Did, Nsid
from indexer import snapshot
from indexer.failure import Failure, ResyncFailed
from indexer.hosts import REST, Hosts
from indexer.ration import Ration, RationedFile
from indexer.snapshot import Snapshot
from pds_client.identity import DidAbsent, DidInvalid, DidUnavailable, Directory
from pds_client.repo import LatestCommit, describe_repo, get_latest_commit
from pds_client.sync import get_repo
from pds_client.xrpc import XrpcFailure

_REFUSALS = {
    "RepoNotFound": Failure.NOT_FOUND,
    "RepoTakendown": Failure.TAKENDOWN,
    "RepoSuspended": Failure.SUSPENDED,
    "RepoDeactivated": Failure.DEACTIVATED,
}
_MAYBE_MOVED = frozenset(
    (
        *_REFUSALS.values(),
        Failure.REFUSED,
        Failure.BAD_SIGNATURE,
        Failure.HOST_REFUSED,
        Failure.HOST_UNAVAILABLE,
    )
)


LARGE = 4_194_304
"""Bytes of a repo; one in many has more."""
SMALL_AT_ONCE = 8
"""Repos with fewer bytes that are in memory side by side, so that they are written together."""


class HostBusy(Exception):
    """The account's PDS is not to be asked for so many seconds."""

    def __init__(self, origin: str, seconds: float) -> None:
        super().__init__(f"{origin} is busy for {seconds:.0f} s")
        self.origin = origin
        self.seconds = seconds


class LeftAlone(ResyncFailed):
    """The account's PDS has not answered others, and is not asked now."""


class Fetcher:
    """Fetches repos into files in ``folder``; ``clock`` gives microseconds since the epoch."""

    def __init__(
        self,
        http: Client,
        directory: Directory,
        hosts: Hosts,
        folder: Path,
        clock: Callable[[], int],
    ) -> None:
        self._http = http
        self._directory = directory
        self.hosts = hosts
        self._ration = Ration(folder)
        self._clock = clock
        self._rooms = {False: asyncio.Semaphore(SMALL_AT_ONCE), True: asyncio.Semaphore(1)}

    @asynccontextmanager
    async def snapshot(self, did: Did, collections: list[Nsid]) -> AsyncIterator[Snapshot]:
        """What the account has in ``collections``, proven. Raises `ResyncFailed`, `HostBusy`.

        Many may be on their way from their hosts, but only a few small ones and one large one are
        in memory at a time: what takes long to read holds up its like alone.
        """
        document = await self._document(did, refresh=False)
        with self._ration.file() as file:
            try:
                found = await self._fetch(document, file, collections)
            except ResyncFailed as exc:
                renewed = await self._renewed(document, exc)
                file.clear()
                found = await self._fetch(renewed, file, collections)
            try:
                yield found
            finally:
                found.blocks.close()
                self._room(file).release()

    async def has_any(self, did: Did, collections: tuple[Nsid, ...]) -> bool:
        """Whether the account's PDS says that it has records in one of ``collections``.

        Raises `ResyncFailed`, `HostBusy`.
        """
        try:
            found = await self._described(did)
        except ResyncFailed as exc:
            if exc.failure is not Failure.REFUSED:
                raise
            return True  # of an account that is gone it may say no more than that: the repo will
        return found is None or not found.isdisjoint(collections)

    async def _described(self, did: Did) -> set[Nsid] | None:
        document = await self._document(did, refresh=False)
        try:
            return await self._describe(document)
        except ResyncFailed as exc:
            return await self._describe(await self._renewed(document, exc))

    async def _describe(self, document: DidDocument) -> set[Nsid] | None:
        """The collections of a repo; None where the host does not tell: the repo itself will."""
        _, origin = _identity(document)
        with self._asking(origin):
            try:
                described = await describe_repo(self._http, origin, document.did)
            except HttpMalformed:
                return None
            except (XrpcFailure, HttpError) as exc:
                raise self._failed(origin, exc) from exc
            self.hosts.answered(origin)
        return set(described.collections)

    async def latest_commit(self, did: Did) -> LatestCommit:
        """The newest commit at the account's PDS. Raises `ResyncFailed`, `HostBusy`."""
        document = await self._document(did, refresh=False)
        try:
            return await self._latest(document)
        except ResyncFailed as exc:
            return await self._latest(await self._renewed(document, exc))

    async def _latest(self, document: DidDocument) -> LatestCommit:
        _, origin = _identity(document)
        with self._asking(origin):
            try:
                latest = await get_latest_commit(self._http, origin, document.did)
            except (XrpcFailure, HttpError) as exc:
                raise self._failed(origin, exc) from exc
            self.hosts.answered(origin)
        return latest

    async def _document(self, did: Did, *, refresh: bool) -> DidDocument:
        try:
            return await self._directory.doc(did, refresh=refresh)
        except DidAbsent as exc:
            raise ResyncFailed(Failure.IDENTITY_ABSENT, str(exc)) from exc
        except DidInvalid as exc:
            raise ResyncFailed(Failure.IDENTITY_INVALID, str(exc)) from exc
        except DidUnavailable as exc:
            raise ResyncFailed(Failure.IDENTITY_UNAVAILABLE, str(exc)) from exc

    async def _renewed(self, document: DidDocument, failed: ResyncFailed) -> DidDocument:
        """The document that another try is worth, or the failure again."""
        if failed.failure not in _MAYBE_MOVED or isinstance(failed, LeftAlone):
            raise failed
        renewed = await self._document(document.did, refresh=True)
        if _identity(renewed) == _identity(document):
            raise failed
        return renewed

    async def _fetch(
        self, document: DidDocument, file: RationedFile, collections: list[Nsid]
    ) -> Snapshot:
        key, origin = _identity(document)
        with self._asking(origin):
            try:
                await get_repo(self._http, origin, document.did, file)
                file.raw.flush()
            except (XrpcFailure, HttpError) as exc:
                raise self._failed(origin, exc) from exc
            except OSError as exc:
                raise ResyncFailed(Failure.NO_SPACE, str(exc)) from exc
            self.hosts.answered(origin)
        room = self._room(file)
        await room.acquire()
        try:
            return await asyncio.to_thread(
                snapshot.read, file.raw, document.did, key, collections, self._clock(), pds=origin
            )
        except BaseException:
            room.release()
            raise

    def _room(self, file: RationedFile) -> asyncio.Semaphore:
        return self._rooms[file.size > LARGE]

    @contextmanager
    def _asking(self, origin: str) -> Iterator[None]:
        seconds = self.hosts.wait(origin)
        if self.hosts.down(origin):
            why = f"{origin} did not answer and is left alone for {seconds:.0f} s"
            raise LeftAlone(Failure.HOST_UNAVAILABLE, why)
        if seconds > 0:
            raise HostBusy(origin, seconds)
        with self.hosts.asking(origin):
            yield

    def _failed(self, origin: str, exc: XrpcFailure | HttpError) -> ResyncFailed:
        if isinstance(exc, HttpUnavailable) and exc.status == HTTPStatus.TOO_MANY_REQUESTS:
            self.hosts.answered(origin)
            self.hosts.rests(origin, REST if exc.retry_after is None else exc.retry_after)
            return ResyncFailed(Failure.HOST_UNAVAILABLE, str(exc))
        if isinstance(exc, HttpUnavailable):
            self.hosts.failed(origin, exc.retry_after)
            return ResyncFailed(Failure.HOST_UNAVAILABLE, str(exc))
        if isinstance(exc, XrpcFailure):
            self.hosts.answered(origin)
            return ResyncFailed(_REFUSALS.get(exc.error, Failure.REFUSED), str(exc))
        if isinstance(exc, HttpRefused):
            return ResyncFailed(Failure.HOST_REFUSED, str(exc))
        if isinstance(exc, HttpTooLarge):
            return ResyncFailed(Failure.TOO_LARGE, str(exc))
        return ResyncFailed(Failure.REFUSED, str(exc))


def _identity(document: DidDocument) -> tuple[PublicKey, str]:
    """The key and PDS of an account. Raises `ResyncFailed`."""
    if document.signing_key is None or document.pds is None:
        raise ResyncFailed(Failure.IDENTITY_INVALID, "no signing key or no PDS in its document")
    return document.signing_key, document.pds
