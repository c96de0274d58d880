"""The law of every paged query: its pages are one big page, whatever is written meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.appview.client import Client

MAX_WRITES = 5
"""Items after which nothing more is written, as a list that grows at its end is never read out."""


def check_paging(
    client: Client, name: str, field: str, write: Callable[[], None], **params: Any
) -> list[Any]:
    """Read in pages of each size, writing between them; return the one big page from before.

    Everything in the big page comes exactly once, in the same order, as long as ``write`` only
    adds; what it adds may come too.
    """
    for limit in (1, 2, 3):
        whole = client.get(name, limit=100, **params)
        assert "cursor" not in whole
        before = [_key(item) for item in whole[field]]
        met: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = client.get(name, limit=limit, **params, **cursor)
            assert len(page[field]) <= limit
            met.extend(_key(item) for item in page[field])
            if "cursor" not in page:
                break
            assert len(page[field]) == limit, "a page is short although more follows"
            cursor = {"cursor": page["cursor"]}
            if len(met) <= MAX_WRITES:
                write()
        assert len(met) == len(set(met)), "an item came twice"
        assert [key for key in met if key in set(before)] == before
    return list(whole[field])


def _key(item: dict[str, Any]) -> str:
    return str(item.get("uri") or item["position"])
