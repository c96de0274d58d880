"""Candidates of radio stations, as of the beginning of a window; the best first. They run aside.

What came since is left out, so that a rotation does not change while it is played, unless something
is taken away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from hashlib import sha256

from appview.radio import MAX_SECONDS, Slot, Station
from appview.store import Store
from appview.store_feeds import HIDDEN, MAX_GIVEN
from appview.store_listed import listed

MAX_CANDIDATES = 1_000
MAX_LOOKED_AT = 10_000
"""Tracks of which the candidates are chosen, the first that are the station's."""

PER_ARTIST = 20
"""Candidates of one artist, so that nobody can be all that a station has."""

FEW = 2
"""Likes that a track among the deep cuts has at most."""

OLD = 30 * 24 * 3_600 * 1_000_000
"""µs for which it has been there."""

_SHOWN = (
    " CROSS JOIN actors a ON a.id = t.actor AND a.active"
    f" WHERE t.sort_at <= ?1 AND t.seconds BETWEEN 1 AND {MAX_SECONDS}"
    f" AND {listed('t.record', 't.actor', '?2')}"
)


def candidates(store: Store, station: Station, since: int, given: str) -> list[Slot]:
    """What the station chooses from in the window that began at ``since``."""
    match station.name:
        case "loved":
            return _loved(store, since, given)
        case "deep-cuts":
            return _deep_cuts(store, since, given)
        case "fresh":
            return _varied(_newest(store, since, given))
    return _newest(store, since, given)[:MAX_CANDIDATES]


def _newest(store: Store, since: int, given: str) -> list[Slot]:
    rows = store.read(
        "SELECT t.record, t.actor, t.seconds FROM tracks t INDEXED BY tracks_latest"  # noqa: S608
        f"{_SHOWN} ORDER BY t.sort_at DESC, t.record DESC LIMIT ?3",
        (since, given, MAX_LOOKED_AT),
    )
    return [Slot(*row) for row in rows]


def _loved(store: Store, since: int, given: str) -> list[Slot]:
    recent = _recent_likes(store, since)
    rows = store.read(
        "SELECT n.likes, t.record, t.actor, t.seconds"  # noqa: S608
        " FROM counters n INDEXED BY counters_by_likes CROSS JOIN tracks t ON t.record = n.record"
        f"{_SHOWN} AND n.likes > 0 ORDER BY n.likes DESC, n.record DESC LIMIT ?3",
        # Those that recent likes have brought up may have pushed as many others down.
        (since, given, MAX_LOOKED_AT + len(recent)),
    )
    liked = sorted(
        ((likes - recent.get(track, 0), track, Slot(track, *rest)) for likes, track, *rest in rows),
        key=lambda one: one[:2],
        reverse=True,
    )
    return _varied(slot for likes, _, slot in liked[:MAX_LOOKED_AT] if likes > 0)


def _deep_cuts(store: Store, since: int, given: str) -> list[Slot]:
    """Old tracks with few likes, from a place of the catalogue that each window chooses anew."""
    recent = _recent_likes(store, since)
    newest = store.read(
        "SELECT record FROM tracks WHERE sort_at <= ? ORDER BY sort_at DESC, record DESC LIMIT 1",
        (since,),
    ).get
    if newest is None:
        return []
    start = int.from_bytes(sha256(b"%d" % since).digest()[:6]) % newest
    found: list[Slot] = []
    for low, high in ((start, newest), (-1, start)):
        rows = store.read(
            "SELECT t.record, t.actor, t.seconds, coalesce(n.likes, 0)"  # noqa: S608
            " FROM tracks t LEFT JOIN counters n ON n.record = t.record"
            f"{_SHOWN} AND t.record > ?3 AND t.record <= ?4 AND coalesce(n.likes, 0) <= ?5"
            " ORDER BY t.record LIMIT ?6",
            (since - OLD, given, low, high, FEW + len(recent), MAX_LOOKED_AT),
        )
        found += [
            Slot(track, artist, seconds)
            for track, artist, seconds, likes in rows
            if likes - recent.get(track, 0) <= FEW
        ]
    return _varied(found)


def _varied(slots: Iterable[Slot]) -> list[Slot]:
    """The first of them, not too many of one artist; read no further than that takes."""
    heard: Counter[int] = Counter()
    found: list[Slot] = []
    for slot in slots:
        heard[slot.artist] += 1
        if heard[slot.artist] <= PER_ARTIST:
            found.append(slot)
        if len(found) == MAX_CANDIDATES:
            break
    return found


def _recent_likes(store: Store, since: int) -> dict[int, int]:
    """How many accounts began to like each track since a time."""
    rows = store.read(
        "SELECT l.subject, count(DISTINCT l.actor) FROM (SELECT subject, actor FROM likes"  # noqa: S608
        "  WHERE sort_at > ?1 ORDER BY sort_at DESC, record DESC LIMIT ?2) l"
        f" WHERE l.actor NOT IN {HIDDEN} AND NOT EXISTS (SELECT 1 FROM likes o"
        "  WHERE o.actor = l.actor AND o.subject = l.subject AND o.sort_at <= ?1)"
        " GROUP BY l.subject",
        (since, MAX_GIVEN),
    )
    return dict(rows)
