"""Bare ASGI: query strings, and whole answers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atp.runtime.asgi import MAX_PAIRS, Header, Message, Request, Response, query_pairs

TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=20)


@given(st.lists(st.tuples(TEXT, TEXT), max_size=8))
def test_reads_what_others_write(pairs: list[tuple[str, str]]) -> None:
    """The standard library's encoding comes back as it was, order and repeats kept."""
    assert query_pairs(urlencode(pairs).encode()) == pairs


@given(st.binary(max_size=60))
def test_agrees_with_the_standard_library_or_refuses(query: bytes) -> None:
    """Where the strict reader accepts, the lenient one of the standard library reads the same."""
    try:
        pairs = query_pairs(query)
    except ValueError:
        return
    assert pairs == parse_qsl(query.decode(), keep_blank_values=True, errors="strict")


@pytest.mark.parametrize(
    "query", [b"a=%", b"a=%4", b"a=%g0", b"%zz=1", b"a=%C3", b"a=\xff", b"\xc3"]
)
def test_refuses_what_is_broken(query: bytes) -> None:
    """Broken escapes and bytes that are not UTF-8 are refused, not replaced."""
    with pytest.raises(ValueError, match="query string"):
        query_pairs(query)


def test_bounds_the_number_of_parameters() -> None:
    """One parameter more than allowed is refused, empty ones counted too."""
    assert len(query_pairs(b"&".join([b"a"] * MAX_PAIRS))) == MAX_PAIRS
    for query in (b"&".join([b"a"] * (MAX_PAIRS + 1)), b"&" * MAX_PAIRS):
        with pytest.raises(ValueError, match="256"):
            query_pairs(query)


def test_header_is_the_first_of_its_name() -> None:
    """A header that is repeated counts as it came first; one that is missing is None."""
    request = Request("GET", "/", b"", ((b"a", b"1"), (b"b", b"2"), (b"a", b"3")))
    assert (request.header(b"a"), request.header(b"c")) == (b"1", None)


@pytest.mark.parametrize("head", [True, False])
async def test_an_answer_is_sent_at_once_or_as_asgi_has_it(head: bool) -> None:
    """A server that takes whole answers is given one; what it does not take goes in two messages."""
    answer = Response(b"text", 201, b"text/plain", ((b"x-more", b"1"),))
    wholes: list[tuple[int, Sequence[Header], bytes]] = []
    messages: list[Message] = []

    def takes(*given: tuple[int, Sequence[Header], bytes], is_taken: bool) -> bool:
        wholes.append(given)  # type: ignore[arg-type]
        return is_taken

    async def send(message: Message) -> None:
        messages.append(message)

    await answer.send(send, head=head, whole=partial(takes, is_taken=True))
    assert messages == []
    await answer.send(send, head=head, whole=partial(takes, is_taken=False))
    await answer.send(send, head=head)
    assert messages[:2] == messages[2:]
    start, body = messages[:2]
    status, headers, text = wholes[0]
    assert (start["status"], start["headers"], body["body"]) == (status, headers, text)
    assert (status, text) == (201, b"" if head else b"text")
    assert {(b"content-length", b"4"), (b"x-more", b"1")} <= set(headers)
