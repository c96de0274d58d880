"""labels.db: pages of the log, questions by subject, and what nobody may change."""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labeler import store
from labeler.decide import Statement
from tests.labeler.making import NOW, SRC, made

SUBJECTS = [
    "at://did:web:a.test/x/1",
    "at://did:web:a.test/x/10",
    "at://did:web:a.test/X/1",
    "at://did:web:a_test/x/1",
    "at://did:web:aXtest/x/1",
    "at://did:web:a%25test/x/%",
    "did:web:a.test",
    "did:web:a.test*",
    "https://a.test/\\_%",
]
PIECES = ["at://did:web:a", ".", "_", "%", "test", "/x", "/X", "/1", "0", "did:web:a.test", "\\"]
PATTERNS = st.one_of(
    st.sampled_from(SUBJECTS),
    st.sampled_from(SUBJECTS).flatmap(
        lambda uri: st.integers(0, len(uri)).map(lambda end: uri[:end] + "*")
    ),
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map(lambda some: "".join(some) + "*"),
)


@settings(max_examples=60, deadline=None)
@given(
    said=st.lists(st.sampled_from(SUBJECTS), max_size=25),
    patterns=st.lists(PATTERNS, min_size=1, max_size=4),
    limit=st.integers(1, 6),
    narrow=st.integers(0, 3),
)
def test_questions_find_what_a_slow_reader_finds(
    said: list[str], patterns: list[str], limit: int, narrow: int
) -> None:
    """Whatever stands in patterns and subjects, page by page, found by subject or in the log."""
    before, store.NARROW = store.NARROW, narrow
    try:
        asyncio.run(ask(said, patterns, limit))
    finally:
        store.NARROW = before


async def ask(said: list[str], patterns: list[str], limit: int) -> None:
    """Read all pages, and compare with a look at every label."""
    with TemporaryDirectory() as folder:
        async with made(Path(folder)) as it:
            if said:
                await it.labels.apply([Statement(uri, "spam") for uri in said], "operator:ann")
            everything = store.after(it.conn, 0, 100)
            assert [label.uri for _, label in everything] == said
            expected = [(seq, x) for seq, x in everything if any(fits(x.uri, p) for p in patterns)]
            found, cursor = [], 0
            while page := store.query(it.conn, patterns, [SRC], limit, cursor):
                assert len(page) <= limit
                found += page
                cursor = page[-1][0]
            assert found == expected


def fits(uri: str, pattern: str) -> bool:
    """Whether a subject fits a pattern, as the specification says it."""
    return uri.startswith(pattern[:-1]) if pattern.endswith("*") else uri == pattern


async def test_pages_hold_together_while_labels_are_given(tmp_path: Path) -> None:
    """No label is missed and none comes twice, whatever is given between two pages."""
    async with made(tmp_path) as it:
        seen, cursor = [], 0
        for turn in range(6):
            said = [Statement(f"at://did:web:a.test/x/{turn}{n}", "spam") for n in range(3)]
            await it.labels.apply(said, "operator:ann")
            page = store.query(it.conn, ["at://did:web:a.test/*"], [], 2, cursor)
            seen += page
            cursor = page[-1][0]
        seen += store.query(it.conn, ["at://did:web:a.test/*"], [], 100, cursor)
        assert seen == store.after(it.conn, 0, 100)


async def test_other_sources_have_said_nothing(tmp_path: Path) -> None:
    """A store holds one labeler's labels; whoever asks for another's finds none."""
    async with made(tmp_path) as it:
        assert store.source(it.conn) is None
        await it.labels.apply([Statement("did:web:a.test", "spam")], "operator:ann")
        assert store.source(it.conn) == SRC
        assert store.query(it.conn, ["*"], ["did:web:other.test"], 5, 0) == []
        assert len(store.query(it.conn, ["*"], ["did:web:other.test", SRC], 5, 0)) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET actor = 'somebody else'",
        "DELETE FROM events",
        "UPDATE labels SET val = 'ham'",
        "UPDATE labels SET seq = 1",
        "UPDATE labels SET cts = '2020-01-01T00:00:00.000Z'",
        "INSERT INTO labels SELECT seq + 1, 99, src, uri, cid, val, neg, cts, exp, sig, key FROM labels",
    ],
)
async def test_what_was_decided_stays(tmp_path: Path, statement: str) -> None:
    """The tables themselves refuse; a label without an event is none (law 12)."""
    async with made(tmp_path) as it:
        await it.labels.apply([Statement("did:web:a.test", "spam")], "operator:ann")
        with pytest.raises(apsw.ConstraintError):
            await it.writer.run(lambda conn: conn.execute(statement).fetchall())
        await it.writer.run(lambda conn: conn.execute("UPDATE labels SET sig = x'00'").fetchall())


async def test_no_question_reads_more_than_it_must(tmp_path: Path) -> None:
    """One subject of thirty thousand, and a prefix, are found by the index of subjects."""
    async with made(tmp_path) as it:
        many = [Statement(f"at://did:web:a.test/x/{n}", "spam") for n in range(3_000)]
        await it.labels.apply(many, "operator:ann")

        def steps(*patterns: str, cursor: int = 0) -> int:
            done = 0

            def count() -> bool:
                nonlocal done
                done += 1
                return False

            it.conn.set_progress_handler(count, 100)
            store.query(it.conn, patterns, [SRC], 51, cursor)
            it.conn.set_progress_handler(None)
            return done

        assert steps("at://did:web:a.test/x/2999") < 5
        assert steps("at://did:web:a.test/x/299*") < 10
        assert steps("*") < 20
        assert steps("*", cursor=NOW + 2_900) < 20
