"""What every typed row shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import apsw

from atp.cbor import Value
from atp.cid import Cid
from atp.errors import CidError
from atp.syntax import AtUri
from indexer.store import rows


class Row(NamedTuple):
    """A record's keys, whose it is, and where it sorts (microseconds since the epoch)."""

    record: int
    actor: int
    actor_active: bool
    sort_at: int


class Subject(NamedTuple):
    """What a strong reference points to: the key of the URI, whose it is, which version was meant.

    ``known`` says whether the record has come, or will since its repo is followed.
    """

    record: int
    owner: int
    cid: Cid
    known: bool


def subject(conn: apsw.Connection, reference: Value) -> Subject | None:
    """The subject of a valid strong reference; None when it can name no record.

    That is one by handle, or with a CID that no record has: lexicons allow CIDs of any kind.
    """
    assert isinstance(reference, Mapping), "the lexicon makes it an object"
    uri, version = reference["uri"], reference["cid"]
    assert isinstance(uri, str), "the lexicon makes it a string"
    assert isinstance(version, str), "the lexicon makes it a string"
    try:
        cid = Cid.parse(version)
    except CidError:
        return None
    found = rows.subject(conn, AtUri(uri))
    return None if found is None else Subject(found.record, found.owner, cid, found.known)


def text(value: Mapping[str, Value], key: str) -> str | None:
    """An optional string field."""
    found = value.get(key)
    return found if isinstance(found, str) else None


def whole(value: Mapping[str, Value], key: str) -> int:
    """An optional integer field that counts something; 0 where it is absent."""
    found = value.get(key)
    return found if isinstance(found, int) else 0


def ints(conn: apsw.Connection, query: str, key: int) -> list[int]:
    """The only column of every row, all read before the next statement runs."""
    return [int(value) for (value,) in conn.execute(query, (key,))]
