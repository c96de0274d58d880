"""Comparing what is held of a repo with what its PDS has, proven: missing, extra, stale.

The PDS's repo is fetched and verified as for a resync; nothing is written. Live commits go on
meanwhile, so a record whose rev is newer than the fetched repo's is no difference, and a difference
counts only if it is still there after another fetch a moment later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import apsw

from atp.syntax import AtUri, Did, Nsid, RecordKey
from indexer.failure import Failure, ResyncFailed
from indexer.fetch import Fetcher, HostBusy
from indexer.snapshot import Snapshot
from indexer.store import repos, resync, rows

LOOKS = 3
PAUSE = 1.0  # seconds between two looks at a repo that differs
BUSY = 0.05  # seconds between two tries at a host that is busy with other fetches of ours
PATIENCE = 60.0  # seconds of waiting for a busy host

_NOT_SERVED = frozenset(
    (Failure.NOT_FOUND, Failure.TAKENDOWN, Failure.SUSPENDED, Failure.DEACTIVATED)
)


class Finding(StrEnum):
    """How a repo stands."""

    IN_SYNC = "inSync"
    DRIFTED = "drifted"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found of one repo; ``why`` says it in words where it is not in sync."""

    did: Did
    finding: Finding
    missing: tuple[AtUri, ...] = ()
    extra: tuple[AtUri, ...] = ()
    stale: tuple[AtUri, ...] = ()
    why: str = ""


async def compare(
    conn: apsw.Connection, fetcher: Fetcher, did: Did, collections: Sequence[Nsid]
) -> Comparison:
    """Compare one repo; ``conn`` reads the live index."""
    found = await _look(conn, fetcher, did, collections)
    for _ in range(LOOKS - 1):
        if found.finding is not Finding.DRIFTED:
            break
        await asyncio.sleep(PAUSE)
        found = await _look(conn, fetcher, did, collections)
    return found


async def _look(
    conn: apsw.Connection, fetcher: Fetcher, did: Did, collections: Sequence[Nsid]
) -> Comparison:
    actor = rows.find_actor(conn, did)
    repo = None if actor is None else repos.find(conn, actor.id)
    hidden = actor is not None and not actor.upstream_active
    nothing_came = repo is not None and repo.unproven
    waited = 0.0
    while True:
        try:
            async with fetcher.snapshot(did, list(collections)) as snapshot:
                if hidden:
                    return Comparison(did, Finding.DRIFTED, why="its PDS serves it, and we hide it")
                return _differences(conn, did, snapshot, collections)
        except HostBusy as exc:
            if waited + exc.seconds > PATIENCE:
                return Comparison(did, Finding.UNREACHABLE, why=str(exc))
            await asyncio.sleep(BUSY)
            waited += BUSY
        except ResyncFailed as exc:
            return _failed(did, exc, shown=not (hidden or nothing_came))


def _failed(did: Did, failed: ResyncFailed, *, shown: bool) -> Comparison:
    if failed.failure not in _NOT_SERVED:
        return Comparison(did, Finding.UNREACHABLE, why=str(failed))
    if shown:
        return Comparison(did, Finding.DRIFTED, why=f"we show it, and its PDS says {failed}")
    return Comparison(did, Finding.IN_SYNC)


def _differences(
    conn: apsw.Connection, did: Did, snapshot: Snapshot, collections: Sequence[Nsid]
) -> Comparison:
    actor = rows.find_actor(conn, did)
    held = {} if actor is None else {row[:2]: row[2:4] for row in resync.held(conn, actor.id)}
    missing: list[AtUri] = []
    extra: list[AtUri] = []
    stale: list[AtUri] = []
    for (nsid, rkey), cid in snapshot.records.items():
        rev, at = held.pop((nsid, rkey), (None, None))
        if at != cid and not (rev or "") > snapshot.state.rev:
            uri = AtUri.of(did, Nsid(nsid), RecordKey(rkey))
            (missing if at is None else stale).append(uri)
    for (nsid, rkey), (rev, at) in held.items():
        if at is not None and nsid in collections and not (rev or "") > snapshot.state.rev:
            extra.append(AtUri.of(did, Nsid(nsid), RecordKey(rkey)))
    sound = not (missing or extra or stale)
    return Comparison(
        did,
        Finding.IN_SYNC if sound else Finding.DRIFTED,
        tuple(missing),
        tuple(extra),
        tuple(stale),
        "" if sound else f"its PDS has other records at {snapshot.state.rev}",
    )
