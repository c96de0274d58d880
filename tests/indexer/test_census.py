"""The census: cheap counts equal slow obvious ones."""

from __future__ import annotations

from collections import Counter
from random import Random

from atp.runtime.metrics import Registry
from indexer.metrics import Metrics
from indexer.store import census, repos
from indexer.store.census import Complete, Queue
from indexer.store.repos import Desync
from tests.indexer.authors import Index

NOW = 1_000


def test_it_equals_a_count_one_by_one() -> None:
    """Whatever states repos and accounts are in; and the gauges show it."""
    index, random = Index(), Random(3)
    states, queue, hidden = Counter[str](), Counter[Queue](), 0
    for actor in range(1, 400):
        upstream, takedown = random.random() < 0.8, random.choice([None, None, None, "ours"])
        index.conn.execute(
            "INSERT INTO actors (id, did, upstream_active, takedown) VALUES (?, ?, ?, ?)",
            (actor, f"did:plc:{actor:024}", upstream, takedown),
        )
        hidden += not upstream or takedown is not None
        state = random.choice(["synchronized", "in_progress", "desynchronized"])
        reason = random.choice(list(Desync))
        due = random.choice([0, NOW, NOW + 1])
        index.conn.execute(
            "INSERT INTO repos (actor, state, reason, changed_at, due_at) VALUES (?, ?, ?, 1, ?)",
            (actor, state, None if state == "synchronized" else reason, due),
        )
        if state == "desynchronized":
            queue[Queue.DUE if upstream and due <= NOW else Queue.WAITING] += 1
            states[reason] += 1
        else:
            queue[Queue.UNDER_WAY] += state == "in_progress"
            states[state] += 1
    found = census.take(index.conn, NOW)
    assert {state.value: count for state, count in found.repos.items() if count} == dict(states)
    assert found.queue == queue
    assert found.hidden == hidden
    told = repos.states(index.conn)
    assert sum(told.values()) == sum(found.repos.values()) == 399
    assert told["synchronized"] == states["synchronized"]
    registry = Registry()
    Metrics(registry).counted(found)
    page = registry.render().decode()
    for state, count in states.items():
        assert f'plyr_indexer_repos{{state="{state}"}} {count}.0\n' in page
    for place, count in queue.items():
        assert f'plyr_indexer_resync_queue{{place="{place.value}"}} {count}.0\n' in page
    assert f"plyr_indexer_hidden_accounts {hidden}.0\n" in page


def test_every_state_has_its_gauge_from_the_start() -> None:
    """An empty index is counted as well."""
    found = census.take(Index().conn, NOW)
    assert found.repos.keys() == {*Complete, *Desync}
    assert found.queue.keys() == set(Queue)
    assert {*found.repos.values(), *found.queue.values(), found.hidden} == {0}
