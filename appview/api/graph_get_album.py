"""``graph.getAlbum``: an album and a page of its tracks.

First come the entries of its list, in the author's order. A place among them is a position and no
id; behind the last of them it is a track's, in the order of publication.
"""

from __future__ import annotations

from collections.abc import Sequence

from appview import find, store_graph
from appview.call import Call
from appview.cursor import FIRST, Place
from appview.hydrate import hydrate
from appview.labels import viewing
from appview.pipeline import endpoint
from appview.rules import shown
from appview.state import AlbumKey, Page, State
from appview.store import Store
from appview.views.album import album_items, album_view
from appview.views.paged import paged
from atp.runtime.xrpc import XrpcError

_IN_LIST = 0
"""The id of a place among the entries of the list."""


def skeleton(store: Store, call: Call) -> Page:
    """The album, and what follows the cursor."""
    key = _album(store, call)
    after, limit, given = call.params.after(FIRST), call.params.limit, viewing(call)
    length = 0 if key.list is None else store.list_length(key.list)
    behind = after.id > _IN_LIST
    start = length if behind else max(0, after.key + 1)
    positions = range(start, max(start, min(start + limit, length)))
    subjects = store.list_subjects(key.list, positions, given) if key.list and positions else {}
    left = limit - len(positions)
    places = (
        store_graph.album_tracks(store, key, after if behind else FIRST, left + 1, given)
        if positions.stop >= length
        else []
    )
    further = tuple(place.id for place in places[:left])
    return Page(
        albums=(key,),
        lists=() if key.list is None else (key.list,),
        positions=positions,
        subjects=subjects,
        further=further,
        tracks=tuple(dict.fromkeys((*subjects.values(), *further))),
        cursor=_following(positions, length, places, left),
    )


def _following(positions: range, length: int, places: Sequence[Place], left: int) -> str | None:
    """The cursor behind a page: the place of its last track, or else of its last entry."""
    if len(places) > left > 0:
        return places[left - 1].encode()
    more = positions.stop < length or len(places) > left
    return Place(positions.stop - 1, _IN_LIST).encode() if more else None


def _album(store: Store, call: Call) -> AlbumKey:
    """The album that is asked for; whether anything is on it is seen when it is loaded."""
    given = call.params.values
    if given.keys() >= {"actor", "slug"} and "uri" not in given:
        artist = find.actor(store, call.params.actor("actor"))
        key = AlbumKey(artist.id, call.params.text("slug"))
        return key._replace(list=store_graph.newest_list(store, key))
    if "uri" in given and not given.keys() & {"actor", "slug"}:
        return find.album(store, call.params.uri("uri"))
    raise XrpcError(400, "InvalidRequest", "give either uri, or actor and slug")


def view(page: Page, state: State) -> dict[str, object]:
    """The album and its items."""
    (key,) = page.albums
    return paged(page, album=album_view(key, state), items=album_items(page, state))


answer = endpoint(skeleton, hydrate, shown, view, sole=True)
