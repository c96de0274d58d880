"""Reads of repositories as such: the records that we hold, fit for their schemas or not."""

from __future__ import annotations

from dataclasses import dataclass

from appview.store import Store
from atp.cid import Cid
from atp.syntax import Did, Handle, Nsid, RecordKey

_LIVE = "r.state IN ('valid', 'invalid') AND r.value IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Held:
    """A record's key, version and DAG-CBOR bytes."""

    rkey: RecordKey
    cid: Cid
    value: bytes


def record(store: Store, did: Did, collection: Nsid, rkey: RecordKey) -> Held | None:
    """A record as it is now."""
    return next(iter(_held(store, did, collection, "r.rkey = ?3", rkey, 1)), None)


def records(
    store: Store,
    did: Did,
    collection: Nsid,
    after: RecordKey | None,
    limit: int,
    *,
    ascending: bool,
) -> list[Held]:
    """The records of a collection behind a key, in the order of keys."""
    where = f"(?3 IS NULL OR r.rkey {'>' if ascending else '<'} ?3)"
    order = f" ORDER BY r.rkey {'ASC' if ascending else 'DESC'}"
    return _held(store, did, collection, where + order, after, limit)


def collections(store: Store, did: Did) -> list[Nsid]:
    """The collections of which we hold a record of an account, in order."""
    rows = store.read(
        "SELECT c.nsid FROM actors a CROSS JOIN collections c WHERE a.did = ?1 AND EXISTS ("  # noqa: S608
        f" SELECT 1 FROM records r WHERE r.actor = a.id AND r.collection = c.id AND {_LIVE})"
        " ORDER BY c.nsid",
        (did,),
    )
    return [Nsid(nsid) for (nsid,) in rows]


def handle(store: Store, did: Did) -> Handle:
    """The verified handle of an account, or `Handle.INVALID`."""
    found = store.read("SELECT handle FROM actors WHERE did = ?", (did,)).get
    return Handle(found) if found else Handle.INVALID


def _held(  # noqa: PLR0917
    store: Store, did: Did, collection: Nsid, where: str, key: RecordKey | None, limit: int
) -> list[Held]:
    rows = store.read(
        "SELECT r.rkey, r.cid, r.value FROM records r"  # noqa: S608
        " WHERE r.actor = (SELECT id FROM actors WHERE did = ?1)"
        " AND r.collection = (SELECT id FROM collections WHERE nsid = ?2)"
        f" AND {_LIVE} AND {where} LIMIT ?4",
        (did, collection, key, limit),
    )
    return [Held(RecordKey(rkey), Cid(cid), value) for rkey, cid, value in rows]
