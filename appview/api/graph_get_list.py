"""``graph.getList``: a list and a page of its items, in the author's order."""

from __future__ import annotations

from appview import find
from appview.call import Call
from appview.cursor import FIRST, Place
from appview.hydrate import hydrate
from appview.labels import viewing
from appview.pipeline import endpoint
from appview.rules import shown
from appview.state import Page, State
from appview.store import Store
from appview.views.list_ import item_views, list_view
from appview.views.paged import paged


def skeleton(store: Store, call: Call) -> Page:
    """The list, and the items that follow the cursor; a place in it is an item's position."""
    key = find.list_(store, call.params.uri("uri"))
    length = store.list_length(key)
    start = max(0, call.params.after(FIRST).key + 1)
    positions = range(start, max(start, min(start + call.params.limit, length)))
    subjects = store.list_subjects(key, positions, viewing(call))
    more = positions.stop < length
    return Page(
        lists=(key,),
        positions=positions,
        subjects=subjects,
        tracks=tuple(dict.fromkeys(subjects.values())),
        cursor=Place(positions.stop - 1, key).encode() if more else None,
    )


def view(page: Page, state: State) -> dict[str, object]:
    """The list and its items."""
    (key,) = page.lists
    return paged(page, list=list_view(key, state), items=item_views(key, page, state))


answer = endpoint(skeleton, hydrate, shown, view, sole=True)
