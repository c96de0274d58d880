"""Health: 200 only while the writer and a source prove that they live; ok only while all do."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from appview.health import MAX_LAG, MICROS, SOURCE_SILENCE, WRITER_SILENCE
from tests.appview.client import Client
from tests.appview.index import START, Index

RELAY = "wss://relay.test"


def ask(client: Client) -> tuple[int, dict[str, Any]]:
    """Status and body of the health page."""
    answer = client.page("/xrpc/_health")
    return answer.status, orjson.loads(answer.body)


def test_quiet_and_well(index: Index, client: Client) -> None:
    """Heartbeats are enough: an index in which nothing ever happened is healthy."""
    index.beat(START)
    index.source(RELAY, START, connected=True, lag=0)
    assert ask(client) == (
        200,
        {
            "version": "1.2.3",
            "status": "ok",
            "writer": "ok",
            "sources": [{"url": RELAY, "status": "ok", "lagSeconds": 0}],
        },
    )


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({"connected": False, "heartbeat_at": START, "lag": 0}, "disconnected"),
        ({"connected": True, "heartbeat_at": START - SOURCE_SILENCE, "lag": 0}, "ok"),
        ({"connected": True, "heartbeat_at": START - SOURCE_SILENCE - 1, "lag": 0}, "silent"),
        ({"connected": True, "heartbeat_at": None, "lag": 0}, "silent"),
        ({"connected": True, "heartbeat_at": START, "lag": MAX_LAG}, "ok"),
        ({"connected": True, "heartbeat_at": START, "lag": MAX_LAG + 1}, "behind"),
        ({"connected": True, "heartbeat_at": START, "lag": 0, "blind_since": 7}, "blind"),
    ],
)
def test_a_source(index: Index, client: Client, told: dict[str, Any], status: str) -> None:
    """One that is disconnected, silent, behind or blind degrades the whole while another sees."""
    index.beat(START)
    index.source(RELAY, **told)
    code, body = ask(client)
    assert code == (200 if status == "ok" else 503)
    assert body["status"] == ("ok" if status == "ok" else "unavailable")
    index.source("wss://other.test", START, connected=True, lag=0)
    code, body = ask(client)
    assert code == 200
    assert body["status"] == ("ok" if status == "ok" else "degraded")
    relay = next(source for source in body["sources"] if source["url"] == RELAY)
    assert relay == {"url": RELAY, "status": status, "lagSeconds": told["lag"] // MICROS}


def test_the_writer(index: Index, client: Client) -> None:
    """A writer that has stopped is noticed although its sources were well when it did."""
    index.beat(START)
    index.source(RELAY, START, connected=True, lag=0)
    client.now = START + WRITER_SILENCE
    assert ask(client)[0] == 200
    client.now += 1
    code, body = ask(client)
    assert (code, body["writer"], body["sources"][0]["status"]) == (503, "silent", "ok")


def test_no_source_yet(index: Index, client: Client) -> None:
    """Before the first source is known nothing is current."""
    index.beat(START)
    assert ask(client)[0] == 503
