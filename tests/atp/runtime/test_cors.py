"""Cross-origin headers."""

from __future__ import annotations

import pytest

from atp.runtime.cors import HEADERS, MAX_REQUESTED_HEADERS, preflight


def allowed(requested: bytes | None) -> bytes:
    """The headers that a preflight allows."""
    return dict(preflight(requested))[b"access-control-allow-headers"]


@pytest.mark.parametrize("requested", [b"authorization", b"X-App, dpop,atproto-proxy"])
def test_mirrors_what_the_browser_asks_for(requested: bytes) -> None:
    """A list of header names is allowed as it was asked for."""
    assert allowed(requested) == requested


@pytest.mark.parametrize(
    "requested",
    [None, b"", b"a\r\nset-cookie: x", b"a\0", "é".encode(), b"a" * (MAX_REQUESTED_HEADERS + 1)],
)
def test_mirrors_nothing_else(requested: bytes | None) -> None:
    """Whatever is no list of names, or too long, is answered with the headers of XRPC."""
    assert b"atproto-accept-labelers" in allowed(requested)


def test_every_origin_may_read_the_headers_of_the_protocol() -> None:
    """The wildcard origin goes with the headers that XRPC clients need to see."""
    headers = dict(HEADERS)
    assert headers[b"access-control-allow-origin"] == b"*"
    for name in (
        b"atproto-repo-rev",
        b"etag",
        b"ratelimit-reset",
        b"retry-after",
        b"www-authenticate",
    ):
        assert name in headers[b"access-control-expose-headers"]
