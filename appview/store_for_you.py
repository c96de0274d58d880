"""Reads for `appview.for_you`: who engaged with what. They run aside.

A like is an engagement, and so is putting a track on a playlist; a list of another type is not.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from appview.for_you import Candidate
from appview.store import Store
from appview.store_feeds import HIDDEN

MAX_SEEDS = 500
"""Engagements of the account, the latest of each sort."""

PER_SEED = 200
"""Accounts that engaged with a seed, of each sort: the last that did before the account."""

PER_COMPANION = 50
"""Engagements of a companion, the latest of each sort."""

MAX_ENGAGED = 50_000
"""Engagements of the last days, the latest of each sort, that a first feed counts."""

MAX_COLD = 5_000
"""Tracks with most of them, of which it is made."""

DAY = 24 * 3_600 * 1_000_000


def seeds(store: Store, actor: int) -> dict[int, int]:
    """Others' tracks with which the account engaged, and when first (µs)."""
    rows = store.read(
        "SELECT e.subject, min(e.at) FROM ("
        "SELECT * FROM (SELECT subject, sort_at AS at FROM likes INDEXED BY likes_by_actor_time"
        " WHERE actor = ?1 ORDER BY sort_at DESC, record DESC LIMIT ?2)"
        " UNION ALL SELECT * FROM (SELECT d.subject, d.at FROM lists l"
        " CROSS JOIN list_adds d ON d.list = l.record"
        " WHERE l.actor = ?1 AND l.list_type = 'playlist'"
        " ORDER BY l.sort_at DESC, l.record DESC LIMIT ?2)"
        ") e CROSS JOIN tracks t ON t.record = e.subject AND t.actor <> ?1"
        " GROUP BY e.subject ORDER BY max(e.at) DESC, e.subject DESC LIMIT ?2",
        (actor, MAX_SEEDS),
    )
    return dict(rows)


def shared(store: Store, seeds: Mapping[int, int], actor: int) -> set[tuple[int, int]]:
    """Seeds, each with others who engaged with it before the account or within a day after."""
    rows = store.read(
        "SELECT l.subject, l.actor FROM json_each(?1) j CROSS JOIN likes l ON l.record IN"  # noqa: S608
        " (SELECT record FROM likes WHERE subject = j.value ->> 0 AND sort_at <= j.value ->> 1"
        "  ORDER BY sort_at DESC, record DESC LIMIT ?3)"
        f" WHERE l.actor <> ?2 AND l.actor NOT IN {HIDDEN}"
        " UNION SELECT j.value ->> 0, l.actor FROM json_each(?1) j CROSS JOIN lists l"
        " ON l.record IN (SELECT list FROM list_items WHERE subject = j.value ->> 0"
        "  ORDER BY list DESC LIMIT ?3)"
        " CROSS JOIN list_adds d ON d.list = l.record AND d.subject = j.value ->> 0"
        " WHERE l.list_type = 'playlist' AND d.at <= j.value ->> 1"
        f" AND l.actor <> ?2 AND l.actor NOT IN {HIDDEN}",
        (json.dumps([(seed, at + DAY) for seed, at in seeds.items()]), actor, PER_SEED),
    )
    return set(rows)


def totals(store: Store, actors: Collection[int]) -> dict[int, int]:
    """How much each account engaged with in all."""
    rows = store.read(
        "SELECT a.id, a.likes + (SELECT coalesce(sum(items), 0) FROM lists"
        "  WHERE actor = a.id AND list_type = 'playlist')"
        " FROM json_each(?1) j CROSS JOIN actors a ON a.id = j.value",
        (json.dumps(sorted(actors)),),
    )
    return dict(rows)


def engaged(store: Store, actors: Collection[int]) -> set[tuple[int, int]]:
    """The latest engagements of accounts, as pairs of account and track."""
    rows = store.read(
        "SELECT l.actor, l.subject FROM json_each(?1) j CROSS JOIN likes l ON l.record IN"
        " (SELECT record FROM likes INDEXED BY likes_by_actor_time WHERE actor = j.value"
        "  ORDER BY sort_at DESC, record DESC LIMIT ?2)"
        " UNION SELECT l.actor, i.subject FROM json_each(?1) j CROSS JOIN list_items i"
        " ON (i.list, i.position) IN (SELECT p.list, p.position FROM lists s"
        "  CROSS JOIN list_items p ON p.list = s.record"
        "  WHERE s.actor = j.value AND s.list_type = 'playlist'"
        "  ORDER BY s.sort_at DESC, s.record DESC, p.position LIMIT ?2)"
        " CROSS JOIN lists l ON l.record = i.list",
        (json.dumps(sorted(actors)), PER_COMPANION),
    )
    return set(rows)


def candidates(store: Store, tracks: Collection[int], actor: int | None) -> dict[int, Candidate]:
    """Those of these that are shown, of others, and that the account has not engaged with."""
    rows = store.read(
        "SELECT t.record, t.actor, t.sort_at, coalesce(n.likes + n.lists, 0)"
        " FROM json_each(?1) j CROSS JOIN tracks t ON t.record = j.value AND t.actor IS NOT ?2"
        " CROSS JOIN actors a ON a.id = t.actor AND a.active"
        " LEFT JOIN counters n ON n.record = t.record"
        " WHERE NOT EXISTS (SELECT 1 FROM likes m WHERE m.actor = ?2 AND m.subject = t.record)"
        " AND NOT EXISTS (SELECT 1 FROM list_items i CROSS JOIN lists m ON m.record = i.list"
        "  AND m.actor = ?2 AND m.list_type = 'playlist' WHERE i.subject = t.record)",
        (json.dumps(sorted(tracks)), actor),
    )
    return {key: Candidate(*rest) for key, *rest in rows}


def most_engaged_since(store: Store, since: int) -> list[int]:
    """The tracks that most accounts engaged with since a time (µs)."""
    rows = store.read(
        "SELECT e.subject FROM ("  # noqa: S608
        "SELECT * FROM (SELECT subject, actor FROM likes WHERE sort_at > ?1"
        " ORDER BY sort_at DESC, record DESC LIMIT ?2)"
        " UNION SELECT * FROM (SELECT d.subject, l.actor FROM list_adds d CROSS JOIN lists l"
        " ON l.record = d.list AND l.list_type = 'playlist' WHERE d.at > ?1"
        " ORDER BY d.at DESC LIMIT ?2)"
        f") e CROSS JOIN tracks t ON t.record = e.subject WHERE e.actor NOT IN {HIDDEN}"
        " AND e.actor <> t.actor GROUP BY e.subject"
        " ORDER BY count(*) DESC, e.subject DESC LIMIT ?3",
        (since, MAX_ENGAGED, MAX_COLD),
    )
    return [key for (key,) in rows]
