"""``feed.getRadio``: what a station plays now, the same for everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from appview import radio
from appview.aside import Aside
from appview.call import Call
from appview.hydrate import hydrate
from appview.labels import listing
from appview.radio import STATIONS, Slot, Station
from appview.rules import shown
from appview.state import Page
from appview.store import Store
from appview.store_radio import candidates
from appview.views.radio import radio_view


async def answer(store: Store, call: Call, aside: Aside) -> dict[str, object]:
    """The track that is played, how far it is, and what comes next."""
    station = STATIONS[call.params.text("station")]
    since = station.since(call.now)
    # Everybody hears the same, so what anybody may hear is all that is played.
    given = listing(replace(call, viewer=None))
    query = partial(rotation, station=station, since=since, given=given)
    slots = await aside.get(("radio", station.name, since), call.now, query)
    with store.snapshot():
        page = Page(tracks=tuple(slot.track for slot in slots))
        state = hydrate(store, page, call)
    return radio_view(station, slots, shown(page, state), state, call.now)


def rotation(store: Store, station: Station, since: int, given: str) -> Sequence[Slot]:
    """What the station plays in the window that began at ``since``."""
    return radio.rotation(station, candidates(store, station, since, given), since)
