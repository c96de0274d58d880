"""Reads for pages of accounts."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from appview.ranking import MAX_RANKED
from appview.store import Store
from appview.store_listed import listed
from atp.syntax import Did

MAX_GIVEN = 100_000
"""Likes, the latest of the period, that suggestions count."""

MAX_NEW = 5_000
"""Tracks, the latest, whose artists are suggested though nobody likes them yet."""


def shown(store: Store, dids: Collection[Did]) -> set[Did]:
    """Those of these accounts that are shown."""
    rows = store.read(
        "SELECT a.did FROM json_each(?) j CROSS JOIN actors a ON a.did = j.value"
        " WHERE a.active AND a.records > 0",
        (json.dumps(list(dids)),),
    )
    return {Did(did) for (did,) in rows}


def suggested(store: Store, viewer: Did | None, since: int) -> list[int]:
    """The artists whose tracks most other accounts liked since a time (µs), then the newest.

    Nobody whom the viewer likes already, and not the viewer.
    """
    rows = store.read(
        "WITH me (id) AS (SELECT id FROM actors WHERE did = ?1),"
        " given AS (SELECT l.subject, l.actor FROM (SELECT subject, actor FROM likes"
        "   WHERE sort_at > ?2 ORDER BY sort_at DESC, record DESC LIMIT ?3) l"
        "  CROSS JOIN actors a ON a.id = l.actor AND a.active),"
        " votes (artist, fan, track) AS (SELECT t.actor, g.actor, t.record"
        "  FROM given g CROSS JOIN tracks t ON t.record = g.subject AND t.actor <> g.actor"
        "  UNION ALL SELECT t.actor, NULL, t.record"
        "  FROM (SELECT actor, record FROM tracks ORDER BY sort_at DESC, record DESC LIMIT ?4) t)"
        " SELECT v.artist FROM votes v CROSS JOIN actors a ON a.id = v.artist AND a.active"
        " WHERE v.artist NOT IN me AND v.artist NOT IN (SELECT t.actor FROM likes l"
        "  CROSS JOIN tracks t ON t.record = l.subject WHERE l.actor IN me)"
        " GROUP BY v.artist ORDER BY count(DISTINCT v.fan) DESC, max(v.track) DESC, v.artist"
        " LIMIT ?5",
        (viewer, since, MAX_GIVEN, MAX_NEW, MAX_RANKED),
    )
    return [key for (key,) in rows]


def listed_ranks(
    store: Store, ids: Sequence[int], after: int, limit: int, given: str
) -> list[tuple[int, Did]]:
    """The first artists from a rank on with a track that may be listed, each with its rank."""
    rows = store.read(
        "SELECT j.key, a.did FROM json_each(?1) j"  # noqa: S608
        " CROSS JOIN actors a ON a.id = j.value AND a.active"
        " WHERE EXISTS (SELECT 1 FROM tracks t WHERE t.actor = a.id"
        f"  AND {listed('t.record', 't.actor', '?2')}) LIMIT ?3",
        (json.dumps(list(ids[after:])), given, limit),
    )
    return [(after + rank, Did(did)) for rank, did in rows]
