"""Rankings read no more than they have to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import TypeVar

import pytest

from appview import store_for_you
from appview.ranking import MAX_RANKED
from appview.store import Store
from appview.store_feeds import most_liked, most_liked_since
from tests.appview.client import Client
from tests.appview.index import START, Index

T = TypeVar("T", bound=Collection[object])
TRACKS = 5_000
FANS = 500
LIKES = 100_000
STEPS = 100
"""Instructions of SQLite that are counted as one."""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A hundred thousand likes, one a second, of tracks the first of which have the most."""
    index = Index(tmp_path_factory.mktemp("filled") / "index.db")
    first = index.track(index.actor("artist"))
    assert first
    conn = index.conn
    conn.execute("BEGIN")
    conn.executemany(
        "INSERT INTO actors (id, did) VALUES (?, ?)",
        [(1_000 + fan, f"did:web:fan{fan}.test") for fan in range(FANS)],
    )
    conn.executemany(
        "INSERT INTO records (id, actor, collection, rkey, state) VALUES (?, 1, 1, ?, 'unseen')",
        [(10_000 + track, f"t{track}") for track in range(TRACKS)],
    )
    conn.executemany(
        "INSERT INTO tracks (record, actor, sort_at, title, artist, seconds)"
        " VALUES (?, 1, ?, 't', 'a', 60)",
        [(10_000 + track, START) for track in range(TRACKS)],
    )
    liked = [(number % FANS, number * number // FANS % TRACKS) for number in range(LIKES)]
    conn.executemany(
        "INSERT INTO records (id, actor, collection, rkey, state) VALUES (?, ?, 2, ?, 'unseen')",
        [(100_000 + key, 1_000 + fan, f"l{key}") for key, (fan, _) in enumerate(liked)],
    )
    conn.executemany(
        "INSERT INTO likes (record, actor, subject, subject_cid, sort_at) VALUES (?, ?, ?, x'', ?)",
        [
            (100_000 + key, 1_000 + fan, 10_000 + track, START - key * 1_000_000)
            for key, (fan, track) in enumerate(liked)
        ],
    )
    conn.execute(
        "INSERT INTO counters (record, likes) SELECT subject, count(DISTINCT actor) FROM likes"
        " GROUP BY subject"
    )
    conn.execute("COMMIT")
    client = Client(index)
    yield client
    client.close()
    conn.close()


def steps(client: Client, read: Callable[[Store], T]) -> tuple[int, T]:
    """How many hundreds of instructions a read takes, and what it reads."""
    taken = 0

    def count() -> bool:
        nonlocal taken
        taken += 1
        return False

    client.connection.set_progress_handler(count, STEPS)
    try:
        found = read(client.store)
    finally:
        client.connection.set_progress_handler(None)
    return taken, found


def test_all_time_reads_what_it_ranks(filled: Client) -> None:
    """An index is walked as far as the ranking is long; nothing is sorted."""
    taken, found = steps(filled, most_liked)
    assert list(found) == [
        key
        for (key,) in filled.connection.execute(
            "SELECT subject FROM likes GROUP BY subject"
            " ORDER BY count(DISTINCT actor) DESC, subject DESC LIMIT ?",
            (MAX_RANKED,),
        )
    ]
    assert taken < MAX_RANKED * 40 / STEPS


def test_a_period_reads_its_own_likes(filled: Client) -> None:
    """A tenth of the likes is a tenth of the work."""
    tenth, found = steps(filled, lambda store: most_liked_since(store, START - 10_000 * 1_000_000))
    assert list(found) == [
        key
        for (key,) in filled.connection.execute(
            "SELECT subject FROM likes WHERE sort_at > ? GROUP BY subject"
            " ORDER BY count(DISTINCT actor) DESC, subject DESC LIMIT ?",
            (START - 10_000 * 1_000_000, MAX_RANKED),
        )
    ]
    whole, _ = steps(filled, lambda store: most_liked_since(store, 0))
    assert tenth < whole / 5


def test_what_is_read_for_one_account_is_bounded(filled: Client) -> None:
    """Seeds, those who share them, and what else they like: each no more than its bound."""
    taken, seeds = steps(filled, lambda store: store_for_you.seeds(store, 1_000))
    assert 0 < len(seeds) <= store_for_you.MAX_SEEDS
    assert taken < 40 * store_for_you.MAX_SEEDS / STEPS
    taken, pairs = steps(filled, lambda store: store_for_you.shared(store, seeds, 1_000))
    assert pairs
    assert taken < 80 * len(seeds) * store_for_you.PER_SEED / STEPS
    companions = {actor for _, actor in pairs}
    taken, engaged = steps(filled, lambda store: store_for_you.engaged(store, companions))
    assert len(engaged) <= len(companions) * store_for_you.PER_COMPANION
    assert taken < 80 * len(companions) * store_for_you.PER_COMPANION / STEPS
