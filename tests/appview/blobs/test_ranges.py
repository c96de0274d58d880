"""Which bytes are asked for."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appview.blobs.ranges import Span, Unsatisfiable, span


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (None, None),
        (b"", None),
        (b"bytes", None),
        (b"bytes=", None),
        (b"bytes=0-0", Span(0, 1)),
        (b"bytes=0-", Span(0, 10)),
        (b"bytes=9-", Span(9, 10)),
        (b"bytes=-1", Span(9, 10)),
        (b"bytes=-99", Span(0, 10)),
        (b"bytes=2-5", Span(2, 6)),
        (b"bytes=2-99999999999999999999999999", Span(2, 10)),
        (b"bytes=0002-0005", Span(2, 6)),
        (b"BYTES=2-5", Span(2, 6)),
        (b"bytes= 2-5 ", Span(2, 6)),
        (b"bytes=2-5,", Span(2, 6)),
        (b"bytes=5-2", None),
        (b"bytes=2-5,7-8", None),
        (b"bytes=-", None),
        (b"bytes=a-b", None),
        (b"bytes=2--5", None),
        (b"bytes=+2-5", None),
        (b"bytes=\xb2-5", None),
        (b"items=2-5", None),
        (b"2-5", None),
    ],
)
def test_what_is_asked_for(header: bytes | None, found: Span | None) -> None:
    """One range of bytes is taken as it is; all else asks for the whole."""
    assert span(header, 10) == found


@pytest.mark.parametrize(
    "header", [b"bytes=10-", b"bytes=10-11", b"bytes=-0", b"bytes=" + b"9" * 5_000 + b"-"]
)
def test_what_no_byte_lies_in(header: bytes) -> None:
    """A range outside of the file is refused."""
    with pytest.raises(Unsatisfiable):
        span(header, 10)


@pytest.mark.parametrize("header", [b"bytes=0-", b"bytes=-5", b"bytes=0-0"])
def test_an_empty_file_has_no_part(header: bytes) -> None:
    """No byte of nothing can be had."""
    with pytest.raises(Unsatisfiable):
        span(header, 0)


def slowly(text: str, body: bytes) -> bytes | None:
    """The bytes that a range asks for, one after the other; None for the whole."""
    asked = re.fullmatch(r"bytes=(\d*)-(\d*)", text)
    if asked is None or text == "bytes=-":
        return None
    first, last = asked.groups()
    if first and last and int(first) > int(last):
        return None
    positions = range(len(body))
    if first:
        wanted = [at for at in positions if at >= int(first) and (not last or at <= int(last))]
    else:
        wanted = [at for at in positions if len(body) - at <= int(last)]
    return bytes(body[at] for at in wanted)


@given(
    size=st.integers(0, 40),
    first=st.one_of(st.just(""), st.integers(0, 50).map(str)),
    last=st.one_of(st.just(""), st.integers(0, 50).map(str)),
)
def test_any_range_is_what_counting_gives(size: int, first: str, last: str) -> None:
    """Every range of every small file, compared with walking over its bytes."""
    body = bytes(range(size))
    text = f"bytes={first}-{last}"
    expected = slowly(text, body)
    try:
        found = span(text.encode(), size)
    except Unsatisfiable:
        assert expected == b""
        return
    assert (None if found is None else body[found.first : found.end]) == expected
    assert found is None or found.length > 0
