"""``server.getStats``: how much is shown here."""

from __future__ import annotations

from appview.call import Call
from appview.store import Store


def answer(store: Store, call: Call) -> dict[str, object]:  # noqa: ARG001 - it has none
    """Totals over active accounts."""
    stats = store.stats()
    return {
        "tracks": stats.tracks,
        "artists": stats.artists,
        "likes": stats.likes,
        "comments": stats.comments,
        "lists": stats.lists,
        "accounts": stats.accounts,
        "durationSeconds": stats.seconds,
    }
