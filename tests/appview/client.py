"""A client of the AppView that checks every answer against its lexicon and counts statements."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import apsw
import orjson

from appview import app
from appview.aside import Aside
from appview.network import Network
from appview.private import Private
from appview.store import Store
from atp.runtime.asgi import Headers, Request
from atp.runtime.http import Client as HttpClient
from atp.runtime.xrpc import Router
from atp.syntax import Did, Nsid
from lexicons.catalog import Catalog
from lexicons.methods import method
from pds_client.identity import Directory
from tests.appview.index import NAMES, START, Index
from tests.atp.runtime.asgi_call import Answer, call_sync

CATALOG = Catalog.load(NAMES.namespace)
DID_DOCUMENT = {"id": "did:web:appview.test"}
_NOWHERE = HttpClient()  # never opened, so that asking anybody is a defect
UNREACHABLE = Network(_NOWHERE, Directory(_NOWHERE, "http://plc.invalid"))


class Client:
    """The whole AppView without a socket; each call runs in a loop of its own, as ``viewer``.

    ``labelers`` are those that it follows, ``headers`` those of every call; ``methods`` are what it
    serves. A query is called by its name in our namespace, or by its NSID.
    """

    def __init__(self, index: Index, network: Network = UNREACHABLE) -> None:
        self.store: Store = app.open_store(index.path, NAMES)
        self.aside = Aside(lambda: app.open_store(index.path, NAMES))
        self.private = Private(index.path.with_name("private.db"))
        self.now = START
        self.viewer: Did | None = None
        self.labelers: list[Did] = []
        self.headers: dict[bytes, bytes] = {}
        appview = app.build(
            self.store,
            network,
            names=NAMES,
            catalog=CATALOG,
            did_document=DID_DOCUMENT,
            version="1.2.3",
            now=lambda: self.now,
            labelers=self.labelers,
            aside=self.aside,
            private=self.private,
        )
        self.methods = [endpoint.method.nsid for endpoint in appview.endpoints]
        self.router = Router(
            appview.endpoints, appview.pages, lambda _name, _outcome: None, admit=self._admit
        )

    async def _admit(self, request: Request, _method: Nsid) -> tuple[Request, Headers]:
        return request._replace(viewer=self.viewer), ()

    def get(self, name: str, **params: Any) -> dict[str, Any]:
        """The answer to a query, which must be 200 and in the shape of its lexicon."""
        answer = self.call(name, **params)
        assert answer.status == 200, answer.body
        value = orjson.loads(answer.body)
        assert list(method(CATALOG, _nsid(name)).check_output(value)) == []
        assert isinstance(value, dict)
        return value

    def refused(self, name: str, **params: Any) -> str:
        """The name of the error with which a query is refused, which is always a 400."""
        answer = self.call(name, **params)
        assert answer.status == 400, answer.body
        body = orjson.loads(answer.body)
        assert body.keys() == {"error", "message"}
        assert isinstance(body["error"], str)
        return body["error"]

    def call(self, name: str, **params: Any) -> Answer:
        """A query, answered as it may be."""
        return self.page(f"/xrpc/{_nsid(name)}", urlencode(params, doseq=True).encode())

    def procedure(self, name: str, body: Any) -> Answer:
        """The answer to a procedure."""

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": orjson.dumps(body), "more_body": False}

        return call_sync(
            self.router,
            f"/xrpc/{_nsid(name)}",
            verb="POST",
            headers={b"content-type": b"application/json", **self.headers},
            receive=receive,
        )

    def page(self, path: str, query: bytes = b"") -> Answer:
        """Any path."""
        return call_sync(self.router, path, query, headers=self.headers)

    def pages(self, name: str, field: str, limit: int, **params: Any) -> list[list[Any]]:
        """All pages of a query, as the contents of ``field``."""
        pages = []
        cursor: dict[str, str] = {}
        while True:
            value = self.get(name, limit=limit, **params, **cursor)
            pages.append(value[field])
            if "cursor" not in value:
                return pages
            cursor = {"cursor": value["cursor"]}

    def statements(self, name: str, **params: Any) -> list[str]:
        """The SQL statements that a query runs."""
        seen: list[str] = []

        def trace(_cursor: apsw.Cursor, sql: str, _values: object) -> bool:
            seen.append(sql)
            return True

        self.connection.exec_trace = trace
        try:
            self.get(name, **params)
        finally:
            self.connection.exec_trace = None
        return seen

    @property
    def connection(self) -> apsw.Connection:
        """The AppView's connection."""
        return self.store._conn

    def close(self) -> None:
        """Close the stores."""
        self.aside.close()
        with ThreadPoolExecutor(1) as thread:  # as a test may have a loop on this one
            thread.submit(asyncio.run, self.private.close()).result()
        self.connection.close()


def _nsid(name: str) -> Nsid:
    """The query of ours that is called so, or the protocol's."""
    return name if isinstance(name, Nsid) else NAMES.query(name)
