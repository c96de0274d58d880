"""What an index says, in canonical form, and a slow obvious recount of every counter.

Two indexes are equal when their dumps are (design §4): which records stand, with CID and value,
shown or not, all counters, and list order. First-seen times and sequence numbers may differ.
"""

from __future__ import annotations

from collections.abc import Iterator

import apsw

_RECORDS = """
SELECT 'at://' || a.did || '/' || c.nsid || '/' || r.rkey AS uri, lower(hex(r.cid)),
    lower(hex(r.value)), r.state, r.state = 'valid' AND a.active
FROM records r JOIN actors a ON a.id = r.actor JOIN collections c ON c.id = r.collection
WHERE r.state IN ('valid', 'invalid') ORDER BY uri
"""

_COUNTERS = """
SELECT 'at://' || a.did || '/' || c.nsid || '/' || r.rkey AS uri, n.likes, n.comments, n.lists
FROM counters n JOIN records r ON r.id = n.record JOIN actors a ON a.id = r.actor
    JOIN collections c ON c.id = r.collection
WHERE n.likes OR n.comments OR n.lists ORDER BY uri
"""

_RECOUNT = """
WITH given (subject, likes, comments, lists) AS (
    SELECT l.subject, count(DISTINCT l.actor), 0, 0
    FROM likes l JOIN actors a ON a.id = l.actor WHERE a.active GROUP BY l.subject
    UNION ALL
    SELECT m.subject, 0, count(*), 0
    FROM comments m JOIN actors a ON a.id = m.actor WHERE a.active GROUP BY m.subject
    UNION ALL
    SELECT i.subject, 0, 0, count(DISTINCT i.list)
    FROM list_items i JOIN lists s ON s.record = i.list JOIN actors a ON a.id = s.actor
    WHERE a.active GROUP BY i.subject
)
SELECT 'at://' || a.did || '/' || c.nsid || '/' || r.rkey AS uri,
    sum(g.likes), sum(g.comments), sum(g.lists)
FROM given g JOIN records r ON r.id = g.subject JOIN actors a ON a.id = r.actor
    JOIN collections c ON c.id = r.collection
GROUP BY g.subject ORDER BY uri
"""

_HELD = """
SELECT did, records, tracks, likes, comments, lists, seconds FROM actors
WHERE records OR tracks OR likes OR comments OR lists OR seconds ORDER BY did
"""

_HELD_RECOUNT = """
SELECT did, records, tracks, likes, comments, lists, seconds FROM (
    SELECT a.did,
        (SELECT count(*) FROM records r JOIN collections c ON c.id = r.collection
            WHERE r.actor = a.id AND r.state IN ('valid', 'invalid') AND c.nsid <> ?) AS records,
        (SELECT count(*) FROM tracks t WHERE t.actor = a.id) AS tracks,
        (SELECT count(DISTINCT l.subject) FROM likes l WHERE l.actor = a.id) AS likes,
        (SELECT count(*) FROM comments m WHERE m.actor = a.id) AS comments,
        (SELECT count(*) FROM lists s WHERE s.actor = a.id) AS lists,
        (SELECT coalesce(sum(t.seconds), 0) FROM tracks t WHERE t.actor = a.id) AS seconds
    FROM actors a
) WHERE records OR tracks OR likes OR comments OR lists OR seconds ORDER BY did
"""

_ITEMS = """
SELECT 'at://' || a.did || '/' || c.nsid || '/' || r.rkey AS uri, i.position,
    'at://' || b.did || '/' || d.nsid || '/' || s.rkey
FROM list_items i JOIN records r ON r.id = i.list JOIN actors a ON a.id = r.actor
    JOIN collections c ON c.id = r.collection JOIN records s ON s.id = i.subject
    JOIN actors b ON b.id = s.actor JOIN collections d ON d.id = s.collection
ORDER BY uri, i.position
"""


def dump(conn: apsw.Connection) -> Iterator[tuple[object, ...]]:
    """Every fact of the index as rows in a fixed order; equal indexes give equal rows."""
    for name, query in (
        ("record", _RECORDS),
        ("counters", _COUNTERS),
        ("held", _HELD),
        ("item", _ITEMS),
    ):
        for row in conn.execute(query):
            yield (name, *row)


def miscounted(conn: apsw.Connection, foreign_collection: str) -> list[tuple[object, ...]]:
    """Counters that differ from a recount: rows of (URI or DID, counted, recounted)."""
    return [
        *_differences(conn.execute(_COUNTERS), conn.execute(_RECOUNT)),
        *_differences(conn.execute(_HELD), conn.execute(_HELD_RECOUNT, (foreign_collection,))),
    ]


def _differences(counted: apsw.Cursor, recounted: apsw.Cursor) -> list[tuple[object, ...]]:
    kept = {row[0]: row[1:] for row in counted}
    found = {row[0]: row[1:] for row in recounted}
    return [
        (key, kept.get(key), found.get(key))
        for key in sorted(kept.keys() | found.keys())
        if kept.get(key) != found.get(key)
    ]
