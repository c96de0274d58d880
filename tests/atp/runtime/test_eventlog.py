"""The event log: numbers that are never used twice, reading, trimming."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atp.runtime import eventlog, sqlite


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[apsw.Connection]:
    conn = sqlite.connect(tmp_path / "log.db")
    sqlite.migrate(conn, [eventlog.SCHEMA])
    yield conn
    conn.close()


def test_numbers_follow_the_clock_and_never_fall(conn: apsw.Connection) -> None:
    """The next is max(last + 1, now), also when the clock stands still or goes back."""
    assert [eventlog.append(conn, now, "k", b"") for now in (100, 100, 50, 500)] == [
        100,
        101,
        102,
        500,
    ]
    assert eventlog.last_seq(conn) == 500


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 3)), max_size=8))
def test_many_at_once_are_as_one_after_the_other(calls: list[tuple[int, int]]) -> None:
    """`append_all` gives the numbers that as many calls of `append` would."""
    one, all_ = (apsw.Connection(":memory:") for _ in range(2))
    for conn in (one, all_):
        sqlite.migrate(conn, [eventlog.SCHEMA])
    for now, count in calls:
        events = [(f"kind{n}", bytes([n])) for n in range(count)]
        for kind, payload in events:
            eventlog.append(one, now, kind, payload)
        assert eventlog.append_all(all_, now, events) == eventlog.last_seq(one)
    query = "SELECT * FROM event ORDER BY seq"
    assert one.execute(query).fetchall() == all_.execute(query).fetchall()


def test_events_come_back_in_order_and_in_pages(conn: apsw.Connection) -> None:
    """read_after gives what follows a number, oldest first, at most a page."""
    for n in range(5):
        eventlog.append(conn, 10 + n, f"kind{n}", bytes([n]))
    assert eventlog.read_after(conn, 11, 2) == [(12, "kind2", b"\2"), (13, "kind3", b"\3")]
    assert eventlog.read_after(conn, 14, 2) == []
    assert conn.execute("SELECT at FROM event WHERE seq = 12").get == 12


def test_an_empty_log_has_lost_nothing(conn: apsw.Connection) -> None:
    """Before the first event any reader is in time."""
    assert eventlog.last_seq(conn) == 0
    assert eventlog.first_seq(conn) == 1
    assert eventlog.read_after(conn, 0, 10) == []


def test_a_number_is_not_given_again_after_its_event_is_gone(conn: apsw.Connection) -> None:
    """The last number outlives its event, however that was deleted."""
    last = eventlog.append(conn, 1_000, "k", b"")
    conn.execute("DELETE FROM event")
    assert eventlog.append(conn, 5, "k", b"") == last + 1


def test_an_event_is_undone_with_its_transaction(conn: apsw.Connection) -> None:
    """Event and number belong to the caller's transaction."""

    def refuse() -> None:
        with sqlite.transaction(conn):
            eventlog.append(conn, 1_000, "k", b"")
            raise LookupError

    with pytest.raises(LookupError):
        refuse()
    assert eventlog.last_seq(conn) == 0
    assert eventlog.read_after(conn, 0, 10) == []


def test_trim_tells_exactly_who_is_too_late(conn: apsw.Connection) -> None:
    """A reader has lost events just when its cursor lies before first_seq - 1."""
    for now in (10, 20, 30):
        eventlog.append(conn, now, "k", b"")
    assert eventlog.trim(conn, 20) == 1
    assert eventlog.first_seq(conn) == 11
    assert eventlog.trim(conn, 20) == 0
    assert eventlog.first_seq(conn) == 11
    assert eventlog.trim(conn, 1_000) == 2
    assert eventlog.first_seq(conn) == 31
    assert eventlog.append(conn, 0, "k", b"") == 31


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("append"), st.integers(0, 60)),
            st.tuples(st.just("trim"), st.integers(0, 80)),
        ),
        max_size=30,
    )
)
def test_the_log_equals_a_plain_list(steps: list[tuple[str, int]]) -> None:
    """Any mixture of appends and trims does what it does to a list of all events ever."""
    conn = apsw.Connection(":memory:")
    sqlite.migrate(conn, [eventlog.SCHEMA])
    ever: list[int] = []
    kept: list[int] = []
    for step, number in steps:
        if step == "append":
            seq = eventlog.append(conn, number, "k", b"")
            assert seq == max([0, *ever]) + 1 or seq == number > max([0, *ever])
            ever.append(seq)
            kept.append(seq)
        else:
            assert eventlog.trim(conn, number) == sum(seq < number for seq in kept)
            kept = [seq for seq in kept if seq >= number]
        assert [seq for seq, _, _ in eventlog.read_after(conn, -1, 100)] == kept
        for cursor in range(max([0, *ever]) + 2):
            lost = any(seq > cursor for seq in set(ever) - set(kept))
            assert (cursor < eventlog.first_seq(conn) - 1) == lost
    conn.close()
