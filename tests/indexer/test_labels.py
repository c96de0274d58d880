"""Streams of labelers: what is stored, what is counted and dropped, and where reading goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import apsw
import pytest

from atp import frames
from atp.keys import Curve, PrivateKey
from atp.runtime import sqlite
from atp.runtime.beside import beside
from atp.runtime.http import Client
from atp.runtime.metrics import Registry
from atp.runtime.sqlite import Writer
from atp.syntax import Did
from indexer import labels as reading
from indexer import schema
from indexer.labels import Labeler
from indexer.metrics import Metrics
from indexer.rebuild import rebuild
from indexer.store import labels
from lexicons.catalog import Catalog
from pds_client.identity import Directory
from tests.indexer.authors import NAMES, Author, Index
from tests.indexer.labelers import START, LabelHost, serving

DEAD = Did("did:plc:anotherlabelerthatisdead")


@dataclass
class Reading:
    """A labeler's stream that is read into an index."""

    path: Path
    labeler: Labeler
    registry: Registry

    def rows(self) -> set[tuple[str, str, int | None]]:
        """The subject, name and negation of every label."""
        with opened(self.path) as conn:
            return set(conn.execute("SELECT uri, val, neg FROM labels"))

    def cursor(self) -> int:
        """The stored cursor of the only labeler that has one."""
        with opened(self.path) as conn:
            return int(conn.execute("SELECT max(cursor) FROM labelers").get)

    def counted(self, end: str) -> float:
        """How many labels ended so."""
        name = f'plyr_indexer_labels_total{{end="{end}"}}'
        lines = self.registry.render().decode().splitlines()
        return float(next(line.rsplit(" ", 1)[1] for line in lines if line.startswith(name)))


@contextmanager
def opened(path: Path) -> Iterator[apsw.Connection]:
    """The index, read-only."""
    conn = sqlite.connect(path, readonly=True)
    try:
        yield conn
    finally:
        conn.close()


@asynccontextmanager
async def following(
    host: LabelHost, path: Path, clock: Callable[[], int] = lambda: START + 10**12
) -> AsyncIterator[Reading]:
    """Read the host's stream into the index at ``path`` until the end of the block."""
    registry = Registry()
    async with Client(allow_private=True) as http:
        writer = Writer(path, schema.migrations())
        try:
            await writer.run(lambda conn: labels.configure(conn, [host.did]))
            labeler = Labeler(
                host.did,
                writer=writer,
                directory=Directory(http, host.url),
                guard=http.guard,
                metrics=Metrics(registry),
                clock=clock,
                random=Random(1),
            )
            async with beside(labeler.run()):
                yield Reading(path, labeler, registry)
        finally:
            await writer.close()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between connections as they are, but short."""
    monkeypatch.setattr(reading, "backoff", lambda attempt, random: 0.01 * (attempt + random))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the index is."""
    return tmp_path / schema.FILE


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


async def test_stores_what_the_labeler_signed(path: Path) -> None:
    """From the beginning, then as it comes; a label that takes another back is kept as one."""
    async with serving() as host, following(host, path) as read:
        host.send(host.label("a"), host.label("b", neg=False))
        await until(lambda: read.rows() == {("x:y", "a", None), ("x:y", "b", 0)})
        host.send(host.label("a", neg=True))
        await until(lambda: ("x:y", "a", 1) in read.rows())
        assert host.cursors == [0]
        assert read.cursor() == 2
        assert read.counted("stored") == 3
        assert read.labeler.status().connected


async def test_what_it_did_not_sign_is_counted_and_left_out(path: Path) -> None:
    """A forged signature, another source, none at all, and what is no label; the rest is stored."""
    other = PrivateKey.from_bytes(Curve.P256, b"\x0a" * 32)
    async with serving() as host, following(host, path) as read:
        genuine = host.label("forged")
        stranger = replace(genuine, src=Did("did:web:stranger.test"))
        host.send(
            replace(genuine, val="changed"),
            genuine.sign(other),
            replace(genuine, sig=None),
            stranger.sign(host.key),
            host.label("good"),
        )
        fields = {**genuine.fields(), "val": ""}
        host.send_frame(2, frames.encode_message("#labels", {"seq": 2, "labels": [fields]}))
        await until(lambda: read.cursor() == 2)
        assert read.rows() == {("x:y", "good", None)}
        assert read.counted("bad_signature") == 3
        assert read.counted("foreign_source") == 1
        assert read.counted("unreadable") == 1
        assert host.asked == 2, "the key is asked for anew once, not for each"


async def test_a_new_key_is_found(path: Path) -> None:
    """After a label that the known key did not sign the document is asked for once more."""
    async with serving() as host, following(host, path) as read:
        host.send(host.label("old"))
        await until(lambda: read.cursor() == 1)
        host.key = PrivateKey.from_bytes(Curve.P256, b"\x0b" * 32)
        host.send(host.label("new"))
        await until(lambda: read.cursor() == 2)
        assert len(read.rows()) == 2
        assert read.counted("bad_signature") == 0


async def test_goes_on_from_the_cursor(path: Path) -> None:
    """After a cut and after a restart; what comes twice is stored once."""
    async with serving() as host:
        async with following(host, path) as read:
            host.send(host.label("a"))
            await until(lambda: read.cursor() == 1)
            await host.cut()
            host.send(host.label("b"), seq=5)
            await until(lambda: read.cursor() == 5)
            assert host.cursors == [0, 1]
        host.send(host.label("c"))
        async with following(host, path) as read:
            await until(lambda: read.cursor() == 6)
            assert host.cursors == [0, 1, 5]
            assert read.counted("stored") == 1


async def test_a_reset_stream_is_read_from_its_beginning(path: Path) -> None:
    """A labeler that has lost its past counts anew; what it says newly holds, the rest stays."""
    async with serving() as host, following(host, path) as read:
        host.send(host.label("kept"), host.label("renewed"), seq=100)
        await until(lambda: read.cursor() == 100)
        host.sent.clear()
        host.send(host.label("renewed", neg=True))
        await host.cut()
        await until(lambda: read.cursor() == 1)
        assert read.rows() == {("x:y", "kept", None), ("x:y", "renewed", 1)}
        assert host.cursors == [0, 100, 0]


async def test_a_frame_that_cannot_be_read_ends_the_connection(path: Path) -> None:
    """What came before it is stored; it is tried again from there, and counted each time."""
    async with serving() as host, following(host, path) as read:
        host.send(host.label("a"))
        host.send_frame(2, b"\xff")
        await until(lambda: len(host.cursors) > 2)
        assert host.cursors[:3] == [0, 1, 1]
        assert read.rows() == {("x:y", "a", None)}
        assert read.counted("unreadable") >= 2
        host.send(host.label("b"), seq=2)
        await until(lambda: read.cursor() == 2)


async def test_messages_about_the_stream_change_nothing(path: Path) -> None:
    """Unknown kinds and notices are passed over."""
    async with serving() as host, following(host, path) as read:
        host.send_frame(1, frames.encode(frames.InfoMsg("OutdatedCursor", None)))
        host.send_frame(2, frames.encode_message("#later", {"seq": 2}))
        host.send(host.label("a"), seq=3)
        await until(lambda: read.cursor() == 3)
        assert host.cursors == [0]


async def test_waits_for_a_document_that_names_a_service(path: Path) -> None:
    """A labeler without one is told of, and asked again."""
    async with serving(LabelHost(served=False)) as host, following(host, path) as read:
        await until(lambda: read.labeler.status().error is not None)
        assert "AtprotoLabeler" in str(read.labeler.status().error)
        assert host.cursors == []
        assert host.asked >= 1


async def test_one_that_is_dead_harms_no_other(path: Path) -> None:
    """It clears nothing either: what it said before stands."""
    async with serving() as host:
        async with following(host, path) as read:
            host.send(host.label("a"))
            await until(lambda: read.cursor() == 1)
    async with serving(LabelHost(DEAD)) as other:
        async with following(other, path) as read:
            other.send(other.label("b"))
            await until(lambda: read.rows() == {("x:y", "a", None), ("x:y", "b", None)})


async def test_many_labels(path: Path) -> None:
    """More than fit one transaction or may wait at once arrive all, in order."""
    async with serving() as host:
        for number in range(3_000):
            host.send(host.label("v", neg=number % 2 == 1), seq=number + 1)
        async with following(host, path) as read:
            await until(lambda: read.cursor() == 3_000)
            assert read.rows() == {("x:y", "v", 1)}
            assert read.counted("stored") == 3_000


def put(conn: apsw.Connection, host: LabelHost, now: int, **fields: Any) -> bool:
    """Store a label of the host at a time."""
    return labels.put(conn, host.label(**fields), now)


@pytest.fixture
def conn() -> apsw.Connection:
    """An index in memory that follows a labeler."""
    conn = apsw.Connection(":memory:")
    conn.pragma("foreign_keys", "ON")
    sqlite.migrate(conn, schema.migrations())
    labels.configure(conn, [LabelHost().did])
    return conn


def test_the_newest_cts_stands(conn: apsw.Connection) -> None:
    """Whatever the order of arrival; of two at one time, the one that came later."""
    host = LabelHost()
    first, second = host.label("v"), host.label("v", neg=True)
    same = replace(second, neg=None).sign(host.key)
    now = host.clock
    assert labels.put(conn, second, now)
    assert not labels.put(conn, first, now)
    assert conn.execute("SELECT neg FROM labels").get == 1
    assert labels.put(conn, same, now)
    assert conn.execute("SELECT neg, count(*) FROM labels").fetchall() == [(None, 1)]


def test_a_label_from_the_future_locks_nothing(conn: apsw.Connection) -> None:
    """It stands when it comes, and gives way to whatever comes after, replayed or live."""
    host = LabelHost()
    host.clock += 10**15
    future = host.label("v")
    host.clock = START
    honest = host.label("v", neg=True)
    now = host.clock
    for _ in range(2):
        assert labels.put(conn, future, now)
        assert conn.execute("SELECT neg FROM labels").get is None
        assert labels.put(conn, honest, now)
        assert conn.execute("SELECT neg FROM labels").get == 1


def test_a_rebuild_leaves_labels_alone() -> None:
    """They are no record's; those on a record and on its account still name both."""
    index, mira = Index(), Author(0)
    host = LabelHost()
    labels.configure(index.conn, [host.did])
    labels.put(index.conn, host.label("v", mira.uri(NAMES.track, "3kaaaaaaaaaa2")), host.clock)
    labels.put(index.conn, host.label("v", mira.did), host.clock)
    index.apply(mira.commit(mira.track()))
    everything = "SELECT * FROM labels ORDER BY uri"
    before = index.conn.execute(everything).fetchall()
    with index.transaction():
        rebuild(index.conn, NAMES, Catalog.load())
    assert index.conn.execute(everything).fetchall() == before
    named = "SELECT count(actor), count(record) FROM labels"
    assert index.conn.execute(named).fetchall() == [(1, 1)]


def test_labelers_that_are_not_configured_keep_their_place(conn: apsw.Connection) -> None:
    """Their rows and cursors stay for when they are configured again."""
    host = LabelHost()
    labels.put(conn, host.label("v"), host.clock)
    labels.move(conn, host.did, 7)
    labels.configure(conn, [DEAD])
    rows = conn.execute("SELECT did, configured, cursor FROM labelers ORDER BY id").fetchall()
    assert rows == [(host.did, 0, 7), (DEAD, 1, 0)]
    labels.configure(conn, [host.did, DEAD])
    assert labels.cursor(conn, host.did) == 7
    assert conn.execute("SELECT count(*) FROM labels").get == 1
