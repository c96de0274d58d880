"""``server.describeServer``: what this server is, what it holds and what it allows."""

from __future__ import annotations

from collections.abc import Mapping

from appview.call import Call
from appview.store import Store
from appview.store_labels import followed

LIMITS: Mapping[str, int] = {"page": 100, "tracks": 100, "profiles": 25}
"""The most that lexicons let a call ask for."""


def answer(store: Store, call: Call, did: object, version: str) -> dict[str, object]:  # noqa: ARG001
    """The server of that DID."""
    return {
        "did": did,
        "namespace": store.names.namespace,
        "version": version,
        "collections": list(store.names.collections),
        "labelers": followed(store),
        "limits": dict(LIMITS),
    }
