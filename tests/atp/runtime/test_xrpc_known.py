"""The XRPC router remembers what short query strings say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson
import pytest

from atp.runtime.xrpc import MAX_KNOWN, Endpoint, Router
from atp.syntax import Nsid
from tests.atp.runtime.asgi_call import call
from tests.atp.runtime.test_xrpc import EchoMethod, echo, error

NSID = Nsid.parse("com.example.echo")


@dataclass(frozen=True, eq=False)
class Counting(EchoMethod):
    """It counts how often it is asked."""

    asked: list[object] = field(default_factory=list)

    def params(self, pairs: Sequence[tuple[str, str]]) -> dict[str, object]:
        self.asked.append(pairs)
        return super().params(pairs)


@pytest.mark.parametrize(
    ("query", "read"),
    [
        (b"a=1", 1),
        (b"bad=1", 3),
        (b"a=" + b"1" * (MAX_KNOWN - 2), 1),
        (b"a=" + b"1" * (MAX_KNOWN - 1), 3),
    ],
)
async def test_a_query_is_read_once(query: bytes, read: int) -> None:
    """Not one that is refused, and not one of which few would fill the memory."""
    method = Counting(NSID)
    router = Router([Endpoint(method, echo)], {}, lambda _name, _outcome: None)
    answers = [await call(router, f"/xrpc/{NSID}", query) for _ in range(3)]
    assert len(method.asked) == read
    assert len({answer.body for answer in answers}) == 1
    if query.startswith(b"bad"):
        assert error(answers[0]) == (400, "InvalidRequest")
    else:
        assert orjson.loads(answers[0].body) == {"pairs": [["a", query[2:].decode()]]}


async def test_each_method_reads_it_for_itself() -> None:
    """The same query may say something else to another method."""
    one, other = (Counting(Nsid.parse(f"com.example.{name}")) for name in ("one", "other"))
    router = Router([Endpoint(it, echo) for it in (one, other)], {}, lambda _name, _outcome: None)
    for method in (one, other):
        await call(router, f"/xrpc/{method.nsid}", b"a=1")
    assert len(one.asked) == len(other.asked) == 1
