"""Where requests come from."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atp.runtime.asgi import Request
from atp.runtime.caller import caller_address

PROXIES = (ip_network("127.0.0.0/8"), ip_network("::1/128"), ip_network("10.0.0.0/8"))


def address(client: str | None, *forwarded: str) -> str | None:
    """Who is counted for a request with these X-Forwarded-For headers."""
    headers = tuple((b"x-forwarded-for", value.encode()) for value in forwarded)
    return caller_address(Request("GET", "/", b"", headers, client), PROXIES)


@pytest.mark.parametrize(
    ("client", "forwarded", "expected"),
    [
        ("203.0.113.9", (), "203.0.113.9"),
        ("203.0.113.9", ("198.51.100.1",), "203.0.113.9"),
        ("127.0.0.1", ("198.51.100.1",), "198.51.100.1"),
        ("127.0.0.1", ("6.6.6.6, 198.51.100.1",), "198.51.100.1"),
        ("127.0.0.1", ("6.6.6.6, 198.51.100.1, 10.1.1.1",), "198.51.100.1"),
        ("127.0.0.1", ("6.6.6.6", "198.51.100.1"), "198.51.100.1"),
        ("127.0.0.1", ("6.6.6.6, nonsense",), None),
        ("127.0.0.1", (), None),
        ("::1", (), None),
        (None, (), None),
        ("2001:db8:1:2:3:4:5:6", (), "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", (), "203.0.113.9"),
        ("10.0.0.7", (), "10.0.0.7"),
    ],
)
def test_the_last_hop_that_is_not_ours(
    client: str | None, forwarded: tuple[str, ...], expected: str | None
) -> None:
    """A proxy of ours is believed about who called it, and nobody else about anything."""
    assert address(client, *forwarded) == expected


@given(st.text("0123456789.:, fa[]", max_size=60))
def test_noise(forwarded: str) -> None:
    """Any header has an answer, and one from a stranger changes nothing."""
    address("127.0.0.1", forwarded)
    assert address("203.0.113.9", forwarded) == "203.0.113.9"
