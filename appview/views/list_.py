"""Lists and their items."""

from __future__ import annotations

from collections.abc import Sequence

from appview.state import Page, Record, State
from appview.views.actor import actor_view
from appview.views.label import labels, self_labels
from appview.views.moment import claimed, moment
from appview.views.paged import paged
from appview.views.track import track_view
from atp.cbor import Value
from atp.data import to_json


def list_view(key: int, state: State) -> dict[str, object]:
    """A list; what its items are is for ``item_views``."""
    listing = _row(key, state)
    view: dict[str, object] = {
        "uri": listing.uri,
        "cid": str(listing.cid),
        "author": actor_view(listing.author, state),
        "record": to_json(dict(listing.value)),
        "itemCount": len(_items(listing)),
        "createdAt": claimed(listing.value.get("createdAt"), listing.first_seen),
        "indexedAt": moment(listing.first_seen),
    }
    for name in ("name", "listType", "updatedAt"):
        if found := listing.value.get(name):
            view[name] = found
    if in_force := [*labels(listing.uri, state), *self_labels(listing)]:
        view["labels"] = in_force
    return view


def lists(page: Page, state: State) -> dict[str, object]:
    """A page of lists."""
    return paged(page, lists=[list_view(key, state) for key in page.lists])


def item_views(key: int, page: Page, state: State) -> list[dict[str, object]]:
    """The items at the page's positions: with the track where it is shown, else marked."""
    items = _items(_row(key, state))
    return [
        {
            "position": position,
            "subject": _subject(items[position]),
            **_shown(page.subjects.get(position), page, state),
        }
        for position in page.positions
    ]


def _row(key: int, state: State) -> Record:
    listing = state.lists[key]
    assert listing, "rules leave absent rows out"
    return listing


def _items(listing: Record) -> Sequence[Value]:
    items = listing.value["items"]
    assert isinstance(items, list), "the lexicon makes it an array"
    return items


def _subject(item: Value) -> object:
    assert isinstance(item, dict), "the lexicon makes it an object"
    return to_json(item["subject"])


def _shown(subject: int | None, page: Page, state: State) -> dict[str, object]:
    if subject is not None and subject in page.tracks:
        return {"track": track_view(subject, state)}
    return {"notFound": True}
