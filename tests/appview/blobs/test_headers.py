"""What is said of a file."""

from __future__ import annotations

import pytest

from appview.blobs import headers
from atp.cid import Cid

CID = Cid.for_raw(b"x")


@pytest.mark.parametrize(
    ("claimed", "served"),
    [
        ("audio/mpeg", "audio/mpeg"),
        ("audio/vnd.wave", "audio/vnd.wave"),
        ("Audio/MP4; codecs=opus", "audio/mp4"),
        ("image/jpeg", "image/jpeg"),
        ("image/avif", "image/avif"),
        ("image/svg+xml", "application/octet-stream"),
        ("text/html", "application/octet-stream"),
        ("audio/mpeg\r\nX-Evil: 1", "application/octet-stream"),
        ("audio/", "application/octet-stream"),
        ("audio/é", "application/octet-stream"),
        ("audio/x-mpegurl", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_only_sounds_and_pictures_keep_their_type(claimed: str, served: str) -> None:
    """The author's word counts where it can do no harm."""
    assert headers.content_type(claimed) == served.encode()


@pytest.mark.parametrize("verified", [True, False])
def test_safe_whatever_it_is(verified: bool) -> None:
    """No browser takes a file for a page, runs or frames it; any page may play it."""
    said = dict(headers.about(CID, headers.UNKNOWN, verified=verified))
    assert said[b"x-content-type-options"] == b"nosniff"
    assert said[b"content-security-policy"] == b"default-src 'none'; sandbox"
    assert said[b"x-frame-options"] == b"DENY"
    assert said[b"content-disposition"] == f'attachment; filename="{CID}"'.encode()
    assert said[b"access-control-allow-origin"] == b"*"
    assert said[b"cross-origin-resource-policy"] == b"cross-origin"
    assert said[b"accept-ranges"] == b"bytes"
    assert (b"etag" in said) is verified
    assert (b"immutable" in said[b"cache-control"]) is verified


@pytest.mark.parametrize(
    ("condition", "held"),
    [
        (None, False),
        (b"", False),
        (b"*", True),
        (b'"x", ' + headers.etag(CID), True),
        (b"W/" + headers.etag(CID), True),
        (b'"x"', False),
    ],
)
def test_if_none_match(condition: bytes | None, held: bool) -> None:
    """A list of tags, compared weakly."""
    assert headers.has(condition, headers.etag(CID)) is held


def test_if_range() -> None:
    """One strong tag, and of nothing that has none."""
    tag = headers.etag(CID)
    assert headers.still(None, None)
    assert headers.still(tag, tag)
    assert not headers.still(b"W/" + tag, tag)
    assert not headers.still(tag, None)
    assert not headers.still(b"Wed, 21 Oct 2026 07:28:00 GMT", tag)
