"""The AppView put together."""

from __future__ import annotations

from pathlib import Path

import apsw
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appview import app
from appview.api import QUERIES
from atp.runtime import sqlite
from lexicons.names import Names
from tests.appview.client import DID_DOCUMENT, Client
from tests.appview.index import NAMES, Index
from tests.atp.runtime.asgi_call import call_sync


def test_did_document(client: Client) -> None:
    """The service's DID document is served as it was given, to any origin."""
    answer = client.page("/.well-known/did.json")
    assert orjson.loads(answer.body) == DID_DOCUMENT
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["content-type"] == "application/json"


def test_every_query_is_served(client: Client) -> None:
    """Each query of the table answers at its NSID, and no other name of ours does."""
    for name in QUERIES:
        assert client.call(name).status in {200, 400}
    assert client.call("feed.getNothing").status == 501


def test_waits_for_the_indexer(tmp_path: Path) -> None:
    """An index that is missing, not yet migrated or of a later version is refused by name."""
    path = tmp_path / "index.db"
    with pytest.raises(sqlite.StoreMissing):
        app.open_store(path, NAMES)
    sqlite.connect(path).close()
    with pytest.raises(app.IndexNotReady, match="start the indexer"):
        app.open_store(path, NAMES)
    index = Index(path)
    app.open_store(path, NAMES)
    index.conn.pragma("user_version", 99)
    with pytest.raises(sqlite.SchemaTooNew):
        app.open_store(path, NAMES)


def test_cannot_write(client: Client) -> None:
    """The AppView's connection is read-only."""
    with pytest.raises(apsw.ReadOnlyError):
        client.connection.execute("DELETE FROM actors")


def test_another_namespace_is_another_world(index: Index) -> None:
    """An AppView of the staging namespace shows nothing of production's, nor the reverse."""
    alice = index.actor("alice")
    uri = index.track(alice)
    store = app.open_store(index.path, Names("fm.plyr.stg"))
    assert store.find_tracks([uri]) == {}


QUERY = st.one_of(
    st.binary(max_size=60),
    st.lists(
        st.tuples(
            st.sampled_from(["uri", "uris", "actor", "limit", "cursor", "sort"]),
            st.one_of(
                st.text(max_size=20),
                st.sampled_from(
                    [
                        "at://alice.test/fm.plyr.track/a",
                        "alice.test",
                        "did:web:alice.test",
                        "1",
                        "-1",
                        "9223372036854775808",
                        "LTE6LTE",
                        "OTk5OTk5OTk5OTk5OTk5OTk5OTk6MQ",
                        "newest",
                    ]
                ),
            ),
        ),
        max_size=4,
    ).map(lambda pairs: "&".join(f"{k}={v}" for k, v in pairs).encode("utf-8", "surrogatepass")),
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(QUERIES)), query=QUERY)
def test_never_a_500(client: Client, name: str, query: bytes) -> None:
    """No query string brings a defect out of any query."""
    answer = call_sync(client.router, f"/xrpc/{NAMES.query(name)}", query)
    assert answer.status in {200, 400}, answer.body
    if answer.status == 400:
        error = orjson.loads(answer.body)["error"]
        assert error in {"InvalidRequest", "RecordNotFound", "ActorNotFound"}
