"""The reads of the index."""

from __future__ import annotations

import re
from typing import Any

from appview.cursor import LAST
from appview.labels import to_anybody
from appview.store import Store
from atp.syntax import Did, Handle
from tests.appview.client import Client
from tests.appview.index import NAMES, START, Index


def test_absent_is_not_unasked(index: Index, store: Store) -> None:
    """Batches answer for exactly the ids they were given; None is asked and absent."""
    alice = index.actor("alice")
    track = store.find_tracks([index.track(alice)]).popitem()[1]
    nobody = Did("did:plc:nobody")
    assert store.tracks([track, 10**9]).keys() == {track, 10**9}
    assert store.tracks([10**9]) == {10**9: None}
    assert store.records([10**9]) == {10**9: None}
    assert store.actors([nobody]) == {nobody: None}


def test_resolves_only_verified_handles_of_active_accounts(index: Index, store: Store) -> None:
    """``handle.invalid`` names nobody, however many accounts show it."""
    alice, bob = index.actor("alice"), index.actor("bob")
    index.actor("carol", "handle.invalid")
    index.status(bob, active=False)
    asked = [Handle("alice.test"), Handle("bob.test"), Handle.INVALID]
    assert store.resolve(asked) == {Handle("alice.test"): alice}


def test_a_snapshot_does_not_move(index: Index, store: Store) -> None:
    """Reads inside one snapshot do not see what is written meanwhile; the next one does."""
    alice = index.actor("alice")
    index.track(alice)
    with store.snapshot():
        before = store.latest_tracks(LAST, 10, to_anybody(START))
        index.track(alice)
        assert store.latest_tracks(LAST, 10, to_anybody(START)) == before
    assert len(store.latest_tracks(LAST, 10, to_anybody(START))) == 2


def test_every_query_walks_an_index(index: Index, client: Client) -> None:
    """No statement behind a page reads a whole table, but the few labelers; totals do."""
    artists = [index.actor(f"artist{number}") for number in range(20)]
    tracks = [index.track(artist) for artist in artists]
    for artist in artists:
        index.like(artist, tracks[0])
        index.comment(artist, tracks[0])
    playlist = index.list_(artists[0], tracks)
    client.labelers.append(index.label(tracks[0], "spam").src)
    asked: dict[str, dict[str, Any]] = {
        "feed.getTracks": {"uris": [tracks[0], tracks[1].replace("did:web:", "")]},
        "feed.getLatestTracks": {"limit": 5},
        "feed.getActorTracks": {"actor": "artist1.test"},
        "feed.getTrackLikes": {"uri": tracks[0], "limit": 5},
        "feed.getTrackComments": {"uri": tracks[0], "limit": 5},
        "graph.getList": {"uri": playlist, "limit": 5},
        "actor.getProfile": {"actor": artists[0]},
        "moderation.queryLabels": {"uriPatterns": [tracks[0], "at://*"]},
    }
    statements = [
        sql for name, params in asked.items() for sql in client.statements(name, **params)
    ]
    statements += client.statements("feed.getTrackComments", uri=tracks[0], sort="newest")
    for sql in sorted(set(statements) - {"BEGIN", "COMMIT"}):
        numbered = re.findall(r"\?(\d+)", sql)
        blanks = (0,) * max([sql.count("?") - len(numbered), *map(int, numbered)])
        plan = [row[3] for row in client.connection.execute(f"EXPLAIN QUERY PLAN {sql}", blanks)]
        scans = [
            step
            for step in plan
            if step.startswith("SCAN") and not re.search("VIRTUAL TABLE|SCAN labelers", step)
        ]
        assert scans == [], sql
        assert "TEMP B-TREE" not in " ".join(plan) or "handle" in sql, sql


def test_uris_name_the_namespace(index: Index, store: Store) -> None:
    """Rows carry their AT-URI, spelled with the collection of the namespace."""
    alice = index.actor("alice")
    uri = index.track(alice)
    (row,) = store.tracks(store.find_tracks([uri]).values()).values()
    assert row
    assert (row.uri, row.uri.collection, row.author) == (uri, NAMES.track, alice)
