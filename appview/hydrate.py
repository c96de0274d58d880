"""Load everything that a page shows, each sort of row in one batch, accounts last.

A query inside a loop or a view would be a defect; nothing here loops over a page to read.
"""

from __future__ import annotations

from appview.call import Call
from appview.state import Page, State
from appview.store import Store
from appview.store_viewer import viewer


def hydrate(store: Store, page: Page, call: Call) -> State:
    """The rows of a page's ids, and the accounts of their authors and featured artists."""
    tracks = store.tracks(page.tracks) if page.tracks else {}
    comments = store.records(page.comments) if page.comments else {}
    likes = store.records(page.likes) if page.likes else {}
    lists = store.records(page.lists) if page.lists else {}
    rows = [*tracks.values(), *comments.values(), *likes.values(), *lists.values()]
    dids = {*page.actors, *(row.author for row in rows if row)}
    for track in tracks.values():
        if track:
            dids.update(track.features)
    return State(
        tracks,
        comments,
        likes,
        lists,
        store.actors(dids) if dids else {},
        viewer(store, call.viewer, page.tracks) if call.viewer else None,
    )
