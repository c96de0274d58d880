"""What is sent to whom: tags, conditions, encodings."""

from __future__ import annotations

import gzip

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from atp.runtime.asgi import Headers, Request, Response
from atp.runtime.negotiate import WORTH_IT, chosen, etag, negotiated

TEXT = b'{"text":"' + b"la " * WORTH_IT + b'"}'


def sent(response: Response, verb: str = "GET", **headers: str) -> tuple[Response, dict[str, str]]:
    """The answer to a request with these headers, and its own headers by name."""
    given_headers: Headers = tuple(
        (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
    )
    answer = negotiated(Request(verb, "/", b"", given_headers), response, b"accept-encoding")
    return answer, {name.decode(): value.decode() for name, value in answer.headers}


def test_the_tag_is_the_contents() -> None:
    """The same content has the same tag, another another, whatever the encoding."""
    plain, headers = sent(Response(TEXT))
    packed, packed_headers = sent(Response(TEXT), accept_encoding="gzip")
    assert headers["etag"] == packed_headers["etag"]
    assert plain.body == TEXT != packed.body
    assert etag(TEXT) != etag(TEXT + b" ")
    assert headers["vary"] == "accept-encoding"


def test_who_has_it_is_not_sent_it() -> None:
    """The tag in any of its forms gives 304 without a body; another tag gives the answer."""
    tag = etag(b"{}").decode()
    for condition in (tag, tag.removeprefix("W/"), f'"x", {tag}', "*"):
        answer, headers = sent(Response(b"{}"), if_none_match=condition)
        assert (answer.status, answer.body, headers["etag"]) == (304, b"", tag)
    assert sent(Response(b"{}"), if_none_match='W/"x"')[0].status == 200
    assert sent(Response(b"{}"), "HEAD", if_none_match=tag)[0].status == 304
    assert sent(Response(b"{}"), "POST", if_none_match=tag)[0].status == 200
    assert sent(Response(b"{}", 404), if_none_match="*")[0].status == 404


def test_encodings_can_be_undone() -> None:
    """What is compressed is the content, by another implementation of the format's reader."""
    for name, undo in (("gzip", gzip.decompress), ("zstd", zstandard.decompress)):
        answer, headers = sent(Response(TEXT), accept_encoding=name)
        assert headers["content-encoding"] == name
        assert undo(answer.body) == TEXT
        assert len(answer.body) < len(TEXT)


def test_not_worth_it() -> None:
    """Short answers, those that are no text and errors are left as they are."""
    for response in (
        Response(TEXT[: WORTH_IT - 1]),
        Response(TEXT, content_type=b"application/vnd.ipld.car"),
        Response(TEXT, 400),
    ):
        answer, headers = sent(response, accept_encoding="gzip")
        assert answer.body == response.body
        assert "content-encoding" not in headers


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        (b"", None),
        (b"identity", None),
        (b"gzip", b"gzip"),
        (b"gzip, deflate, br", b"gzip"),
        (b"gzip, deflate, br, zstd", b"zstd"),
        (b"zstd;q=0.5, gzip", b"gzip"),
        (b"GZIP; q=1.0", b"gzip"),
        (b"gzip;q=0", None),
        (b"gzip;q=x", None),
        (b"*", b"zstd"),
        (b"zstd;q=0, *;q=0.1", b"gzip"),
        (b"*;q=0", None),
    ],
)
def test_what_is_accepted(accepted: bytes, expected: bytes | None) -> None:
    """Weights are obeyed, and of equals the better one is chosen."""
    assert chosen(accepted) == expected


@given(st.binary(max_size=40) | st.text("gzipstd;q=.01,* ", max_size=40).map(str.encode))
def test_noise(accepted: bytes) -> None:
    """Any header has an answer."""
    assert chosen(accepted) in (None, b"gzip", b"zstd")
