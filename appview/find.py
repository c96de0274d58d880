"""From what a caller names to what the index holds, or the XRPC error that says it is not shown."""

from __future__ import annotations

from collections.abc import Sequence

from appview.state import AlbumKey
from appview.store import FoundActor, Store
from appview.store_actors import shown
from appview.store_graph import album_of_list
from atp.runtime.xrpc import XrpcError
from atp.syntax import AtUri, Did, Handle


def actor(store: Store, who: Did | Handle) -> FoundActor:
    """The account that a DID or handle names, when it is shown; raises ActorNotFound."""
    did = who if isinstance(who, Did) else store.resolve((who,)).get(who)
    found = did and store.find_actor(did)
    if not found:
        raise XrpcError(400, "ActorNotFound", f"{who} is not an account that is shown here")
    return found


def actors(store: Store, names: Sequence[Did | Handle]) -> tuple[Did, ...]:
    """Those of these accounts that are shown, each once, in the caller's order."""
    handles = store.resolve([name for name in names if isinstance(name, Handle)])
    dids = [handles.get(name) if isinstance(name, Handle) else name for name in names]
    found = shown(store, [did for did in dids if did])
    return tuple(dict.fromkeys(did for did in dids if did in found))


def tracks(store: Store, uris: Sequence[AtUri]) -> tuple[int, ...]:
    """The ids of those of these tracks that are shown, each once, in the caller's order."""
    canonical = _with_dids(store, uris)
    found = store.find_tracks(canonical)
    return tuple(dict.fromkeys(found[uri] for uri in canonical if uri in found))


def track(store: Store, uri: AtUri) -> int:
    """The id of a track that is shown; raises RecordNotFound."""
    for key in tracks(store, (uri,)):
        return key
    raise _not_shown(uri)


def list_(store: Store, uri: AtUri) -> int:
    """The id of a list that is shown; raises RecordNotFound."""
    for key in store.find_lists(_with_dids(store, (uri,))).values():
        return key
    raise _not_shown(uri)


def album(store: Store, uri: AtUri) -> AlbumKey:
    """The album of a list that is shown; raises RecordNotFound."""
    found = album_of_list(store, list_(store, uri))
    if found is None:
        raise XrpcError(400, "RecordNotFound", f"{uri} is a list, but not an album")
    return found


def _not_shown(uri: AtUri) -> XrpcError:
    return XrpcError(400, "RecordNotFound", f"{uri} is not a record that is shown here")


def _with_dids(store: Store, uris: Sequence[AtUri]) -> list[AtUri]:
    """The same URIs by DID; those whose handle is unknown, or that name no record, are left out."""
    handles = {uri.authority for uri in uris if isinstance(uri.authority, Handle)}
    dids = store.resolve(handles) if handles else {}
    canonical = []
    for uri in uris:
        who = uri.authority
        did = dids.get(who) if isinstance(who, Handle) else who
        if did and uri.collection and uri.rkey:
            canonical.append(AtUri.of(did, uri.collection, uri.rkey))
    return canonical
