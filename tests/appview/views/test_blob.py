"""Addresses of blobs."""

from __future__ import annotations

import pytest

from appview.media import Media
from appview.views.blob import blob_url
from atp.cid import Cid
from atp.syntax import Did

CID = Cid.for_raw(b"x")


@pytest.mark.parametrize(
    ("did", "part"),
    [
        ("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"),
        ("did:web:localhost%3A8080", "did:web:localhost%253A8080"),
    ],
)
def test_blob_url(did: str, part: str) -> None:
    """The base URL, then DID and CID, which a server reads back as they were."""
    assert blob_url(Media("https://m.test"), Did(did), CID) == f"https://m.test/blob/{part}/{CID}"
