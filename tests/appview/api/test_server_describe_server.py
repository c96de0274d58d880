"""``server.describeServer``."""

from __future__ import annotations

from typing import Any

from appview.api.server_describe_server import LIMITS
from lexicons.names import DEFAULT_NAMESPACE
from tests.appview.client import Client
from tests.appview.index import LABELER, NAMES, Index
from tests.lexicons.naive import DOCUMENTS


def test_says_what_it_is(index: Index, client: Client) -> None:
    """Who it is, what it holds, and whose labels are taken."""
    assert client.get("server.describeServer")["labelers"] == []
    index.label("did:web:x.test", "!warn")
    assert client.get("server.describeServer") == {
        "did": "did:web:appview.test",
        "namespace": DEFAULT_NAMESPACE,
        "version": "1.2.3",
        "collections": list(NAMES.collections),
        "labelers": [LABELER],
        "limits": dict(LIMITS),
    }


def test_the_limits_are_those_of_the_lexicons() -> None:
    """What is told is what the parameters allow."""

    def params(name: str) -> Any:
        return DOCUMENTS[NAMES.query(name)]["main"]["parameters"]["properties"]

    assert {
        "page": params("feed.getLatestTracks")["limit"]["maximum"],
        "tracks": params("feed.getTracks")["uris"]["maxLength"],
        "profiles": params("actor.getProfiles")["actors"]["maxLength"],
    } == LIMITS
