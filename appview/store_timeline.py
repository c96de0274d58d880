"""Reads of whom a viewer follows, and of what they have published."""

from __future__ import annotations

from appview.cursor import Place
from appview.store import Store
from appview.store_listed import listed
from atp.syntax import Did


def is_viewer(store: Store, did: Did) -> bool:
    """Whether the indexer knows that an account asks for its timeline."""
    return store.read("SELECT 1 FROM viewers WHERE did = ?", (did,)).get is not None


def knows_follows(store: Store, did: Did) -> bool:
    """Whether an account's follows have been read to their end."""
    found = store.read("SELECT 1 FROM viewers WHERE did = ? AND read_at IS NOT NULL", (did,))
    return found.get is not None


_NEXT = (
    "SELECT n.record FROM tracks n WHERE n.actor = {artist} AND (n.sort_at, n.record) < (?2, ?3)"  # noqa: S608
    f" AND {listed('n.record', 'n.actor', '?5')}"
    " ORDER BY n.sort_at DESC, n.record DESC LIMIT {limit}"
)
"""The next tracks of an artist."""


def timeline(store: Store, viewer: Did, after: Place, limit: int, given: str) -> list[Place]:
    """Tracks by the accounts that a viewer follows, newest first.

    Of each such artist the next track is looked at, and then only the artists with the newest of
    these: all of a page are theirs. So the work is bounded by how many the viewer follows and by
    the page, however many tracks there are. ``given`` is what `store_listed.listed` takes.
    """
    rows = store.read(
        "WITH artists AS MATERIALIZED (SELECT DISTINCT a.id FROM viewers v"  # noqa: S608
        "  CROSS JOIN follows f ON f.viewer = v.id"
        "  CROSS JOIN actors a ON a.did = f.subject AND a.active AND a.tracks > 0"
        "  WHERE v.did = ?1),"
        " leading AS MATERIALIZED (SELECT t.actor FROM artists CROSS JOIN tracks t"
        f"  ON t.record = ({_NEXT.format(artist='artists.id', limit=1)})"
        "  ORDER BY t.sort_at DESC, t.record DESC LIMIT ?4)"
        " SELECT t.sort_at, t.record FROM leading CROSS JOIN tracks t"
        f"  ON t.record IN ({_NEXT.format(artist='leading.actor', limit='?4')})"
        " ORDER BY t.sort_at DESC, t.record DESC LIMIT ?4",
        (viewer, after.key, after.id, limit, given),
    )
    return [Place(key, record) for key, record in rows]
