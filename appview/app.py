"""The AppView put together: its methods and pages, ready for a router.

It is a value and not a server, so that a listener can be shared: `ops` joins these endpoints and
pages with those of other services.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import apsw

from appview.api import (
    ASIDE,
    DESCRIBE_SERVER,
    ENCODED,
    PRIVATE,
    PROTOCOL,
    QUERIES,
    RANKED,
    SEARCHES,
    TIMELINE,
    feed_get_timeline,
    identity_resolve_handle,
    mention_search,
    repo_describe_repo,
    server_describe_server,
    sync_get_record,
)
from appview.aside import Aside
from appview.blobs import http as blobs_http
from appview.call import Call
from appview.fragments import Fragments
from appview.front import front_page
from appview.handles import Handles
from appview.health import health
from appview.labelers import ACCEPT, AcceptLabelersError, Labelers
from appview.media import LOCAL, Media
from appview.network import Network
from appview.params import Params
from appview.pipeline import Answer, Given
from appview.private import Private
from appview.proofs import Proofs
from appview.ranking import Rankings
from appview.searches import AtOnce
from appview.store import Store
from appview.store_viewer import repo_rev
from appview.timeline import Command, Viewers, no_indexer
from atp.runtime import sqlite
from atp.runtime.asgi import App, Request, Response, json_response
from atp.runtime.xrpc import Endpoint, Handler, Page, XrpcError
from atp.syntax import Did, Nsid
from indexer import schema
from lexicons.catalog import Catalog
from lexicons.methods import method
from lexicons.names import DESCRIBE_REPO, GET_RECORD, MENTION_SEARCH, RESOLVE_HANDLE, Names

T = TypeVar("T")


class IndexNotReady(sqlite.StoreError):
    """The index has not been brought to the schema that this version reads."""


class IndexStale(IndexNotReady):
    """The index is to be rebuilt for this version, which takes as long as it is large."""


@dataclass(frozen=True, slots=True)
class AppView:
    """What a router serves."""

    endpoints: tuple[Endpoint, ...]
    pages: Mapping[str, Page]
    mounts: Mapping[str, App]


def open_store(path: Path, names: Names) -> Store:
    """The index at ``path``, for the calling thread.

    Raises `StoreMissing` or `IndexNotReady` until the indexer has made it, `SchemaTooNew` when a
    later version has.
    """
    conn = sqlite.connect(path, readonly=True)
    found, wanted = int(conn.pragma("user_version")), schema.version()
    # Else a statement is planned anew whenever its LIMIT is bound.
    conn.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    if found == wanted and schema.projection(conn) == schema.PROJECTION:
        return Store(conn, names)
    conn.close()
    if found == wanted:
        raise IndexStale(f"{path} has rows of another version: the indexer rebuilds it first")
    if found > wanted:
        raise sqlite.SchemaTooNew(
            f"{path} has schema {found}, this version reads {wanted}: run the version that wrote it"
        )
    raise IndexNotReady(f"{path} has schema {found}, not yet {wanted}: start the indexer first")


def build(
    store: Store,
    network: Network,
    *,
    names: Names,
    catalog: Catalog,
    did_document: Mapping[str, object],
    version: str,
    now: Callable[[], int],
    labelers: Collection[Did] = (),
    media: Media = LOCAL,
    blobs: App | None = None,
    command: Command = no_indexer,
    aside: Aside,
    private: Private,
) -> AppView:
    """The AppView over an open index; ``now`` gives µs since the epoch.

    ``labelers`` are those that the indexer follows; ``blobs`` serves files, where any are served;
    ``command`` has the indexer do something; ``aside`` reads the same index as ``store``.
    """
    ours = {names.query(name): answer for name, answer in QUERIES.items()}
    beyond: dict[Nsid, Answer] = {
        **PROTOCOL,
        GET_RECORD: partial(sync_get_record.answer, proofs=Proofs(network, now)),
        DESCRIBE_REPO: partial(repo_describe_repo.answer, network=network),
        RESOLVE_HANDLE: partial(identity_resolve_handle.answer, handles=Handles(network, now)),
        names.query(DESCRIBE_SERVER): partial(
            server_describe_server.answer, did=did_document["id"], version=version
        ),
        names.query(TIMELINE): partial(
            feed_get_timeline.answer, viewers=Viewers(network, command, now)
        ),
    }
    rankings, searches = Rankings(aside), Rankings(AtOnce(store))
    fragments = Fragments(labelers)
    beyond |= {
        MENTION_SEARCH: mention_search.answer,
        **{names.query(name): _given(one, searches) for name, one in SEARCHES.items()},
        **{names.query(name): _given(one, rankings) for name, one in RANKED.items()},
        **{names.query(name): _given(one, fragments) for name, one in ENCODED.items()},
        **{names.query(name): _given(one, aside) for name, one in ASIDE.items()},
        **{names.query(name): _given(one, private) for name, one in PRIVATE.items()},
    }
    endpoints = tuple(
        Endpoint(method(catalog, nsid), _handler(answer, store, now, labelers, media))
        for nsid, answer in {**ours, **beyond}.items()
    )

    async def show_health(_request: Request) -> Response:
        status, body = health(store, version, now())
        return json_response(body, status)

    async def show_did_document(_request: Request) -> Response:
        return json_response(did_document)

    async def show_front(_request: Request) -> Response:
        return front_page(store, names, version, now())

    return AppView(
        endpoints,
        {
            "/": show_front,
            "/.well-known/did.json": show_did_document,
            "/xrpc/_health": show_health,
        },
        {} if blobs is None else {blobs_http.PATH: blobs},
    )


def _given(one: Callable[[Store, Call, T], Given | Awaitable[Given]], what: T) -> Answer:
    """An answer that needs more than the index."""
    return lambda store, call: one(store, call, what)


def _handler(
    answer: Answer,
    store: Store,
    now: Callable[[], int],
    followed: Collection[Did],
    media: Media,
) -> Handler:
    def handle(params: Mapping[str, object], request: Request) -> Response | Awaitable[Response]:
        accepted = _labelers(request, followed)
        call = Call(Params(params), request.viewer, now(), media, accepted, request.input)
        try:
            given = answer(store, call)
        except XrpcError as exc:
            raise exc.also(accepted.headers()) from exc
        if isinstance(given, dict | Response):
            return _told(store, call, given)
        return later(call, given)

    async def later(call: Call, awaited: Awaitable[Given]) -> Response:
        try:
            given = await awaited
        except XrpcError as exc:
            raise exc.also(call.labelers.headers()) from exc
        return _told(store, call, given)

    return handle


def _told(store: Store, call: Call, given: Given) -> Response:
    """The answer with word of whose labels it shows, and of how far its viewer's repo is read."""
    response = given if isinstance(given, Response) else json_response(given)
    told = call.labelers.headers()
    if rev := call.viewer and repo_rev(store, call.viewer):
        # Read-after-write: the viewer's PDS adds what it has that is newer (spec §8).
        told = (*told, (b"atproto-repo-rev", rev.encode()))
    return response.also(told)


def _labelers(request: Request, followed: Collection[Did]) -> Labelers:
    try:
        return Labelers.asked(request.all(ACCEPT), followed)
    except AcceptLabelersError as exc:
        raise XrpcError(400, "InvalidRequest", str(exc)) from exc
