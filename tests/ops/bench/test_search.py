"""The search benchmark asks what it says, and measures it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from appview.app import open_store
from indexer import schema
from lexicons.names import Names
from ops.bench import catalogue
from ops.bench.search import COMMONEST, MIX, mixed, times, vocabulary


def test_the_mix() -> None:
    """Every sort comes about as often as it is to, the same each time, from the words given."""
    words = [f"word{number}" for number in range(1_000)]
    queries = mixed(words, 1, 5_000)
    assert queries == mixed(words, 1, 5_000) != mixed(words, 2, 5_000)
    counts = Counter(sort for sort, _ in queries)
    assert sum(share for share, _ in MIX.values()) == 100
    for sort, (share, _) in MIX.items():
        assert abs(counts[sort] - 50 * share) < 150
    assert {query for sort, query in queries if sort == "commonest word"} == set(words[:COMMONEST])
    assert all(query for _, query in queries)


async def test_it_measures(tmp_path: Path) -> None:
    """Each query is answered, and each sort has a time."""
    path = tmp_path / schema.FILE
    catalogue.make(path, 300, 100, 1)
    store = open_store(path, Names())
    words = vocabulary(store)
    measured = await times(store, mixed(words, 1, 60))
    store.close()
    p50, p99, worst = measured["p50"], measured["p99"], measured["worst"]
    assert isinstance(p50, float)
    assert isinstance(p99, float)
    assert 0 < p50 <= p99
    assert isinstance(worst, dict)
    assert worst.keys() == MIX.keys()
