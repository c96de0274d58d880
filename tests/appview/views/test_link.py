"""Addresses that records claim."""

from __future__ import annotations

import pytest

from appview.media import Media
from appview.views.link import trusted_link
from atp.cbor import Value

MEDIA = Media("https://app.test", ("https://a.test", "http://localhost:9000"))


@pytest.mark.parametrize(
    "claim", ["https://a.test/x.mp3", "https://a.test/?q=%20#f", "http://localhost:9000/x"]
)
def test_what_is_trusted_is_offered(claim: str) -> None:
    """A URI at a trusted origin is handed on as it is."""
    assert trusted_link(claim, MEDIA) == claim


@pytest.mark.parametrize(
    "claim",
    [
        None,
        7,
        [],
        "",
        "https://a.test",
        "https://b.test/x.mp3",
        "https://a.test.evil.test/",
        "https://a.test@evil.test/",
        "https://a.test:8443/x.mp3",
        "https://evil.test/https://a.test/",
        "http://a.test/",
        "HTTPS://a.test/",
        "javascript:alert(1)",
        "data:text/html,x",
        " https://a.test/",
        "https://a.test/\nx",
        "https://a.test/ x",
        "https://a.test/" + "a" * 8192,
    ],
)
def test_all_else_is_not(claim: Value) -> None:
    """Other origins, other types and what is no URI are left out."""
    assert trusted_link(claim, MEDIA) is None
