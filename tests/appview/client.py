"""A client of the AppView that checks every answer against its lexicon and counts statements."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import apsw
import orjson

from appview import app
from appview.network import Network
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
    """The whole AppView without a socket; each call runs in a loop of its own, as ``viewer``."""

    def __init__(self, index: Index, network: Network = UNREACHABLE) -> None:
        self.store: Store = app.open_store(index.path, NAMES)
        self.now = START
        self.viewer: Did | None = None
        appview = app.build(
            self.store,
            network,
            names=NAMES,
            catalog=CATALOG,
            did_document=DID_DOCUMENT,
            version="1.2.3",
            now=lambda: self.now,
        )
        self.router = Router(
            appview.endpoints, appview.pages, lambda _name, _outcome: None, admit=self._admit
        )

    async def _admit(self, request: Request, _method: Nsid) -> tuple[Request, Headers]:
        return replace(request, viewer=self.viewer), ()

    def get(self, name: str, **params: Any) -> dict[str, Any]:
        """The answer to a query, which must be 200 and in the shape of its lexicon."""
        answer = self.call(name, **params)
        assert answer.status == 200, answer.body
        value = orjson.loads(answer.body)
        assert list(method(CATALOG, NAMES.query(name)).check_output(value)) == []
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
        return self.page(f"/xrpc/{NAMES.query(name)}", urlencode(params, doseq=True).encode())

    def page(self, path: str, query: bytes = b"") -> Answer:
        """Any path."""
        return call_sync(self.router, path, query)

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
        """Close the index."""
        self.connection.close()
