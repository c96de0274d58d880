"""The ceiling is a plain endpoint."""

from __future__ import annotations

from ops.bench.static import application
from tests.atp.runtime.asgi_call import call_sync


def test_answers_by_query() -> None:
    """The bytes that belong to a query string."""
    app = application({b"cursor=a": b"{}", b"cursor=b": b"[]"})
    answer = call_sync(app, "/xrpc/any.thing", b"cursor=b")
    assert (answer.status, answer.body) == (200, b"[]")
