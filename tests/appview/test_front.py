"""The page at ``/``."""

from __future__ import annotations

import re
from html import unescape

from tests.appview.client import Client
from tests.appview.index import Index


def links(client: Client) -> list[str]:
    """Where the page leads."""
    return [unescape(link) for link in re.findall('href="([^"]*)"', _page(client))]


def _page(client: Client) -> str:
    answer = client.page("/")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    return answer.body.decode()


def test_every_link_works(index: Index, client: Client) -> None:
    """Each query that the page offers answers 200, on an empty index and on a filled one.

    The pages about the methods are the process's (`tests/ops/test_web.py`).
    """
    empty = links(client)
    alice = index.actor("localhost%3A99", "alice.test")
    index.like(alice, index.track(alice))
    filled = links(client)
    assert len(filled) > len(empty)
    for link in filled:
        if link == "/docs":
            continue
        path, _, query = link.partition("?")
        expected = 503 if path == "/xrpc/_health" else 200
        assert client.page(path, query.encode()).status == expected, link


def test_numbers(index: Index, client: Client) -> None:
    """The page shows what the index holds."""
    index.track(index.actor("alice"), duration=4500)
    page = _page(client)
    assert "<dt>tracks</dt><dd>1</dd>" in page
    assert "<dt>hours</dt><dd>1.2</dd>" in page


def test_loads_nothing_from_elsewhere(index: Index, client: Client) -> None:
    """The page stands alone, and its policy says so to the browser."""
    index.track(index.actor("alice"))
    assert all(link.startswith("/") for link in links(client))
    assert "src=" not in _page(client)
    policy = client.page("/").headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
