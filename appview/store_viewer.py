"""What the asking account has to do with what is shown to it."""

from __future__ import annotations

import json
from collections.abc import Collection

from appview.state import Viewer
from appview.store import Store
from atp.syntax import AtUri, Did

MAX_LISTS = 100
"""An account's own lists, the newest first, in which tracks are looked for."""


def repo_rev(store: Store, did: Did) -> str | None:
    """How far the account's own repo is indexed: the rev of its newest commit here."""
    rev: str | None = store.read(
        "SELECT r.rev FROM actors a JOIN repos r ON r.actor = a.id WHERE a.did = ?", (did,)
    ).get
    return rev


def viewer(store: Store, did: Did, tracks: Collection[int]) -> Viewer:
    """The account's own likes of these tracks, and its lists that hold them.

    Of several likes of a track it is the one that is counted, which came first.
    """
    keys = json.dumps(list(tracks))
    likes = {
        track: AtUri.of(did, store.names.like, rkey)
        for track, rkey in store.read(
            "SELECT l.subject, r.rkey FROM actors a CROSS JOIN json_each(?2) j"
            " CROSS JOIN likes l ON l.actor = a.id AND l.subject = j.value"
            " CROSS JOIN records r ON r.id = l.record WHERE a.did = ?1 ORDER BY l.record DESC",
            (did, keys),
        )
    }
    lists: dict[int, list[AtUri]] = {}
    for track, rkey in store.read(
        "WITH own AS MATERIALIZED (SELECT l.record FROM lists l"
        "  WHERE l.actor = (SELECT id FROM actors WHERE did = ?1)"
        "  ORDER BY l.sort_at DESC, l.record DESC LIMIT ?3)"
        " SELECT DISTINCT j.value, r.rkey FROM own CROSS JOIN json_each(?2) j"
        " CROSS JOIN list_items i ON i.subject = j.value AND i.list = own.record"
        " CROSS JOIN records r ON r.id = own.record ORDER BY own.record",
        (did, keys, MAX_LISTS),
    ):
        lists.setdefault(track, []).append(AtUri.of(did, store.names.list, rkey))
    return Viewer(likes, {track: tuple(uris) for track, uris in lists.items()})
