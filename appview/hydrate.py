"""Load everything that a page shows, each sort of row in one batch, accounts last.

A query inside a loop or a view would be a defect; nothing here loops over a page to read.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from appview import store_graph
from appview.call import Call
from appview.labels import listing, viewing
from appview.state import Actor, Album, AlbumKey, Page, State, Track, TrackAlbum
from appview.store import Store
from appview.store_labels import in_force
from appview.store_viewer import viewer
from atp.label import Label
from atp.syntax import Did
from lexicons.names import FOREIGN_PROFILE, Names


def hydrate(store: Store, page: Page, call: Call) -> State:
    """The rows of a page's ids, and the accounts of their authors and featured artists."""
    tracks = store.tracks(page.tracks) if page.tracks else {}
    comments = store.records(page.comments) if page.comments else {}
    likes = store.records(page.likes) if page.likes else {}
    albums = _albums(store, page, call)
    kept = {*page.lists, *(album.list for album in albums.values() if album and album.list)}
    lists = store.records(kept) if kept else {}
    rows = [*tracks.values(), *comments.values(), *likes.values(), *lists.values()]
    dids = {*page.actors, *(row.author for row in (*rows, *albums.values()) if row)}
    for track in tracks.values():
        if track:
            dids.update(track.features)
    subjects = [row.uri for row in rows if row] + _of_accounts(dids, store.names)
    found = in_force(store, call.labelers, subjects, call.now)
    return State(
        tracks,
        comments,
        likes,
        lists,
        _without_removed(store.actors(dids), found.removed, store.names) if dids else {},
        viewer(store, call.viewer, page.tracks) if call.viewer else None,
        call.media,
        _with_profiles(found.shown, dids, store.names),
        found.removed,
        albums,
        _track_albums(store, tracks, call),
    )


def _albums(store: Store, page: Page, call: Call) -> dict[AlbumKey, Album | None]:
    if not page.albums:
        return {}
    return store_graph.albums(store, page.albums, call.media.trusted, viewing(call), listing(call))


def _track_albums(
    store: Store, tracks: Mapping[int, Track | None], call: Call
) -> dict[int, TrackAlbum]:
    named = [key for key, track in tracks.items() if track and track.value.get("album")]
    return (
        store_graph.track_albums(store, named, call.media.trusted, listing(call)) if named else {}
    )


def _of_accounts(dids: Collection[Did], names: Names) -> list[str]:
    """What is labelled of accounts: themselves, and what they say of themselves."""
    return [*dids, *(uri for did in dids for uri in _profiles(did, names))]


def _with_profiles(
    found: Mapping[str, tuple[Label, ...]], dids: Collection[Did], names: Names
) -> Mapping[str, tuple[Label, ...]]:
    """The same labels, those on an account's profiles also under its DID: a view shows both."""
    if not found:
        return found
    of_accounts: dict[str, tuple[Label, ...]] = {
        did: labels
        for did in dids
        if (labels := sum((found.get(of, ()) for of in (did, *_profiles(did, names))), ()))
    }
    return {**found, **of_accounts}


def _without_removed(
    actors: Mapping[Did, Actor | None], removed: Collection[str], names: Names
) -> Mapping[Did, Actor | None]:
    """The same accounts, without what comes from profiles that are taken down."""
    if not removed:
        return actors
    left = dict(actors)
    for did in actors:
        own, foreign = (profile in removed for profile in _profiles(did, names))
        if own and (actor := left[did]):
            left[did] = replace(actor, bio=None, avatar=None)
        if foreign and (actor := left[did]):
            left[did] = replace(actor, display_name=None, avatar_cid=None)
    return left


def _profiles(did: Did, names: Names) -> tuple[str, str]:
    return f"at://{did}/{names.profile}/self", f"at://{did}/{FOREIGN_PROFILE}/self"
