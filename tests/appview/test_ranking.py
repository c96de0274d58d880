"""Rankings: paged as they stood, for a while, and known by name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from appview.app import open_store
from appview.aside import FRESH, Aside
from appview.call import Call
from appview.params import Params
from appview.ranking import LIFETIME, MAX_RANKINGS, Ranking, Rankings
from atp.runtime.xrpc import XrpcError
from tests.appview.index import NAMES, Index


@pytest.fixture
def aside(index: Index) -> Iterator[Aside]:
    """Long reads of an empty index."""
    aside = Aside(lambda: open_store(index.path, NAMES))
    yield aside
    aside.close()


def call(now: int, cursor: str | None = None) -> Call:
    """A call at a time."""
    return Call(Params({} if cursor is None else {"cursor": cursor}), None, now)


async def test_a_cursor_names_a_ranking_and_a_rank(aside: Aside) -> None:
    """What is ranked anew does not move a page that follows on one that was shown."""
    rankings = Rankings(aside)
    first = await rankings.page("key", call(0), lambda _store: [5, 3, 9])
    cursor = first.cursor(1)
    second = await rankings.page("key", call(FRESH), lambda _store: [9, 5, 3])
    assert (list(first.ids), list(second.ids)) == ([5, 3, 9], [9, 5, 3])
    found = await rankings.page("key", call(FRESH, cursor), lambda _store: [])
    assert (found.name, list(found.ids), found.after) == (first.name, [5, 3, 9], 1)


async def test_the_same_ranking_has_the_same_name(aside: Aside) -> None:
    """In every process, however often it is made, which keeps it; another query's has another."""
    one, other = Rankings(aside), Rankings(aside)
    first = await one.page("key", call(0), lambda _store: [1, 2])
    assert (await other.page("key", call(0), lambda _store: [1, 2])).name == first.name
    assert (await one.page("else", call(0), lambda _store: [1, 2])).name != first.name
    late = LIFETIME - 1
    await one.page("key", call(late), lambda _store: [1, 2])
    cursor = first.cursor(1)
    assert (await one.page("key", call(LIFETIME + 1, cursor), lambda _store: [])).after == 1
    with pytest.raises(XrpcError, match="CursorExpired"):
        await one.page("key", call(late + LIFETIME, cursor), lambda _store: [])


@pytest.mark.parametrize(
    ("name", "rank"), [("key", 2), ("key", -1), ("else", 0)], ids=["beyond", "before", "of another"]
)
async def test_what_no_ranking_has_is_refused(aside: Aside, name: str, rank: int) -> None:
    """By the error that tells to start anew."""
    rankings = Rankings(aside)
    first = await rankings.page("key", call(0), lambda _store: [1, 2])
    with pytest.raises(XrpcError, match="CursorExpired"):
        await rankings.page(name, call(0, first.cursor(rank)), lambda _store: [])


async def test_rankings_are_bounded(aside: Aside) -> None:
    """The one that was paged over longest ago goes."""
    rankings = Rankings(aside)
    made: list[Ranking] = [
        await rankings.page(key, call(0), lambda _store: [1, 2]) for key in range(MAX_RANKINGS)
    ]
    assert await rankings.page(0, call(0, made[0].cursor(1)), lambda _store: [])
    await rankings.page("more", call(0), lambda _store: [1])
    assert await rankings.page(0, call(0, made[0].cursor(1)), lambda _store: [])
    with pytest.raises(XrpcError, match="CursorExpired"):
        await rankings.page(1, call(0, made[1].cursor(1)), lambda _store: [])
