"""``parts.page.mention.search``: tracks, artists, albums and playlists to mention in a document."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from appview import searches
from appview.api import actor_search_actors, feed_search_tracks, graph_search_lists
from appview.call import Call
from appview.hydrate import hydrate
from appview.labels import listing
from appview.rules import shown
from appview.search import Tier
from appview.state import Page, State
from appview.store import Store
from appview.store_search import dids, list_types, listed_ranks
from appview.views.mention import (
    album_mention,
    artist_mention,
    playlist_mention,
    track_mention,
)
from atp.syntax import Did
from indexer.schema import Kind

SHORTEST = 2
"""Characters to look for; of fewer, nothing is found."""

SCOPES: Mapping[str, Kind | None] = {
    "tracks": Kind.TRACK,
    "artists": Kind.ACTOR,
    "albums": Kind.LIST,
    "playlists": Kind.LIST,
    "tags": None,
}
"""What can be looked among, in the order of equals; no record of ours has tags."""

_TYPES = {"albums": frozenset(("album",)), "playlists": frozenset((None, "playlist"))}
"""The list types of each scope of lists; what an account likes is nothing to mention."""

_NAMED: Mapping[Kind, searches.Named] = {
    Kind.TRACK: feed_search_tracks.named,
    Kind.ACTOR: actor_search_actors.named,
    Kind.LIST: graph_search_lists.named,
}


class Found(NamedTuple):
    """Something to mention: how well it matches, its rank in its scope, that scope, its key."""

    tier: Tier
    rank: int
    scope: str
    key: int


def answer(store: Store, call: Call) -> dict[str, object]:
    """The best matches of the scopes that were asked for."""
    text, scope = call.params.text("search"), call.params.values.get("scope")
    if len(text) < SHORTEST:
        return {"results": []}
    scopes = [str(scope)] if scope in SCOPES else list(SCOPES)
    with store.snapshot():
        found = [one for scope in scopes for one in _among(store, call, scope, text)]
        found.sort(key=lambda one: (one.tier, one.rank))
        del found[call.params.limit :]
        actors = [one.key for one in found if one.scope == "artists"]
        page = Page(
            tracks=tuple(one.key for one in found if one.scope == "tracks"),
            lists=tuple(one.key for one in found if one.scope in _TYPES),
            actors=dids(store, actors),
        )
        state = hydrate(store, page, call)
    accounts = dict(zip(actors, page.actors, strict=True))
    return {"results": _results(found, accounts, shown(page, state), state)}


def _among(store: Store, call: Call, scope: str, text: str) -> Iterator[Found]:
    """The best matches of one scope."""
    kind = SCOPES[scope]
    if kind is None:
        return
    matches = searches.search(store, kind, text, _NAMED[kind])
    if scope in _TYPES:
        types = list_types(store, [match.key for match in matches])
        matches = [match for match in matches if types.get(match.key) in _TYPES[scope]]
    keys = [match.key for match in matches]
    listed = listed_ranks(store, kind, keys, call.params.limit, listing(call))
    for rank, key in listed:
        yield Found(matches[rank].tier, rank, scope, key)


_VIEWS: Mapping[str, Callable[[int, State], dict[str, object]]] = {
    "tracks": track_mention,
    "albums": album_mention,
    "playlists": playlist_mention,
}


def _results(
    found: list[Found], accounts: Mapping[int, Did], page: Page, state: State
) -> list[dict[str, object]]:
    """Those found that may be shown, in their order."""
    records = {*page.tracks, *page.lists}
    results = []
    for one in found:
        if one.scope in _VIEWS:
            if one.key in records:
                results.append(_VIEWS[one.scope](one.key, state))
        elif (did := accounts[one.key]) in page.actors:
            results.append(artist_mention(did, state))
    return results
