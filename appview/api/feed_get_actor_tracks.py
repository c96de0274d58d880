"""``feed.getActorTracks``: one account's tracks, newest first."""

from __future__ import annotations

from functools import partial

from appview import cursor, find
from appview.call import Call
from appview.fragments import Fragments, Walk
from appview.hydrate import hydrate
from appview.labels import viewing
from appview.pipeline import Given, endpoint
from appview.rules import shown
from appview.state import Page
from appview.store import Store
from appview.views.track import track_list


def skeleton(store: Store, call: Call) -> Page:
    """The account's tracks that follow the cursor."""
    places = walk(store, call).listed(
        call.params.after(cursor.LAST), call.params.limit + 1, viewing(call)
    )
    tracks, following = cursor.page(places, call.params.limit)
    return Page(tracks=tracks, cursor=following)


_page = endpoint(skeleton, hydrate, shown, track_list)


def answer(store: Store, call: Call, fragments: Fragments) -> Given:
    """A page, from fragments where the caller sees what everybody does."""
    if fragments.serve(call):
        return fragments.page(store, call, walk, "viewed")
    return _page(store, call)


def walk(store: Store, call: Call) -> Walk:
    """The tracks of the account that is asked for."""
    actor = find.actor(store, call.params.actor("actor")).id
    return Walk(actor, partial(store.actor_tracks, actor))
