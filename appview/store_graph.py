"""Reads for albums and lists.

An album is what an artist's lists of that type and the ``album`` fields of the artist's tracks have
in common: their slug. Of several lists with one slug the newest is the album's.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from appview.cursor import Place
from appview.state import Album, AlbumKey, TrackAlbum
from appview.store import Store
from appview.store_listed import listed
from atp.syntax import AtUri, Did

MAX_COVERS = 20
"""Tracks at the start of an album that are looked at for a picture."""


def actor_lists(
    store: Store, actor: int, after: Place, limit: int, given: str, *, list_type: str | None
) -> list[Place]:
    """One account's lists, newest first; with ``list_type`` those of that type."""
    return _places(
        store,
        "SELECT l.sort_at, l.record FROM lists l WHERE l.actor = ?5"  # noqa: S608
        " AND (l.sort_at, l.record) < (?1, ?2) AND (?6 IS NULL OR l.list_type = ?6)"
        f" AND {listed('l.record', 'l.actor', '?4')}"
        " ORDER BY l.sort_at DESC, l.record DESC LIMIT ?3",
        (after.key, after.id, limit, given, actor, list_type),
    )


def track_lists(store: Store, track: int, after: Place, limit: int, given: str) -> list[Place]:
    """The lists that hold a track, newest first, each once."""
    return _places(
        store,
        "SELECT l.sort_at, l.record"  # noqa: S608
        " FROM (SELECT DISTINCT list FROM list_items WHERE subject = ?5) i"
        " CROSS JOIN lists l ON l.record = i.list CROSS JOIN actors a ON a.id = l.actor"
        " WHERE (l.sort_at, l.record) < (?1, ?2) AND a.active"
        f" AND {listed('l.record', 'l.actor', '?4')}"
        " ORDER BY l.sort_at DESC, l.record DESC LIMIT ?3",
        (after.key, after.id, limit, given, track),
    )


def _places(store: Store, sql: str, values: tuple[object, ...]) -> list[Place]:
    return [Place(key, record) for key, record in store.read(sql, values)]


def actor_albums(
    store: Store, actor: int, after: Place, limit: int, given: str
) -> list[tuple[Place, AlbumKey]]:
    """One account's albums, those that were begun last first."""
    rows = store.read(
        "SELECT min(p.sort_at), min(p.record), p.album_slug FROM ("  # noqa: S608
        "  SELECT t.sort_at, t.record, t.album_slug FROM tracks t INDEXED BY tracks_by_album"
        "   WHERE t.actor = ?5 AND t.album_slug IS NOT NULL"
        f"   AND {listed('t.record', 't.actor', '?4')}"
        "  UNION ALL SELECT l.sort_at, l.record, l.album_slug"
        "   FROM lists l INDEXED BY lists_by_album"
        "   WHERE l.actor = ?5 AND l.album_slug IS NOT NULL"
        f"   AND {listed('l.record', 'l.actor', '?4')}"
        " ) p GROUP BY p.album_slug HAVING (min(p.sort_at), min(p.record)) < (?1, ?2)"
        " ORDER BY 1 DESC, 2 DESC LIMIT ?3",
        (after.key, after.id, limit, given, actor),
    )
    return [(Place(begun, record), AlbumKey(actor, slug)) for begun, record, slug in rows]


def album_of_list(store: Store, key: int) -> AlbumKey | None:
    """The album that a list is, if it is one."""
    row = store.read("SELECT actor, album_slug FROM lists WHERE record = ?", (key,)).fetchone()
    return AlbumKey(row[0], row[1], key) if row and row[1] is not None else None


def newest_list(store: Store, album: AlbumKey) -> int | None:
    """The list of an album, the newest of several."""
    found: int | None = store.read(
        f"SELECT {_newest_list('?1', '?2')}",
        (album.actor, album.slug),
    ).get
    return found


def album_tracks(
    store: Store, album: AlbumKey, after: Place, limit: int, given: str
) -> list[Place]:
    """The tracks that name an album and are not on its list, the first to be published first."""
    return _places(
        store,
        "SELECT t.sort_at, t.record FROM tracks t INDEXED BY tracks_by_album"  # noqa: S608
        " WHERE t.actor = ?5 AND t.album_slug = ?6 AND (t.sort_at, t.record) > (?1, ?2)"
        " AND NOT EXISTS (SELECT 1 FROM list_items i WHERE i.subject = t.record AND i.list = ?7)"
        f" AND {listed('t.record', 't.actor', '?4')} ORDER BY t.sort_at, t.record LIMIT ?3",
        (after.key, after.id, limit, given, album.actor, album.slug, album.list),
    )


def albums(
    store: Store, keys: Collection[AlbumKey], trusted: Sequence[str], given: str, covers: str
) -> dict[AlbumKey, Album | None]:
    """Albums, None where there is nothing of one.

    ``given`` says which tracks count, ``covers`` whose pictures may stand for an album
    (`appview.labels`); pictures are taken from ``trusted`` origins only.
    """
    asked = list(keys)
    rows = store.read(
        "WITH asked (n, actor, slug, list) AS MATERIALIZED (SELECT j.key, j.value ->> 0,"  # noqa: S608
        "  j.value ->> 1, coalesce(j.value ->> 2,"
        f"  {_newest_list('j.value ->> 0', 'j.value ->> 1')}) FROM json_each(?1) j),"
        " held AS (SELECT w.n, t.record, t.seconds FROM asked w"
        "  CROSS JOIN list_items i ON i.list = w.list CROSS JOIN tracks t ON t.record = i.subject"
        "  CROSS JOIN actors a ON a.id = t.actor AND a.active"
        f"  WHERE {listed('t.record', 't.actor', '?3')}"
        "  UNION SELECT w.n, t.record, t.seconds FROM asked w"
        "  CROSS JOIN tracks t ON t.actor = w.actor AND t.album_slug = w.slug"
        f"  WHERE {listed('t.record', 't.actor', '?3')})"
        " SELECT w.n, a.did, w.list, l.name, f.album, f.sort_at, (SELECT min(o.sort_at)"
        "   FROM lists o WHERE o.actor = w.actor AND o.album_slug = w.slug),"
        "  (SELECT count(*) FROM held h WHERE h.n = w.n),"
        "  (SELECT coalesce(sum(h.seconds), 0) FROM held h WHERE h.n = w.n),"
        f"  {_cover('w.list', 'w.actor', 'w.slug', '?2', '?4')}"
        " FROM asked w CROSS JOIN actors a ON a.id = w.actor"
        " LEFT JOIN lists l ON l.record = w.list"
        " LEFT JOIN tracks f ON f.record = (SELECT t.record FROM tracks t WHERE t.actor = w.actor"
        f"  AND t.album_slug = w.slug AND {listed('t.record', 't.actor', '?3')}"
        "  ORDER BY t.sort_at, t.record LIMIT 1)"
        " WHERE l.record IS NOT NULL OR f.record IS NOT NULL",
        (json.dumps(asked), json.dumps(list(trusted)), given, covers),
    )
    loaded: dict[AlbumKey, Album | None] = dict.fromkeys(asked)
    for place, did, key, name, title, first, made, *rest in rows:
        begun = min(time for time in (first, made) if time is not None)
        slug = asked[place].slug
        loaded[asked[place]] = Album(Did(did), slug, name or title or "", key, begun, *rest)
    return loaded


def track_albums(
    store: Store, keys: Collection[int], trusted: Sequence[str], covers: str
) -> dict[int, TrackAlbum]:
    """The albums that these tracks name; with a picture for those that have none of their own."""
    rows = store.read(
        "SELECT t.record, t.album_slug, a.did, r.rkey,"  # noqa: S608
        f" iif({_is_trusted('t.image', '?2')}, NULL,"
        f"  {_cover('r.id', 't.actor', 't.album_slug', '?2', '?3')})"
        " FROM json_each(?1) j CROSS JOIN tracks t ON t.record = j.value"
        " CROSS JOIN actors a ON a.id = t.actor"
        f" LEFT JOIN records r ON r.id = {_newest_list('t.actor', 't.album_slug')}"
        " WHERE t.album_slug IS NOT NULL",
        (json.dumps(list(keys)), json.dumps(list(trusted)), covers),
    )
    return {
        key: TrackAlbum(slug, rkey and AtUri.of(Did(did), store.names.list, rkey), cover)
        for key, slug, did, rkey, cover in rows
    }


def _newest_list(actor: str, slug: str) -> str:
    return (
        f"(SELECT l.record FROM lists l WHERE l.actor = {actor} AND l.album_slug = {slug}"  # noqa: S608
        " ORDER BY l.sort_at DESC, l.record DESC LIMIT 1)"
    )


def _cover(list_: str, actor: str, slug: str, trusted: str, given: str) -> str:
    """SQL for the first picture of the artist's own tracks, by the list or else by time."""
    fit = f"{_is_trusted('c.image', trusted)} AND {listed('c.record', 'c.actor', given)}"
    return (
        "coalesce((SELECT c.image FROM (SELECT i.position, i.subject FROM list_items i"  # noqa: S608
        f"   WHERE i.list = {list_} ORDER BY i.position LIMIT {MAX_COVERS}) o"
        f"  CROSS JOIN tracks c ON c.record = o.subject AND c.actor = {actor}"
        f"  WHERE {fit} ORDER BY o.position LIMIT 1),"
        " (SELECT c.image FROM (SELECT * FROM tracks own_"
        f"   WHERE own_.actor = {actor} AND own_.album_slug = {slug}"
        f"   ORDER BY own_.sort_at, own_.record LIMIT {MAX_COVERS}) c"
        f"  WHERE {fit} ORDER BY c.sort_at, c.record LIMIT 1))"
    )


def _is_trusted(image: str, trusted: str) -> str:
    """SQL that is true of a picture from one of the origins that a placeholder lists."""
    return (
        f"EXISTS (SELECT 1 FROM json_each({trusted}) o"  # noqa: S608
        f" WHERE substr({image}, 1, length(o.value) + 1) = o.value || '/')"
    )
