"""``graph.getActorAlbums``: one account's albums, those that were begun last first."""

from __future__ import annotations

from appview import cursor, find
from appview.call import Call
from appview.hydrate import hydrate
from appview.labels import viewing
from appview.pipeline import endpoint
from appview.rules import shown
from appview.state import Page, State
from appview.store import Store
from appview.store_graph import actor_albums
from appview.views.album import album_view
from appview.views.paged import paged


def skeleton(store: Store, call: Call) -> Page:
    """The albums that follow the cursor."""
    artist = find.actor(store, call.params.actor("actor"))
    after, limit = call.params.after(cursor.LAST), call.params.limit
    found = actor_albums(store, artist.id, after, limit + 1, viewing(call))
    _, following = cursor.page([place for place, _ in found], limit)
    return Page(albums=tuple(album for _, album in found[:limit]), cursor=following)


def view(page: Page, state: State) -> dict[str, object]:
    """The albums."""
    return paged(page, albums=[album_view(key, state) for key in page.albums])


answer = endpoint(skeleton, hydrate, shown, view)
