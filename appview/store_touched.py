"""Reads for `appview.fragments`: what is new of that which tracks show, and who may list them."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import NamedTuple

import orjson

from appview.cursor import FIRST, LAST, Place
from appview.store import Store
from appview.store_listed import listed
from atp.syntax import Did

_IDS = (
    "SELECT json_group_array(record) FROM (SELECT record FROM tracks"
    " WHERE (sort_at, record) < (?1, ?2){} ORDER BY sort_at DESC, record DESC LIMIT ?3)"
)
"""One row of JSON is read in half the time of fifty rows."""
_EVERYBODYS = _IDS.format("")
_OF_ACTOR = _IDS.format(" AND actor = ?4")


class Touch(NamedTuple):
    """What a row of the table ``touched`` says: of which record or account something is new.

    Without either it is everything.
    """

    seq: int
    record: int | None
    did: Did | None


def touched(store: Store, after: int, limit: int) -> list[Touch]:
    """What was touched after the row of that number, first to last; the numbers have no gaps."""
    rows = store.read(
        "SELECT t.seq, t.record, a.did FROM touched t LEFT JOIN actors a ON a.id = t.actor"
        " WHERE t.seq > ? ORDER BY t.seq LIMIT ?",
        (after, limit),
    )
    return [Touch(*row) for row in rows]


def newest(store: Store) -> int:
    """The number of the last row; 0 when nothing was ever touched."""
    return int(store.read("SELECT coalesce(max(seq), 0) FROM touched").get)


def labels_stand(store: Store, now: int) -> range:
    """The times, in µs, around ``now`` at which the same labels as now have ended by themselves."""
    ((begin, end),) = store.read(
        "SELECT (SELECT max(expires_at) FROM labels WHERE expires_at <= ?1),"
        " (SELECT min(expires_at) FROM labels WHERE expires_at > ?1)",
        (now,),
    )
    return range(FIRST.key if begin is None else begin, LAST.key if end is None else end)


def newest_tracks(store: Store, actor: int | None, after: Place, limit: int) -> list[int]:
    """The ids of an account's tracks, or of everybody's, newest first, hidden ones too."""
    if actor is None:
        found = store.read(_EVERYBODYS, (*after, limit))
    else:
        found = store.read(_OF_ACTOR, (*after, limit, actor))
    ids: list[int] = orjson.loads(found.get)
    return ids


def may_be_listed(
    store: Store, tracks: Collection[int], listing: str, viewing: str
) -> dict[int, tuple[bool, bool]]:
    """Of each of these tracks whether it is listed on LIST and on VIEW surfaces.

    Those of hidden accounts are on neither. The texts are those of `appview.labels`; tracks that
    are not there are left out.
    """
    rows = store.read(
        f"SELECT t.record, a.active AND {listed('t.record', 't.actor', '?2')},"  # noqa: S608
        f" a.active AND {listed('t.record', 't.actor', '?3')} FROM json_each(?1) j"
        " CROSS JOIN tracks t ON t.record = j.value CROSS JOIN actors a ON a.id = t.actor",
        (json.dumps(list(tracks)), listing, viewing),
    )
    return {key: (bool(lists), bool(views)) for key, lists, views in rows}
