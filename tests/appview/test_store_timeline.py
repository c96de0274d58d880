"""The statement behind the timeline, against a slow obvious twin."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from appview.cursor import LAST, Place
from appview.store_timeline import is_viewer, knows_follows, timeline
from tests.appview.client import Client
from tests.appview.index import MINUTE, START, Index

ANYTHING = '{"now": 0, "viewer": null, "adult": true}'
ARTISTS = 6


def test_who_is_a_viewer(index: Index, client: Client) -> None:
    """Who has asked; whose follows are known is told apart."""
    alice, bob, carol = (index.actor(name) for name in ("alice", "bob", "carol"))
    index.follow(alice)
    index.follow(bob, read=False)
    seen = [
        (is_viewer(client.store, did), knows_follows(client.store, did))
        for did in (alice, bob, carol)
    ]
    assert seen == [(True, True), (True, False), (False, False)]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, ARTISTS - 1), st.integers(0, 4)), max_size=25),
    st.sets(st.integers(0, ARTISTS - 1)),
    st.integers(1, 5),
    st.sets(st.integers(0, ARTISTS - 1), max_size=2),
)
def test_it_equals_its_twin(
    tracks: list[tuple[int, int]], followed: set[int], limit: int, hidden: set[int]
) -> None:
    """Whatever is followed and published, ties in time among it, page after page."""
    with TemporaryDirectory() as folder:
        index = Index(Path(folder) / "index.db")
        fan = index.actor("fan")
        dids = [index.actor(f"artist{number}") for number in range(ARTISTS)]
        for artist, minute in tracks:
            at = START - (10 - minute) * MINUTE
            time = f"2025-12-31T23:{50 + minute}:00.000Z"
            index.track(dids[artist], createdAt=time)
            assert at < START
        index.follow(fan, *(dids[number] for number in followed))
        for number in hidden:
            index.status(dids[number], active=False)
        shown = followed - hidden
        twin = [
            Place(key, record)
            for key, record, did in index.conn.execute(
                "SELECT t.sort_at, t.record, a.did FROM tracks t JOIN actors a ON a.id = t.actor"
                " ORDER BY t.sort_at DESC, t.record DESC"
            )
            if did in [dids[number] for number in shown]
        ]
        client = Client(index)
        found: list[Place] = []
        while page := timeline(client.store, fan, found[-1] if found else LAST, limit, ANYTHING):
            assert len(page) <= limit
            found += page
        client.close()
        index.conn.close()
        assert found == twin


def test_no_table_is_walked(index: Index, client: Client) -> None:
    """The plan finds everything by an index; what is scanned is what it has gathered itself."""
    plans: list[str] = []

    def explain(_cursor: object, sql: str, values: object) -> bool:
        if "follows" in sql and not sql.startswith("EXPLAIN"):
            rows = index.conn.execute(f"EXPLAIN QUERY PLAN {sql}", values)  # type: ignore[arg-type]
            plans.extend(str(row[3]) for row in rows)
        return True

    client.connection.exec_trace = explain
    timeline(client.store, index.actor("fan"), LAST, 50, ANYTHING)
    client.connection.exec_trace = None
    assert any("tracks_by_actor" in line for line in plans)
    scans = [line for line in plans if line.startswith("SCAN")]
    assert {line.split()[1] for line in scans} <= {
        "artists",
        "leading",
        "label_",
        "labeler_",
        "CONSTANT",
    }
