"""Snapshots: one state for all that waits, and never one from before somebody asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from appview.snapshot import Snapshot
from atp.runtime import sqlite


class Number:
    """A store with one number, which somebody writes and somebody else reads."""

    def __init__(self, path: Path) -> None:
        self.writer = sqlite.connect(path)
        self.writer.execute("CREATE TABLE numbers (value INTEGER); INSERT INTO numbers VALUES (0)")
        self.reader: apsw.Connection = sqlite.connect(path, readonly=True)
        self.snapshot = Snapshot(self.reader)

    def write(self) -> None:
        """One more."""
        self.writer.execute("UPDATE numbers SET value = value + 1")

    def read(self) -> tuple[int, int]:
        """The snapshot's number and what is read in it."""
        with self.snapshot as state:
            return state, self.look()

    def look(self) -> int:
        """What is read now."""
        return int(self.reader.execute("SELECT value FROM numbers").get)


@pytest.fixture
def number(tmp_path: Path) -> Iterator[Number]:
    made = Number(tmp_path / "numbers.db")
    yield made
    made.snapshot.end()
    made.reader.close()
    made.writer.close()


def test_without_a_loop_it_ends_with_the_block(number: Number) -> None:
    """Inside nothing moves, also in a block within; the next block sees what is new."""
    with number.snapshot as outer:
        assert number.look() == 0
        number.write()
        assert number.read() == (outer, 0)
        assert number.look() == 0
    assert number.look() == 1
    assert number.read() == (outer + 1, 1)


def test_it_ends_after_an_error(number: Number) -> None:
    """Whatever goes wrong inside."""
    with pytest.raises(KeyError), number.snapshot:
        raise KeyError
    assert not number.reader.in_transaction


async def test_what_waits_shares_it(number: Number) -> None:
    """Who came before it began shares it; who came later sees all that was written before that."""
    seen: list[tuple[int, int]] = []
    later: list[asyncio.Task[None]] = []

    async def ask() -> None:
        seen.append(number.read())

    async def write_and_have_asked() -> None:
        number.write()
        later.append(asyncio.create_task(ask()))

    await asyncio.gather(ask(), ask(), write_and_have_asked(), ask())
    await asyncio.gather(*later)
    assert seen == [(1, 0), (1, 0), (1, 0), (2, 1)]


async def test_nobody_is_shown_what_was_before_they_asked(number: Number) -> None:
    """Over sockets: what was written before a request is in its answer, whoever else reads."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readline():
            number.read()
            await asyncio.sleep(0)
            writer.write(b"%d\n" % number.read()[1])
        writer.close()

    async def asks(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(50):
            number.write()
            wanted = int(number.writer.execute("SELECT value FROM numbers").get)
            writer.write(b"?\n")
            assert int(await reader.readline()) >= wanted
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        await asyncio.gather(*(asks(port) for _ in range(8)))


async def test_it_can_be_ended_at_once(number: Number) -> None:
    """As when the store is closed while somebody has just read."""
    number.read()
    number.snapshot.end()
    assert not number.reader.in_transaction
    number.write()
    assert number.read()[1] == 1
    await asyncio.sleep(0)
    assert not number.reader.in_transaction
