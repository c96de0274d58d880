"""Room for subscribers: so many in all, and so many of one address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import ip_network

import pytest

from atp.runtime.asgi import Request
from atp.runtime.metrics import Registry
from atp.runtime.xrpc import XrpcError
from labeler.stream_metrics import Metrics
from labeler.stream_places import MAX_OF_ADDRESS, MAX_SUBSCRIBERS, Places

PROXY = "127.0.0.1"


@pytest.fixture
def registry() -> Registry:
    return Registry("test")


@pytest.fixture
def places(registry: Registry) -> Places:
    return Places((ip_network("127.0.0.0/8"),), Metrics(registry))


def request(client: str, told: str | None = None) -> Request:
    """A request from an address, which may be a proxy's."""
    headers = () if told is None else ((b"x-forwarded-for", told.encode()),)
    return Request("GET", "/", b"", headers, client)


@contextmanager
def taken(places: Places, asked: Request, count: int) -> Iterator[None]:
    """So many places of one address."""
    with ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(places.one(asked))
        yield


def refusal(places: Places, asked: Request) -> tuple[int, str]:
    """How one more is refused."""
    with pytest.raises(XrpcError) as refused, places.one(asked):
        pass
    return refused.value.status, refused.value.error


def test_an_address_has_so_many(places: Places, registry: Registry) -> None:
    """One more is refused by 429; another address is not, nor is this one after an end."""
    ours, other = request("192.0.2.1"), request("192.0.2.2")
    with taken(places, ours, MAX_OF_ADDRESS - 1):
        with places.one(ours):
            assert refusal(places, ours) == (429, "RateLimitExceeded")
            with places.one(other):
                assert places.taken == MAX_OF_ADDRESS + 1
        with places.one(ours):
            pass
    assert b'label_refusals_total{reason="address"} 1.0' in registry.render()
    assert (places.taken, places._of) == (0, {}), "nobody is remembered who has gone"


def test_a_proxy_says_for_whom(places: Places) -> None:
    """Of a trusted one the told address counts; a stranger's word on it does not."""
    with taken(places, request(PROXY, "192.0.2.1"), MAX_OF_ADDRESS):
        assert refusal(places, request(PROXY, "192.0.2.1"))[0] == 429
        assert refusal(places, request("192.0.2.1"))[0] == 429
        assert refusal(places, request("192.0.2.1", "192.0.2.9"))[0] == 429
        with places.one(request(PROXY, "192.0.2.1, 192.0.2.2")):
            pass


def test_a_household_is_one_address(places: Places) -> None:
    """The addresses of an IPv6 /64 share their places."""
    with ExitStack() as stack:
        for number in range(MAX_OF_ADDRESS):
            stack.enter_context(places.one(request(f"2001:db8::{number:x}")))
        assert refusal(places, request("2001:db8::ffff"))[0] == 429
        with places.one(request("2001:db8:0:1::1")):
            pass


def test_all_have_so_many(places: Places, registry: Registry) -> None:
    """Whoever asks from this machine has no bound but that of all."""
    with taken(places, request(PROXY), MAX_SUBSCRIBERS):
        assert refusal(places, request(PROXY)) == (503, "NotEnoughResources")
        assert refusal(places, request("192.0.2.1")) == (503, "NotEnoughResources")
        assert b"label_subscribers 1500.0" in registry.render()
    assert b'label_refusals_total{reason="full"} 2.0' in registry.render()
    assert b"label_subscribers 0.0" in registry.render()
