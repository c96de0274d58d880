"""The AppView put together: its methods and pages, ready for a router.

It is a value and not a server, so that a listener can be shared: `ops` joins these endpoints and
pages with those of other services.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from inspect import isawaitable
from pathlib import Path

from appview.api import QUERIES, sync_get_record
from appview.call import Call
from appview.front import front_page
from appview.health import health
from appview.network import Network
from appview.params import Params
from appview.pipeline import Answer
from appview.proofs import Proofs
from appview.store import Store
from appview.store_viewer import repo_rev
from atp.runtime import sqlite
from atp.runtime.asgi import Request, Response, json_response
from atp.runtime.xrpc import Endpoint, Handler, Page
from atp.syntax import Nsid
from indexer import schema
from lexicons.catalog import Catalog
from lexicons.methods import method
from lexicons.names import GET_RECORD, Names


class IndexNotReady(sqlite.StoreError):
    """The index has not been brought to the schema that this version reads."""


@dataclass(frozen=True, slots=True)
class AppView:
    """What a router serves."""

    endpoints: tuple[Endpoint, ...]
    pages: Mapping[str, Page]


def open_store(path: Path, names: Names) -> Store:
    """The index at ``path``, for the calling thread.

    Raises `StoreMissing` or `IndexNotReady` until the indexer has made it, `SchemaTooNew` when a
    later version has.
    """
    conn = sqlite.connect(path, readonly=True)
    found, wanted = int(conn.pragma("user_version")), schema.version()
    if found == wanted:
        return Store(conn, names)
    conn.close()
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
) -> AppView:
    """The AppView over an open index; ``now`` gives µs since the epoch."""
    ours = {names.query(name): answer for name, answer in QUERIES.items()}
    beyond: dict[Nsid, Answer] = {
        GET_RECORD: partial(sync_get_record.answer, proofs=Proofs(network, now)),
    }
    endpoints = tuple(
        Endpoint(method(catalog, nsid), _handler(answer, store, now))
        for nsid, answer in {**ours, **beyond}.items()
    )

    async def show_health(_request: Request) -> Response:
        status, body = health(store, version, now())
        return json_response(body, status)

    async def show_did_document(_request: Request) -> Response:
        return json_response(did_document)

    async def show_front(_request: Request) -> Response:
        return front_page(store, names, version)

    return AppView(
        endpoints,
        {
            "/": show_front,
            "/.well-known/did.json": show_did_document,
            "/xrpc/_health": show_health,
        },
    )


def _handler(answer: Answer, store: Store, now: Callable[[], int]) -> Handler:
    async def handle(params: dict[str, object], request: Request) -> object:
        value = answer(store, Call(Params(params), request.viewer, now()))
        if isawaitable(value):
            value = await value
        response = value if isinstance(value, Response) else json_response(value)
        rev = request.viewer and repo_rev(store, request.viewer)
        if not rev:
            return response
        # Read-after-write: the viewer's PDS adds what it has that is newer (spec §8).
        told = (b"atproto-repo-rev", rev.encode())
        return replace(response, headers=(*response.headers, told))

    return handle
