"""The AppView put together: its methods and pages, ready for a router.

It is a value and not a server, so that a listener can be shared: `ops` joins these endpoints and
pages with those of other services.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from appview.api import PROTOCOL_QUERIES, QUERIES
from appview.front import front_page
from appview.health import health
from appview.network import Network
from appview.params import Params
from appview.pipeline import Answer, ProvenAnswer
from appview.proofs import Proofs
from appview.store import Store
from atp.runtime import sqlite
from atp.runtime.asgi import Request, Response, json_response
from atp.runtime.xrpc import Endpoint, Handler, Page
from indexer import schema
from lexicons.catalog import Catalog
from lexicons.methods import method
from lexicons.names import Names


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
    proofs = Proofs(network, now)
    handlers = {names.query(name): _handler(answer, store) for name, answer in QUERIES.items()}
    for nsid, proven in PROTOCOL_QUERIES.items():
        handlers[nsid] = _proving(proven, store, proofs)
    endpoints = tuple(
        Endpoint(method(catalog, nsid), handler) for nsid, handler in handlers.items()
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


def _handler(answer: Answer, store: Store) -> Handler:
    async def handle(params: dict[str, object], _request: Request) -> object:
        return answer(store, Params(params))

    return handle


def _proving(answer: ProvenAnswer, store: Store, proofs: Proofs) -> Handler:
    async def handle(params: dict[str, object], _request: Request) -> object:
        return await answer(store, proofs, Params(params))

    return handle
