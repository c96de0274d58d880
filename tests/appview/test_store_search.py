"""Finding entries: everything that matches while there is little, bounded when there is much."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appview.search import Entry, Query, Tier
from appview.store import Store
from appview.store_search import FEW, NAMESAKES, POOL, Finder
from indexer.schema import Kind
from lexicons.fold import words
from tests.appview.index import Index

TITLES = (
    "Night",
    "Night Bus",
    "The Night",
    "Nightingale",
    "Midnight Sun",
    "Nihgt Errors",
    "Harbour Lights",
    "Harbour",
    "Lights Out",
    "Tūnņg",
    "夜に駆ける",
    "夜",
    "Гроза",
    "Don’t Stop",
    "!!!",
    "🔥",
    "A$AP",
    "one two three four five six",
)
QUERIES = [
    "night",
    "the night",
    "nigh",
    "ni",
    "n",
    "night b",
    "harbor",
    "lights",
    "light har",
    "ight",
    "tunng",
    "夜",
    "夜に",
    "駆",
    "гроза",
    "грозa",
    "грозы",
    "dont",
    "stop don't",
    "!!!",
    "🔥",
    "$",
    "asap",
    "six five four three two one",
    "six five four three two on",
    "mira",
    "mira night",
    "zzz",
]


@pytest.fixture
def filled(index: Index, store: Store) -> Store:
    """A store with those titles."""
    mira = index.actor("mira")
    for title in TITLES:
        index.track(mira, title, artist="Mira", album="One")
    return store


def everything(store: Store) -> list[Entry]:
    """Every entry of a track."""
    return [
        Entry(*row)
        for row in store.read(
            "SELECT key, name, also, coalesce(likes, 0), sort_at FROM search_entries"
            " LEFT JOIN counters ON record = key WHERE kind = 1"
        )
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(query=st.sampled_from(QUERIES))
def test_finds_what_a_scan_finds(filled: Store, query: str) -> None:
    """The obvious twin ranks every entry; parts and typos count where little else matches."""
    asked = Query(words(query))
    scanned = asked.rank(everything(filled))
    strict = [match for match in scanned if match.tier <= Tier.BEGINNINGS]
    found = asked.rank(Finder(filled, Kind.TRACK).find(asked))
    assert found[: len(strict)] == strict
    if len(strict) < FEW:
        assert found == scanned


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(query=st.text(max_size=100) | st.text('"*()^:+-{}NEAR AND OR NOT', max_size=40))
def test_no_text_is_syntax(filled: Store, query: str) -> None:
    """Whatever is typed is looked for and never read as a query language, nor is it an error."""
    asked = Query(words(query))
    for kind in Kind:
        Finder(filled, kind).find(asked)
    assert asked.rank(Finder(filled, Kind.TRACK).find(asked)) == asked.rank(everything(filled))


def test_a_common_word_is_bounded(index: Index, store: Store) -> None:
    """Of very many, those called exactly so and the best liked are ranked, however old they are."""
    mira, fan = index.actor("mira"), index.actor("fan")
    loved, namesake = index.track(mira, "Love Song"), index.track(mira, "Love")
    for number in range(9):
        index.like(index.actor(f"fan{number}"), loved)
    index.like(fan, loved)
    row = index.conn.execute("SELECT actor, sort_at FROM search_entries WHERE kind = 1").fetchone()
    index.conn.execute(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
        " INSERT INTO search_entries (doc, kind, key, actor, sort_at, name, also)"
        " SELECT (1 << 60) | (10000 + i), 1, 10000 + i, ?, ?, 'my love ' || i, '' FROM n",
        row,
    )
    asked = Query(["love"])
    found = Finder(store, Kind.TRACK).find(asked)
    assert len(found) <= POOL + NAMESAKES
    ranked = [match.key for match in asked.rank(found)]
    keys = store.find_tracks([loved, namesake])
    assert ranked[:2] == [keys[namesake], keys[loved]]


def test_hidden_accounts_do_not_fill_the_pool(index: Index, store: Store) -> None:
    """What hidden accounts hold takes no place from what is shown."""
    mira, spam = index.actor("mira"), index.actor("spam")
    index.track(mira, "Gold rain")
    for _ in range(POOL + 1):
        index.conn.execute(
            "INSERT INTO search_entries (doc, kind, key, actor, sort_at, name, also)"
            " SELECT max(doc) + 1, 1, max(key) + 1, (SELECT id FROM actors WHERE did = ?), 0,"
            " 'gold', '' FROM search_entries WHERE kind = 1",
            (spam,),
        )
    index.status(spam, active=False)
    found = Finder(store, Kind.TRACK).find(Query(["gold"]))
    assert [entry.name for entry in found] == ["gold rain"]


def test_statements_are_few(filled: Store) -> None:
    """However many words a query has, only so many statements are run."""
    seen: list[str] = []

    def trace(_cursor: object, sql: str, _values: object) -> bool:
        seen.append(sql)
        return True

    filled._conn.exec_trace = trace
    Finder(filled, Kind.TRACK).find(Query([f"word{number}" for number in range(60)]))
    filled._conn.exec_trace = None
    assert len(seen) <= 40


def test_a_long_query_takes_no_time(filled: Store) -> None:
    """The longest queries that there may be are answered."""
    start = time.process_time()
    for query in ("a" * 48, " ".join(["night"] * 60), " ".join("abcdefghijklmnopqrstuvwxyz")):
        Finder(filled, Kind.TRACK).find(Query(words(query)))
    assert time.process_time() - start < 1
