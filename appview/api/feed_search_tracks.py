"""``feed.searchTracks``: tracks by their title, artist and album, best match first."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from appview import searches
from appview.call import Call
from appview.hydrate import hydrate
from appview.pasted import Pasted
from appview.pipeline import endpoint
from appview.ranking import Ranking, Rankings
from appview.rules import shown
from appview.state import Page
from appview.store import FoundActor, Store
from appview.store_search import held, of_album
from appview.views.track import track_list
from indexer.schema import Kind


async def answer(store: Store, call: Call, rankings: Rankings) -> dict[str, object]:
    """A page of what matches."""
    ranking = await searches.ranking(call, rankings, Kind.TRACK, named)
    return endpoint(partial(skeleton, ranking=ranking), hydrate, shown, track_list)(store, call)


def skeleton(store: Store, call: Call, ranking: Ranking) -> Page:
    """The tracks from the ranking's place on."""
    tracks, cursor = searches.listed(store, call, Kind.TRACK, ranking)
    return Page(tracks=tracks, cursor=cursor)


def named(store: Store, actor: FoundActor, link: Pasted) -> Sequence[int]:
    """A track by its URI, an album's tracks by its link, an account's by its handle or DID."""
    if link.record:
        return [*store.find_tracks([link.of(actor.did)]).values()]
    if link.album:
        return of_album(store, "tracks", actor.id, link.album)
    return held(store, "tracks", actor.id)
