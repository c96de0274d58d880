"""Handles and PDS addresses: looked up when due, kept when they cannot be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from itertools import count
from pathlib import Path

import apsw
import pytest

from atp import cbor
from atp.did_doc import build
from atp.runtime import eventlog
from atp.runtime.beside import beside
from atp.runtime.http import Client
from atp.runtime.sqlite import Writer, connect
from atp.syntax import Handle
from indexer import identities, schema
from indexer.identities import Identities
from indexer.store import handles, rows
from pds_client.identity import Directory
from tests.e2e.hosts import replaying
from tests.indexer.authors import Author, Index

NOW = 1_750_000_000_000_000


def document(author: Author, handle: str) -> dict[str, object]:
    """A DID document that claims a handle."""
    pds = {"#atproto_pds": ("AtprotoPersonalDataServer", "http://127.0.0.1:2583")}
    return build(author.did, Handle.parse(handle), {"#atproto": author.key.public_key}, pds)


@asynccontextmanager
async def looking_up(
    folder: Path, author: Author, documents: dict[str, object], names: dict[str, str]
) -> AsyncIterator[Writer]:
    """The keeper of handles at work, with one account due."""
    writer = Writer(folder / schema.FILE, schema.migrations())

    def due(conn: object) -> None:
        handles.schedule(conn, rows.actor(conn, author.did).id, NOW)  # type: ignore[arg-type]

    await writer.run(due)
    async with replaying([], documents, names) as host, Client(allow_private=True) as http:
        directory = Directory(http, host.url, (host.url,))
        try:
            async with beside(Identities(writer, directory, lambda: NOW).run()):
                yield writer
        finally:
            await writer.close()


def stored(folder: Path) -> tuple[object, ...]:
    """Handle, PDS and when the account is due again."""
    with closing(connect(folder / schema.FILE, readonly=True)) as conn:
        row = conn.execute("SELECT handle, pds, handle_due FROM actors").fetchone()
    assert row is not None
    return tuple(row)


async def until_due_later(folder: Path) -> None:
    """Wait for the look-up to have been stored."""
    async with asyncio.timeout(10):
        while stored(folder)[2] == NOW:
            await asyncio.sleep(0.02)


async def test_a_handle_that_agrees_both_ways_is_stored_and_told(tmp_path: Path) -> None:
    """Handle and PDS stand in the index, and the event log tells of the change."""
    mira = Author(0)
    documents: dict[str, object] = {mira.did: document(mira, "mira.test")}
    async with looking_up(tmp_path, mira, documents, {"mira.test": mira.did}):
        await until_due_later(tmp_path)
        assert stored(tmp_path) == (
            "mira.test",
            "http://127.0.0.1:2583",
            NOW + identities.VERIFIED_FOR,
        )
        with closing(connect(tmp_path / schema.FILE, readonly=True)) as conn:
            (_, kind, payload) = eventlog.read_after(conn, 0, 10)[-1]
    assert kind == "identity"
    assert cbor.decode_map(payload) == {"did": mira.did, "handle": "mira.test"}


async def test_a_handle_that_points_elsewhere_is_invalid(tmp_path: Path) -> None:
    """The claim of a document alone shows as `handle.invalid`."""
    mira, ada = Author(0), Author(1)
    documents: dict[str, object] = {mira.did: document(mira, "mira.test")}
    async with looking_up(tmp_path, mira, documents, {"mira.test": ada.did}):
        await until_due_later(tmp_path)
    assert stored(tmp_path)[0] == Handle.INVALID


async def test_what_cannot_be_checked_keeps_its_value(tmp_path: Path) -> None:
    """Law 10: a directory that is down changes nothing, and the look-up is tried again."""
    mira = Author(0)
    writer = Writer(tmp_path / schema.FILE, schema.migrations())

    def known(conn: object) -> None:
        actor = rows.actor(conn, mira.did)  # type: ignore[arg-type]
        handles.schedule(conn, actor.id, NOW)  # type: ignore[arg-type]
        handles.store(conn, mira.did, Handle.parse("mira.test"), "http://x.test", NOW)  # type: ignore[arg-type]

    await writer.run(known)
    async with Client(allow_private=True) as http:
        directory = Directory(http, "http://127.0.0.1:1", ())
        task = asyncio.create_task(Identities(writer, directory, lambda: NOW).run())
        await until_due_later(tmp_path)
        task.cancel()
        await asyncio.wait([task])
        await writer.close()
    assert stored(tmp_path) == ("mira.test", "http://x.test", NOW + handles.FIRST_WAIT)


async def test_a_new_home_is_noted_though_the_handle_cannot_be_checked(tmp_path: Path) -> None:
    """Who asks the account's PDS does not wait for its DNS."""
    mira = Author(0)
    documents: dict[str, object] = {mira.did: document(mira, "mira.test")}
    writer = Writer(tmp_path / schema.FILE, schema.migrations())
    await writer.run(lambda conn: handles.schedule(conn, rows.actor(conn, mira.did).id, NOW))
    async with replaying([], documents) as host, Client(allow_private=True) as http:
        directory = Directory(http, host.url, ("http://127.0.0.1:1",))
        task = asyncio.create_task(Identities(writer, directory, lambda: NOW).run())
        await until_due_later(tmp_path)
        task.cancel()
        await asyncio.wait([task])
    await writer.close()
    assert stored(tmp_path) == (None, "http://127.0.0.1:2583", NOW + handles.FIRST_WAIT)


def test_patience_grows_and_ends_with_news() -> None:
    """A minute, then twice as long each time, up to a day; an answer or an event ends that."""
    index, mira = Index(), Author(0)
    handles.schedule(index.conn, rows.actor(index.conn, mira.did).id, NOW)

    def wait(times: int) -> int:
        for _ in range(times):
            handles.postpone(index.conn, mira.did, None, NOW)
        return int(index.one("SELECT handle_due FROM actors")) - NOW

    first, longest = handles.FIRST_WAIT, handles.LAST_WAIT
    assert [wait(1), wait(1), wait(1)] == [first, 2 * first, 4 * first]
    assert (wait(7), wait(1), wait(100)) == (512 * first, 1024 * first, longest)
    handles.store(index.conn, mira.did, Handle.INVALID, None, NOW)
    assert wait(1) == first
    handles.schedule(index.conn, 1, NOW)
    assert wait(1) == first


async def test_news_during_a_look_up_asks_for_another(tmp_path: Path) -> None:
    """A handle that changes while the old one is being checked is looked up again at once."""
    mira = Author(0)
    asked = asyncio.Event()
    documents: dict[str, object] = {mira.did: asked}
    times = count(NOW)
    writer = Writer(tmp_path / schema.FILE, schema.migrations())

    def told(conn: apsw.Connection) -> None:
        handles.schedule(conn, rows.actor(conn, mira.did).id, next(times))

    await writer.run(told)
    names = {"new.test": mira.did}
    async with replaying([], documents, names) as host, Client(allow_private=True) as http:
        directory = Directory(http, host.url, (host.url,))
        keeper = Identities(writer, directory, times.__next__)
        task = asyncio.create_task(keeper.run())
        async with asyncio.timeout(10):
            while not keeper._under_way:
                await asyncio.sleep(0.01)
            documents[mira.did] = document(mira, "new.test")
            directory.invalidate(mira.did)
            await writer.run(told)
            asked.set()
            while stored(tmp_path)[0] != "new.test":
                await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])
    await writer.close()


async def test_an_account_that_is_gone_has_no_valid_handle(tmp_path: Path) -> None:
    """A DID that the directory does not know shows as `handle.invalid`."""
    mira = Author(0)
    async with looking_up(tmp_path, mira, {}, {}):
        await until_due_later(tmp_path)
    assert stored(tmp_path)[0] == Handle.INVALID


async def test_a_slow_account_holds_up_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one look-up hangs, others go on, however many are due."""
    monkeypatch.setattr(identities, "IDLE", 0.05)
    slow, mira = Author(0), Author(1)
    stuck = asyncio.Event()
    documents: dict[str, object] = {slow.did: stuck, mira.did: document(mira, "mira.test")}
    async with looking_up(tmp_path, slow, documents, {"mira.test": mira.did}) as writer:
        await asyncio.sleep(0.1)

        def due(conn: apsw.Connection) -> None:
            handles.schedule(conn, rows.actor(conn, mira.did).id, NOW)

        await writer.run(due)
        async with asyncio.timeout(10):
            while (await writer.run(verified)) == []:
                await asyncio.sleep(0.02)
        assert await writer.run(verified) == [mira.did]
        stuck.set()


def verified(conn: apsw.Connection) -> list[str]:
    """The accounts whose handle is known."""
    return [did for (did,) in conn.execute("SELECT did FROM actors WHERE handle IS NOT NULL")]
