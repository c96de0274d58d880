"""``feed.getForYou``: tracks for one account, from what those of like taste engaged with."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from appview import find, for_you, ranked, store_for_you
from appview.call import Call
from appview.ranking import MAX_RANKED, Rankings
from appview.store import FoundActor, Store

COLD = 30 * 24 * 3_600 * 1_000_000
"""µs of which the most engaged with tracks are for who has nothing in common with anybody."""


async def answer(store: Store, call: Call, rankings: Rankings) -> dict[str, object]:
    """A page of the ranking."""
    actor = _whom(store, call)
    key = None if actor is None else actor.id
    ranking = await rankings.page(("forYou", key), call, partial(rank, actor=key, now=call.now))
    return ranked.page(store, call, ranking)


def _whom(store: Store, call: Call) -> FoundActor | None:
    """The account named, else the one that asks; None where that is one that we do not show."""
    if "actor" in call.params.values:
        return find.actor(store, call.params.actor("actor"))
    return store.find_actor(call.account)


def rank(store: Store, actor: int | None, now: int) -> Sequence[int]:
    """The tracks for an account, best first."""
    found: Sequence[int] = ()
    tracks: dict[int, for_you.Candidate] = {}
    if actor is not None:
        found, tracks = _personal(store, actor, now)
    if not found:
        found = store_for_you.most_engaged_since(store, now - COLD)
        tracks = store_for_you.candidates(store, found, actor)
        found = [track for track in found if track in tracks]
    artists = {key: track.artist for key, track in tracks.items()}
    return for_you.varied(found, artists, MAX_RANKED)


def _personal(
    store: Store, actor: int, now: int
) -> tuple[Sequence[int], dict[int, for_you.Candidate]]:
    seeds = store_for_you.seeds(store, actor)
    common = for_you.companions(store_for_you.shared(store, seeds, actor))
    engaged = store_for_you.engaged(store, common)
    tracks = store_for_you.candidates(store, {track for _, track in engaged}, actor)
    totals = store_for_you.totals(store, common)
    return for_you.ranked(common, totals, engaged, tracks, now), tracks
