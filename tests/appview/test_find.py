"""From names to ids."""

from __future__ import annotations

import pytest

from appview import find
from appview.store import Store
from atp.runtime.xrpc import XrpcError
from atp.syntax import AtUri, Did, Handle
from tests.appview.index import Index


def test_did_and_handle_name_the_same(index: Index, store: Store) -> None:
    """An account and its tracks are found by either name, and once when both are given."""
    alice = index.actor("alice")
    uri = index.track(alice)
    handle = Handle("alice.test")
    assert find.actor(store, alice) == find.actor(store, handle)
    by_handle = AtUri.parse(uri.replace(alice, handle))
    assert find.tracks(store, [by_handle, uri]) == find.tracks(store, [uri])
    assert find.track(store, by_handle) == find.track(store, uri)


def test_refusals_name_what_was_asked_for(index: Index, store: Store) -> None:
    """The error says which account or record is not shown, as the caller named it."""
    index.actor("alice")
    for who in (Handle("no.test"), Handle("alice.test"), Did("did:plc:nobody")):
        with pytest.raises(XrpcError, match=f"400 ActorNotFound: {who}"):
            find.actor(store, who)
    uri = AtUri("at://no.test/fm.plyr.track/a")
    for look in (find.track, find.list_):
        with pytest.raises(XrpcError, match=f"400 RecordNotFound: {uri}"):
            look(store, uri)
