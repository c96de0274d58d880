"""Addresses that records claim."""

from __future__ import annotations

import pytest

from appview.views.link import https_link
from atp.cbor import Value


@pytest.mark.parametrize("claim", ["https://a.test/x.mp3", "https://a.test:8443/?q=%20#f"])
def test_https_is_offered(claim: str) -> None:
    """An https URI is handed on as it is."""
    assert https_link(claim) == claim


@pytest.mark.parametrize(
    "claim",
    [
        None,
        7,
        [],
        "",
        "http://a.test/",
        "HTTPS://a.test/",
        "javascript:alert(1)",
        "data:text/html,x",
        " https://a.test/",
        "https://a.test/\nx",
        "https://a.test/ x",
        "https://" + "a" * 8192,
    ],
)
def test_all_else_is_not(claim: Value) -> None:
    """Other schemes, other types and what is no URI are left out."""
    assert https_link(claim) is None
