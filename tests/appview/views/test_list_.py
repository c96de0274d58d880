"""Views of lists."""

from __future__ import annotations

from appview.state import Page, Record
from appview.views.list_ import item_views, list_view
from tests.appview.index import NAMES
from tests.appview.states import ALICE, actor, record, state, track

STRONG = {"uri": "at://did:plc:x/fm.plyr.track/a", "cid": "bafyreie"}


def listing(count: int, **fields: object) -> Record:
    """A list of so many items."""
    return record(NAMES.list, ALICE, items=[{"subject": STRONG}] * count, **fields)


def test_list() -> None:
    """A list says how many items it has; what it does not say is left out."""
    view = list_view(1, state(actor(ALICE), lists={1: listing(3, name="L", listType="album")}))
    assert (view["itemCount"], view["name"], view["listType"]) == (3, "L", "album")
    bare = list_view(1, state(actor(ALICE), lists={1: listing(0)}))
    assert bare.keys().isdisjoint({"name", "listType", "updatedAt"})
    assert bare["itemCount"] == 0


def test_items() -> None:
    """Each position of the page has its subject, and the track only when the page may show it."""
    loaded = state(actor(ALICE), lists={1: listing(5)}, tracks={7: track(), 8: track(), 9: None})
    page = Page(tracks=(7,), positions=range(1, 5), subjects={1: 7, 2: 8, 3: 9})
    items = item_views(1, page, loaded)
    assert [item["position"] for item in items] == [1, 2, 3, 4]
    assert all(item["subject"] == STRONG for item in items)
    assert ["track" in item for item in items] == [True, False, False, False]
    assert [item.get("notFound") for item in items] == [None, True, True, True]
