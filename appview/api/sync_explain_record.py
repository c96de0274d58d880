"""``sync.explainRecord``: what is known of any URI, and why it is shown or not."""

from __future__ import annotations

from appview.call import Call
from appview.standing import Unshown, existence, unshown
from appview.store import Store
from appview.views.explanation import explanation
from appview.withheld import removed
from atp.syntax import AtUri, Did, Handle


def answer(store: Store, call: Call) -> dict[str, object]:
    """The record's standing; never an error, whatever the URI names."""
    with store.snapshot():
        uri = _by_did(store, call.params.uri("uri"))
        did = uri.authority
        repo = store.repo(did) if isinstance(did, Did) else None
        standing = store.standing(uri) if isinstance(did, Did) else None
        known = isinstance(did, Did) and store.knows(did)
        gone = removed(store, call.now, (uri, did))
    why = unshown(uri, store.names, standing, taken_down=bool(gone))
    indexed = why is not Unshown.NOT_INDEXED
    there = existence(repo, standing, known=known) if indexed else None
    return explanation(uri, repo, standing, why, there)


def _by_did(store: Store, uri: AtUri) -> AtUri:
    """The same URI with its account's DID, where the handle is one that is known."""
    who = uri.authority
    did = store.resolve((who,)).get(who) if isinstance(who, Handle) else None
    return AtUri.of(did, uri.collection, uri.rkey) if did and uri.collection and uri.rkey else uri
